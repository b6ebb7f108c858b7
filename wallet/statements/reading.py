"""Reading a player's ledger for a statement: in pieces of some thousand entries, each its own short transaction, as of one position.

Whoever posts for a player holds the player's row, and takes the transaction's number under that lock. So of one player the numbers are in the
order of the commits, and everything up to the highest number that is seen at the start is there and stays as it is: that number is the horizon.
Each account is walked by its own chain: what the posting functions wrote as the balance after an entry must be the balance before plus the entry.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Max
from django.utils.translation import gettext as _

from wallet.currencies import EXACT
from wallet.kinds import Reference, TransactionKind
from wallet.models import Account, Entry
from wallet.statements.kinds import OF_KIND, STAKES

CHUNK = 5_000  # entries
ZERO = Decimal(0)

# Money is held before what it is held for has a number: the hold is found by the key that it was posted under.
_ENTRIES = f"""
SELECT e.transaction_id, e.amount, e.balance_after, t.effective_at, t.kind,
       coalesce(t.reference_type, CASE WHEN h.id IS NOT NULL THEN {Reference.HOLD.value} END), coalesce(t.reference_id, h.id)
FROM wallet_entry e JOIN wallet_transaction t ON t.id = e.transaction_id AND t.recorded_at = e.recorded_at
LEFT JOIN wallet_hold h ON t.kind = {TransactionKind.HELD.value} AND t.reference_id IS NULL AND h.key = left(t.key, -length(':held'))
WHERE e.account_id = %(account)s AND e.transaction_id > %(after)s AND e.transaction_id <= %(horizon)s AND e.recorded_at >= wallet_carried_before()
ORDER BY e.transaction_id, e.leg LIMIT %(most)s
"""
_CARRIED = "SELECT coalesce((SELECT amount FROM wallet_carried WHERE account_id = %s AND checkpoint_id = (SELECT max(id) FROM wallet_checkpoint)), 0)"
_KEPT_FROM = "SELECT nullif(wallet_carried_before(), '-infinity') + interval '1 minute'"


class DoesNotAddUp(Exception):
    """The ledger contradicts itself, or the paper contradicts the ledger. The statement is not issued; the message names where."""


class NoLongerKept(Exception):
    """The period begins before entries that are still kept one by one."""


def add(one: Decimal, other: Decimal) -> Decimal:
    return EXACT.add(one, other)


@dataclass
class Stand:
    """How far the reading has come, as JSON between two steps."""

    horizon: int
    begins: datetime
    ends: datetime
    accounts: list[list[Any]]  # [number, currency, kind]
    at: int = 0  # which account is being read
    after: int = 0  # its last transaction that was read
    chain: Decimal | None = None  # its balance after that
    sums: dict[str, list[Decimal]] | None = None  # by account: before the period, in it, after it

    @classmethod
    def begin(cls, player_id: int, begins: datetime, ends: datetime) -> "Stand":
        """The position as of which everything is read. Raises NoLongerKept."""
        with connection.cursor() as cursor:
            cursor.execute(_KEPT_FROM)
            (kept_from,) = cursor.fetchone()
        if kept_from is not None and begins < kept_from:
            words = _("Single entries are kept from %(day)s on; before that only what they summed to. Ask for a later period.")
            raise NoLongerKept(words % {"day": kept_from.date().isoformat()})
        rows = Account.objects.filter(player_id=player_id).order_by("currency__code", "kind").values_list("pk", "currency__code", "kind")
        accounts = [list(row) for row in rows]
        top = Entry.objects.filter(account_id__in=[row[0] for row in accounts]).aggregate(top=Max("transaction_id"))["top"] or 0
        return cls(top, begins, ends, accounts, sums={str(row[0]): [ZERO, ZERO, ZERO] for row in accounts})

    @classmethod
    def read(cls, kept: dict[str, Any]) -> "Stand":
        sums = {number: [Decimal(text) for text in texts] for number, texts in kept["sums"].items()}
        chain = None if kept["chain"] is None else Decimal(kept["chain"])
        begins, ends = datetime.fromisoformat(kept["begins"]), datetime.fromisoformat(kept["ends"])
        return cls(kept["horizon"], begins, ends, kept["accounts"], kept["at"], kept["after"], chain, sums)

    def kept(self) -> dict[str, Any]:
        assert self.sums is not None  # noqa: S101
        return {
            "horizon": self.horizon, "begins": self.begins.isoformat(), "ends": self.ends.isoformat(), "accounts": self.accounts, "at": self.at,
            "after": self.after, "chain": None if self.chain is None else format(self.chain, "f"),
            "sums": {number: [format(one, "f") for one in values] for number, values in self.sums.items()},
        }  # fmt: skip

    @property
    def over(self) -> bool:
        return self.at >= len(self.accounts)


def count(player_id: int) -> int:
    return Entry.objects.filter(account__player_id=player_id).count()


def piece(stand: Stand, zone: ZoneInfo) -> tuple[int, bytes]:
    """Read the next entries and move `stand` on. Gives how many they were, and what of them belongs on the paper. Raises DoesNotAddUp."""
    assert stand.sums is not None  # noqa: S101
    number = stand.accounts[stand.at][0]
    with connection.cursor() as cursor:
        if stand.chain is None:
            cursor.execute(_CARRIED, [number])
            stand.chain = Decimal(cursor.fetchone()[0])
            stand.sums[str(number)][0] = stand.chain
        cursor.execute(_ENTRIES, {"account": number, "after": stand.after, "horizon": stand.horizon, "most": CHUNK})
        rows = cursor.fetchall()
    last = len(rows) < CHUNK
    if not last and rows[0][0] != rows[-1][0]:  # the legs of one transaction are read together
        rows = [row for row in rows if row[0] != rows[-1][0]]
    content = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in _lines(stand, number, rows, zone)).encode()
    if last:
        stand.at, stand.after, stand.chain = stand.at + 1, 0, None
    else:
        stand.after = rows[-1][0]
    return len(rows), content


def _lines(stand: Stand, number: int, rows: list[Any], zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    """One for each transaction in the period; play on one day that nothing else comes between is one line."""
    assert stand.sums is not None and stand.chain is not None  # noqa: S101, PT018
    sums, played = stand.sums[str(number)], None
    for transaction, legs in ((key, list(group)) for key, group in groupby(rows, key=lambda row: row[0])):
        amount = ZERO
        for leg in legs:
            amount = add(amount, leg[1])
        stand.chain = add(stand.chain, amount)
        if stand.chain not in {leg[2] for leg in legs}:
            raise DoesNotAddUp(f"Account {number}, transaction {transaction}: the balance after it is not the one before plus what it moved.")
        _id, _amount, _after, at, kind, reference_type, reference = legs[0]
        when = 0 if at < stand.begins else 1 if at < stand.ends else 2
        sums[when] = add(sums[when], amount)
        if when != 1:
            continue
        if OF_KIND.get(TransactionKind(kind)) != "play":
            if played:
                yield _written(played)
                played = None
            text = format(amount, "f")
            yield {"a": number, "t": transaction, "at": at.isoformat(), "k": kind, "m": text, "r": [reference_type, reference] if reference else None}
            continue
        day = at.astimezone(zone).date()
        if played and (played["day"] != day or at < played["ends"]):
            yield _written(played)
            played = None
        played = played or {"a": number, "t": transaction, "at": at, "day": day, "wagered": ZERO, "won": ZERO, "m": ZERO, "n": 0}
        stake = kind in STAKES
        played |= {
            "ends": at, "m": add(played["m"], amount), "n": played["n"] + 1, "wagered": add(played["wagered"], -amount if stake else ZERO),
            "won": add(played["won"], ZERO if stake else amount),
        }  # fmt: skip
    if played:
        yield _written(played)


def _written(played: dict[str, Any]) -> dict[str, Any]:
    return {
        "a": played["a"], "t": played["t"], "at": played["at"].isoformat(), "z": played["ends"].isoformat(), "n": played["n"], "m": format(played["m"], "f"),
        "w": format(played["wagered"], "f"), "v": format(played["won"], "f"),
    }  # fmt: skip
