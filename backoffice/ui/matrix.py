"""Rows against columns: who may do what, where something is on, how much of it there is. `<c-matrix :matrix=... />` draws it as a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.functional import Promise

Text = str | Promise
STATES = ("on", "off", "law", "warning")
LEVELS = 6


@dataclass(frozen=True)
class Cell:
    """A checkbox of the form around it when it has a `name`, a shade from 0 to 5 when it has a `level`, else a state in a word.

    `otherwise` is what the form says when the box is not ticked. A `url` makes the word a link to what is behind it.
    """

    word: Text = ""
    state: str = "off"
    name: str = ""
    value: str = "1"
    otherwise: str = ""
    checked: bool = False
    level: int | None = None
    url: str = ""

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(f"{self.state} is not a state of a cell. States are {', '.join(STATES)}.")
        if self.level is not None and not 0 <= self.level < LEVELS:
            raise ValueError(f"A level is from 0 to {LEVELS - 1}, not {self.level}.")

    @property
    def kind(self) -> str:
        return "check" if self.name else "heat" if self.level is not None else "state"


@dataclass(frozen=True)
class Head:
    label: Text
    about: Text = ""


@dataclass(frozen=True)
class Row:
    label: Text
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Group:
    """Rows under a heading of their own; without a label they just follow."""

    rows: Sequence[Row]
    label: Text = ""


@dataclass(frozen=True)
class Matrix:
    caption: Text
    corner: Text
    columns: Sequence[Head]
    groups: Sequence[Group] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        for group in self.groups:
            for row in group.rows:
                if len(row.cells) != len(self.columns):
                    raise ValueError(f"{row.label} has {len(row.cells)} cells for {len(self.columns)} columns.")


def yes_no(yes: bool, words: tuple[Text, Text]) -> Cell:
    return Cell(words[0] if yes else words[1], "on" if yes else "off")
