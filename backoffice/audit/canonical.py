"""The canonical form of a fact, whose hash is its leaf: PostgreSQL's binary form of a row, in which every field is prefixed with its length.

Number of fields (4 bytes), then for each: the number of its type (4 bytes), its length (4 bytes, all ones for nothing), its bytes.
Whole numbers and transaction ids have 8 bytes, times are microseconds since 2000-01-01 UTC in 8 bytes, text is UTF-8; big end first.

The database writes it with one function, so that sequencing and verifying read millions of rows; `body` writes the same bytes without
a database, so that anybody can check a proof. A test holds the two together. Changing either breaks every seal: add a version.
"""

import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from backoffice.audit import merkle

VERSION = "fact1"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_TYPES = {"int": 20, "time": 1184, "text": 25, "xid": 5069, "bytes": 17}  # PostgreSQL's own numbers of its types
Fields = tuple[tuple[str, str], ...]

# Field and kind, in the order in which they are hashed. Position and number come first: they are what ordering means.
FIELDS: Fields = (
    ("id", "int"), ("epoch", "int"), ("xid", "xid"), ("happened_at", "time"), ("recorded_at", "time"), ("type", "text"),
    ("brand_id", "int"), ("player_id", "int"), ("subject_type", "text"), ("subject_id", "int"), ("actor_kind", "text"),
    ("actor_id", "int"), ("actor_label", "text"), ("authorised_by_id", "int"), ("visibility", "int"), ("ip", "text"),
    ("session", "text"), ("request_id", "text"), ("reason", "text"), ("before", "text"), ("after", "text"),
)  # fmt: skip
_CASTS = {"int": "::bigint", "text": "::text"}


def prefix(version: str = VERSION) -> bytes:
    """What stands before a body when it is hashed."""
    return b"\x00" + version.encode()


def body_sql(row: str, *, position: str, number: str, fields: Fields = FIELDS) -> str:
    """The SQL expression for the canonical form of the row alias `row`. `position` and `number` are SQL expressions too."""
    parts = [f"({position})::bigint", f"({number})::bigint", *(f"{row}.{name}{_CASTS.get(kind, '')}" for name, kind in fields)]
    return f"record_send(ROW({', '.join(parts)}))"


def leaf_sql(row: str, *, position: str, number: str, fields: Fields = FIELDS, version: str = VERSION) -> str:
    """The SQL expression for the leaf hash. The connection's encoding is UTF-8, which Django sees to."""
    return f"sha256('\\x{prefix(version).hex()}'::bytea || {body_sql(row, position=position, number=number, fields=fields)})"


def place(body: bytes) -> tuple[bytes, bytes, bytes]:
    """What a row is ordered by, out of its canonical form: epoch, transaction id and id, which every stream's fields begin with."""
    return body[60:68], body[76:84], body[44:52]


def _bytes(value: Any, kind: str) -> bytes:
    if kind == "time":
        delta = value - _EPOCH
        return struct.pack("!q", (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds)
    if kind in {"int", "xid"}:
        return struct.pack("!q", value)
    return bytes(value) if kind == "bytes" else str(value).encode()


def body(row: Mapping[str, Any], *, position: int, number: int, fields: Fields = FIELDS) -> bytes:
    """The same bytes in Python, for independent checks."""
    values = [(position, "int"), (number, "int"), *((row[name], kind) for name, kind in fields)]
    parts = [struct.pack("!i", len(values))]
    for value, kind in values:
        if value is None:
            parts.append(struct.pack("!Ii", _TYPES[kind], -1))
        else:
            content = _bytes(value, kind)
            parts += [struct.pack("!Ii", _TYPES[kind], len(content)), content]
    return b"".join(parts)


def leaf(row: Mapping[str, Any], *, position: int, number: int, fields: Fields = FIELDS, version: str = VERSION) -> bytes:
    """The leaf hash of a row, from its values alone."""
    return merkle.leaf(version.encode() + body(row, position=position, number=number, fields=fields))
