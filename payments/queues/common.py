"""Columns that every list of payments has."""

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from backoffice.jobs.exports.columns import amount, mask_name, moment, personal, text
from backoffice.ui.templatetags import ui
from backoffice.work import cells
from backoffice.work.queues import Column


def owner(row: Any) -> SafeString:
    """Whose it is, leading to their page."""
    return format_html('<a href="{}">{}</a> #{}', reverse("players:player", args=[row.player_id]), row.player.name, row.player_id)


PLAYER = Column(
    "player", _("Player"), lambda row: cells.identity(row, row.item.player.name, row.item.player_id, hidden=row.item.name), css="a-id",
    export=personal(lambda row: row.item.player.name, mask_name),
)  # fmt: skip
AMOUNT = Column(
    "amount", _("Amount"), lambda row: ui.money(row.item.amount, row.item.currency), css="a-amt", numeric=True,
    export=amount(lambda row: (row.item.amount, row.item.currency)),
)  # fmt: skip
BRAND = Column("brand", _("Brand"), lambda row: row.item.brand.name, css="a-x")


def moment_of(key: str, label: Any, field: str, sorts: tuple[str, ...] = (), css: str = "a-x t2") -> Column:
    return Column(key, label, lambda row: ui.moment(getattr(row.item, field), "short", True), sorts, css, export=moment(lambda row: getattr(row.item, field)))


def state_of(badge: Any) -> Column:
    return Column("state", _("State"), lambda row: cells.badge(**badge(row.item.state)), css="a-state", export=text(lambda row: row.item.state))
