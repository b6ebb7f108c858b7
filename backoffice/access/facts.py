"""The one place where this room speaks to the record."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from backoffice.audit.actors import Actor
from backoffice.audit.record import machine, record

if TYPE_CHECKING:
    from backoffice.access.models import Staff
    from backoffice.scope.models import Brand


def record_fact(
    *,
    type: str,  # noqa: A002
    actor: Staff | None,
    at: datetime,
    subject: Staff,
    brand: Brand | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Write a fact about a person in the running transaction. Without an actor it is this installation that acted."""
    who = Actor.staff(actor) if actor is not None else Actor.system(machine())
    record(type, actor=who, at=at, brand_id=brand.pk if brand else None, subject=subject, before=before, after=after, reason=reason)
