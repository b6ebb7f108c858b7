"""The canonical form of a fact, whose hash is its leaf: length-prefixed fields, times in microseconds since the epoch.

Written once as SQL, so that the sequencer and the verifier work on sets, and once as Python, so that anybody can check a
proof without this database. A test holds the two to the same bytes. Changing either breaks every seal: add a version.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from backoffice.audit import merkle

VERSION = "fact1"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Field and kind, in the order in which they are hashed. Position and number come first: they are what ordering means.
FIELDS: tuple[tuple[str, str], ...] = (
    ("id", "int"), ("epoch", "int"), ("xid", "int"), ("happened_at", "time"), ("recorded_at", "time"), ("type", "text"),
    ("brand_id", "int"), ("player_id", "int"), ("subject_type", "text"), ("subject_id", "int"), ("actor_kind", "text"),
    ("actor_id", "int"), ("actor_label", "text"), ("authorised_by_id", "int"), ("visibility", "int"), ("ip", "text"),
    ("session", "text"), ("request_id", "text"), ("reason", "text"), ("before", "text"), ("after", "text"),
)  # fmt: skip


def _sql_text(column: str, kind: str) -> str:
    return {"int": f"{column}::text", "time": f"audit_micros({column})", "text": column}[kind]


def leaf_sql(row: str, *, position: str, number: str, fields: tuple[tuple[str, str], ...] = FIELDS, version: str = VERSION) -> str:
    """The SQL expression for the leaf hash of the row alias `row`. `position` and `number` are SQL expressions too."""
    parts = [f"audit_lp({position}::text)", f"audit_lp({number}::text)"]
    parts += [f"audit_lp({_sql_text(f'{row}.{name}', kind)})" for name, kind in fields]
    return f"sha256('\\x00'::bytea || convert_to('{version}' || {' || '.join(parts)}, 'UTF8'))"


def _prefixed(text: str | None) -> str:
    return "-" if text is None else f"{len(text.encode())}:{text}"


def micros(moment: datetime) -> str:
    delta = moment - _EPOCH
    return str((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds)


def _text(value: Any, kind: str) -> str | None:
    if value is None:
        return None
    return micros(value) if kind == "time" else str(value)


def leaf(row: Mapping[str, Any], *, position: int, number: int) -> bytes:
    """The same hash in Python, for independent checks."""
    body = _prefixed(str(position)) + _prefixed(str(number))
    body += "".join(_prefixed(_text(row[name], kind)) for name, kind in FIELDS)
    return merkle.leaf((VERSION + body).encode())
