"""A small casino for tests: two brands, law, currencies, players with money. Everything through the services."""

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from backoffice.approvals.models import Policy
from backoffice.audit.actors import Actor
from backoffice.audit.models import Event
from backoffice.scope import packs
from backoffice.scope.models import Brand, Jurisdiction
from payments import limits
from payments.models import Deposit, Withdrawal
from payments.providers.protocol import Money
from payments.services import deposits, withdrawals
from players.models import Instrument, Message, Player
from players.services.instruments import add_instrument
from players.services.registration import record_sign_in, register_player
from tests.payments.news import hears
from wallet import balances, currencies

NOW = datetime(2026, 11, 20, 14, 5, 10, tzinfo=UTC)
MARKETS = {"MT": ("Malta", "MGA"), "SE": ("Sweden", "SGA"), "GB": ("Great Britain", "UKGC"), "DE": ("Germany", "GGL"), "CA-ON": ("Ontario", "AGCO")}
FOUR_EYES = {
    code: Decimal(amount)
    for code, amount in (("EUR", "2000"), ("SEK", "20000"), ("GBP", "1800"), ("JPY", "300000"), ("KWD", "700"), ("BTC", "0.05"), ("ETH", "1"))
}
_numbers = itertools.count(1)


def open_casino() -> Brand:
    """Currencies, five markets with their packs, two brands. Returns Nova. In a database that is `opened` (tests/conftest.py) it is all there."""
    if Policy.objects.filter(brand__code="fjord").exists():  # what is made last
        return Brand.objects.get(code="nova")
    for code, name, exponent, kind in currencies.SHIPPED:
        currencies.add(code=code, name=name, exponent=exponent, kind=kind)
    markets = {code: Jurisdiction.objects.get_or_create(code=code, defaults={"name": name, "regulator": who})[0] for code, (name, who) in MARKETS.items()}
    for file in sorted(packs.SHIPPED.glob("*.toml")):
        packs.load(file.read_text(), now=NOW)
    nova, _ = Brand.objects.get_or_create(code="nova", defaults={"name": "Nova", "timezone": "Europe/Malta", "base_currency": "EUR"})
    fjord, _ = Brand.objects.get_or_create(code="fjord", defaults={"name": "Fjord", "timezone": "Europe/Stockholm", "base_currency": "SEK"})
    nova.jurisdictions.set([markets["MT"], markets["DE"], markets["CA-ON"]])
    fjord.jurisdictions.set([markets["SE"], markets["GB"]])
    for brand in (nova, fjord):
        limits.set_four_eyes(brand_id=brand.pk, amounts=FOUR_EYES, now=NOW)
    return nova


def new_player(brand: Brand, *, market: str = "", currency: str = "EUR", is_test: bool = False, now: datetime = NOW - timedelta(days=100)) -> Player:
    number = next(_numbers)
    market = market or {"nova": "MT", "fjord": "SE"}[brand.code]
    player = register_player(
        brand=brand, jurisdiction=market, external_id=f"ext-{number}", first_name="Mia", last_name=f"Kowalska{number}", birth_date=date(1990, 2, 11),
        country="PL", currency=currency, email=f"mia{number}@mail.example", is_test=is_test, by=Actor.system("test"), now=now,
    )  # fmt: skip
    record_sign_in(
        player_id=player.pk, fingerprint=f"device-{number}", device_label="Pixel 9", ip="192.0.2.7", country="PL", by=Actor.player(player.pk), now=now
    )
    return player


def new_instrument(player: Player, *, kind: str = "bank", token: str = "", holder: str | None = None, now: datetime = NOW - timedelta(days=99)) -> Instrument:
    token = token or f"tok-{next(_numbers)}"
    return add_instrument(
        player_id=player.pk, kind=kind, label={"bank": "SEPA", "card": "Visa", "wallet": "Trustly", "crypto": "Bitcoin"}[kind], provider="nordpay",
        token=token, last4="4141", holder_name=player.name if holder is None else holder, by=Actor.player(player.pk), now=now,
    )  # fmt: skip


def started(brand: Brand, amount: str, *, currency: str = "EUR", kind: str = "card") -> Deposit:
    """A deposit of a new player that no provider has said anything about."""
    player = new_player(brand, currency=currency)
    return deposits.start_deposit(
        player_id=player.pk, instrument_id=new_instrument(player, kind=kind).pk, amount=Decimal(amount), currency=currency, key=f"d-{next(_numbers)}",
        by=Actor.player(player.pk), now=timezone.now(),
    )  # fmt: skip


@transaction.atomic  # a worker that runs beside the test must not see it half-way
def paid_in(player: Player, instrument: Instrument, amount: str, *, currency: str = "EUR", fee: str = "", now: datetime = NOW - timedelta(days=98)) -> Deposit:
    """A deposit that the provider has captured: the cash is there."""
    deposit = deposits.start_deposit(
        player_id=player.pk, instrument_id=instrument.pk, amount=Decimal(amount), currency=currency, key=f"d-{next(_numbers)}",
        by=Actor.player(player.pk), now=now,
    )  # fmt: skip
    charge = Money(amount=Decimal(fee), currency=currency) if fee else None
    hears(deposit, sequence=1, fee=charge, now=now)
    return Deposit.objects.get(pk=deposit.pk)


def asked(player: Player, instrument: Instrument, amount: str, *, currency: str = "EUR", now: datetime = NOW) -> Withdrawal:
    return withdrawals.request_withdrawal(
        player_id=player.pk, instrument_id=instrument.pk, amount=Decimal(amount), currency=currency, key=f"w-{next(_numbers)}",
        by=Actor.player(player.pk), now=now,
    )  # fmt: skip


def new_withdrawal(brand: Brand, amount: str = "250.00", *, currency: str = "EUR", deposit: str = "", now: datetime = NOW) -> Withdrawal:
    """A player who paid in and now asks for `amount`."""
    player = new_player(brand, currency=currency)
    instrument = new_instrument(player, kind="crypto" if currency in {"BTC", "ETH"} else "bank")
    paid_in(player, instrument, deposit or amount, currency=currency)
    return asked(player, instrument, amount, currency=currency, now=now)


def held(player: Player, currency: str = "EUR") -> dict[str, Decimal]:
    """What the player has in one currency."""
    found = next((one for one in balances.of_player(player.pk) if one.currency == currency), None)
    return {"cash": found.cash, "held": found.held} if found else {"cash": Decimal(0), "held": Decimal(0)}


def facts(row: Withdrawal | Deposit) -> list[str]:
    """Types of the facts about a payment, oldest first."""
    return list(Event.objects.filter(subject_type=row._meta.label_lower, subject_id=row.pk).order_by("id").values_list("type", flat=True))


def outbox(player: Player) -> list[str]:
    return list(Message.objects.filter(player=player).order_by("id").values_list("template", flat=True))


def everything(row: Withdrawal | Deposit) -> dict[str, object]:
    """All that a decision could change: to compare before and after a refusal."""
    now = type(row).objects.values().get(pk=row.pk)
    return {"row": now, "balance": held(row.player, row.currency), "facts": facts(row), "outbox": outbox(row.player)}
