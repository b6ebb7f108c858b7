"""`record()`: the one way to write a fact, in the transaction that makes it true."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, connections, models

from backoffice.audit import personal
from backoffice.audit.actors import Actor
from backoffice.audit.models import Visibility
from backoffice.audit.rights import EVENT_COLUMNS

_INSERT = (
    f"INSERT INTO audit_event ({', '.join(EVENT_COLUMNS)}) "  # noqa: S608
    f"VALUES ({', '.join(['%s'] * len(EVENT_COLUMNS))}) RETURNING id"
)

NOTE = "note"  # free words: about a player they are sealed like what is personal
Subject = models.Model | tuple[str, int]


def subject_of(subject: Subject) -> tuple[str, int]:
    """The stable name of what a fact is about: `payments.withdrawal` and its id."""
    if isinstance(subject, tuple):
        return subject
    return subject._meta.label_lower, int(subject.pk)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot stand in the record: {value!r}")


def canonical(values: Mapping[str, Any]) -> str:
    """The one spelling of before and after: JSON with sorted keys and no spaces; money as text, never a float."""
    _refuse_floats(values)
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain, allow_nan=False)


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError("A float cannot stand in the record: money is Decimal, counts are int.")
    if isinstance(value, Mapping):
        for part in value.values():
            _refuse_floats(part)
    elif isinstance(value, list | tuple):
        for part in value:
            _refuse_floats(part)


def _sealed(values: Mapping[str, Any] | None, *, player_id: int | None, at: datetime) -> str | None:
    if values is None:
        return None
    if player_id is not None and isinstance(values.get(NOTE), str) and values[NOTE]:
        try:
            values = {**values, NOTE: personal.seal(values[NOTE], key=personal.key_of(player_id, at=at), player_id=player_id)}
        except personal.Erased:  # what happens to an erased player's money is a fact all the same
            values = {name: value for name, value in values.items() if name != NOTE}
    if any(isinstance(value, personal.Personal) for value in values.values()):
        if player_id is None:
            raise ValueError("A personal value needs the player whose key encrypts it.")
        key = personal.key_of(player_id, at=at)
        values = {
            name: personal.seal(value.value, key=key, player_id=player_id) if isinstance(value, personal.Personal) else value for name, value in values.items()
        }
    return canonical(values)


def _row(
    type: str,  # noqa: A002
    *,
    actor: Actor,
    at: datetime,
    subject: Subject,
    brand_id: int | None = None,
    player_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    authorised_by_id: int | None = None,
    visibility: int = Visibility.NORMAL,
) -> list[Any]:
    if at.tzinfo is None:
        raise ValueError("A fact happens at a moment with a time zone.")
    subject_type, subject_id = subject_of(subject)
    return [
        at, brand_id, player_id, subject_type, subject_id, actor.kind, actor.id, actor.label, authorised_by_id, int(visibility), type,
        actor.origin.ip, actor.origin.session, actor.origin.request_id, reason,
        _sealed(before, player_id=player_id, at=at), _sealed(after, player_id=player_id, at=at),
    ]  # fmt: skip


def record(type: str, **fact: Any) -> int:  # noqa: A002
    """Write one fact and return its id. Takes `actor`, `at`, `subject`, and `brand_id`, `player_id`, `before`, `after`, `reason`,
    `authorised_by_id`, `visibility` where they apply. A `Personal` value is encrypted with the player's key, and so is a `note` about a player.

    Raises TypeError for a value that has no exact text, ValueError for a time without zone or a personal value without player.
    """
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, _row(type, **fact))
        row = cursor.fetchone()
        assert row is not None  # noqa: S101
        return int(row[0])


def record_apart(type: str, **fact: Any) -> None:  # noqa: A002
    """Write a fact that stays although the caller's transaction will be rolled back: a refusal that must be on the record."""
    row = _row(type, **fact)
    apart = connections.create_connection("default")
    apart.settings_dict = {**connection.settings_dict, "CONN_MAX_AGE": 0}
    try:
        with apart.cursor() as cursor:
            cursor.execute(_INSERT, row)
    finally:
        apart.close()


def machine() -> str:
    """The name under which this installation speaks, for labels of system actors."""
    return f"Countroom {settings.ENV}" if settings.ENV != "production" else "Countroom"
