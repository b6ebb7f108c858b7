"""Instruments that nobody has confirmed in time: is it the player's own? The whole queue is this declaration (docs/queues.md)."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.audit.actors import Actor
from backoffice.jobs.exports.columns import Column as ExportColumn
from backoffice.jobs.exports.columns import mask_name, moment, personal, whole
from backoffice.ui import numbers
from backoffice.ui.templatetags import ui
from backoffice.work import bulk, cells
from backoffice.work.checks import PASS, WARN, Result
from backoffice.work.exports import WHO
from backoffice.work.narrowing import Choice, During, Search, Tab
from backoffice.work.queues import Column, Figure, Outcome, Queue
from players import locks
from players.folding import Folded
from players.models import Instrument
from players.services import instruments
from players.tickets.plugins import as_fact

SUBJECT = "players.instrument"
IN_TIME = timedelta(hours=72)
WAITS = Q(confirmed_at=None, removed_at=None)


def visible(staff: Any) -> QuerySet[Instrument]:
    return Instrument.objects.filter(brand_id__in=staff.reach())


def search(rows: QuerySet[Instrument], text: str) -> QuerySet[Instrument]:
    number = text.removeprefix("#")
    if text.startswith("#") and numbers.is_id(number):
        return rows.filter(player_id=int(number))
    return rows.annotate(holder=Folded("holder_name")).filter(Q(last4=text) | Q(holder__contains=Folded(Value(text))))


def checks(row: Instrument, now: datetime) -> list[Result]:
    same = row.holder_name.strip().lower() == row.player.name.lower()
    others = Instrument.objects.filter(detail_digest=row.detail_digest).exclude(player_id=row.player_id).exclude(detail_digest="").count()
    return [
        Result(
            "INS-01",
            PASS if same else WARN,
            gettext("Holder is the player") if same else gettext("Holder is written differently"),
            (row.holder_name or gettext("no name"),),
        ),
        Result(
            "INS-02",
            WARN if others else PASS,
            gettext("Other players use it too") if others else gettext("Nobody else uses it"),
            (numbers.whole(others),) if others else (),
        ),
    ]


def owner(row: Instrument) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("players:player", args=[row.player_id]), row.player)


def confirm(row: Instrument, *, by: Any, now: datetime, note: str) -> None:
    instruments.confirm_instrument(instrument_id=row.pk, player_id=row.player_id, note=note, by=Actor.staff(by), now=now)


def refuse(row: Instrument, *, by: Any, now: datetime, note: str) -> None:
    instruments.remove_instrument(instrument_id=row.pk, player_id=row.player_id, note=note, by=Actor.staff(by), now=now)


INSTRUMENTS = Queue(
    subject=SUBJECT, title=_("Instruments to confirm"), plural="instruments", singular="instrument", namespace="players", rows_model=Instrument,
    rows=visible, view="players.view_instruments", work="players.confirm_instruments", open=WAITS, is_open=lambda row: not (row.confirmed_at or row.removed_at),
    due="changed_at", related=("player", "brand"), version=lambda row: f"{row.changed_at.isoformat()}|{row.confirmed_at}|{row.removed_at}",
    tabs=(
        Tab("open", _("To confirm"), WAITS), Tab("mine", _("Mine"), WAITS, mine=True),
        Tab("late", _("Overdue"), lambda now: WAITS & Q(changed_at__lt=now - IN_TIME)), Tab("snoozed", _("Snoozed"), WAITS, snoozed=True),
        Tab("all", _("All"), awake=False, counted=False),
    ),
    filters=(
        Search("q", _("Holder, #player or last four"), find=search), Choice("kind", _("Kind"), "kind", lambda _tab: Instrument.KINDS, _("Any kind")),
        During("due", _("Due"), field="changed_at", later=IN_TIME),
    ),
    sorts={"changed": ("changed_at", "id"), "-changed": ("-changed_at", "-id")}, order="changed",
    columns=(
        Column(
            "changed", _("Changed"), lambda row: ui.sla(row.item.changed_at + IN_TIME, row.item.changed_at, row.now), ("changed", "-changed"),
            "a-sla", export=moment(lambda row: row.item.changed_at),
        ),
        Column(
            "player", _("Player"), lambda row: cells.identity(row, row.item.player.name, row.item.player_id, hidden=str(row.item)), css="a-id",
            export=personal(lambda row: row.item.player.name, mask_name),
        ),
        Column("holder", _("Holder"), lambda row: row.item.holder_name, export=personal(lambda row: row.item.holder_name, mask_name)),
        Column("instrument", _("Instrument"), lambda row: str(row.item), css="a-m"), Column("brand", _("Brand"), lambda row: row.item.brand.name, css="a-x"),
        Column("who", _("Who"), cells.who, css="a-who", export=WHO),
    ),
    also_exported=(ExportColumn("player_id", _("Player, number"), whole(lambda row: row.item.player_id)),),
    figures=(Figure("open", _("To confirm")), Figure("late", _("Overdue"))), verbs=bulk.standard(SUBJECT, "players.confirm_instruments"), icon="card",
    facts=(
        (_("Player"), owner), (_("Holder"), lambda row: row.holder_name), (_("Added"), lambda row: row.added_at),
        (_("Open tickets"), lambda row: as_fact(row.player_id)),
    ),
    checks=checks, lock=lambda row: locks.player(row.player_id),
    outcomes=(
        Outcome("confirmed", _("Confirm"), "a", confirm, _("it counts as the player's own from now on"), _("Confirmed")),
        Outcome("removed", _("Take out of use"), "r", refuse, _("nothing is paid to it any more; its history stays"), _("Taken out of use"), needs_note=True),
    ),
    no_match=_("No instruments match"), label_of=str, of_player="player_id", summary=lambda row: row.holder_name,
)  # fmt: skip
