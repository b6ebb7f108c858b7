"""Bulk verbs: what is chosen, what is left out and why, and what happened to each item.

Chosen are rows by id, or "all that match" bound to a snapshot: if the view drifted since, nothing is done and both counts are shown.
Every item is acted on in a transaction of its own; the key makes a repeated request give the first outcome again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.access.models import Staff
from backoffice.work import claims, idempotency, items, listing
from backoffice.work.items import NotPossible, Subject
from backoffice.work.listing import Asked, Snapshot
from backoffice.work.queues import Done, Queue, Verb

MOST = listing.MOST_MATCHING


class Drifted(Exception):
    """The view holds other items than when "all that match" was chosen."""

    def __init__(self, was: int, now: int) -> None:
        super().__init__(_("When you chose, %(was)s matched; now it is %(now)s, or some of them changed. Nothing was done.") % {"was": was, "now": now})


class TooMany(Exception):
    """More than one request takes."""

    def __init__(self, count: int) -> None:
        super().__init__(_("%(count)s items are more than the %(most)s that one go takes. Narrow the view.") % {"count": count, "most": MOST})


@dataclass
class Chosen:
    """What the confirm page shows."""

    items: list[Any]
    excluded: list[tuple[Any, str]]
    gone: int = 0  # ids that this person does not see, or that left
    sums: dict[str, Decimal] = field(default_factory=dict)
    largest: Any = None


def choose(queue: Queue, verb: Verb, staff: Any, *, ids: Sequence[int], asked: Asked, all_matching: Snapshot | None, now: datetime) -> Chosen:
    """The items that the verb would act on. Raises Drifted, TooMany."""
    if all_matching is not None:
        standing = listing.snapshot(staff, asked, now=now)
        if standing != all_matching:
            raise Drifted(all_matching.count, standing.count)
        if standing.count > MOST:
            raise TooMany(standing.count)
        rows = listing.base(staff, asked, now=now)
    else:
        if len(ids) > MOST:
            raise TooMany(len(ids))
        rows = queue.rows(staff).filter(pk__in=ids)
    found = list(rows.select_related(*queue.related).order_by(*queue.sorts[asked.sort]))
    chosen = Chosen([], [], gone=0 if all_matching is not None else len(set(ids)) - len(found))
    for row in found:
        why = verb.excluded(row, staff)
        if why:
            chosen.excluded.append((row, why))
        else:
            chosen.items.append(row)
    if verb.money:
        for row in chosen.items:
            chosen.sums[row.currency] = chosen.sums.get(row.currency, Decimal(0)) + row.amount
        chosen.largest = max(chosen.items, key=lambda row: row.amount, default=None)
    return chosen


def perform(queue: Queue, verb: Verb, rows: Sequence[Any], *, by: Any, values: Mapping[str, Any], key: str, now: datetime) -> list[tuple[Any, Done]]:
    """Act on each, whatever happens to the others. The key is the request's: each item has its own made of it."""
    outcomes = []
    for row in rows:
        try:
            done = verb.act(row, by=by, now=now, values=values, key=f"{key}:{row.pk}")
        except (NotPossible, idempotency.KeyReused) as why:
            done = Done("skipped", str(why))
        if verb.decides and done.outcome == "done":
            claims.finish(subject=(queue.subject, row.pk), by=by, key=f"{key}:{row.pk}", now=now)
        outcomes.append((row, done))
    return outcomes


def tagging(subject: str, permission: str = "") -> tuple[Verb, ...]:
    """Adding a tag and removing one. What stands so already stays so."""

    def add(row: Any, *, by: Any, now: datetime, values: Mapping[str, Any], key: str) -> Done:
        items.tag(Subject.of(subject, row), add=[values["tag"]], by=by, now=now)
        return Done("done")

    def remove(row: Any, *, by: Any, now: datetime, values: Mapping[str, Any], key: str) -> Done:
        items.tag(Subject.of(subject, row), remove=[values["tag"]], by=by, now=now)
        return Done("done")

    return (
        Verb("tag", gettext_lazy("Add tag"), add, permission, fields=("tag",)),
        Verb("untag", gettext_lazy("Remove tag"), remove, permission, fields=("tag",)),
    )


def standard(subject: str, permission: str) -> tuple[Verb, ...]:
    """The verbs that every queue has: claim, assign, add and remove a tag, snooze."""

    def claim(row: Any, *, by: Any, now: datetime, values: Mapping[str, Any], key: str) -> Done:
        return Done("done") if claims.take(subject=(subject, row.pk), by=by, now=now) else Done("skipped", _("Somebody else has it."))

    def assign(row: Any, *, by: Any, now: datetime, values: Mapping[str, Any], key: str) -> Done:
        to: Staff | None = values.get("assignee")
        items.may_assign(to=to, by=by)
        items.assign(Subject.of(subject, row), to=to, permission=permission, by=by, now=now)
        return Done("done")

    def snooze(row: Any, *, by: Any, now: datetime, values: Mapping[str, Any], key: str) -> Done:
        items.snooze(Subject.of(subject, row), until=values["until"], reason=values["reason"], by=by, now=now)
        return Done("done")

    return (
        Verb("claim", gettext_lazy("Claim"), claim), Verb("assign", gettext_lazy("Assign"), assign, fields=("assignee",)),
        *tagging(subject), Verb("snooze", gettext_lazy("Snooze"), snooze, fields=("until", "reason")),
    )  # fmt: skip
