"""What waits about one player, over every queue that says whose its items are (`Queue.of_player`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, F, QuerySet, Value
from django.db.models.functions import Cast

from backoffice.work import noted, queues
from backoffice.work.noted import Noted
from backoffice.work.queues import Queue
from backoffice.work.views.common import address_of

EACH = 6  # of one queue at most


@dataclass(frozen=True)
class OpenItem:
    """An item that waits. `url` is empty for who may know of it without opening it."""

    queue: Queue
    item: Any
    noted: Noted
    due: datetime | None
    url: str
    may_work: bool
    cut: bool = False  # its queue has more about the player than the EACH that are given

    @property
    def label(self) -> str:
        return self.queue.label_of(self.item)

    @property
    def summary(self) -> str:
        return self.queue.summary(self.item)


def shown(staff: Any) -> list[Queue]:
    """Queues of whose open items about a player this person may know."""
    return [one for one in queues.every() if one.of_player and one.work and any(staff.may(name) for name in (one.view, *one.glance))]


def about(staff: Any, player_id: int, *, now: datetime) -> list[OpenItem]:
    """What waits about the player, the most urgent first. One query when nothing does, else one more for each queue and one for who has it."""
    known = {one.subject: one for one in shown(staff)}
    if not known:
        return []
    parts = [_waiting(queue, staff, player_id) for queue in known.values()]
    found: Sequence[tuple[str, int, datetime | None]] = list(parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0])
    by_subject: dict[str, list[int]] = {}
    for subject, pk, _due in found:
        by_subject.setdefault(subject, []).append(pk)
    cut = {subject for subject, ids in by_subject.items() if len(ids) > EACH}
    found = [one for one in found if one[1] in by_subject[one[0]][:EACH]]
    rows = {
        (subject, row.pk): row
        for subject, ids in by_subject.items()
        for row in known[subject].rows(staff).select_related(*known[subject].related).filter(pk__in=ids)
    }
    about_them = noted.of_several([(subject, pk) for subject, pk, _due in found], now=now)
    items = [
        _item(known[subject], rows[subject, pk], about_them[subject, pk], due, staff, subject in cut) for subject, pk, due in found if (subject, pk) in rows
    ]
    return sorted(items, key=lambda one: (one.due is None, one.due or now, one.queue.subject, one.item.pk))


def _waiting(queue: Queue, staff: Any, player_id: int) -> QuerySet[Any, Any]:
    """(subject, id, due) of its open items about the player, the most urgent ones, and one that says whether there are more."""
    rows = queue.rows(staff).filter(queue.open, **{queue.of_player: player_id}).order_by(*([queue.due] if queue.due else []), "pk")
    due = F(queue.due) if queue.due else Cast(Value(None), DateTimeField())
    return rows.annotate(of_queue=Value(queue.subject), due_by=due).values_list("of_queue", "pk", "due_by")[: EACH + 1]


def _item(queue: Queue, row: Any, about: Noted, due: datetime | None, staff: Any, cut: bool) -> OpenItem:
    if due is not None and queue.deadlines is not None:
        due += queue.deadlines.later
    return OpenItem(queue, row, about, due, address_of(queue, row.pk) if staff.may(queue.view) else "", staff.may(queue.work), cut)
