"""What a demo begins with, and what a real operator is asked at first. Rooms register their part; the runtime knows none of them.

A room says its part in a module `seeding` (the demo) or `setting_up` (an operator) beside its models; both are found by name when
`seed_demo` or `setup` runs, so that no other command loads them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.core.management.base import CommandParser


@dataclass(frozen=True)
class Seeder:
    """One part of the demo. `run` may be repeated and then changes nothing; it returns a line to print."""

    name: str
    order: int
    run: Callable[[], str]


@dataclass(frozen=True)
class SetupStep:
    """One part of a first set-up: adds its options, checks them all before anything is written, then writes. All may be repeated."""

    name: str
    order: int
    options: Callable[[CommandParser], None]
    ask: Callable[[dict[str, Any], Callable[[str, str], str]], None]  # fills in what is missing; raises CommandError for what cannot be
    run: Callable[[dict[str, Any]], str]


class Parts:
    """Registered parts, each name once, in order."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}

    def register(self, part: Seeder | SetupStep) -> None:
        """Add a part. Raises ValueError when its name is taken by another."""
        if self._known.setdefault(part.name, part) != part:
            raise ValueError(f"Two parts are called {part.name}.")

    def __iter__(self) -> Iterator[Any]:
        return iter(sorted(self._known.values(), key=lambda part: (part.order, part.name)))


seeders = Parts()
setup_steps = Parts()
