"""The players who meet conditions: one set-based statement over some picked players."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from backoffice.scope.models import Brand
from players.segments import facts

Conditions = Mapping[str, Any]  # by the names of the facts' form fields; what is empty is not in it
SAMPLED = 50_000  # players that a preview looks at, at most
_BLOCKS = 25  # of the sample, spread evenly over the numbers
_SHOWN = 5


class Unknown(Exception):
    """A condition that no fact knows. A segment without it would be larger than was meant, so that nothing is computed."""


def asked(values: Conditions) -> dict[str, Any]:
    """The conditions among the values of a form: what was filled in."""
    names = {name for fact in facts.every() for name in fact.fields()}
    return {name: value for name, value in values.items() if name in names and value is not None and value != "" and value != []}


def words(conditions: Conditions) -> list[str]:
    """What is asked, one line for each condition; those that no fact knows say so."""
    known = facts.named(conditions)
    lines = [line for fact in dict.fromkeys(known.values()) for line in fact.words(conditions)]
    return [*lines, *(_("%(name)s: nobody knows this condition any more") % {"name": name} for name in conditions if name not in known)]


def compile_(conditions: Conditions, brand: Brand, now: datetime) -> facts.Query:
    """Raises Unknown."""
    known = facts.named(conditions)
    if lost := sorted(set(conditions) - set(known)):
        raise Unknown(_("Nobody knows these conditions any more: %(names)s. Change the segment.") % {"names": ", ".join(lost)})
    query = facts.Query(facts.Asked(brand, now))
    query.params |= {"brand": brand.pk, "now": now, "today": query.asked.today}
    for fact in dict.fromkeys(known.values()):
        fact.ask(conditions, query)
    return query


def matched(query: facts.Query) -> str:
    """SELECT of the ids, of those `picked`, that meet every condition. Test players are in no segment (GLI-19 A.2.5), nor are erased ones."""
    holds = "".join(f" AND {one}" for one in query.holds)
    return f"SELECT p.id FROM picked JOIN players_player p ON p.id = picked.id {' '.join(query.joins)} WHERE NOT p.is_test AND p.erased_at IS NULL{holds}"


@dataclass(frozen=True)
class Preview:
    """How many match: counted when `looked_at` is everybody, else estimated from a sample spread over all of them."""

    total: int
    looked_at: int
    found: int
    examples: list[int]
    notes: list[str]

    @property
    def exact(self) -> bool:
        return self.looked_at >= self.total

    @property
    def size(self) -> int:
        return self.found if self.exact else round(self.found * self.total / max(self.looked_at, 1))


def preview(conditions: Conditions, brand: Brand, *, now: datetime) -> Preview:
    """Raises Unknown."""
    query = compile_(conditions, brand, now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), min(id), max(id) FROM players_player WHERE brand_id = %s AND NOT is_test", [brand.pk])
        total, lowest, highest = cursor.fetchone()
        if not total:
            return Preview(0, 0, 0, [], query.notes)
        blocks = _BLOCKS if total > SAMPLED else 1
        query.params |= {"lowest": lowest, "step": max((highest - lowest) // blocks, 1), "blocks": blocks, "size": SAMPLED // blocks}
        cursor.execute(
            "WITH picked AS MATERIALIZED (SELECT DISTINCT one.id FROM generate_series(0, %(blocks)s - 1) block CROSS JOIN LATERAL ("
            "  SELECT id FROM players_player WHERE brand_id = %(brand)s AND NOT is_test AND id >= %(lowest)s + block * %(step)s ORDER BY id"
            "  LIMIT %(size)s) one),"
            f" matched AS MATERIALIZED ({matched(query)})"
            f" SELECT (SELECT count(*) FROM picked), count(*), (array_agg(id ORDER BY id DESC))[1:{_SHOWN}] FROM matched",
            query.params,
        )
        looked_at, found, examples = cursor.fetchone()
    return Preview(total, looked_at, found, examples or [], query.notes)
