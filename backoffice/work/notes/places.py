"""What notes are about: each subject type says who may see such a thing and where its page is. Every queue's items are places by themselves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from backoffice.access.decorators import require
from backoffice.work import queues
from backoffice.work.items import Subject


@dataclass(frozen=True)
class Place:
    """`find(staff, id)` gives the subject, or None when this person does not see it; `url(id)` its page, "" when it has none."""

    type: str
    view: str  # the permission that shows it
    find: Callable[[Any, int], Subject | None]
    url: Callable[[int], str] = lambda _pk: ""


_places: dict[str, Place] = {}


def register(place: Place) -> None:
    """Called from `AppConfig.ready()`. Registering the same type again replaces it."""
    _places[place.type] = place


def get(subject_type: str) -> Place:
    """Raises KeyError."""
    if subject_type in _places:
        return _places[subject_type]
    queue = queues.get(subject_type)

    def find(staff: Any, pk: int) -> Subject | None:
        row = queue.rows(staff).select_related(*queue.related).filter(pk=pk).first()
        return None if row is None else subject_of(queue, row)

    return Place(subject_type, queue.view, find, lambda pk: reverse(queue.detail, args=[pk]))


def subject_of(queue: queues.Queue, row: Any) -> Subject:
    return Subject(queue.subject, row.pk, row.brand_id, getattr(row, "player_id", None), queue.label_of(row))


def find(staff: Any, subject_type: str, pk: int) -> Subject | None:
    """The subject, or None when there is none of this type and id in this person's brands. Raises NotPermitted where they see none of the type."""
    try:
        place = get(subject_type)
    except KeyError:
        return None
    require(staff, place.view)
    return place.find(staff, pk)
