"""Putting the question to every provider that can answer it for this person, and everything in its order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve

from backoffice.search import registry
from backoffice.search.asking import Question
from backoffice.search.registry import Column, Found, Hit, Provider, Window


@dataclass(frozen=True)
class Group:
    """One provider's results."""

    provider: Provider
    found: Found
    columns: tuple[Column, ...] = ()
    places: tuple[int, ...] = ()  # of those columns among the cells of a hit

    @property
    def lines(self) -> list[tuple[Hit, list[tuple[Column, Any]]]]:
        """Each hit with the cells that the reader may see."""
        return [
            (hit, [(column, cells[place]) for column, place in zip(self.columns, self.places, strict=True)])
            for hit, cells in ((hit, hit.cells()) for hit in self.found.hits)
        ]


@dataclass
class Results:
    """Everything that was found, in the order of the page."""

    question: Question
    exact: list[Hit] = field(default_factory=list)
    actions: list[Hit] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    def __iter__(self) -> Iterator[Hit]:
        yield from (hit for group in self.groups for hit in group.found.hits)

    @property
    def none(self) -> bool:
        return not (self.groups or self.actions)


def able(provider: Provider, question: Question) -> bool:
    """Whether the provider can fulfil the whole question."""
    if question.empty or question.problems:
        return False
    return question.values.keys() <= provider.operators and (provider.words or not question.words)


def results(question: Question, *, size: int, actions: list[Hit] | None = None) -> Results:
    """The first few of every group."""
    found = Results(question, actions=actions or [])
    for provider in registry.providers(question.staff):
        if able(provider, question) and (group := _group(provider, question, Window.glance(size))).found.hits:
            found.groups.append(group)
            found.exact += [replace(hit, icon=hit.icon or provider.icon) for hit in group.found.hits if hit.exact]
    return found


def one_group(question: Question, code: str, *, after: str) -> Results | None:
    """A page of one group; None for a group that this person may not see or that cannot answer."""
    provider = next((one for one in registry.providers(question.staff) if one.code == code and able(one, question)), None)
    return Results(question, groups=[_group(provider, question, Window.whole(after))]) if provider else None


def _group(provider: Provider, question: Question, window: Window) -> Group:
    shown = [(place, column) for place, column in enumerate(provider.columns) if not column.permission or question.staff.may(column.permission)]
    found = window.cut(provider.find(question, window))
    return Group(provider, found, tuple(column for _place, column in shown), tuple(place for place, _column in shown))


def actions(request: HttpRequest, question: Question, at: str) -> list[Hit]:
    """What can be done on the page `at`, narrowed by what was typed."""
    if question.values or question.problems:
        return []
    place = urlsplit(at)
    try:
        match = resolve(place.path)
    except Resolver404:
        return []
    action = registry.actions_of(match.view_name)
    if action is None:
        return []
    wanted = [word.lower() for word in question.words]
    return [hit for hit in action(request, match.kwargs, place.query) if all(word in hit.title.lower() for word in wanted)]
