"""All players as a list to read and to export. Their own page comes with player 360; until then a line opens what search finds."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from backoffice.jobs.exports.columns import mask_name, moment, personal, text
from backoffice.search import registry
from backoffice.ui.templatetags import ui
from backoffice.work import cells
from backoffice.work.queues import Choice, Column, During, Queue, Search, Tab
from players.lifecycles import PLAYER
from players.models import Player

YES, NO = "yes", "no"
_WHOSE = {NO: _("Without test players"), YES: _("Test players only")}


class Whose(Choice):
    """Whether test players are in the list: they stand in no figure (GLI-19 A.2.5)."""

    def apply(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return rows.filter(**{self.field: value == YES})


PLAYERS = Whose("test", _("Players"), "player__is_test", lambda _tab: list(_WHOSE.items()), _("All players"), _WHOSE.__contains__)


def search(rows: QuerySet[Player], typed: str) -> QuerySet[Player]:
    """By number or the front end's id; names are for the box in the header, which has an index for them."""
    number = typed.removeprefix("#")
    ours = Q(pk=int(number)) if number.isdigit() and len(number) < 18 else Q(pk=None)  # noqa: PLR2004 (what a bigint holds)
    return rows.filter(ours | Q(external_id=typed))


def states(_tab: Tab) -> list[tuple[str, Any]]:
    return [(str(key), label) for key, label in PLAYER.choices]


LIST = Queue(
    subject="players.player", title=_("All players"), plural="players", singular="player", namespace="players", rows_model=Player,
    rows=Player.objects.visible_to, view="players.view", related=("brand", "jurisdiction"), icon="users",
    opens=lambda row: registry.address("players:player", row.pk, otherwise=f"player:{row.pk}"),
    tabs=(Tab("all", _("All"), awake=False, counted=False),),
    filters=(
        Search("q", _("#number or the front end's id"), find=search),
        Choice("state", _("State"), "state", states, _("Any state"), PLAYER.states.__contains__),
        Whose("test", _("Players"), "is_test", lambda _tab: list(_WHOSE.items()), _("All players"), _WHOSE.__contains__),
        During("registered", _("Registered"), field="registered_at"),
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
        Column("market", _("Market"), lambda row: row.item.jurisdiction.name, css="a-x"),
        Column("currency", _("Currency"), lambda row: row.item.currency, css="a-x"),
        Column("state", _("State"), lambda row: row.item.get_state_display(), css="a-state", export=text(lambda row: row.item.state)),
        Column("test", _("Test"), lambda row: format_html('<span class="tag">{}</span>', _("Test")) if row.item.is_test else "", css="a-who"),
    ),
    empty=_("No players yet"), no_match=_("No players match"), label_of=lambda row: row.name,
)  # fmt: skip
