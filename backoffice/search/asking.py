"""Reading what was typed: operators with their values, values that are recognised by their shape, and the words that remain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from backoffice.search import registry
from backoffice.search.registry import NotUnderstood, Operator

LONGEST = 200
BIGINT_DIGITS = 18  # what a bigint holds whatever its digits are
_PIECE = re.compile(r'(?:([A-Za-z]+):)?(?:"([^"]*)"|(\S+))')


@dataclass(frozen=True)
class Problem:
    """A part that could not be obeyed, and why. Nothing is searched then: half a question would answer another one."""

    part: str
    why: str


@dataclass(frozen=True)
class Question:
    """What somebody asks, as providers see it. `values` holds every operator's values; all of them have to be fulfilled."""

    staff: Any
    now: datetime
    text: str
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    unknown: bool = False  # some operator does not exist

    @property
    def empty(self) -> bool:
        return not self.values and not self.words

    @property
    def phrase(self) -> str:
        return " ".join(self.words)

    @property
    def number(self) -> int | None:
        """The id, when nothing but one number was typed."""
        return number(self.words[0]) if len(self.words) == 1 and not self.values else None

    @property
    def jumps(self) -> bool:
        """It names exactly one thing and asks nothing else."""
        names = list(self.values)
        if self.words or len(names) != 1 or len(self.values[names[0]]) != 1:
            return False
        found = registry.operator(names[0])
        return bool(found and found.jumps)

    def one(self, name: str) -> str | None:
        """The value of an operator that is given at most once."""
        return self.values[name][0] if name in self.values else None

    def personal(self) -> dict[str, tuple[str, ...]]:
        """The operators that look for a person by what identifies them, with their values."""
        return {name: values for name, values in self.values.items() if (one := registry.operator(name)) and one.personal}

    def why(self) -> str:
        """Why a thing fulfils the operators, in their words."""
        return ", ".join(str(one.why) for name in self.values if (one := registry.operator(name)))


def number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= BIGINT_DIGITS else None


def ask(text: str, *, staff: Any, now: datetime) -> Question:
    """The question in a text. One that is wholly the value of an operator, such as WD-12 or an e-mail address, is read as that."""
    text = "".join(character if character.isprintable() else " " for character in text[:LONGEST]).strip()
    whole = registry.shaped(text)
    if whole is not None:
        return _question(text, [(whole[0].name, whole[1])], (), staff=staff, now=now)
    terms: list[tuple[str, str]] = []
    words: list[str] = []
    for found in _PIECE.finditer(text):
        name, quoted, plain = found.groups()
        value = quoted if quoted is not None else plain
        shape = registry.shaped(found.group())
        if shape is not None:
            terms.append((shape[0].name, shape[1]))
        elif name:
            terms.append((name.lower(), value))
        else:
            words.extend(value.split())
    return _question(text, terms, words, staff=staff, now=now)


def _question(text: str, terms: Iterable[tuple[str, str]], words: Iterable[str], *, staff: Any, now: datetime) -> Question:
    values: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    unknown = False
    for name, value in terms:
        one = registry.operator(name)
        part = f"{name}:{value}"
        if one is None:
            unknown = True
            problems.append(Problem(part, _("There is no operator %(name)s.") % {"name": f"{name}:"}))
        elif not registry.allowed(staff, one.permissions):
            problems.append(Problem(part, _("Searching by it is not part of your roles.")))
        else:
            try:
                read = one.read(value.strip())
            except NotUnderstood as why:
                problems.append(Problem(part, str(why)))
            else:
                values[name] = tuple(dict.fromkeys((*values.get(name, ()), read)))
    return Question(staff, now, text, values, tuple(words), tuple(problems), unknown)


def numbered(prefix: str) -> dict[str, Any]:
    """How an operator of ids reads its values: `wd:12`, `wd:WD-12`, and WD-12 typed alone."""
    full = re.compile(rf"{re.escape(prefix)}(\d{{1,{BIGINT_DIGITS}}})", re.IGNORECASE | re.ASCII)

    def read(text: str) -> str:
        found = full.fullmatch(text)
        value = found[1] if found else text
        if number(value) is None:
            raise NotUnderstood(_("It takes a number such as %(example)s.") % {"example": f"{prefix}12"})
        return str(int(value))

    def shape(text: str) -> str | None:
        found = full.fullmatch(text)
        return found[1] if found else None

    return {"read": read, "shape": shape}


__all__ = ["NotUnderstood", "Operator", "Problem", "Question", "ask", "number", "numbered"]
