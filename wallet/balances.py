"""What accounts hold: now, at a past moment by either clock, per player and for the house."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from wallet.kinds import AccountKind
from wallet.models import Account

_AFTER_BOUNDARY = """
SELECT a.id, a.balance + coalesce((
    SELECT sum(e.amount) FROM wallet_transaction t JOIN wallet_entry e ON e.transaction_id = t.id AND e.recorded_at = t.recorded_at
    WHERE (t.epoch, t.xid) >= (b.epoch, b.xid) AND e.account_id = a.id), 0)
FROM wallet_account a, wallet_boundary b WHERE NOT a.running AND a.id = ANY (%s)
"""


@dataclass(frozen=True)
class PlayerBalance:
    """One currency of a player, in its units."""

    currency: str
    cash: Decimal
    bonus: Decimal
    held: Decimal


def of_player(player_id: int) -> list[PlayerBalance]:
    """Every currency in which the player has an account, by code."""
    rows: dict[str, dict[int, Decimal]] = {}
    for code, kind, balance in Account.objects.filter(player_id=player_id).values_list("currency__code", "kind", "balance"):
        rows.setdefault(code, {})[kind] = balance
    zero = Decimal(0)
    return [
        PlayerBalance(code, held.get(AccountKind.CASH, zero), held.get(AccountKind.BONUS, zero), held.get(AccountKind.HOLD, zero))
        for code, held in sorted(rows.items())
    ]


def cash(player_id: int, currency: str) -> Decimal:
    found = Account.objects.filter(player_id=player_id, currency__code=currency, kind=AccountKind.CASH).values_list("balance", flat=True).first()
    return found if found is not None else Decimal(0)


def of_accounts(account_ids: list[int]) -> dict[int, Decimal]:
    """Exact balances now. For appended accounts: the snapshot plus every committed entry above the boundary, in one snapshot of the database."""
    held = dict(Account.objects.filter(pk__in=account_ids, running=True).values_list("pk", "balance"))
    with connection.cursor() as cursor:
        cursor.execute(_AFTER_BOUNDARY, [account_ids])
        held.update(cursor.fetchall())
    return held


class NotKept(LookupError):
    """The moment lies before entries that are no longer kept: only what they summed to is known."""


def at(account_id: int, *, moment: datetime, clock: str = "recorded") -> Decimal:
    """What the account held at a past moment, by when entries were `recorded` or by when they took `effective`.

    Raises NotKept for a moment before the last checkpoint of the retention: its daily totals stand, single moments do not.
    """
    column = {"recorded": "t.recorded_at", "effective": "t.effective_at"}[clock]
    with connection.cursor() as cursor:
        cursor.execute("SELECT wallet_carried_before()::text")
        (carried,) = cursor.fetchone()
        cursor.execute(
            "SELECT %(moment)s < wallet_carried_before() + interval '1 minute', coalesce(sum(e.amount), 0)"  # noqa: S608
            " + coalesce((SELECT amount FROM wallet_carried"
            "  WHERE account_id = %(account)s AND checkpoint_id = (SELECT max(id) FROM wallet_checkpoint)), 0)"
            " FROM wallet_entry e JOIN wallet_transaction t ON t.id = e.transaction_id AND t.recorded_at = e.recorded_at"
            f" WHERE e.account_id = %(account)s AND {column} <= %(moment)s AND e.recorded_at >= wallet_carried_before()",
            {"account": account_id, "moment": moment},
        )
        too_early, held = cursor.fetchone()
    if too_early:
        raise NotKept(f"Entries recorded before {carried} are carried as sums; ask for a later moment, or read the daily totals.")
    return Decimal(held)
