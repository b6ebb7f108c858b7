"""Cells that many queues share, as safe HTML. What a person typed is escaped here and nowhere else."""

from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from backoffice.ui.templatetags import ui
from backoffice.work.queues import Row


def badge(*, tone: str, label: Any, pip: Any = "") -> SafeString:
    return format_html('<span class="badge {} {}">{}</span>', tone, ui.pip_of(pip), label)


def monogram(name: str, identity: int, *, lock: bool = False) -> SafeString:
    """Two letters on a colour of their own, with the name for who cannot see it."""
    mark = format_html('<span class="lk">{}</span>', ui.icon("lock")) if lock else ""
    words = f"{name}, {_('claimed')}" if lock else name
    return format_html(
        '<span class="mg {}" title="{}" aria-hidden="true">{}{}</span><span class="vh">{}</span>', ui.hue(identity), name, ui.initials(name), mark, words
    )


def identity(row: Row, name: str, number: int, *, hidden: str = "") -> SafeString:
    """The first cell: who it is about, and the link that opens the item. Tags stand beside the name."""
    tags = format_html_join("", ' <span class="tag">{}</span>', ((tag,) for tag in row.noted.tags)) if row.noted else ""
    return format_html(
        '<a class="id" href="{}" data-row><span class="mg {}" aria-hidden="true">{}</span><span>{} <small>#{}</small></span><span class="vh">, {}</span></a>{}',
        row.url, ui.hue(number), ui.initials(name), name, number, hidden, tags,
    )  # fmt: skip


def who(row: Row) -> SafeString:
    """Who has claimed it, else to whom it is assigned. The live refresh replaces this element."""
    return format_html('<span id="who-{}">{}</span>', row.item.pk, who_of(row.noted))


def who_of(noted: Any) -> SafeString:
    if noted and noted.claim:
        return monogram(noted.claim.staff.name, noted.claim.staff_id, lock=True)
    if noted and noted.assignee:
        return monogram(noted.assignee.name, noted.assignee.pk)
    return format_html('<span class="t3" aria-hidden="true">–</span><span class="vh">{}</span>', _("Nobody"))
