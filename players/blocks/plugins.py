"""Where blocks plug themselves in: the player's page, the live page, the bell, the clock."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.approvals.registry import register
from backoffice.audit.models import Event
from backoffice.bell import kinds
from backoffice.integrations.extension import api_routers
from backoffice.runtime import schedules
from backoffice.ui import times, words
from backoffice.work import happening
from players import along, panels
from players.blocks import BLOCKS, RESTRICT, kind, reasons, selectors, sources
from players.blocks.services import ENDED
from players.models import Block, Player
from players.panels import Act, Badge, Looking, Panel
from players.timeline import declared
from players.timeline.declared import Coming, Said

FACTS = {"block.set": gettext_lazy("Blocked"), "block.lifted": gettext_lazy("Block lifted"), "block.expired": gettext_lazy("Block ended by itself")}


def _standing(looking: Looking) -> list[Block]:
    return along.of(looking.player, BLOCKS, now=looking.now)


def badges(looking: Looking) -> Iterable[Badge]:
    found = _standing(looking)
    if found:
        said = list(dict.fromkeys(str(one.get_kind_display()) for one in found))
        title = _("Blocked: %(what)s") % {"what": ", ".join(said)}
        yield Badge(title, "critical", icon="ban", url=reverse("players:blocks", args=[looking.player.pk]))


def panel(looking: Looking) -> Mapping[str, Any] | None:
    found = _standing(looking)
    if not found and not looking.may(RESTRICT):
        return None
    return {"blocks": [{"block": one, "reason": sources.reason(one.source, one.reason), "source": sources.shown(one.source).label} for one in found]}


def _page(player: Player) -> str:
    return reverse("players:blocks", args=[player.pk])


def _of(fact: Event) -> str:
    return reverse("players:blocks", args=[fact.player_id]) if fact.player_id else ""


def _detail(after: Mapping[str, Any]) -> str:
    what = dict(Block.KINDS).get(str(after.get("kind")), "")
    until = after.get("until")
    if not until:
        return str(what)
    return _("%(what)s, until %(when)s") % {"what": what, "when": times.write(datetime.fromisoformat(until))}


def _said(values: Mapping[str, Any]) -> str:
    """The sentence of a fact about a block, with what is blocked in the reader's words."""
    what = dict(Block.KINDS).get(str(values.get("kind")), "")
    sentence = {"lifted": _("No longer blocked: %(what)s"), "expired": _("No longer blocked, its time was over: %(what)s")}
    return sentence.get(str(values.get("state")), _("Blocked: %(what)s")) % {"what": what}


def _reason(code: str) -> str:
    return reasons.label(code)


def coming(looking: Looking) -> Iterable[Coming]:
    """When what is blocked is so no more."""
    for one in _standing(looking):
        if one.ends_at is not None:
            yield Coming(one.ends_at, _("No longer blocked: %(what)s") % {"what": one.get_kind_display()}, "ban", _page(looking.player))


def plug_in() -> None:
    register(kind.KIND)
    along.register(along.Along(BLOCKS, selectors.standing_of, ("id", "kind", "source", "reason", "ends_at")))
    declared.register(
        Said(type="block.set", category="account", text=_said, icon="ban", tone="critical", reason=_reason),
        Said(type="block.lifted", category="account", text=_said, icon="passed", tone="success"),
        Said(type="block.expired", category="account", text=_said, icon="clock"),
    )
    declared.register_coming("players.blocks", coming)
    words.name(FACTS)
    panels.register_badges("players.blocks", badges, order=20)
    panels.register(
        Panel(key="players.blocks", title=gettext_lazy("Blocks"), template="players/_blocks.html", load=panel, side=True, order=20),
        Act(key="players.blocks", label=gettext_lazy("Block or lift"), permission=RESTRICT, url=_page, icon="ban", order=60, menu=gettext_lazy("More")),
    )
    happening.register(happening.Kind("blocks", gettext_lazy("Blocks"), FACTS, "players.view", _of, "attention", _detail))
    kinds.register(ENDED)
    api_routers.register("", "players.blocks.api.router")
    schedules.every(15, task="players.tasks.end_blocks")
