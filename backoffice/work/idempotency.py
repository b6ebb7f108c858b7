"""A repeated request gets the first answer again, before anything else is compared."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction


class KeyReused(Exception):
    """The idempotency key was used before, for something else."""


@dataclass
class Slot:
    """`answer` is what the first request got, or None when this is the first. Set it before the block ends."""

    answer: Any = None
    replayed: bool = False


def digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


@contextmanager
def once(*, scope: str, key: str, content: Mapping[str, Any], now: datetime) -> Iterator[Slot]:
    """Run the block once per (scope, key). A second request waits for the first to end, then gets its answer.

    Raises KeyReused when the key stands for other content. Rolled back together with the block.
    """
    asked = digest(content)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO work_answer (scope, key, content, at) VALUES (%s, %s, %s, %s) ON CONFLICT (scope, key) DO NOTHING RETURNING id",
            [scope, key, asked, now],
        )
        made = cursor.fetchone()
        if made is None:
            cursor.execute("SELECT content, answer FROM work_answer WHERE scope = %s AND key = %s", [scope, key])
            content_then, answer = cursor.fetchone()
            if content_then != asked:
                raise KeyReused("This idempotency key was used for another request. Use a new key for a new request.")
            yield Slot(json.loads(answer) if isinstance(answer, str) else answer, replayed=True)
            return
        slot = Slot()
        yield slot
        cursor.execute("UPDATE work_answer SET answer = %s WHERE id = %s", [json.dumps(slot.answer), made[0]])
