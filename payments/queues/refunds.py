"""Refunds as a list to read and to export. A line opens the refund's page."""

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.jobs.exports.columns import Column as ExportColumn
from backoffice.jobs.exports.columns import text, whole
from backoffice.work.narrowing import Choice, During, Search, Tab, number_in
from backoffice.work.queues import Column, Queue
from payments.badges import refund_badge
from payments.lifecycles import REFUND
from payments.models import Refund
from payments.queues.common import AMOUNT, BRAND, PLAYER, moment_of, state_of
from payments.queues.withdrawals import currencies
from players.lists import PLAYERS


def search(rows: QuerySet[Refund], typed: str) -> QuerySet[Refund]:
    """By refund, deposit or player number, or our reference."""
    if typed.upper().startswith("DP-"):
        return rows.filter(deposit_id=number_in(typed, "DP-") or 0)
    if typed.startswith("#"):
        return rows.filter(player_id=number_in(typed, "#") or 0)
    number = number_in(typed, "RF-")
    return rows.filter(Q(reference__iexact=typed) | (Q(pk=number) if number is not None else Q(pk=None)))


REFUNDS = Queue(
    subject="payments.refund", title=_("Refunds"), plural="refunds", singular="refund", namespace="payments", rows_model=Refund,
    rows=Refund.objects.visible_to, view="payments.view", related=("player", "instrument", "brand", "deposit"), icon="undo",
    opens=lambda row: reverse("payments:refund", args=[row.pk]),
    tabs=(Tab("all", _("All"), awake=False, counted=False), Tab("flight", _("Under way"), Q(state__in=["approved", "sent", "unknown"]), awake=False)),
    filters=(
        Search("q", _("RF-481, DP-481, #player or reference"), find=search),
        Choice("state", _("State"), "state", lambda _tab: REFUND.choices, _("Any state"), REFUND.states.__contains__),
        Choice("currency", _("Currency"), "currency", currencies, _("Any currency"), lambda code: code.isalnum() and len(code) <= 10),  # noqa: PLR2004
        During("paid", _("Paid"), field="paid_at"), PLAYERS,
    ),
    sorts={"-requested": ("-requested_at", "-id")}, order="-requested",
    columns=(
        PLAYER, AMOUNT, Column("deposit", _("Deposit"), lambda row: row.item.deposit.name, css="a-m"),
        Column("method", _("Method"), lambda row: str(row.item.instrument), css="a-x"), BRAND,
        moment_of("requested", _("Asked for"), "requested_at", ("-requested",), "a-sla t2"), moment_of("paid", _("Paid"), "paid_at"), state_of(refund_badge),
    ),
    also_exported=(
        ExportColumn("refund", _("Refund"), text(lambda row: row.item.name)),
        ExportColumn("player_id", _("Player, number"), whole(lambda row: row.item.player_id)),
        ExportColumn("reference", _("Reference"), text(lambda row: row.item.reference)),
        ExportColumn("reason", _("Reason"), text(lambda row: row.item.reason)),
    ),
    empty=_("No refunds yet"), no_match=_("No refunds match"), label_of=lambda row: row.name,
)  # fmt: skip
