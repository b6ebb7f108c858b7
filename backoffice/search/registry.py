"""What can be found, and by what: rooms register providers, operators and actions from `AppConfig.ready()`; this room knows none of them.

A provider answers a question with rows that the asker may see, never more than the window holds. It is asked only when it knows every
operator of the question, so a group on the page fulfils the whole question and not a part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from backoffice.ui import numbers

if TYPE_CHECKING:
    from backoffice.search.asking import Question

Text = str | Promise

# Where a group stands, below what was found by its full id and the actions of the page: people, payments, cases, the rest, pages.
PEOPLE, PAYMENTS, CASES, CONTROL, PAGES = 20, 40, 60, 70, 90

IN_PALETTE, IN_GROUP, ON_PAGE = 6, 10, 50
COUNT_CAP = numbers.CAP  # what a group counts up to


class NotUnderstood(ValueError):
    """An operator's value that means nothing. The message says what it takes."""


def _as_it_is(text: str) -> str:
    return text


def _no_shape(_text: str) -> str | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Operator:
    """`name:value` in the search box. `shape` recognises a value that was typed without its name, such as WD-12 or an e-mail address."""

    name: str
    label: Text  # what it finds by, for the list of operators
    example: str
    why: Text  # why something was found by it, beside each result
    permissions: tuple[str, ...] = ()  # any of them
    personal: bool = False  # using it is a fact on the record
    jumps: bool = False  # names exactly one thing: the search box opens it at once
    read: Callable[[str], str] = _as_it_is  # the value in one spelling. Raises NotUnderstood
    shape: Callable[[str], str | None] = _no_shape


@dataclass(frozen=True)
class Column:
    """One more column of a group's table on the results page. Without the permission it is left out for the reader."""

    label: Text
    permission: str = ""
    numeric: bool = False


@dataclass(frozen=True)
class Hit:
    """One thing that was found."""

    title: str
    url: str
    why: Text
    mark: str = ""  # its place in the list, for the next page; unique within the provider
    id: str = ""  # as people write it: WD-12
    detail: str = ""
    cells: Callable[[], Sequence[SafeString | str]] = tuple  # as many as the provider has columns; written only where they are shown
    icon: str = ""
    exact: bool = False  # found by its full id: it stands first
    player_id: int | None = None
    brand_id: int | None = None


@dataclass(frozen=True)
class Window:
    """How much of what is there: `cap` rows are read at most, `size` of them shown, after the place `after`."""

    size: int
    cap: int
    after: str = ""

    @classmethod
    def glance(cls, size: int) -> Window:
        """The first few, and whether there are more."""
        return cls(size, size + 1)

    @classmethod
    def whole(cls, after: str) -> Window:
        """A page of one group, with its size counted up to the cap."""
        return cls(ON_PAGE, COUNT_CAP + 1, after)

    def cut(self, hits: Sequence[Hit]) -> Found:
        """The page out of everything that was read."""
        start = next((place + 1 for place, hit in enumerate(hits) if hit.mark == self.after), 0) if self.after else 0
        shown = list(hits[start : start + self.size])
        return Found(shown, len(hits), shown[-1].mark if len(hits) > start + self.size and shown else "")


@dataclass(frozen=True)
class Found:
    """A provider's answer."""

    hits: list[Hit] = field(default_factory=list)
    total: int = 0
    next: str = ""

    @property
    def count_text(self) -> str:
        return numbers.capped(self.total)


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One group of results. `find(question, window)` gives hits in their order, as many as `window.cap`, each visible to `question.staff`."""

    code: str
    label: Text
    order: int
    icon: str
    find: Callable[[Question, Window], Sequence[Hit]]
    permissions: tuple[str, ...] = ()  # any of them
    operators: frozenset[str] = frozenset()  # those that it can obey, its own and others'
    words: bool = False  # answers free text too
    columns: tuple[Column, ...] = ()


Action = Callable[[HttpRequest, dict[str, Any], str], Iterable[Hit]]
Rewrite = Callable[[str], str]

_providers: dict[str, Provider] = {}
_operators: dict[str, Operator] = {}
_actions: dict[str, Action] = {}
_rewrites: dict[str, Rewrite] = {}


def register(*things: Provider | Operator) -> None:
    """Called from `AppConfig.ready()`. The same code again replaces what was there, so that reloading stays harmless."""
    for thing in things:
        if isinstance(thing, Provider):
            _providers[thing.code] = thing
        else:
            _operators[thing.name] = thing


def register_actions(view_name: str, action: Action) -> None:
    """What the palette offers on a page: `action(request, arguments of its address, its query)`. Each opens something or chooses
    something; none changes anything by itself."""
    _actions[view_name] = action


def register_rewrite(rewrite: Rewrite) -> None:
    """Let a room replace what must not stand in an address before anything is searched, such as a card number."""
    _rewrites[f"{rewrite.__module__}.{rewrite.__qualname__}"] = rewrite


def rewritten(text: str) -> str:
    for rewrite in _rewrites.values():
        text = rewrite(text)
    return text


def operator(name: str) -> Operator | None:
    return _operators.get(name)


def operators(staff: Any) -> list[Operator]:
    """Those that this person may use, by name."""
    return [one for _name, one in sorted(_operators.items()) if allowed(staff, one.permissions)]


def shaped(text: str) -> tuple[Operator, str] | None:
    """The operator whose value this plainly is, with the value."""
    for one in _operators.values():
        if (value := one.shape(text)) is not None:
            return one, value
    return None


def providers(staff: Any) -> list[Provider]:
    """Those whose results this person may see, in the order of the page."""
    return sorted((one for one in _providers.values() if allowed(staff, one.permissions)), key=lambda one: (one.order, one.code))


def actions_of(view_name: str) -> Action | None:
    return _actions.get(view_name)


def allowed(staff: Any, permissions: Sequence[str]) -> bool:
    return not permissions or any(staff.may(one) for one in permissions)


def results_of(text: str) -> str:
    """The results page for a text: where a thing is shown that has no page of its own, or none that the reader may open."""
    return f"{reverse('search:results')}?{urlencode({'q': text})}"
