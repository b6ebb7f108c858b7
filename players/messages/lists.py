"""What players were written, and what became of it: the outbox and the delivery log in one list. A line opens the message."""

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
from backoffice.work.queues import Column, Queue, Row
from players import contact
from players.lists import PLAYERS
from players.messages.composing import LANGUAGES, templates
from players.models import Message, MessageTemplate

TONES = {"queued": ("info", 1), "sent": ("success", 2), "withheld": ("attention", 2), "failed": ("critical", 2)}
STATES = dict(Message.STATES)


def badge_of(state: str) -> dict[str, Any]:
    tone, pip = TONES[state]
    return {"tone": tone, "pip": pip, "label": STATES[state]}


def template_label(code: str) -> str:
    found = templates().get(code)
    return found.label if found else code


def why(message: Message) -> str:
    """Why it was withheld, in words; what the mail server said, as it said it."""
    return str(contact.WHY.get(message.error, message.error))


def search(rows: QuerySet[Message], typed: str) -> QuerySet[Message]:
    """By the player's number or the front end's id."""
    bare = typed.removeprefix("#")
    ours = Q(player_id=int(bare)) if numbers.is_id(bare) else Q(pk=None)
    return rows.filter(ours | Q(player__external_id=typed))


def _known(_tab: Tab) -> list[tuple[str, Any]]:
    return sorted((code, one.label) for code, one in templates().items())


def _state(row: Row) -> Any:
    return cells.badge(**badge_of(row.item.state))


LIST = Queue(
    subject="players.message", title=_("Messages"), plural="messages", singular="message", namespace="players", rows_model=Message,
    rows=Message.objects.visible_to, view="players.view", related=("player", "brand", "by"), icon="mail",
    opens=lambda row: reverse("players:message", args=[row.pk]),
    tabs=(
        Tab("all", _("All"), awake=False, counted=False), Tab("queued", _("Waiting"), Q(state="queued"), awake=False, counted=False),
        Tab("withheld", _("Withheld"), Q(state="withheld"), awake=False, counted=False),
        Tab("failed", _("Failed"), Q(state="failed"), awake=False, counted=False), Tab("staff", _("By staff"), Q(by__isnull=False), awake=False, counted=False),
    ),
    filters=(
        Search("q", _("#player or the front end's id"), find=search),
        Choice("template", _("Template"), "template", _known, _("Any template"), lambda code: len(code) <= 60),  # noqa: PLR2004
        Choice("purpose", _("Purpose"), "purpose", lambda _tab: MessageTemplate.PURPOSES, _("Any purpose"), dict(MessageTemplate.PURPOSES).__contains__),
        Choice("state", _("State"), "state", lambda _tab: Message.STATES, _("Any state"), STATES.__contains__),
        Choice("language", _("Language"), "language", lambda _tab: list(LANGUAGES.items()), _("Any language"), LANGUAGES.__contains__),
        During("queued", _("Queued"), field="queued_at"),
        PLAYERS,
    ),
    sorts={"-queued": ("-queued_at", "-id")}, order="-queued",
    columns=(
        Column(
            "player", _("Player"), lambda row: cells.identity(row, row.item.player.name, row.item.player_id, hidden=template_label(row.item.template)),
            css="a-id", export=personal(lambda row: row.item.player.name, mask_name),
        ),
        Column("template", _("Template"), lambda row: template_label(row.item.template), css="a-m", export=text(lambda row: row.item.template)),
        Column(
            "queued", _("Queued"), lambda row: ui.moment(row.item.queued_at, "short", True), ("-queued",), "a-sla t2",
            export=moment(lambda row: row.item.queued_at),
        ),
        Column("sent", _("Sent"), lambda row: ui.moment(row.item.sent_at, "short", True), css="a-x t2", export=moment(lambda row: row.item.sent_at)),
        Column("purpose", _("Purpose"), lambda row: row.item.get_purpose_display(), css="a-x", export=text(lambda row: row.item.purpose)),
        Column("state", _("State"), _state, css="a-state", export=text(lambda row: row.item.state)),
        Column("why", _("Why"), lambda row: why(row.item), css="a-x t2 wrap", export=text(lambda row: row.item.error)),
    ),
    also_exported=(
        ExportColumn("player_id", _("Player, number"), whole(lambda row: row.item.player_id)),
        ExportColumn("language", _("Language"), text(lambda row: row.item.language)),
        ExportColumn("attempts", _("Attempts"), whole(lambda row: row.item.attempts)),
        ExportColumn("by", _("By"), text(lambda row: row.item.by.name if row.item.by else "")),
    ),
    empty=_("No messages yet"), no_match=_("No messages match"), label_of=str,
)  # fmt: skip
