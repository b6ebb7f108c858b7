"""What is held about a player, kind by kind. Every room declares its own: what goes into the file that the player may ask for, what of it is
left out and why, which law keeps it after an erasure, and how it is overwritten.

Registered from `AppConfig.ready()`; registering the same key again replaces it. A test walks all tables that know a player and fails on one
that no holding names (tests/players/test_personal_data.py).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise

Text = str | Promise
Said = Mapping[str, Any]

AML_FROM = "aml.retention_from_year_end"
AML, RECORDS, ACCOUNTS, COMPLAINTS = "aml.retention_years", "records.retention_years", "accounts.retention_years", "complaints.retention_years"


@dataclass(frozen=True)
class Kept:
    """A file that the law keeps."""

    name: str
    kind: str  # media type
    content: bytes


class NotKept(Exception):
    """There is no such file, or its bytes are gone. Says which."""


@dataclass(frozen=True)
class Document:
    """A file that belongs to what is held. `read` gives its bytes, or None when it is gone."""

    name: str
    read: Callable[[], bytes | None]


def _no_documents(_row: Any) -> Iterable[Document]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Holding:
    """`key` names its file too. `rows` are a player's, of a table with a whole number as its key; `says` is one of them as the player reads it.

    `left_out` says why the player does not get it at all, `omits` what of it they do not get.

    Erasing, in this order: `erase` overwrites rows with what names nobody; without it rows stay as they are. Where `law` names a number of the pack,
    what `keeps` says of each row is put aside under seal first, until that many years after the end of the account. `sealed` rows open
    with the player's key alone and are gone with it. `stays` says what is left of it, and why that names nobody.

    What `keeps` says is asked once, while the player's key is there; names that begin with _ are for the machine and shown to nobody. `kept_file` opens a
    file of such a row by its number, `lets_go` gets the row on its day and removes what lies elsewhere.
    """

    key: str
    title: Text
    models: tuple[str, ...]
    rows: Callable[[int], QuerySet[Any]]
    says: Callable[[Any], Said] | None = None
    documents: Callable[[Any], Iterable[Document]] = _no_documents
    read: Callable[[int, int, int], Sequence[Any]] | None = None  # (player, after, most): where paging `rows` by their key would be slow
    left_out: Text = ""
    omits: Text = ""
    order: int = 50
    law: str = ""
    keeps: Callable[[Any], Said] | None = None  # `says` when it is not given
    kept_file: Callable[[Said, int], Kept] | None = None
    lets_go: Callable[[Said], None] | None = None
    until: Callable[[int], date | None] | None = None  # where the rows themselves say until when the law keeps them
    erase: Callable[[Sequence[Any]], None] | None = None
    sealed: bool = False
    first: bool = False  # together with the decision, before the player's key is destroyed
    stays: Text = ""

    def page(self, player_id: int, after: int, most: int) -> list[Any]:
        """The next rows after a key, in the order of their keys."""
        if self.read is not None:
            return list(self.read(player_id, after, most))
        return list(self.rows(player_id).filter(pk__gt=after).order_by("pk")[:most])

    def aside(self, row: Any) -> Said:
        keeps = self.keeps or self.says
        assert keeps is not None  # noqa: S101
        return keeps(row)


_holdings: dict[str, Holding] = {}


def register(*holdings: Holding) -> None:
    """Raises ValueError for one that neither says what the player reads nor why it is left out, or that keeps what it cannot say."""
    for one in holdings:
        if (one.says is None) == (not one.left_out):
            raise ValueError(f"{one.key}: either `says` or `left_out`, so that nothing is left out without a reason.")
        if one.law and one.says is None and one.keeps is None:
            raise ValueError(f"{one.key}: {one.law} keeps it, so it has to say what of it.")
        _holdings[one.key] = one


def every() -> list[Holding]:
    return sorted(_holdings.values(), key=lambda one: (one.order, one.key))


def get(key: str) -> Holding:
    """Raises KeyError."""
    return _holdings[key]


def exported() -> list[Holding]:
    """What stands in the player's file."""
    return [one for one in every() if not one.left_out]


def erased() -> list[Holding]:
    """What an erasure works on row by row."""
    return [one for one in every() if one.erase is not None or (one.law and one.sealed)]
