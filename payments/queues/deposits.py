"""Deposits as a list to read and to export. A line opens the deposit's page."""

from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.jobs.exports.columns import Column as ExportColumn
from backoffice.jobs.exports.columns import text, whole
from backoffice.ui import numbers
from backoffice.work.narrowing import Choice, During, Search, Tab
from backoffice.work.queues import Column, Queue
from payments.badges import deposit_badge
from payments.lifecycles import DEPOSIT
from payments.models import Deposit
from payments.queues.common import AMOUNT, BRAND, PLAYER, moment_of, state_of
from payments.queues.withdrawals import KINDS, currencies
from players.lists import PLAYERS

FAILED = ("failed", "expired", "charged_back", "reversed")


def search(rows: QuerySet[Deposit], typed: str) -> QuerySet[Deposit]:
    """By deposit or player number, our reference, last four."""
    bare = typed.upper().removeprefix("DP-").removeprefix("#")
    if numbers.is_id(bare):
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
        PLAYER, AMOUNT, Column("method", _("Method"), lambda row: str(row.item.instrument), css="a-m"), BRAND,
        moment_of("requested", _("Requested"), "requested_at", ("-requested",), "a-sla t2"), moment_of("credited", _("Credited"), "credited_at"),
        state_of(deposit_badge),
    ),
    also_exported=(
        ExportColumn("player_id", _("Player, number"), whole(lambda row: row.item.player_id)),
        ExportColumn("reference", _("Reference"), text(lambda row: row.item.reference)),
    ),
    empty=_("No deposits yet"), no_match=_("No deposits match"), label_of=lambda row: row.name,
)  # fmt: skip
