"""The books of a day: what players are owed against what stands at providers, banks and on chains, and closing the day for good.

Read from the daily totals, which count each posting on the brand's own day and leave test players apart.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from typing import TYPE_CHECKING

from django.db import DatabaseError, connection, transaction

from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from backoffice.scope.models import Brand
from wallet.kinds import AccountKind
from wallet.models import DayClose

if TYPE_CHECKING:
    from backoffice.access.models import Staff

OWED = (AccountKind.CASH, AccountKind.HOLD, AccountKind.UNCLAIMED, AccountKind.UNALLOTTED)
HELD = (AccountKind.PSP_CLEARING, AccountKind.BANK, AccountKind.CHAIN_WALLET, AccountKind.ROLLING_RESERVE)
_SUMS = """
SELECT d.brand_id, c.code, a.kind, sum(d.credits - d.debits)
FROM wallet_dailytotal d JOIN wallet_account a ON a.id = d.account_id JOIN wallet_currency c ON c.id = a.currency_id
WHERE d.brand_id = ANY (%s) AND d.day <= %s AND NOT d.test GROUP BY 1, 2, 3
"""


class CannotClose(Exception):
    """The day cannot be closed now; the message says why and when."""


@dataclass(frozen=True)
class Funds:
    """One brand and currency at the end of a day, in units of the currency. Bonus money is shown and not owed in cash."""

    brand: Brand
    currency: str
    by_kind: dict[int, Decimal]

    def _sum(self, kinds: Iterable[AccountKind]) -> Decimal:
        return sum((self.by_kind.get(kind, Decimal(0)) for kind in kinds), Decimal(0))

    @property
    def cash(self) -> Decimal:
        return self._sum([AccountKind.CASH])

    @property
    def held(self) -> Decimal:
        return self._sum([AccountKind.HOLD])

    @property
    def unclaimed(self) -> Decimal:
        """Handed over from dormant accounts and not claimed: owed to the player, or to whom the law names, until it is paid."""
        return self._sum([AccountKind.UNCLAIMED])

    @property
    def unallotted(self) -> Decimal:
        """Came in, and nobody has decided yet whose it is: owed to somebody."""
        return self._sum([AccountKind.UNALLOTTED])

    @property
    def bonus(self) -> Decimal:
        return self._sum([AccountKind.BONUS])

    @property
    def owed(self) -> Decimal:
        return self._sum(OWED)

    @property
    def at_providers(self) -> Decimal:
        return -self._sum([AccountKind.PSP_CLEARING, AccountKind.ROLLING_RESERVE])

    @property
    def at_banks(self) -> Decimal:
        return -self._sum([AccountKind.BANK])

    @property
    def on_chains(self) -> Decimal:
        return -self._sum([AccountKind.CHAIN_WALLET])

    @property
    def assets(self) -> Decimal:
        return -self._sum(HELD)

    @property
    def cover(self) -> Decimal:
        """What stands above what is owed; below zero, players' money is not covered."""
        return self.assets - self.owed


def funds(brands: Iterable[Brand], *, day: date) -> list[Funds]:
    """Every brand and currency that ever moved, at the end of `day` on each brand's clock. One query."""
    known = {brand.pk: brand for brand in brands}
    found: dict[tuple[int, str], dict[int, Decimal]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [list(known), day])
        for brand, code, kind, amount in cursor.fetchall():
            found.setdefault((brand, code), {})[kind] = amount
    return [Funds(known[brand], code, kinds) for (brand, code), kinds in sorted(found.items(), key=lambda one: (known[one[0][0]].name, one[0][1]))]


def counted_through() -> int:
    """The last ledger position that the daily totals count; what was posted after it follows within a second."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce((SELECT last_position FROM audit_range WHERE stream = 'ledger' ORDER BY id DESC LIMIT 1), 0)")
        return int(cursor.fetchone()[0])


COLUMNS = (
    "day",
    "brand",
    "currency",
    "cash",
    "held",
    "unclaimed",
    "unallotted",
    "owed",
    "bonus",
    "at_providers",
    "at_banks",
    "on_chains",
    "assets",
    "cover",
    "closed_at",
    "made_at",
    "made_by",
    "ledger_position",
)


def as_csv(rows: Iterable[Funds], *, day: date, closed: dict[int, datetime], by: str, now: datetime) -> str:
    """The proof as a file: amounts exact, the day, who made it and when in every line."""
    out, position = StringIO(), counted_through()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        amounts = [format(getattr(row, name), "f") for name in COLUMNS[3:14]]
        shut = closed.get(row.brand.pk)
        writer.writerow([day.isoformat(), row.brand.code, row.currency, *amounts, shut.isoformat() if shut else "", now.isoformat(), by, position])
    return out.getvalue()


def closed_on(brands: Iterable[Brand], *, day: date) -> dict[int, datetime]:
    """When each brand's books of this day were closed, by brand id: with the day itself, or with a later one."""
    closes = DayClose.objects.filter(brand__in=list(brands), day__gte=day).order_by("-day")
    return {one.brand_id: one.closed_at for one in closes}


@transaction.atomic
def close_day(*, brand: Brand, day: date, by: Staff, now: datetime) -> int:
    """Close the books of a day and every earlier one, once. Returns the last ledger position in them. Raises CannotClose."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT wallet_close_day(%s, %s, %s)", [brand.pk, day, by.pk])
            (through,) = cursor.fetchone()
    except DatabaseError as refused:
        if getattr(refused.__cause__, "sqlstate", "") != "LG005":
            raise
        raise CannotClose(refused.__cause__.diag.message_primary) from refused  # type: ignore[union-attr]
    record(
        "ledger.day_closed", actor=Actor.staff(by), at=now, brand_id=brand.pk, subject=("scope.brand", brand.pk),
        after={"day": day, "through": through},
    )  # fmt: skip
    return int(through)
