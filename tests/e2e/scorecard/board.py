"""Where measures put what they found, until the document is written."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

PASS, MISSED, NOT_YET = "pass", "missed", "not yet"


@dataclass(frozen=True)
class Part:
    """One line of the document: what of an item was measured, against which gate, and what came of it."""

    item: int
    what: str
    gate: str
    found: str
    verdict: str
    details: tuple[str, ...] = ()


@dataclass
class Board:
    parts: list[Part] = field(default_factory=list)
    machine: dict[str, Any] = field(default_factory=dict)

    def _add(self, part: Part) -> None:
        self.parts.append(part)
        print(f"{part.item:>3} {part.verdict:8} {part.what}: {part.found} ({part.gate})", *(f"{one}" for one in part.details), sep="\n            ", flush=True)

    def put(self, item: int, what: str, gate: str, found: object, ok: bool, details: Sequence[str] = ()) -> None:
        self._add(Part(item, what, gate, str(found), PASS if ok else MISSED, tuple(details)))

    def later(self, item: int, what: str, gate: str, because: str) -> None:
        self._add(Part(item, what, gate, because, NOT_YET))

    def count(self, item: int, what: str, found: Sequence[str], gate: str = "0") -> None:
        """Failures, all of them named; the gate is none."""
        self.put(item, what, gate, len(found), not found, found)

    def spread(self, item: int, what: str, values: Sequence[float], most: float, unit: str, digits: int = 0, details: Sequence[str] = ()) -> None:
        """Repeated figures: their median is held against the gate, their range is said."""
        middle, unit = statistics.median(values), f" {unit}" if unit else ""
        say = lambda value: f"{value:.{digits}f}"  # noqa: E731
        found = f"{say(middle)}{unit} ({say(min(values))} to {say(max(values))}, {len(values)} runs)"
        self.put(item, what, f"{say(most)}{unit} or less", found, middle <= most, details)


BOARD = Board()


def measures(*items: int) -> pytest.MarkDecorator:
    """The items that a measure speaks about: where it fails to measure, they say so."""
    return pytest.mark.measures(*items)
