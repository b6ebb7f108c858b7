"""Where dormancy plugs itself into the kit and into the player's page."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.integrations.extension import api_routers
from backoffice.runtime import schedules
from backoffice.ui import times, words
from players import along, panels
from players.dormancy import services
from players.messages import occasions
from players.models import Dormancy
from players.panels import Act, Badge, Looking
from players.timeline import declared
from players.timeline.declared import About, Coming, Said

_l = gettext_lazy
DORMANCY = "dormancy"  # read along with a player (players/along.py)
MONEY = {"money": "25.00 EUR"}  # a sample, for previews of messages
FACTS = {
    "dormancy.noticed": _l("Account will become dormant"), "dormancy.dormant": _l("Account became dormant"), "dormancy.ended": _l("Dormancy ended"),
    "dormancy.handed_over": _l("Unclaimed money handed over"), "player.dormant": _l("Account dormant"), "player.reactivated": _l("Dormant account claimed"),
}  # fmt: skip
HOW = {
    "signed_in": _l("the player signed in"),
    "identified": _l("the player was identified"),
    "state": _l("the account changed"),
    "given_back": _l("the money was given back"),
    "referred": _l("the player was told who the money is claimed from"),
}


def _standing(player_id: Any, _now: datetime) -> QuerySet[Dormancy]:
    """The one that has not ended. `player_id` may be a reference to another query's column."""
    return Dormancy.objects.filter(player_id=player_id).exclude(state="ended")


def standing(looking: Looking) -> Dormancy | None:
    return next(iter(along.of(looking.player, DORMANCY, now=looking.now)), None)


def badges(looking: Looking) -> Iterable[Badge]:
    row = standing(looking)
    if row is not None and row.state == "noticed":
        yield Badge(_("Dormant from %(day)s") % {"day": times.write(row.due_at, "date")}, "attention", 0, "pause")
    elif row is not None and row.state == "handed_over":
        yield Badge(_("Money handed over as unclaimed"), "warning", 1, "pause")


def coming(looking: Looking) -> Iterable[Coming]:
    row = standing(looking)
    if row is not None and row.state == "noticed":
        yield Coming(row.due_at, _("The account becomes dormant"), "pause")
    elif row is not None and row.state == "dormant" and row.unclaimed_at is not None and row.unclaimed_at > looking.now:
        yield Coming(row.unclaimed_at, _("Unclaimed money may be handed over"), "pause")


def plug_in() -> None:
    words.name(FACTS)
    along.register(along.Along(DORMANCY, _standing, ("id", "state", "due_at", "unclaimed_at")))
    occasions.register(
        occasions.Occasion(services.TEMPLATE_NOTICE, {"day": "2026-12-24", **MONEY}), occasions.Occasion(services.TEMPLATE_DORMANT, MONEY),
    )  # fmt: skip
    panels.register(
        Act(
            key="players.reactivate", label=_l("Open the dormant account"), permission=services.RETURN, icon="rotate", part="#act", order=31,
            url=lambda player: reverse("players:reactivate", args=[player.pk]), shows=lambda looking: looking.player.state == "dormant",
        )
    )  # fmt: skip
    panels.register_badges("players.dormancy", badges, order=40)

    def said(kind: str, text: object, tone: str = "", **more: object) -> Said:
        return Said(type=kind, category="account", text=text, icon="pause", tone=tone, **more)  # type: ignore[arg-type]

    declared.register(
        said("dormancy.noticed", _l("Told that the account becomes dormant"), "attention"),
        said("dormancy.dormant", _l("Nobody has used the account for too long")),
        said("dormancy.ended", _l("No longer on the way to dormancy: %(how)s"), "success", also=lambda values: {"how": HOW.get(values.get("why", ""), "")}),
        said("dormancy.handed_over", _l("Unclaimed money handed over")), said("player.dormant", _l("Account dormant"), "attention"),
        said("player.reactivated", _l("Came back and was identified"), "success"), About(type="players.dormancy", name=lambda pk: f"DO-{pk}"),
    )  # fmt: skip
    declared.register_coming("players.dormancy", coming)
    api_routers.register("", "players.dormancy.api.router")
    schedules.every(60, task="players.tasks.find_dormant")
