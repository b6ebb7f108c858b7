"""What adapters read out of JSON alike. Whatever does not fit raises ValueError."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def mapping(raw: object) -> Mapping[str, Any]:
    """A JSON object. Raises ValueError."""
    if not isinstance(raw, dict):
        raise ValueError("not an object")
    return raw


def text(fields: Mapping[str, Any], name: str) -> str:
    """A text that is not empty. Raises ValueError."""
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is missing")
    return value


def count(fields: Mapping[str, Any], name: str) -> int:
    """A whole number from 0 on. Raises ValueError."""
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} is no count")
    return value


def moment(value: object) -> datetime:
    """A time with its zone, in UTC. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("not a time")
    result = datetime.fromisoformat(value)
    if result.tzinfo is None:
        raise ValueError("a time without a zone")
    try:
        return result.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time before or after all times") from None
