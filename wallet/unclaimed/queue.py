"""Dormant accounts with what stands on them, to read and to export; a line opens the player's page."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.jobs.exports.columns import mask_name, moment, personal, text
from backoffice.ui import money, numbers
from backoffice.ui.templatetags import ui
from backoffice.work import cells
from backoffice.work.narrowing import During, Search, Tab
from backoffice.work.queues import Column, Queue, Row
from players.lists import PLAYERS
from players.models import Dormancy
from wallet.kinds import AccountKind
from wallet.models import Account

TONES = {"noticed": ("attention", 0), "dormant": ("neutral", 1), "handed_over": ("warning", 1), "ended": ("success", 2)}
OPEN = ~Q(state="ended")


def search(rows: QuerySet[Dormancy], typed: str) -> QuerySet[Dormancy]:
    number = typed.removeprefix("#")
    ours = Q(player_id=int(number)) if numbers.is_id(number) else Q(pk=None)
    return rows.filter(ours | Q(player__external_id=typed))


def balances(rows: Sequence[Dormancy]) -> Mapping[int, str]:
    """Cash and held money by currency, in one query for a page."""
    players = {row.player_id: row.pk for row in rows}
    kinds = (AccountKind.CASH, AccountKind.HOLD)
    found = Account.objects.filter(player_id__in=players, kind__in=kinds).exclude(balance=0).order_by("currency__code")
    sums: dict[int, dict[str, Any]] = {}
    for player, code, amount in found.values_list("player_id", "currency__code", "balance"):
        mine = sums.setdefault(players[player], {})
        mine[code] = mine.get(code, 0) + amount
    return {pk: ", ".join(str(money.write(amount, code)) for code, amount in mine.items()) for pk, mine in sums.items()}


def _badge(row: Row) -> Any:
    tone, pip = TONES[row.item.state]
    return cells.badge(tone=tone, pip=pip, label=str(_("Told")) if row.item.state == "noticed" else row.item.get_state_display())


def _day(name: str) -> Any:
    return lambda row: ui.moment(getattr(row.item, name), "date", True) if getattr(row.item, name) else "–"


def _standing(request: Any) -> tuple[str, dict[str, Any]]:
    from wallet.unclaimed.views import standing

    return standing(request)


LIST = Queue(
    subject="players.dormancy", title=_("Dormant accounts"), plural="dormant", singular="dormancy", namespace="wallet", rows_model=Dormancy,
    rows=Dormancy.objects.visible_to, view="wallet.view", related=("player", "brand"), icon="pause",
    opens=lambda row: reverse("players:player", args=[row.player_id]),
    tabs=(
        Tab("dormant", _("Dormant"), Q(state="dormant")), Tab("soon", _("Told"), Q(state="noticed")),
        Tab("unclaimed", _("To hand over"), lambda now: Q(state="dormant", unclaimed_at__lte=now)), Tab("handed", _("Handed over"), Q(state="handed_over")),
        Tab("all", _("All"), awake=False, counted=False),
    ),
    filters=(Search("q", _("#number or the front end's id"), find=search), PLAYERS, During("since", _("Dormant since"), field="dormant_at")),
    sorts={"seen": ("last_seen_at", "id"), "-noticed": ("-noticed_at", "-id")}, order="seen",
    columns=(
        Column(
            "player", _("Player"), lambda row: cells.identity(row, row.item.player.name, row.item.player_id, hidden=str(row.item)), css="a-id",
            export=personal(lambda row: row.item.player.name, mask_name),
        ),
        Column("money", _("Cash and held"), lambda row: row.extra or "–", css="a-amt", export=text(lambda row: row.extra or "")),
        Column(
            "seen", _("Last seen"), lambda row: ui.moment(row.item.last_seen_at, "date", True), ("seen",), "a-sla t2",
            export=moment(lambda row: row.item.last_seen_at),
        ),
        Column("dormant", _("Dormant since"), _day("dormant_at"), css="a-x", export=moment(lambda row: row.item.dormant_at)),
        Column("due", _("Dormant from"), _day("due_at"), css="a-x", export=moment(lambda row: row.item.due_at)),
        Column("unclaimed", _("Unclaimed from"), _day("unclaimed_at"), css="a-x", export=moment(lambda row: row.item.unclaimed_at)),
        Column("brand", _("Brand"), lambda row: row.item.brand.name, css="a-m"),
        Column("state", _("State"), _badge, css="a-state", export=text(lambda row: row.item.state)),
    ),
    prepare=balances, below=_standing, empty=_("No dormant accounts"), no_match=_("No dormant accounts match"), label_of=lambda row: row.player.name,
)  # fmt: skip
