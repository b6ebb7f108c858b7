"""Who looked at a player: each view of the page is on the record, at most one for a person and a player within ten minutes."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.audit.actors import Actor
from backoffice.audit.models import Event
from backoffice.audit.record import record
from backoffice.jobs.exports.columns import Column as ExportColumn
from backoffice.jobs.exports.columns import mask_name, moment, personal, text, whole
from backoffice.operations import gate
from backoffice.ui import numbers, times, words
from backoffice.ui.templatetags import ui
from backoffice.work import cells
from backoffice.work.narrowing import Choice, During, Search, Span, Tab
from backoffice.work.queues import Column, Queue
from players.models import Player
from players.panels import Looking
from players.timeline.said import OF_THE_KIT, OWN

ONCE_IN = timedelta(minutes=10)
KINDS = tuple(one.type for one in (*OWN, *OF_THE_KIT) if one.category == "looks")
words.name({"search.personal": _("Searched by personal data"), "audit.personal_revealed": _("Personal data of a fact revealed")})
IN_CLEAR = ("player.revealed", "audit.personal_revealed")
_SEEN = """
INSERT INTO players_look (staff_id, player_id, at) VALUES (%s, %s, %s)
ON CONFLICT (staff_id, player_id) DO UPDATE SET at = excluded.at WHERE players_look.at <= %s
RETURNING id
"""


def note(looking: Looking) -> None:
    """Record that this person looks at the player, unless it is on the record for the last ten minutes. Nothing is written while the house is read-only."""
    if looking.looked_at is not None and looking.looked_at > looking.now - ONCE_IN:
        return
    if not gate.of(looking.request).writes:
        return
    with transaction.atomic():
        if _first_in_a_while(looking.staff.pk, looking.player.pk, looking.now):
            record(
                "player.viewed", actor=Actor.staff(looking.staff), at=looking.now, brand_id=looking.player.brand_id, player_id=looking.player.pk,
                subject=looking.player,
            )  # fmt: skip


def _first_in_a_while(staff_id: int, player_id: int, now: datetime) -> bool:
    """One statement, so that two tabs that open at once are one look."""
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, [staff_id, player_id, now, now - ONCE_IN])
        return cursor.fetchone() is not None


# ---- the list of looks, for who answers for them


def rows(staff: Any) -> QuerySet[Event]:
    return Event.objects.visible_to(staff).filter(type__in=KINDS, player_id__isnull=False)


def players(found: Sequence[Event]) -> Mapping[int, Player]:
    """At whom each of these looks was, by the fact's number. One query."""
    known = Player.objects.in_bulk({fact.player_id for fact in found})
    return {fact.pk: known[fact.player_id] for fact in found if fact.player_id in known}


def find(found: QuerySet[Event], typed: str) -> QuerySet[Event]:
    """By the player's number, or by who looked."""
    number = typed.removeprefix("#")
    if numbers.is_id(number):
        return found.filter(player_id=int(number))
    return found.filter(actor_label__icontains=typed)


def _kinds(_tab: Tab) -> list[tuple[str, Any]]:
    return [(kind, words.of(kind)) for kind in KINDS]


LIST = Queue(
    subject="players.look", title=_("Looks at players"), plural="looks", singular="look", namespace="players", rows_model=Event, rows=rows,
    view="audit.view", icon="eye", opens=lambda row: reverse("audit:fact", args=[row.pk]), prepare=players,
    tabs=(Tab("all", _("All"), awake=False, counted=False), Tab("clear", _("In clear"), Q(type__in=IN_CLEAR), awake=False, counted=False)),
    filters=(
        Search("q", _("#player, or who looked"), find=find), Choice("type", _("What"), "type", _kinds, _("Anything"), KINDS.__contains__),
        During("during", _("When"), field="happened_at"),
    ),
    sorts={"-at": ("-happened_at", "-id")}, order="-at",
    columns=(
        Column(
            "player", _("Player"), lambda row: cells.identity(row, row.extra.name if row.extra else "", row.item.player_id), css="a-id",
            export=personal(lambda row: row.extra.name if row.extra else "", mask_name),
        ),
        Column("at", _("When"), lambda row: ui.moment(row.item.happened_at, "seconds"), css="a-sla", export=moment(lambda row: row.item.happened_at)),
        Column("what", _("What"), lambda row: words.of(row.item.type), css="a-m", export=text(lambda row: row.item.type)),
        Column("by", _("Who"), lambda row: row.item.actor_label, css="a-x", export=text(lambda row: row.item.actor_label)),
        Column("reason", _("Reason"), lambda row: row.item.reason, export=text(lambda row: row.item.reason)),
    ),
    also_exported=(
        ExportColumn("player_id", _("Player, number"), whole(lambda row: row.item.player_id)),
        ExportColumn("staff_id", _("Who, number"), whole(lambda row: row.item.actor_id)),
        ExportColumn("ip", _("Address"), text(lambda row: row.item.ip)),
    ),
    empty=_("Nobody has looked yet"), no_match=_("No looks match"), label_of=str,
)  # fmt: skip


def this_month(player_id: int, now: datetime) -> str:
    """The address of the list for one player, from the first of the reader's month on."""
    first = times.midnight(now).replace(day=1)
    return f"{reverse(LIST.index)}?{urlencode({'view': 'all', 'q': f'#{player_id}', 'during': Span(first, None).text()})}"
