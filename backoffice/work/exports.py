"""A queue as a list to export: every queue has it, from what it declares. The view, its filters and its tab say which rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.jobs.exports import columns
from backoffice.jobs.exports.columns import Value, text, whole
from backoffice.jobs.exports.sources import Source
from backoffice.work import listing, noted
from backoffice.work.listing import Asked
from backoffice.work.queues import Column, Queue, Row


def _who(row: Row) -> str:
    """Who has claimed it, else to whom it is assigned."""
    found = row.noted and (row.noted.claim.staff if row.noted.claim else row.noted.assignee)
    return found.name if found else ""


WHO = text(_who)
TAGS = columns.Column("tags", gettext_lazy("Tags"), text(lambda row: row.noted.tags if row.noted else []))


def _form(column: Column) -> Value:
    """A column's own form, or the words of its cell."""
    return column.export or text(lambda row: " ".join(strip_tags(str(column.cell(row))).split()))


def source_of(queue: Queue) -> Source:
    identity = columns.Column("id", gettext_lazy("Number"), whole(lambda row: row.item.pk))
    own = [columns.Column(column.key, column.label, _form(column)) for column in queue.columns]

    def matching(staff: Any, query: QueryDict, now: datetime) -> QuerySet[Any]:
        return listing.base(staff, Asked.read(queue, query), now=now)

    def page(staff: Any, query: QueryDict, now: datetime) -> list[int]:
        return [row.pk for row in listing.page(staff, Asked.read(queue, query), now=now).rows]

    def words(query: QueryDict) -> list[tuple[str, str]]:
        asked = Asked.read(queue, query)
        return [(_("View"), str(asked.tab.label)), *((str(label), value) for _name, label, value in asked.chips())]

    def prepare(rows: Sequence[Any], now: datetime) -> list[Row]:
        extras, about = queue.prepare(rows), noted.of(queue.subject, [row.pk for row in rows], now=now)
        return [Row(item=row, url="", now=now, noted=about[row.pk], extra=extras.get(row.pk)) for row in rows]

    return Source(
        code=queue.subject, title=queue.title, permission=queue.view, url=lambda: reverse(queue.index), matching=matching,
        rows=lambda staff: queue.rows(staff).select_related(*queue.related), filters=words, kept=lambda query: listing.kept(queue, query), page=page,
        prepare=prepare, columns=(identity, *own, *queue.also_exported, TAGS),
    )  # fmt: skip
