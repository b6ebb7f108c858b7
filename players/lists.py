"""All players as a list to read and to export; a line opens the player's page."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from backoffice.jobs.exports.columns import Column as ExportColumn
from backoffice.jobs.exports.columns import Value, mask_name, moment, personal, text
from backoffice.ui import numbers, times
from backoffice.ui.templatetags import ui
from backoffice.work import bulk, cells
from backoffice.work.narrowing import Choice, Code, Day, During, NotUnderstood, OfBrand, Search, Tab
from backoffice.work.queues import Column, Queue, Row
from players.contact import EMAIL, MARKETING, SERVICE, Contacts, allowed
from players.lifecycles import PLAYER
from players.models import Player, Segment
from players.segments.kind import in_use

YES, NO, NEVER = "yes", "no", "never"
SIGNED_IN: dict[str, Any] = {
    "7": _("Signed in within 7 days"), "30": _("Signed in within 30 days"), "90": _("Signed in within 90 days"), "-30": _("Not for 30 days"),
    "-90": _("Not for 90 days"), "-365": _("Not for a year"), NEVER: _("Never signed in"),
}  # fmt: skip
MARKETING_BY = {
    "email": _("Marketing by e-mail"), "sms": _("Marketing by SMS"), "phone": _("Marketing by phone"), "post": _("Marketing by post"),
    "push": _("Marketing by push"),
}  # fmt: skip
CONTACTABLE: dict[str, Any] = {f"{SERVICE}-{EMAIL}": _("Service by e-mail"), **{f"{MARKETING}-{channel}": title for channel, title in MARKETING_BY.items()}}
_WHOSE = {NO: _("Without test players"), YES: _("Test players only")}


class Whose(Choice):
    """Whether test players are in the list: they stand in no figure (GLI-19 A.2.5)."""

    def apply(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return rows.filter(**{self.field: value == YES})


PLAYERS = Whose("test", _("Players"), "player__is_test", lambda _tab: list(_WHOSE.items()), _("All players"), _WHOSE.__contains__)


class SignedIn(Choice):
    """How long ago the last sign-in was, by days of the reader's clock: `7` within the last seven, `-30` not within the last thirty."""

    def apply(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value == NEVER:
            return rows.filter(last_sign_in_at=None)
        days = int(value)
        edge = times.midnight(timezone.now()) - timedelta(days=abs(days) - 1)
        return rows.filter(last_sign_in_at__gte=edge) if days > 0 else rows.filter(last_sign_in_at__lt=edge)


class Contactable(Choice):
    """Players who may be contacted by a channel for a purpose, now (players/contact.py)."""

    def apply(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        purpose, _dash, channel = value.partition("-")
        return allowed(rows, channel, purpose, now=timezone.now())


def search(rows: QuerySet[Player], typed: str) -> QuerySet[Player]:
    """By number or the front end's id; names are for the box in the header, which has an index for them."""
    number = typed.removeprefix("#")
    ours = Q(pk=int(number)) if numbers.is_id(number) else Q(pk=None)
    return rows.filter(ours | Q(external_id=typed))


class InSegment(Choice):
    """The players of one segment, as of its last computation."""

    fewest = 1

    def offered(self, staff: Any, _tab: Tab) -> Sequence[tuple[str, Any]]:
        reached = staff.reach()
        return _named([one for one in in_use() if one.brand_id in reached])

    def read(self, text: str) -> Any:
        if all(one.code != text for one in in_use()):
            raise NotUnderstood(text)
        return text


def segments(_tab: Tab) -> list[tuple[str, Any]]:
    return _named(in_use())


def _named(found: Sequence[Segment]) -> list[tuple[str, Any]]:
    """With the brand where there are several: two brands may each have a segment of one name."""
    several = len({one.brand_id for one in found}) > 1
    return [(one.code, f"{one.name}, {one.brand.name}" if several else one.name) for one in found]


def states(_tab: Tab) -> list[tuple[str, Any]]:
    return [(str(key), label) for key, label in PLAYER.choices]


def _contacts(rows: Sequence[Player]) -> Mapping[int, Contacts]:
    """One for all of them, which asks nothing until a column of an export does."""
    shared = Contacts(rows, now=timezone.now())
    return {row.pk: shared for row in rows}


def _contact(channel: str, purpose: str) -> Value:
    def read(row: Row) -> str:
        said = row.extra.answer(row.item.pk, channel, purpose)
        return "yes" if said.allowed else f"no: {said.why}"

    return text(read)


LIST = Queue(
    subject="players.player", title=_("All players"), plural="players", singular="player", namespace="players", rows_model=Player,
    rows=Player.objects.visible_to, view="players.view", tag="players.tag", tag_box=True,
    verbs=bulk.tagging("players.player", "players.tag"), related=("brand", "jurisdiction"), icon="users",
    opens=lambda row: reverse("players:player", args=[row.pk]),
    tabs=(Tab("all", _("All"), awake=False, counted=False),),
    filters=(
        Search("q", _("#number or the front end's id"), find=search),
        InSegment("segment", _("Segment"), "segment_memberships__segment", segments, _("Any segment")),
        Choice("state", _("State"), "state", states, _("Any state"), PLAYER.states.__contains__),
        Whose("test", _("Players"), "is_test", lambda _tab: list(_WHOSE.items()), _("All players"), _WHOSE.__contains__),
        OfBrand("brand", _("Brand"), any_label=_("Any brand")),
        SignedIn("signed_in", _("Last sign-in"), "last_sign_in_at", lambda _tab: list(SIGNED_IN.items()), _("Any last sign-in"), SIGNED_IN.__contains__),
        Contactable("contact", _("Contactable"), "", lambda _tab: list(CONTACTABLE.items()), _("Contactable or not"), CONTACTABLE.__contains__),
        Code("country", _("Country"), "country"),
        During("registered", _("Registered"), field="registered_at"),
        Day("registered_from", _("Registered from"), "registered_at"),
        Day("registered_until", _("until"), "registered_at", first=False),
    ),
    sorts={"-registered": ("-registered_at", "-id"), "registered": ("registered_at", "id")}, order="-registered",
    columns=(
        Column(
            "player", _("Player"), lambda row: cells.identity(row, row.item.name, row.item.pk, hidden=row.item.external_id), css="a-id",
            export=personal(lambda row: row.item.name, mask_name),
        ),
        Column(
            "registered", _("Registered"), lambda row: ui.moment(row.item.registered_at, "short", True), ("-registered", "registered"), "a-sla t2",
            export=moment(lambda row: row.item.registered_at),
        ),
        Column("brand", _("Brand"), lambda row: row.item.brand.name, css="a-m"),
        Column(
            "signed_in", _("Last sign-in"), lambda row: ui.moment(row.item.last_sign_in_at, "date"), css="a-x",
            export=moment(lambda row: row.item.last_sign_in_at),
        ),
        Column("country", _("Country"), lambda row: row.item.country, css="a-x"),
        Column("market", _("Market"), lambda row: row.item.jurisdiction.name, css="a-x"),
        Column("currency", _("Currency"), lambda row: row.item.currency, css="a-x"),
        Column("state", _("State"), lambda row: row.item.get_state_display(), css="a-state", export=text(lambda row: row.item.state)),
        Column("test", _("Test"), lambda row: format_html('<span class="tag">{}</span>', _("Test")) if row.item.is_test else "", css="a-who"),
    ),
    also_exported=(
        ExportColumn("service_email", _("Service by e-mail"), _contact(EMAIL, SERVICE)),
        *(ExportColumn(f"marketing_{channel}", title, _contact(channel, MARKETING)) for channel, title in MARKETING_BY.items()),
    ),
    prepare=_contacts, empty=_("No players yet"), no_match=_("No players match"), label_of=lambda row: row.name,
)  # fmt: skip
