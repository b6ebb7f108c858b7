"""Keyset pages for machines: an opaque cursor of the last row's time and id."""

import base64
import binascii
from datetime import datetime
from typing import Any

from django.db import models


class BadCursor(ValueError):
    """Not a cursor that was given out here."""


def cursor_of(at: datetime, pk: int) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{pk}".encode()).decode().rstrip("=")


def position(cursor: str) -> tuple[datetime, int]:
    """Raises BadCursor."""
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode("ascii")
        at, _, pk = text.partition("|")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or not 0 < int(pk) < 2**63:
            raise BadCursor("The cursor is not one that was given out here.")
        return moment, int(pk)
    except (ValueError, binascii.Error, OverflowError) as wrong:
        raise BadCursor("The cursor is not one that was given out here.") from wrong


def after(rows: models.QuerySet[Any], cursor: str, *, column: str) -> models.QuerySet[Any]:
    """Rows behind the cursor, newest first by `column` and id. Raises BadCursor."""
    at, pk = position(cursor)
    return rows.filter(models.Q(**{f"{column}__lt": at}) | models.Q(**{column: at, "pk__lt": pk}), **{f"{column}__lte": at})
