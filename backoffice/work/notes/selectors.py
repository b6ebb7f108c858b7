"""Reading notes. Each comes with its files in the same row, so that a page of them is one query."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from backoffice.audit.sealed import with_keys
from backoffice.work.items import Subject
from backoffice.work.models import Attachment, Note

SHOWN = 5
PAGE = 50


@dataclass(frozen=True)
class Notes:
    """The newest notes about something, and whether there are older ones."""

    notes: list[Note]
    more: bool

    def __len__(self) -> int:
        return len(self.notes)


def about(staff: Any, subjects: Sequence[Subject], *, limit: int = SHOWN, before: int | None = None) -> Notes:
    """Notes about any of these, newest first; with `before`, those older than that note. One query, and one for `before`."""
    of_them = Q()
    for subject in subjects:
        of_them |= Q(subject_type=subject.type, subject_id=subject.id)
    rows = complete(Note.objects.visible_to(staff).filter(of_them))
    if before is not None:
        edge = Note.objects.filter(pk=before).values_list("written_at", flat=True).first()
        if edge is not None:
            rows = rows.filter(Q(written_at__lt=edge) | Q(written_at=edge, pk__lt=before))
    found = list(rows[: limit + 1])
    return Notes(found[:limit], len(found) > limit)


def complete(notes: QuerySet[Note]) -> QuerySet[Note]:
    files = Attachment.objects.filter(note=OuterRef("pk")).order_by("pk")
    row = JSONObject(id=F("pk"), name_sealed=F("name_sealed"), size=F("size"), kind=F("kind"))
    return with_keys(notes).select_related("author").annotate(files=ArraySubquery(files.values(row=row)))
