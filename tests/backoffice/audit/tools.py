"""What the record's tests write and look at."""

from datetime import UTC, datetime
from typing import Any

from django.db import connection

from backoffice.audit import streams, verify
from backoffice.audit.actors import Actor
from backoffice.audit.record import record

NOW = datetime(2026, 3, 14, 15, 9, 26, 535_897, tzinfo=UTC)
SYSTEM = Actor.system("tests")


def fact(kind: str = "test.happened", *, subject: int = 1, of: str = "tests.thing", **more: Any) -> int:
    """One fact; gives its id."""
    return record(kind, **{"actor": SYSTEM, "at": NOW, "subject": (of, subject), **more})


def rows(statement: str, arguments: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return list(cursor.fetchall())


def positions() -> list[tuple[int, int, int]]:
    """(position, fact, number within its subject and visibility), in order."""
    return rows("SELECT position, event_id, number FROM audit_position ORDER BY position")  # type: ignore[return-value]


def facts() -> list[tuple[Any, ...]]:
    """Every fact as it stands."""
    return rows("SELECT * FROM audit_event ORDER BY id")


def findings(stream: str = "record") -> list[tuple[str, str]]:
    """What `verify` finds there: kind and row."""
    return [(found.kind, found.row) for found in verify.run(of=[streams.get(stream)]).findings]
