"""What this room holds about players (players/privacy/held.py). Nothing here names anybody: amounts stand under the player's number."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.jobs.models import Job
from backoffice.ui import money
from players.models import Dormancy, Player
from players.privacy import held, retention
from players.privacy.held import Holding, Said
from wallet import balances, currencies
from wallet.models import Account, Counter, Entry, Hold, RemittanceLine, Statement, Transaction, Wallet
from wallet.unclaimed.services import still_here

BOOKS = gettext_lazy("The books keep every amount under the player's number, for as long as the law asks for accounts; nobody is named in them.")


def _transaction(row: Transaction) -> Said:
    mine = [one for one in row.entries.all() if one.account.player_id is not None]
    return {
        "number": row.pk, "kind": str(row.get_kind_display()), "at": row.effective_at.isoformat(),
        "entries": [
            {
                "account": str(one.account.get_kind_display()), "amount": currencies.text(one.amount, one.currency.code), "currency": one.currency.code,
            } for one in mine
        ],
    }  # fmt: skip


def _transactions(player_id: int, after: int, most: int) -> Sequence[Transaction]:
    """By the player's accounts: the index over account and transaction finds the next ones without reading the whole ledger."""
    accounts = list(Account.objects.filter(player_id=player_id).values_list("pk", flat=True))
    found = Entry.objects.filter(account_id__in=accounts, transaction_id__gt=after).order_by("transaction_id").values_list("transaction_id", flat=True)
    rows = Transaction.objects.filter(pk__in=list(found.distinct()[:most]), player_id=player_id).order_by("pk")
    return list(rows.prefetch_related("entries__account", "entries__currency"))


def _account(row: Account) -> Said:
    code = row.currency.code
    return {"kind": str(row.get_kind_display()), "currency": code, "balance": currencies.text(row.balance, code), "opened_at": row.opened_at.isoformat()}


def _hold(row: Hold) -> Said:
    code = row.currency.code
    return {"amount": currencies.text(row.amount, code), "currency": code, "state": row.state, "placed_at": row.placed_at.isoformat()}


def _remitted(row: RemittanceLine) -> Said:
    paid, code = row.remittance, row.remittance.currency.code
    return {
        "amount": currencies.text(row.amount, code), "currency": code, "to": paid.whom, "state": "released" if row.released else paid.state,
        "paid_on": paid.paid_on.isoformat() if paid.paid_on else None,
    }  # fmt: skip


def _thaw(rows: Sequence[Wallet]) -> None:
    Wallet.objects.filter(pk__in=[row.pk for row in rows]).update(frozen_reason="")


def _no_files(rows: Sequence[Statement]) -> None:
    """Files that are still there run out now; the sweep over jobs removes them."""
    Job.objects.filter(statement__in=[row.pk for row in rows], state="ready").update(expires_at=timezone.now())


def obstacles(player: Player, _now: datetime) -> Iterable[str]:
    """Money that is the player's, or that the player owes."""
    for one in balances.of_player(player.pk):
        amounts = [amount for amount in (one.cash, one.bonus, one.held) if amount]
        if amounts:
            yield _("Money is held or owed: %(amount)s %(currency)s.") % {
                "amount": money.write(sum(amounts, Decimal(0)), one.currency).figure,
                "currency": one.currency,
            }
    if Hold.objects.filter(player=player, state=Hold.PLACED).exists():
        yield _("Money of the player is promised to something that has not ended.")
    row = Dormancy.objects.filter(player=player, state="handed_over").first()
    if row is not None and still_here(row):
        yield _("Money was handed over as unclaimed, and the player may still claim it.")


def _of(model: Any) -> Any:
    return lambda player_id: model.objects.filter(player_id=player_id).select_related("currency")


def plug_in() -> None:
    retention.register_obstacle(obstacles)
    held.register(
        Holding(
            key="wallet.accounts", title=gettext_lazy("Accounts"), models=("wallet.Account", "wallet.DailyTotal"), order=60, rows=_of(Account), says=_account,
            stays=BOOKS,
        ),
        Holding(
            key="wallet.transactions", title=gettext_lazy("Transactions"), models=("wallet.Transaction", "wallet.Entry"), order=61,
            rows=lambda player_id: Transaction.objects.filter(
                pk__in=Entry.objects.filter(account__player_id=player_id).values("transaction_id"), player_id=player_id
            ),
            read=_transactions, says=_transaction, stays=BOOKS,
        ),
        Holding(
            key="wallet.holds", title=gettext_lazy("Amounts that were promised"), models=("wallet.Hold",), order=62, rows=_of(Hold), says=_hold, stays=BOOKS,
        ),
        Holding(
            key="wallet.wallet", title=gettext_lazy("Limits of the wallet"), models=("wallet.Wallet",), order=63,
            rows=lambda player_id: Wallet.objects.filter(player_id=player_id), erase=_thaw,
            says=lambda row: {"frozen_at": row.frozen_at.isoformat() if row.frozen_at else None},
            omits=gettext_lazy("Why it was frozen: it may speak of suspicions, which the law forbids to tell."),
        ),
        Holding(
            key="wallet.statements", title=gettext_lazy("Statements"), models=("wallet.Statement",), order=65, erase=_no_files, stays=BOOKS,
            rows=lambda player_id: Statement.objects.filter(player_id=player_id),
            says=lambda row: {
                "number": row.name, "since": row.since.isoformat(), "until": row.until.isoformat(), "language": row.language, "form": row.form,
                "asked_at": row.asked_at.isoformat(), "issued_at": row.issued_at.isoformat() if row.issued_at else None, "sha256": row.sha256,
            },
        ),
        Holding(
            key="wallet.remitted", title=gettext_lazy("Unclaimed money paid on"), models=("wallet.RemittanceLine",), order=66, stays=BOOKS, says=_remitted,
            rows=lambda player_id: RemittanceLine.objects.filter(dormancy__player_id=player_id).select_related("remittance__currency"),
        ),
        Holding(
            key="wallet.counters", title=gettext_lazy("Sums of each hour"), models=("wallet.Counter",), order=64,
            rows=lambda player_id: Counter.objects.filter(player_id=player_id), stays=BOOKS,
            left_out=gettext_lazy("They are sums of the transactions, which are in the file."),
        ),
    )  # fmt: skip
