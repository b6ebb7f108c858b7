"""Complaints that wait for an acknowledgement or an answer. The whole queue is this declaration (docs/queues.md)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from backoffice.audit.lifecycle import NotAllowed
from backoffice.jobs.exports.columns import Column as ExportColumn
from backoffice.jobs.exports.columns import mask_name, moment, personal, text, whole
from backoffice.ui import numbers
from backoffice.ui.templatetags import ui
from backoffice.work import bulk, cells
from backoffice.work.exports import WHO
from backoffice.work.items import NotPossible
from backoffice.work.narrowing import Choice, During, Search, Tab
from backoffice.work.queues import Column, Figure, Outcome, Queue
from players import locks
from players.complaints import services
from players.lifecycles import COMPLAINT
from players.models import Complaint
from players.services import PlayerRefused

SUBJECT = "players.complaint"
OPEN = Q(state__in=COMPLAINT.open)
CATEGORIES, CHANNELS = dict(Complaint.CATEGORIES), dict(Complaint.CHANNELS)
TONES = {"received": ("attention", 0), "acknowledged": ("info", 1), "escalated": ("warning", 1), "answered": ("success", 2), "withdrawn": ("neutral", 2)}


def search(rows: QuerySet[Complaint], typed: str) -> QuerySet[Complaint]:
    """By number, #player, payment, or the front end's id."""
    bare = typed.upper().removeprefix("CP-")
    if typed.startswith("#") and numbers.is_id(typed[1:]):
        return rows.filter(player_id=int(typed[1:]))
    ours = Q(pk=int(bare)) if numbers.is_id(bare) else Q(pk=None)
    return rows.filter(ours | Q(payment=typed.upper()) | Q(external_id=typed))


def badge(row: Complaint) -> Any:
    tone, pip = TONES[row.state]
    return cells.badge(tone=tone, pip=pip, label=row.get_outcome_display() if row.outcome else row.get_state_display())


def payment(row: Complaint) -> Any:
    url = services.address_of(row.player_id, row.payment) if row.payment else ""
    return format_html('<a href="{}">{}</a>', url, row.payment) if url else row.payment or "–"


def _act(service: Callable[..., Any], words: str = "note", **more: Any) -> Callable[..., None]:
    def act(row: Complaint, *, by: Any, now: datetime, note: str) -> None:
        try:
            service(complaint_id=row.pk, by=by, now=now, **{words: note}, **more)
        except (NotAllowed, PlayerRefused) as refused:
            raise NotPossible(str(refused)) from refused

    return act


def _fits(to: str) -> Callable[[Complaint], bool]:
    return lambda row: COMPLAINT.allows(row, to)


def _answer(code: str, label: Any, letter: str, toast: Any) -> Outcome:
    says = _("answered with your note as the reason that the player may read; the front end is told")
    return Outcome(code, label, letter, _act(services.answer_complaint, "reason", outcome=code), says, toast, needs_note=True, fits=_fits("answered"))


COMPLAINTS = Queue(
    subject=SUBJECT, title=_("Complaints"), plural="complaints", singular="complaint", namespace="players", rows_model=Complaint,
    rows=Complaint.objects.visible_to, view=services.VIEW, work=services.WORK, open=OPEN, is_open=lambda row: row.state in COMPLAINT.open, due="due_at",
    related=("player", "brand", "recorded_by"),
    tabs=(
        Tab("open", _("Open"), OPEN), Tab("mine", _("Mine"), OPEN, mine=True), Tab("new", _("To acknowledge"), Q(state="received")),
        Tab("late", _("Overdue"), lambda now: OPEN & Q(due_at__lt=now)), Tab("snoozed", _("Snoozed"), OPEN, snoozed=True),
        Tab("all", _("All"), awake=False, counted=False),
    ),
    filters=(
        Search("q", _("Complaint, #player, payment"), find=search),
        Choice("category", _("About"), "category", lambda _tab: Complaint.CATEGORIES, _("Anything"), CATEGORIES.__contains__),
        Choice("channel", _("How it came"), "channel", lambda _tab: Complaint.CHANNELS, _("Any way"), CHANNELS.__contains__),
        Choice("state", _("State"), "state", lambda _tab: COMPLAINT.choices, _("Any state"), COMPLAINT.states.__contains__),
        During("due", _("Due"), field="due_at"), During("received", _("Received"), field="received_at"),
    ),
    sorts={"due": ("due_at", "id"), "-received": ("-received_at", "-id")}, order="due",
    columns=(
        Column(
            "due", _("Due"), lambda row: ui.sla(row.item.due_at, row.item.received_at, row.now) if row.item.state in COMPLAINT.open else "–", ("due",), "a-sla",
            export=moment(lambda row: row.item.due_at),
        ),
        Column(
            "player", _("Player"), lambda row: cells.identity(row, row.item.player.name, row.item.player_id, hidden=row.item.name), css="a-id",
            export=personal(lambda row: row.item.player.name, mask_name),
        ),
        Column("category", _("About"), lambda row: row.item.get_category_display(), css="a-m"),
        Column("payment", _("Payment"), lambda row: row.item.payment or "–", css="a-x"),
        Column("channel", _("How it came"), lambda row: row.item.get_channel_display(), css="a-x"),
        Column("brand", _("Brand"), lambda row: row.item.brand.name, css="a-x"),
        Column(
            "received", _("Received"), lambda row: ui.moment(row.item.received_at, "short", True), ("-received",), "a-x t2",
            export=moment(lambda row: row.item.received_at),
        ),
        Column("state", _("State"), lambda row: badge(row.item), css="a-state", export=text(lambda row: row.item.state)),
        Column("who", _("Who"), cells.who, css="a-who", export=WHO),
    ),
    also_exported=(
        ExportColumn("complaint", _("Complaint"), text(lambda row: row.item.name)),
        ExportColumn("player_id", _("Player, number"), whole(lambda row: row.item.player_id)),
        ExportColumn("outcome", _("Outcome"), text(lambda row: row.item.outcome)),
        ExportColumn("answered", _("Answered"), moment(lambda row: row.item.answered_at)),
    ),
    figures=(Figure("open", _("Open")), Figure("late", _("Overdue"))), verbs=bulk.standard(SUBJECT, services.WORK), escalates_to=("compliance",), icon="flag",
    facts=(
        (_("Player"), lambda row: f"{row.player.name} #{row.player_id}"), (_("About"), lambda row: row.get_category_display()),
        (_("What the player says"), lambda row: row.text), (_("Payment"), payment), (_("How it came"), lambda row: row.get_channel_display()),
        (_("Received"), lambda row: row.received_at), (_("Answer due"), lambda row: row.answer_due_at),
        (_("State"), badge), (_("Reason"), lambda row: row.reason or "–"),
        (_("Recorded by"), lambda row: row.recorded_by.name if row.recorded_by else _("the front end")),
        (_("Kept at least until"), lambda row: row.kept_until.isoformat()),
    ),
    lock=lambda row: locks.player(row.player_id),
    outcomes=(
        Outcome(
            "acknowledged", _("Acknowledge"), "a", _act(services.acknowledge_complaint), _("the answer is what is due next; the front end is told"),
            _("Acknowledged"), fits=_fits("acknowledged"),
        ),
        _answer("upheld", _("Uphold"), "u", _("Upheld")), _answer("partly_upheld", _("Uphold in part"), "p", _("Partly upheld")),
        _answer("not_upheld", _("Do not uphold"), "r", _("Not upheld")),
        Outcome(
            "escalated", _("Escalated outside"), "x", _act(services.escalate_complaint),
            _("an outside body decides between house and player; the answer stays due"), _("Escalated"), needs_note=True, fits=_fits("escalated"),
        ),
        Outcome(
            "withdrawn", _("Taken back by the player"), "t", _act(services.withdraw_complaint), _("it is closed without an answer and kept like the others"),
            _("Taken back"), needs_note=True, fits=_fits("withdrawn"),
        ),
    ),
    no_match=_("No complaints match"), label_of=lambda row: row.name, of_player="player_id", glance=("payments.view",),
    summary=lambda row: str(row.get_category_display()),
)  # fmt: skip
