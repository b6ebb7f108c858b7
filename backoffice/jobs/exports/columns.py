"""A column of an export: how its value is read, what it looks like in a file, and how it looks when it is masked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from backoffice.ui import money

Text = str | Promise
TEXT, WHOLE, MONEY, MOMENT = "text", "whole", "money", "moment"
MASK = "•••"
Cell = str | int | bool | None  # what a file can hold


def mask_all(value: Any) -> str:
    """Nothing of it but that there is something."""
    return MASK if value else ""


def mask_name(value: Any) -> str:
    """`M••• K•••`: enough to tell rows apart beside each other."""
    return " ".join(word[0] + MASK for word in str(value or "").split())


def mask_address(value: Any) -> str:
    """`m•••@mail.example`."""
    name, at, host = str(value or "").partition("@")
    return f"{name[:1]}{MASK}{at}{host}" if at else mask_all(value)


def mask_end(value: Any) -> str:
    """The last four characters."""
    text = str(value or "")
    return f"{MASK}{text[-4:]}" if len(text) > 6 else mask_all(text)


@dataclass(frozen=True)
class Value:
    """How to read what a cell stands for. Without a column's name: a queue's column carries one of these."""

    read: Callable[[Any], Any]
    kind: str = TEXT
    personal: bool = False
    masked: Callable[[Any], str] = mask_all


def text(read: Callable[[Any], Any]) -> Value:
    return Value(read)


def whole(read: Callable[[Any], int | None]) -> Value:
    return Value(read, WHOLE)


def amount(read: Callable[[Any], tuple[Decimal, str] | None]) -> Value:
    """`read` gives units and currency; the file has a column for each."""
    return Value(read, MONEY)


def moment(read: Callable[[Any], datetime | None]) -> Value:
    return Value(read, MOMENT)


def personal(read: Callable[[Any], Any], masked: Callable[[Any], str] = mask_all) -> Value:
    return Value(read, personal=True, masked=masked)


@dataclass(frozen=True)
class Column:
    """`key` names it in JSON lines and in addresses, `label` heads it in a table."""

    key: str
    label: Text
    value: Value

    def heads(self) -> list[tuple[str, str, str]]:
        """(key, label, kind) of each column of the file: an amount has its currency beside it."""
        if self.value.kind == MONEY:
            currency = _("%(column)s, currency") % {"column": self.label}
            return [(self.key, str(self.label), TEXT), (f"{self.key}_currency", currency, TEXT)]
        return [(self.key, str(self.label), self.value.kind)]

    def cells(self, row: Any, *, masked: bool) -> Iterable[Cell]:
        found = self.value.read(row)
        if self.value.personal and masked:
            return (self.value.masked(found),)
        if self.value.kind == MONEY:
            return (money.write(*found).plain, found[1]) if found else ("", "")
        return (plain(found),)


def plain(value: Any) -> Cell:
    """A value as a file holds it: times as ISO 8601 in UTC, lists joined; a float is refused, since money is none."""
    if value is None or isinstance(value, int | str):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(str(one) for one in value)
    if isinstance(value, float):
        raise TypeError("A float cannot stand in a file: money is Decimal with its currency, counts are int.")
    return str(value)
