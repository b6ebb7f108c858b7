"""What a player's page reads in the same row as the player, so that a panel or badge costs the page no question of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from backoffice.audit import sealed
from players.models import Player


@dataclass(frozen=True)
class Along:
    """A few rows of a player's. `rows` takes the player's id (or a reference to it) and the moment; `fields` are what the page needs of them."""

    name: str
    rows: Callable[[Any, datetime], QuerySet[Any]]
    fields: Sequence[str]

    @property
    def column(self) -> str:
        return f"along_{self.name}"


_along: dict[str, Along] = {}


def register(*things: Along) -> None:
    """Called from `AppConfig.ready()`. Registering the same name again replaces it."""
    for thing in things:
        _along[thing.name] = thing


def read(rows: QuerySet[Any], *, now: datetime, owner: str = "pk") -> QuerySet[Any]:
    """The rows with everything that is registered about their player, whose number stands in `owner`, and with the player's key."""
    row = OuterRef(owner)
    columns = {one.column: ArraySubquery(one.rows(row, now).values(row=JSONObject(**{name: F(name) for name in one.fields}))) for one in _along.values()}
    return sealed.with_keys(rows.annotate(**columns), player=owner)


def hand_on(row: Any, player: Player) -> None:
    """Give the player of a row what was read along with the row."""
    for one in _along.values():
        setattr(player, one.column, getattr(row, one.column))
    sealed.hand_on(row, player)


def of(player: Player, name: str, *, now: datetime) -> list[Any]:
    """The rows as objects of their model, with the declared fields; asked for when the player was read without them."""
    along = _along[name]
    found = getattr(player, along.column, None)
    rows = along.rows(player.pk, now)
    objects = list(rows) if found is None else [_object(rows.model, one) for one in found]
    sealed.hand_on(player, *objects)
    return objects


def _object(model: Any, row: dict[str, Any]) -> Any:
    return model(**{name: model._meta.get_field(name).to_python(value) for name, value in row.items()})
