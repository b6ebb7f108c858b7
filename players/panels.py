"""What a player's page is made of. Every room plugs its own panels, badges, acts and figures in; the page knows none of them (docs/players.md).

Everything here is registered from `AppConfig.ready()`. Registering the same key again replaces it, so that reloading stays harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backoffice.access.models import Staff
from players.models import Player

Text = str | Promise
Known = TypeVar("Known")
Needed = str | tuple[str, ...]  # one permission, or several of which any will do


@dataclass(frozen=True)
class Looking:
    """Who looks at which player, and when. The player is one whom this person reaches."""

    player: Player
    staff: Staff
    request: HttpRequest
    now: datetime
    tags: tuple[str, ...] = ()
    looked_at: datetime | None = None  # when this person's last look went on the record
    _known: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def may(self, permission: Needed) -> bool:
        """Whether the person holds the permission, or any of several. Raises UnknownPermission."""
        return any(self.staff.may(one) for one in ((permission,) if isinstance(permission, str) else permission))

    def once(self, ask: Callable[[Looking], Known]) -> Known:
        """What `ask` answers about this look, asked once however many panels need it."""
        if ask not in self._known:
            self._known[ask] = ask(self)
        known: Known = self._known[ask]
        return known


@dataclass(frozen=True)
class Tab:
    """A page of the page: `?tab=` in its address. It is there for whoever may see one of its panels."""

    key: str
    label: Text
    order: int


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One card, or several. `load` reads what the template shows, under the names of its dict; None leaves the panel out.

    `side` puts it into the narrow column. `load` is called only for who holds the permission and when its tab is open.
    """

    key: str
    title: Text
    template: str
    load: Callable[[Looking], Mapping[str, Any] | None]
    tab: str = "overview"
    order: int = 50
    permission: Needed = "players.view"
    side: bool = False


@dataclass(frozen=True, kw_only=True)
class Act:
    """What the header offers: a link, or with `part` (a selector of the page behind `url`) a dialog; with `menu` a line of a menu of that name.

    `shows` says whether it applies to this player now. The page behind `url` refuses by itself whoever may not.
    """

    key: str
    label: Text
    permission: Needed
    url: Callable[[Player], str]
    icon: str = ""
    order: int = 50
    menu: Text = ""
    part: str = ""
    shows: Callable[[Looking], bool] = lambda _looking: True


@dataclass(frozen=True)
class Badge:
    """One or two words beside the name. `tone` is one of the kit's; `pip` 0, 1 or 2 says how far something has come; `url` opens what it tells of."""

    label: Text
    tone: str = "neutral"
    pip: int | None = None
    icon: str = ""
    url: str = ""
    title: Text = ""


@dataclass(frozen=True)
class Held:
    """An amount that a player has in a currency, in its units, for the strip "Now". A `note` says more in a few words."""

    currency: str
    label: Text
    amount: Decimal
    order: int = 50
    url: str = ""
    note: Text = ""


@dataclass(frozen=True)
class _Asked:
    """Something that is asked for every page: badges, amounts."""

    key: str
    ask: Callable[[Looking], Iterable[Any]]
    permission: Needed
    order: int


_tabs: dict[str, Tab] = {
    tab.key: tab
    for tab in (
        Tab("overview", _("Overview"), 10), Tab("timeline", _("Timeline"), 20), Tab("payments", _("Payments"), 30), Tab("profile", _("Profile"), 60),
        Tab("messages", _("Messages"), 70),
    )
}  # fmt: skip
_panels: dict[str, Panel] = {}
_acts: dict[str, Act] = {}
_badges: dict[str, _Asked] = {}
_held: dict[str, _Asked] = {}


def register(*things: Panel | Act | Tab) -> None:
    """Put panels, acts and tabs on the page. Raises ValueError for a panel of a tab that nobody has described."""
    for thing in things:
        if isinstance(thing, Tab):
            _tabs[thing.key] = thing
        elif isinstance(thing, Act):
            _acts[thing.key] = thing
        elif thing.tab not in _tabs:
            raise ValueError(f"The panel {thing.key} wants a tab {thing.tab!r}. Tabs are {', '.join(_tabs)}; register another one first.")
        else:
            _panels[thing.key] = thing


def register_badges(key: str, ask: Callable[[Looking], Iterable[Badge]], *, permission: Needed = "players.view", order: int = 50) -> None:
    """Put badges beside the name: `ask` is called at each view of the page, in any of its tabs."""
    _badges[key] = _Asked(key, ask, permission, order)


def register_held(key: str, ask: Callable[[Looking], Iterable[Held]], *, permission: Needed, order: int = 50) -> None:
    """Put amounts into the strip "Now", which has one line for each currency."""
    _held[key] = _Asked(key, ask, permission, order)


def tabs(looking: Looking) -> list[Tab]:
    """Those of which the person may see a panel, in their order."""
    seen = {panel.tab for panel in _panels.values() if looking.may(panel.permission)}
    return sorted((tab for tab in _tabs.values() if tab.key in seen), key=lambda tab: (tab.order, tab.key))


def of_tab(looking: Looking, tab: str) -> list[tuple[Panel, Mapping[str, Any]]]:
    """The panels of a tab that the person may see and that have something to say, loaded, in their order."""
    found = sorted((one for one in _panels.values() if one.tab == tab and looking.may(one.permission)), key=lambda one: (one.order, one.key))
    loaded = ((panel, panel.load(looking)) for panel in found)
    return [(panel, values) for panel, values in loaded if values is not None]


def acts(looking: Looking) -> list[Act]:
    found = (act for act in _acts.values() if looking.may(act.permission) and act.shows(looking))
    return sorted(found, key=lambda act: (act.order, act.key))


def badges(looking: Looking) -> list[Badge]:
    return [badge for one in _allowed(_badges, looking) for badge in one.ask(looking)]


def held(looking: Looking) -> list[tuple[str, list[Held]]]:
    """What the player has, by currency: the player's own first, then by code; within one in the order that was declared."""
    by_currency: dict[str, list[Held]] = {}
    for one in _allowed(_held, looking):
        for amount in one.ask(looking):
            by_currency.setdefault(amount.currency, []).append(amount)
    codes = sorted(by_currency, key=lambda code: (code != looking.player.currency, code))
    return [(code, sorted(by_currency[code], key=lambda amount: amount.order)) for code in codes]


def _allowed(asked: Mapping[str, _Asked], looking: Looking) -> list[_Asked]:
    return sorted((one for one in asked.values() if looking.may(one.permission)), key=lambda one: (one.order, one.key))
