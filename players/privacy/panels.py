"""What requests about personal data put on the player's page."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from players import panels
from players.models import Erasure
from players.panels import Act, Badge, Looking, Panel
from players.privacy import ERASE, READ_KEPT, WORK, access, held, kind
from players.privacy.lists import badge_of

MENU = _("Personal data")


def badges(looking: Looking) -> Iterable[Badge]:
    if looking.player.erased_at is not None:
        yield Badge(_("Erased"), "neutral", 2, "ban", title=_("What named the player was erased"))


def erased(looking: Looking) -> Mapping[str, Any] | None:
    """Says so, with what the law keeps until when."""
    if looking.player.erased_at is None:
        return None
    parts = Erasure.objects.filter(player=looking.player).exclude(state="gone").order_by("until", "pk")
    rows: list[dict[str, Any]] = [{"part": one, "title": held.get(one.kind).title} for one in parts]
    return {"kept": [row for row in rows if row["part"].state == "kept"], "due": [row for row in rows if row["part"].state == "due"],
            "may_read": looking.may(READ_KEPT)}  # fmt: skip


def requests(looking: Looking) -> Mapping[str, Any]:
    rows = access.of_player(looking.player)
    return {"rows": [{"row": one, "badge": badge_of(one, looking.now)} for one in rows], "waits": kind.waiting(looking.player)}


def plug_in() -> None:
    panels.register_badges("players.erased", badges, order=11)
    panels.register(
        Panel(key="players.erased", title=_("Erased"), template="players/privacy/_erased.html", load=erased, order=1),
        Panel(
            key="players.personal_data", title=_("Personal data"), template="players/privacy/_requests.html", load=requests, tab="profile", side=True, order=70,
            permission=(WORK, ERASE),
        ),
        Act(
            key="players.ask_access", label=_("Everything held"), permission=WORK, menu=MENU, part="#act", order=70,
            url=lambda player: reverse("players:ask-access", args=[player.pk]), shows=lambda looking: looking.player.erased_at is None,
        ),
        Act(
            key="players.erase", label=_("Erase the player"), permission=ERASE, menu=MENU, order=71,
            url=lambda player: reverse("players:erase", args=[player.pk]),
            shows=lambda looking: looking.player.erased_at is None,
        ),
    )  # fmt: skip
