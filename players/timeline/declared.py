"""What rooms say about a player's facts: their categories, their sentences, what they are about, and what comes up.

Registered from `AppConfig.ready()`; registering the same key again replaces it. A test holds every kind of fact that the code records about a
player to having a sentence here (tests/players/test_timeline.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from players.panels import Looking, Needed, Text

Values = Mapping[str, Any]  # of a fact, after over before, personal ones masked


@dataclass(frozen=True)
class Category:
    """A filter of the timeline: `?tl=` in the address."""

    key: str
    label: Text
    order: int
    icon: str


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a kind of fact reads. `%(name)s` in `text` is a value of the fact, `%(subject)s` what it is about, as a link where there is a page.

    `permission` shows the fact at all, `judged` its reason and note. `reason` puts a stored reason into words, `also` gives names beyond the
    fact's values, such as the words of a code.
    """

    type: str
    category: str
    text: Text | Callable[[Values], Text]
    tone: str = ""
    icon: str = ""
    permission: Needed = "players.view"
    judged: Needed = "players.view"
    reason: Callable[[str], str] = str
    also: Callable[[Values], Values] = lambda _values: {}


@dataclass(frozen=True, kw_only=True)
class About:
    """What facts point at. `amounts` reads what a page of them is about in one query: (amount, currency) by id."""

    type: str
    name: Callable[[int], str]
    url: Callable[[int], str] = lambda _pk: ""
    permission: Needed = "players.view"
    amounts: Callable[[Sequence[int]], Mapping[int, tuple[Decimal, str]]] | None = None


@dataclass(frozen=True)
class Coming:
    """Something that is going to happen, or falls due. `url` opens it."""

    at: datetime
    text: Text
    icon: str = "clock"
    url: str = ""


_categories: dict[str, Category] = {}
_said: dict[str, Said] = {}
_about: dict[str, About] = {}
_coming: dict[str, tuple[Callable[[Looking], Iterable[Coming]], Needed]] = {}

for _category in (
    Category("payments", _("Payments"), 10, "card"), Category("identity", _("Identity"), 20, "idcard"), Category("account", _("Account"), 30, "user"),
    Category("messages", _("Messages"), 40, "mail"), Category("work", _("Work"), 50, "list"), Category("staff", _("Comments"), 60, "note"),
    Category("looks", _("Who looked"), 90, "eye"),
):  # fmt: skip
    _categories[_category.key] = _category


def register(*things: Said | About | Category) -> None:
    """Raises ValueError for a sentence of a category that nobody has described."""
    for thing in things:
        if isinstance(thing, Category):
            _categories[thing.key] = thing
        elif isinstance(thing, About):
            _about[thing.type] = thing
        elif thing.category not in _categories:
            raise ValueError(f"{thing.type} stands in {thing.category!r}. Categories are {', '.join(_categories)}; register another one first.")
        else:
            _said[thing.type] = thing


def register_coming(key: str, ask: Callable[[Looking], Iterable[Coming]], *, permission: Needed = "players.view") -> None:
    """What a room knows of the future: due times, ends of holds, days from which something counts."""
    _coming[key] = (ask, permission)


def said(kind: str) -> Said | None:
    return _said.get(kind)


def about(subject_type: str) -> About | None:
    return _about.get(subject_type)


def category(key: str) -> Category:
    """Raises KeyError."""
    return _categories[key]


def kinds(looking: Looking, category: str) -> list[str]:
    """Kinds of fact of a category that this person may see."""
    return sorted(one.type for one in _said.values() if one.category == category and looking.may(one.permission))


def hidden(looking: Looking) -> list[str]:
    """Kinds of fact that this person may not see."""
    return sorted(one.type for one in _said.values() if not looking.may(one.permission))


def categories(looking: Looking) -> list[Category]:
    """Those of which this person may see a kind of fact."""
    seen = {one.category for one in _said.values() if looking.may(one.permission)}
    return sorted((one for one in _categories.values() if one.key in seen), key=lambda one: (one.order, one.key))


def coming(looking: Looking) -> list[Coming]:
    """What is still to come, the next first."""
    found = [one for ask, permission in _coming.values() if looking.may(permission) for one in ask(looking) if one.at > looking.now]
    return sorted(found, key=lambda one: one.at, reverse=True)
