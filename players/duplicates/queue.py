"""Accounts that may be one person's, as a queue, and as a panel of a player's page."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from backoffice.audit.lifecycle import NotAllowed
from backoffice.jobs.exports.columns import Column as ExportColumn
from backoffice.jobs.exports.columns import mask_address, mask_name, moment, personal, text, whole
from backoffice.ui import numbers
from backoffice.ui.templatetags import ui
from backoffice.work import bulk, cells
from backoffice.work.checks import WARN, Result
from backoffice.work.exports import WHO
from backoffice.work.items import NotPossible
from backoffice.work.narrowing import Choice, During, Search, Tab
from backoffice.work.queues import Column, Figure, Outcome, Queue
from players import locks
from players.duplicates import finding, services
from players.models import Device, Duplicate, Instrument, Player
from players.panels import Looking
from players.services import PlayerRefused

_l = gettext_lazy
SUBJECT = "players.duplicate"
OPEN = Q(state="open")
KINDS = {
    "instrument": _l("Bank account or address"), "email": _l("Mailbox"), "name_birth": _l("Name and date of birth"), "phone": _l("Phone"),
    "device": _l("Device"),
}  # fmt: skip
TONES = {"open": ("attention", 0), "confirmed": ("critical", 2), "dismissed": ("neutral", 2)}


class Among(Choice):
    """One of the values that an array holds."""

    def apply(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return rows.filter(**{f"{self.field}__contains": [value]})


def words(kinds: Any) -> str:
    return ", ".join(str(KINDS[kind]) for kind in kinds)


def leads(row: Duplicate, staff: Any) -> list[tuple[Any, str]]:
    """To the merge of a confirmed pair, for who may ask for it."""
    return [(_l("Merge or undo"), reverse("players:merge", args=[row.pk]))] if row.state == "confirmed" and staff.may("players.merge") else []


def search(rows: QuerySet[Duplicate], typed: str) -> QuerySet[Duplicate]:
    """By the number of either player."""
    number = typed.removeprefix("#")
    return rows.filter(Q(first_id=int(number)) | Q(player_id=int(number))) if numbers.is_id(number) else rows.none()


def both(row: Duplicate) -> Any:
    people = [(reverse("players:player", args=[one.pk]), one.name, one.pk, one.get_state_display()) for one in (row.first, row.player)]
    return format_html_join(SafeString("<br>"), '<a href="{}">{} #{}, {}</a>', people)


def checks(row: Duplicate, _now: datetime) -> list[Result]:
    """One line for each thing that they share now, with what it is, masked."""
    live = next((one for one in finding.of_player(row.player_id, reach=[row.other_brand_id]) if one.other_id == row.first_id), None)
    return [Result(f"DUP-{kind.upper()}", WARN, str(KINDS[kind]), _what(kind, row.first, row.player)) for kind in (live.kinds if live else ())]


def _what(kind: str, one: Player, other: Player) -> tuple[str, ...]:
    if kind == "email":
        return (mask_address(one.email), mask_address(other.email))
    if kind == "instrument":
        digests = Instrument.objects.filter(player=one).exclude(detail_digest="").values("detail_digest")
        return tuple(str(row) for row in Instrument.objects.filter(player=other, detail_digest__in=digests)[:3])
    if kind == "device":
        prints = Device.objects.filter(player=one).values("fingerprint")
        return tuple(row.label for row in Device.objects.filter(player=other, fingerprint__in=prints)[:3])
    return (one.name,) if kind == "name_birth" else ()


def _judge(same: bool) -> Any:
    def act(row: Duplicate, *, by: Any, now: datetime, note: str) -> None:
        try:
            services.judge(duplicate_id=row.pk, same=same, note=note, by=by, now=now)
        except (NotAllowed, PlayerRefused) as refused:
            raise NotPossible(str(refused)) from refused

    return act


DUPLICATES = Queue(
    subject=SUBJECT, title=_l("Duplicates"), plural="duplicates", singular="duplicate", namespace="players", rows_model=Duplicate,
    rows=Duplicate.objects.visible_to, view=services.WORK, work=services.WORK, open=OPEN,
    related=("first", "player", "brand", "other_brand"),
    tabs=(
        Tab("open", _l("To judge"), OPEN), Tab("mine", _l("Mine"), OPEN, mine=True), Tab("same", _l("One person"), Q(state="confirmed"), awake=False),
        Tab("snoozed", _l("Snoozed"), OPEN, snoozed=True), Tab("all", _l("All"), awake=False, counted=False),
    ),
    filters=(
        Search("q", _l("#player"), find=search),
        Among("shares", _l("Shared"), "evidence", lambda _tab: list(KINDS.items()), _l("Anything"), KINDS.__contains__),
        During("found", _l("Found"), field="found_at"),
    ),
    sorts={"-strength": ("-strength", "-id"), "-found": ("-found_at", "-id")}, order="-strength",
    columns=(
        Column(
            "player", _l("Newer account"), lambda row: cells.identity(row, row.item.player.name, row.item.player_id, hidden=row.item.brand.name), css="a-id",
            export=personal(lambda row: row.item.player.name, mask_name),
        ),
        Column(
            "first", _l("Older account"), lambda row: f"{row.item.first.name} #{row.item.first_id}", css="a-m",
            export=personal(lambda row: row.item.first.name, mask_name),
        ),
        Column("shares", _l("Shared"), lambda row: words(row.item.evidence), css="a-m", export=text(lambda row: ", ".join(row.item.evidence))),
        Column(
            "strength", _l("Strength"), lambda row: str(row.item.strength), ("-strength",), "a-x", numeric=True, export=whole(lambda row: row.item.strength)
        ),
        Column(
            "found", _l("Found"), lambda row: ui.moment(row.item.found_at, "short", True), ("-found",), "a-sla t2", export=moment(lambda row: row.item.found_at)
        ),
        Column(
            "state", _l("State"), lambda row: cells.badge(tone=TONES[row.item.state][0], pip=TONES[row.item.state][1], label=row.item.get_state_display()),
            css="a-state", export=text(lambda row: row.item.state),
        ),
        Column("who", _l("Who"), cells.who, css="a-who", export=WHO),
    ),
    also_exported=(
        ExportColumn("player_id", _l("Newer account, number"), whole(lambda row: row.item.player_id)),
        ExportColumn("first_id", _l("Older account, number"), whole(lambda row: row.item.first_id)),
    ),
    figures=(Figure("open", _l("To judge")),), verbs=bulk.standard(SUBJECT, services.WORK), escalates_to=("fraud",), icon="users",
    facts=((_l("Accounts"), both), (_l("Shared when it was found"), lambda row: words(row.evidence)), (_l("Found"), lambda row: row.found_at)),
    checks=checks, lock=lambda row: locks.player(row.player_id),
    outcomes=(
        Outcome(
            "same", _l("One person"), "o", _judge(True), _l("it stands on the record of the newer account; nothing is closed or merged by it"),
            _l("One person"), needs_note=True, fits=lambda row: row.state != "confirmed",
        ),
        Outcome(
            "different", _l("Two people"), "t", _judge(False), _l("they come back only when they share something more"), _l("Two people"), needs_note=True,
            fits=lambda row: row.state == "open" or (row.state == "confirmed" and not services.is_merged(row)),
        ),
    ),
    leads=leads, no_match=_l("No duplicates match"), label_of=str, of_player="player_id", summary=lambda row: words(row.evidence),
)  # fmt: skip


def panel(looking: Looking) -> Mapping[str, Any] | None:
    """Who shares something with the player now."""
    found = finding.of_player(looking.player.pk, reach=looking.staff.reach())[:10]
    if not found:
        return None
    people = Player.objects.select_related("brand").in_bulk([one.other_id for one in found])
    pairs = {(min(one.player_id, one.other_id), max(one.player_id, one.other_id)) for one in found}
    judged = {
        (row.first_id, row.player_id): row
        for row in Duplicate.objects.filter(first__in=[first for first, _second in pairs], player__in=[second for _first, second in pairs])
    }
    return {
        "rows": [
            {
                "player": people[one.other_id], "shares": words(one.kinds),
                "pair": judged.get((min(one.player_id, one.other_id), max(one.player_id, one.other_id))),
            }
            for one in found
        ]
    }  # fmt: skip
