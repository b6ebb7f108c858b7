"""A column writes its cell, a note its words."""

from collections.abc import Sequence

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from backoffice.work.items import Subject
from backoffice.work.models import Note
from backoffice.work.notes import mentions
from backoffice.work.queues import Column, Row

register = template.Library()


@register.simple_tag
def cell(column: Column, row: Row) -> SafeString | str:
    return column.cell(row)


@register.simple_tag
def note_text(note: Note) -> SafeString:
    if not note.text:
        return format_html("<i>{}</i>", _("Erased with the player's personal data"))
    return mentions.write(note.text, {handle: one["name"] for handle, one in note.mentions.items()})


@register.simple_tag
def about_of(note: Note, subjects: Sequence[Subject]) -> str:
    """What a note is about, on a page that shows notes about several things."""
    return next((one.label for one in subjects if (one.type, one.id) == (note.subject_type, note.subject_id)), "")
