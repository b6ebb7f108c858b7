"""Columns that hold words about a player: sealed with the player's key, so that destroying the key erases them, in backups once restored too.

A model keeps `text_sealed` and says `text = Sealed("text_sealed")`. Nothing searches such a column: its content looks different every time.
Whoever reads many rows asks for their keys with the rows (`with_keys`), so that opening them costs no further query.
"""

from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar

from django.db.models import F, Func, Model, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import JSONObject
from django.utils import timezone

from backoffice.audit import personal
from backoffice.audit.models import PersonalKey

KEY = "sealed_key"  # where a row holds what opens it
Row = TypeVar("Row", bound=Model)


def with_keys(rows: "QuerySet[Row]", *, player: str = "player_id") -> "QuerySet[Row]":
    """The rows, each with its player's key. `player` is the column, or the path to it, that holds the player's number."""
    key = JSONObject(player=F("player_id"), wrapped=Func(F("wrapped"), Value("hex"), function="encode"), version=F("master_version"))
    return rows.annotate(**{KEY: Subquery(PersonalKey.objects.filter(pk=OuterRef(player)).values(row=key)[:1])})


def hand_on(row: Any, *others: Any) -> None:
    """Give other rows about the same player the key that this one was read with, if it was."""
    if KEY in row.__dict__:
        for other in others:
            other.__dict__[KEY] = row.__dict__[KEY]


def _key(row: Any, player_id: int) -> Any:
    if KEY not in row.__dict__:
        found = PersonalKey.objects.filter(pk=player_id).first()
        wrapped = found.wrapped.hex() if found is not None and found.wrapped is not None else None
        row.__dict__[KEY] = {"player": player_id, "wrapped": wrapped, "version": found.master_version} if found is not None else None
    return row.__dict__[KEY]


def seal(value: Any, *, player_id: int, at: datetime) -> str:
    """Raises personal.Erased."""
    return personal.seal(value, key=personal.key_of(player_id, at=at), player_id=player_id)


def opened(row: Any, text: str, *, player_id: int) -> Any:
    """What `text` of a fact says, where it is sealed: `row` is anything about the player, which may hold the key. None when the key is gone."""
    if not text.startswith(personal.MARK):
        return text
    key = _key(row, player_id)
    return personal.open_with(text, wrapped=key["wrapped"], version=key["version"], player_id=player_id) if key is not None else None


class Sealed(property):
    """Reads and writes a sealed column. Where there is no player the words are kept as they are.

    Reads `empty` when the player's key is gone. Writing raises personal.Erased then. A `property`, so that models take it as an argument;
    the player has to be given before it.
    """

    def __init__(self, column: str, *, player: str = "player_id", empty: Any = "") -> None:
        super().__init__()
        self.column, self.player, self.empty = column, attrgetter(player), empty

    def __get__(self, row: Any, owner: Any = None) -> Any:
        if row is None:
            return self
        stored = getattr(row, self.column)
        if not stored.startswith(personal.MARK):
            return stored or self.empty
        player_id = self.player(row)
        key = _key(row, player_id)
        if key is None or key["player"] != player_id:
            return self.empty
        found = personal.open_with(stored, wrapped=key["wrapped"], version=key["version"], player_id=player_id)
        return self.empty if found is None else found

    def __set__(self, row: Any, value: Any) -> None:
        player_id = self.player(row)
        plain = player_id is None or not value
        setattr(row, self.column, (value or "") if plain else seal(value, player_id=player_id, at=timezone.now()))


def seal_column(rows: Any, column: str, *, player: str = "player_id") -> None:
    """For migrations: seal what stands in a column in clear. `rows` is a historical model's; those of erased players are emptied."""
    for pk, stored, player_id in rows.exclude(**{column: ""}).exclude(**{f"{column}__startswith": personal.MARK}).values_list("pk", column, player):
        if player_id is None:
            continue
        try:
            kept = seal(stored, player_id=player_id, at=timezone.now())
        except personal.Erased:
            kept = ""
        rows.filter(pk=pk).update(**{column: kept})
