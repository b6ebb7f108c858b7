"""What a column of an import is meant to be: how a cell becomes a value, and what to do about one that does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Text = str | Promise
POINT, COMMA = ".", ","
_PLAIN = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_GROUPED = {POINT: re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?", re.ASCII), COMMA: re.compile(r"-?\d{1,3}(\.\d{3})+(,\d+)?", re.ASCII)}
_UNGROUPED = {POINT: _PLAIN, COMMA: re.compile(r"-?\d+(,\d+)?", re.ASCII)}
_WITH_CODE = re.compile(
    r"(?P<before>[A-Za-z]{3,10}(?=[\s\d-]))?\s*(?P<number>[-\u2212]?\d[\d\s.,'\u2019\u00a0\u202f]*?)\s*(?(before)(?P<none>)|(?P<after>[A-Za-z]{3,10})?)"
)
_SPACES = str.maketrans("", "", " \u00a0\u202f'\u2019")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LONGEST_NUMBER = 18  # digits of a bigint


class Wrong(ValueError):
    """A cell that cannot be the value: what is wrong with it and what to do."""

    def __init__(self, what: str, how: str) -> None:
        super().__init__(what)
        self.what, self.how = what, how


@dataclass(frozen=True)
class Cell:
    """`number`: the workbook keeps it as one, so that its decimal sign is a point whatever the person writes."""

    text: str
    number: bool = False


@dataclass(frozen=True)
class Type:
    """`read` takes a cell that is not empty and the decimal sign that the person named. It raises Wrong."""

    label: Text
    read: Callable[[Cell, str], Any]
    decimal: bool = False


@dataclass(frozen=True, kw_only=True)
class Field:
    """One thing that a row says. `aliases` are headings by which it is known elsewhere."""

    key: str
    label: Text
    type: Type
    required: bool = False
    help: Text = ""
    aliases: tuple[str, ...] = ()
    permission: str = ""  # beyond the kind's: who does not hold it has no such field
    approved: bool = False  # an import that has it waits for somebody else, whatever its size and the policy


def text(longest: int) -> Type:
    def read(cell: Cell, _decimal: str) -> str:
        if len(cell.text) > longest:
            raise Wrong(_("It has %(n)s characters.") % {"n": len(cell.text)}, _("At most %(n)s fit.") % {"n": longest})
        if _CONTROL.search(cell.text):
            raise Wrong(_("It holds control characters."), _("Type it anew."))
        return cell.text

    return Type(gettext_lazy("Text"), read)


def whole() -> Type:
    def read(cell: Cell, _decimal: str) -> int:
        digits = cell.text.removeprefix("#").strip()
        if not digits.isascii() or not digits.isdigit() or len(digits) > _LONGEST_NUMBER:
            raise Wrong(_("It is no whole number."), _("Write digits alone, such as 4711."))
        return int(digits)

    return Type(gettext_lazy("Whole number"), read)


def decimal() -> Type:
    """An exact decimal from its digits; no float is ever made of it."""

    def read(cell: Cell, sign: str) -> Decimal:
        digits = cell.text.translate(_SPACES).replace("\u2212", "-")
        if cell.number:
            sign = POINT
        if _UNGROUPED[sign].fullmatch(digits) or _GROUPED[sign].fullmatch(digits):
            group = COMMA if sign == POINT else POINT
            return Decimal(digits.replace(group, "").replace(sign, POINT))
        example = "1,234.56" if sign == POINT else "1.234,56"
        raise Wrong(_("It is no number with a decimal %(sign)s.") % {"sign": _sign_word(sign)}, _("Write it like %(example)s.") % {"example": example})

    return Type(gettext_lazy("Number"), read, decimal=True)


def _sign_word(sign: str) -> str:
    return _("point") if sign == POINT else _("comma")


def day() -> Type:
    def read(cell: Cell, _decimal: str) -> date:
        try:
            return date.fromisoformat(cell.text)
        except ValueError:
            raise Wrong(_("It is no day."), _("Write it like 2026-11-20.")) from None

    return Type(gettext_lazy("Day"), read)


def moment() -> Type:
    """A moment as ISO 8601; one without a zone, and a day alone, are read as UTC."""

    def read(cell: Cell, _decimal: str) -> datetime:
        try:
            found = datetime.fromisoformat(cell.text)
        except ValueError:
            raise Wrong(_("It is no moment."), _("Write it like 2026-11-20T14:05:00Z, or as a day like 2026-11-20.")) from None
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)

    return Type(gettext_lazy("Moment"), read)


def amounts() -> Type:
    """Amounts with their currencies, parted by semicolons: `EUR 120.50; SEK 15`. One without a currency has the empty code."""
    number = decimal()

    def read(cell: Cell, sign: str) -> list[tuple[str, Decimal]]:
        found = []
        for part in filter(None, (one.strip() for one in cell.text.split(";"))):
            match = _WITH_CODE.fullmatch(part)
            if match is None:
                raise Wrong(_("It is no amount with a currency."), _("Write it like EUR 120.50; SEK 15."))
            found.append(((match["before"] or match["after"] or "").upper(), number.read(Cell(match["number"], cell.number), sign)))
        return found

    return Type(gettext_lazy("Amounts"), read, decimal=True)


def choice(choices: Mapping[str, Text]) -> Type:
    """One of a few words: by key or by label, whatever its case."""

    def read(cell: Cell, _decimal: str) -> str:
        wanted = cell.text.casefold()
        for key, label in choices.items():
            if wanted in {key.casefold(), str(label).casefold()}:
                return key
        raise Wrong(_("It is none of the words that are known."), _("Write one of: %(words)s.") % {"words": ", ".join(choices)})

    return Type(gettext_lazy("One of a few words"), read)
