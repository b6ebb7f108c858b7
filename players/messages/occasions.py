"""What the house writes to players by itself, and what it puts into the words. The room in which it happens declares it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# In every template, with the sample that previews use.
ALWAYS: Mapping[str, str] = {"first_name": "Maja", "brand": "Nova"}


@dataclass(frozen=True)
class Occasion:
    """`code` is the template's. `fields` are the names that its words may use, each with a sample."""

    code: str
    fields: Mapping[str, str] = field(default_factory=dict)


_occasions: dict[str, Occasion] = {}


def register(*occasions: Occasion) -> None:
    """Called from `AppConfig.ready()`. A migration ships its template, so that there always is one."""
    for occasion in occasions:
        _occasions[occasion.code] = occasion


def fields_of(code: str) -> Mapping[str, str]:
    found = _occasions.get(code)
    return found.fields if found else {}


def known() -> list[str]:
    return sorted(_occasions)
