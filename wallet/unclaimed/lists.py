"""Payments of unclaimed money and whose money they were, as lists to read and to export: the second is what goes to the authority with a payment."""

from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from backoffice.jobs.exports.columns import Column as ExportColumn
from backoffice.jobs.exports.columns import amount, mask_name, moment, personal, text, whole
from backoffice.ui.templatetags import ui
from backoffice.work import cells
from backoffice.work.narrowing import Choice, During, Search, Tab, number_in
from backoffice.work.queues import Column, Queue, Row
from wallet.lifecycles import REMITTANCE
from wallet.models import Remittance, RemittanceLine

TONES = {"agreed": ("attention", 1), "paid": ("success", 2), "cancelled": ("neutral", 2)}


def search(rows: QuerySet[Remittance], typed: str) -> QuerySet[Remittance]:
    """By number, or by the bank's number of the payment."""
    number = number_in(typed, "RM-")
    return rows.filter(Q(reference__iexact=typed) | (Q(pk=number) if number is not None else Q(pk=None)))


def search_lines(rows: QuerySet[RemittanceLine], typed: str) -> QuerySet[RemittanceLine]:
    """By payment, or by #player."""
    if typed.startswith("#"):
        return rows.filter(dormancy__player_id=number_in(typed, "#") or 0)
    return rows.filter(remittance=number_in(typed, "RM-") or 0)


def lines_of(staff: Any) -> QuerySet[RemittanceLine]:
    return RemittanceLine.objects.filter(remittance__brand_id__in=staff.reach(), released=False)


def opened(row: Row) -> SafeString:
    return format_html('<a class="id" href="{}">{}</a>', row.url, row.item)


def _state(row: Any) -> Any:
    tone, pip = TONES[row.item.state]
    return cells.badge(tone=tone, pip=pip, label=row.item.get_state_display())


REMITTANCES = Queue(
    subject="wallet.remittance", title=_("Payments of unclaimed money"), plural="remittances", singular="remittance", namespace="wallet",
    rows_model=Remittance, rows=Remittance.objects.visible_to, view="wallet.view", related=("brand", "jurisdiction", "currency"), icon="card",
    opens=lambda row: reverse("wallet:remittance", args=[row.pk]),
    tabs=(Tab("all", _("All"), awake=False, counted=False), Tab("agreed", _("To pay"), Q(state="agreed"), awake=False)),
    filters=(
        Search("q", _("RM-3 or the bank's number"), find=search),
        Choice("state", _("State"), "state", lambda _tab: REMITTANCE.choices, _("Any state"), REMITTANCE.states.__contains__),
        During("agreed", _("Agreed to"), field="agreed_at"),
    ),
    sorts={"-agreed": ("-id",)}, order="-agreed",
    columns=(
        Column("name", _("Payment"), opened, css="a-id", export=text(lambda row: str(row.item))), Column("whom", _("To"), lambda row: row.item.whom, css="a-x"),
        Column("market", _("Market"), lambda row: f"{row.item.jurisdiction.code} {row.item.brand.name}", css="a-m"),
        Column(
            "agreed", _("Agreed to"), lambda row: ui.moment(row.item.agreed_at, "date", True), css="a-sla t2", export=moment(lambda row: row.item.agreed_at),
        ),
        Column("paid", _("Paid"), lambda row: ui.calendar(row.item.paid_on) if row.item.paid_on else "–", css="a-x"),
        Column("reference", _("Bank's number"), lambda row: row.item.reference or "–", css="a-x"),
        Column("players", _("Players"), lambda row: str(row.item.players), css="a-x", numeric=True, export=whole(lambda row: row.item.players)),
        Column(
            "amount", _("Amount"), lambda row: ui.money(row.item.amount, row.item.currency.code), css="a-amt", numeric=True,
            export=amount(lambda row: (row.item.amount, row.item.currency.code)),
        ),
        Column("state", _("State"), _state, css="a-state", export=text(lambda row: row.item.state)),
    ),
    also_exported=(ExportColumn("bank", _("Paid from"), text(lambda row: row.item.bank)),),
    empty=_("Nothing was paid on yet"), no_match=_("No payments match"), label_of=str,
)  # fmt: skip

LINES = Queue(
    subject="wallet.remittanceline", title=_("Whose unclaimed money was paid on"), plural="remittance-lines", singular="remittance-line", namespace="wallet",
    rows_model=RemittanceLine, rows=lines_of, view="wallet.view", icon="users",
    related=("remittance__brand", "remittance__currency", "remittance__jurisdiction", "dormancy__player"),
    opens=lambda row: reverse("wallet:remittance", args=[row.remittance_id]),
    tabs=(Tab("all", _("All"), awake=False, counted=False),), filters=(Search("q", _("RM-3 or #player"), find=search_lines),),
    sorts={"-id": ("-id",)}, order="-id",
    columns=(
        Column(
            "player", _("Player"), lambda row: cells.identity(row, row.item.dormancy.player.name, row.item.dormancy.player_id), css="a-id",
            export=personal(lambda row: row.item.dormancy.player.name, mask_name),
        ),
        Column(
            "amount", _("Amount"), lambda row: ui.money(row.item.amount, row.item.remittance.currency.code), css="a-amt", numeric=True,
            export=amount(lambda row: (row.item.amount, row.item.remittance.currency.code)),
        ),
        Column(
            "remittance", _("Payment"),
            lambda row: format_html('<a href="{}">{}</a>', reverse("wallet:remittance", args=[row.item.remittance_id]), row.item.remittance), css="a-m",
            export=text(lambda row: str(row.item.remittance)),
        ),
        Column("whom", _("To"), lambda row: row.item.remittance.whom, css="a-x"),
        Column("market", _("Market"), lambda row: row.item.remittance.jurisdiction.code, css="a-x"),
        Column("brand", _("Brand"), lambda row: row.item.remittance.brand.name, css="a-x"),
        Column("reference", _("Bank's number"), lambda row: row.item.remittance.reference or "–", css="a-x"),
    ),
    also_exported=(
        ExportColumn("player_id", _("Player, number"), whole(lambda row: row.item.dormancy.player_id)),
        ExportColumn("posting", _("Posting"), whole(lambda row: row.item.transaction_id)),
    ),
    empty=_("Nothing was paid on yet"), no_match=_("Nobody matches"), label_of=str,
)  # fmt: skip
