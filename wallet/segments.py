"""What segments can ask about a player's money: from daily totals, in any currency, by the latest rates."""

from collections.abc import Mapping
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from players.segments.facts import Amount, Fact, register
from wallet import rates
from wallet.kinds import AccountKind
from wallet.kinds import TransactionKind as Kind
from wallet.models import Currency

# What came in and stayed, and what went out and did not come back, as the cash account sees it.
_IN = (Kind.DEPOSIT_CREDITED, Kind.CRYPTO_CONFIRMED, Kind.ALLOTTED, Kind.DEPOSIT_REFUNDED, Kind.DEPOSIT_REVERSED, Kind.CHARGED_BACK, Kind.CHARGEBACK_REVERSED)
_OUT = (Kind.PAID_OUT, Kind.PAYOUT_RETURNED)


def _codes() -> list[str]:
    return list(Currency.objects.order_by("code").values_list("code", flat=True))


def _rates(currency: str) -> Mapping[str, Decimal]:
    return {code: rate.value for code, rate in rates.latest(currency).items()}


# The accounts of a player, each with the rate that brings it into the currency that was asked for.
_ACCOUNTS = "wallet_account a JOIN wallet_currency c ON c.id = a.currency_id JOIN {rate} r ON r.currency = c.code"


def _moved(key: str, sign: str, kinds: Mapping[AccountKind, tuple[Kind, ...]]) -> str:
    """Sums of days over a player's accounts, brought into one currency. Days are read by account and day, the unique index of totals."""
    of = " OR ".join(f"a.kind = {account.value} AND d.kind IN ({', '.join(str(kind.value) for kind in those)})" for account, those in kinds.items())
    accounts = ", ".join(str(account.value) for account in kinds)
    return (
        f"SELECT sum(days.value * r.rate) AS value FROM {_ACCOUNTS} CROSS JOIN LATERAL (SELECT sum({sign}) AS value FROM wallet_dailytotal d"
        f" WHERE d.account_id = a.id AND d.day > %(today)s::date - %({key}_days)s::integer AND NOT d.test AND ({of})) days"
        f" WHERE a.player_id = p.id AND a.kind IN ({accounts})"
    )


def facts() -> list[Fact]:
    cash, held = AccountKind.CASH, AccountKind.HOLD
    balance = f"SELECT sum(a.balance * r.rate) AS value FROM {_ACCOUNTS} WHERE a.player_id = p.id AND a.kind = {cash.value}"

    def amount(key: str, label: object, source: str, order: int, *, windowed: bool = True) -> Amount:
        return Amount(key, label, source=source, windowed=windowed, otherwise=0, currencies=_codes, rates=_rates, order=order)  # type: ignore[arg-type]

    return [
        amount("deposits", _("Deposits"), _moved("deposits", "(d.credits - d.debits)", {cash: _IN}), 30),
        amount("withdrawals", _("Withdrawals paid"), _moved("withdrawals", "(d.debits - d.credits)", {held: _OUT, cash: _OUT}), 31),
        amount("net_deposits", _("Net deposits"), _moved("net_deposits", "(d.credits - d.debits)", {cash: (*_IN, *_OUT), held: _OUT}), 32),
        amount("stakes", _("Stakes"), _moved("stakes", "(d.debits - d.credits)", {cash: (Kind.BET, Kind.ROLLED_BACK)}), 33),
        amount("cash", _("Cash balance"), balance, 34, windowed=False),
    ]


def plug_in() -> None:
    register(*facts())
