"""One tag: a column writes its cell."""

from django import template
from django.utils.safestring import SafeString

from backoffice.work.queues import Column, Row

register = template.Library()


@register.simple_tag
def cell(column: Column, row: Row) -> SafeString | str:
    return column.cell(row)
