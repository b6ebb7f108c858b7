"""Requests for everything held, those that are due next first. A line opens the request."""

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.jobs.exports.columns import Column as ExportColumn
from backoffice.jobs.exports.columns import mask_name, moment, personal, text, whole
from backoffice.ui import numbers
from backoffice.ui.templatetags import ui
from backoffice.work import cells
from backoffice.work.narrowing import Choice, During, Search, Tab
from backoffice.work.queues import Column, Queue
from players.lifecycles import ACCESS
from players.models import AccessRequest
from players.privacy import WORK

TONES = {"asked": ("attention", 0), "made": ("info", 1), "delivered": ("success", 2), "refused": ("neutral", 2)}
OPEN = Q(state__in=["asked", "made"])


def badge_of(row: AccessRequest, now: datetime) -> dict[str, Any]:
    tone, pip = TONES[row.state]
    late = row.state in {"asked", "made"} and row.due_at < now
    return {"tone": "critical" if late else tone, "pip": pip, "label": row.get_state_display()}


def search(rows: QuerySet[AccessRequest], typed: str) -> QuerySet[AccessRequest]:
    """By number, #player, or the front end's id."""
    bare = typed.upper().removeprefix("PD-")
    if typed.startswith("#") and numbers.is_id(typed[1:]):
        return rows.filter(player_id=int(typed[1:]))
    ours = Q(pk=int(bare)) if numbers.is_id(bare) else Q(pk=None)
    return rows.filter(ours | Q(external_id=typed))


LIST = Queue(
    subject="players.accessrequest", title=_("Personal data"), plural="personal-data", singular="access", namespace="players", rows_model=AccessRequest,
    rows=AccessRequest.objects.visible_to, view=WORK, related=("player", "brand"), icon="file", opens=lambda row: reverse("players:access", args=[row.pk]),
    tabs=(
        Tab("open", _("Open"), OPEN, awake=False), Tab("late", _("Overdue"), lambda now: OPEN & Q(due_at__lt=now), awake=False),
        Tab("all", _("All"), awake=False, counted=False),
    ),
    filters=(
        Search("q", _("Request, #player, front end's id"), find=search),
        Choice("state", _("State"), "state", lambda _tab: ACCESS.choices, _("Any state"), ACCESS.states.__contains__),
        During("due", _("Due"), field="due_at"), During("received", _("Received"), field="received_at"),
    ),
    sorts={"due": ("due_at", "id"), "-received": ("-received_at", "-id")}, order="due",
    columns=(
        Column(
            "due", _("Due"), lambda row: ui.sla(row.item.due_at, row.item.received_at, row.now) if row.item.state in {"asked", "made"} else "–", ("due",),
            "a-sla", export=moment(lambda row: row.item.due_at),
        ),
        Column(
            "player", _("Player"), lambda row: cells.identity(row, row.item.player.name, row.item.player_id, hidden=row.item.name), css="a-id",
            export=personal(lambda row: row.item.player.name, mask_name),
        ),
        Column("brand", _("Brand"), lambda row: row.item.brand.name, css="a-x"),
        Column("channel", _("How it came"), lambda row: row.item.get_channel_display(), css="a-x", export=text(lambda row: row.item.channel)),
        Column(
            "received", _("Received"), lambda row: ui.moment(row.item.received_at, "short", True), ("-received",), "a-x t2",
            export=moment(lambda row: row.item.received_at),
        ),
        Column("state", _("State"), lambda row: cells.badge(**badge_of(row.item, row.now)), css="a-state", export=text(lambda row: row.item.state)),
    ),
    also_exported=(
        ExportColumn("request", _("Request"), text(lambda row: row.item.name)),
        ExportColumn("player_id", _("Player, number"), whole(lambda row: row.item.player_id)),
        ExportColumn("ended", _("Ended"), moment(lambda row: row.item.ended_at)),
    ),
    empty=_("Nobody has asked"), no_match=_("No requests match"), label_of=lambda row: row.name,
)  # fmt: skip
