"""Deposits as a list to read and to export. A line opens the deposit's page."""

from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.jobs.exports.columns import Column as ExportColumn
from backoffice.jobs.exports.columns import amount, mask_name, moment, personal, text, whole
from backoffice.ui.templatetags import ui
from backoffice.work import cells
from backoffice.work.narrowing import Choice, During, Search, Tab
from backoffice.work.queues import Column, Queue
from payments.badges import deposit_badge
from payments.lifecycles import DEPOSIT
from payments.models import Deposit
from payments.queues.withdrawals import KINDS, currencies
from players.lists import PLAYERS

FAILED = ("failed", "expired", "charged_back", "reversed")


def search(rows: QuerySet[Deposit], typed: str) -> QuerySet[Deposit]:
    """By deposit or player number, our reference, last four."""
    bare = typed.upper().removeprefix("DP-").removeprefix("#")
    if bare.isdigit() and len(bare) < 18:  # noqa: PLR2004 (what a bigint holds)
        return rows.filter(Q(pk=int(bare)) if typed.upper().startswith("DP-") else Q(player_id=int(bare)) | Q(pk=int(bare)))
    return rows.filter(Q(reference__iexact=typed) | Q(instrument__last4=typed))


def states(_tab: Tab) -> list[tuple[str, Any]]:
    return [(state, deposit_badge(state)["label"]) for state in DEPOSIT.states]


DEPOSITS = Queue(
    subject="payments.deposit", title=_("Deposits"), plural="deposits", singular="deposit", namespace="payments", rows_model=Deposit,
    rows=Deposit.objects.visible_to, view="payments.view", related=("player", "instrument", "brand"), icon="card",
    opens=lambda row: reverse("payments:deposit", args=[row.pk]),
    tabs=(
        Tab("all", _("All"), awake=False, counted=False),
        Tab("failed", _("Failed or gone back"), Q(state__in=FAILED), awake=False, counted=False),
    ),
    filters=(
        Search("q", _("Deposit, #player or last four"), find=search),
        Choice("kind", _("Method"), "instrument__kind", lambda _tab: KINDS, _("Any method"), dict(KINDS).__contains__),
        Choice("currency", _("Currency"), "currency", currencies, _("Any currency"), lambda code: code.isalnum() and len(code) <= 10),  # noqa: PLR2004
        Choice("state", _("State"), "state", states, _("Any state"), DEPOSIT.states.__contains__),
        During("credited", _("Credited"), field="credited_at"),
        PLAYERS,
    ),
    sorts={"-requested": ("-requested_at", "-id")}, order="-requested",
    columns=(
        Column(
            "player", _("Player"), lambda row: cells.identity(row, row.item.player.name, row.item.player_id, hidden=row.item.name), css="a-id",
            export=personal(lambda row: row.item.player.name, mask_name),
        ),
        Column(
            "amount", _("Amount"), lambda row: ui.money(row.item.amount, row.item.currency), css="a-amt", numeric=True,
            export=amount(lambda row: (row.item.amount, row.item.currency)),
        ),
        Column("method", _("Method"), lambda row: str(row.item.instrument), css="a-m"),
        Column("brand", _("Brand"), lambda row: row.item.brand.name, css="a-x"),
        Column(
            "requested", _("Requested"), lambda row: ui.moment(row.item.requested_at, "short", True), ("-requested",), "a-sla t2",
            export=moment(lambda row: row.item.requested_at),
        ),
        Column(
            "credited", _("Credited"), lambda row: ui.moment(row.item.credited_at, "short", True), css="a-x t2",
            export=moment(lambda row: row.item.credited_at),
        ),
        Column("state", _("State"), lambda row: cells.badge(**deposit_badge(row.item.state)), css="a-state", export=text(lambda row: row.item.state)),
    ),
    also_exported=(
        ExportColumn("player_id", _("Player, number"), whole(lambda row: row.item.player_id)),
        ExportColumn("reference", _("Reference"), text(lambda row: row.item.reference)),
    ),
    empty=_("No deposits yet"), no_match=_("No deposits match"), label_of=lambda row: row.name,
)  # fmt: skip
