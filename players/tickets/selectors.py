"""Tickets of a player, those that wait first."""

from datetime import datetime
from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Value, When

from backoffice.audit.sealed import with_keys
from players.models import Ticket

SHOWN = 5


def of_player(player_id: Any) -> QuerySet[Ticket]:
    """Open and pending ones first, then the latest. `player_id` may be a reference to another query's column."""
    first = Case(When(state__in=[Ticket.OPEN, Ticket.PENDING], then=Value(0)), default=Value(1), output_field=IntegerField())
    return Ticket.objects.filter(player_id=player_id).select_related("by").order_by(first, "-updated_at", "-pk")


def first_of(player_id: Any, _now: datetime) -> QuerySet[Ticket]:
    return of_player(player_id)[:SHOWN]


def beside(player_id: int) -> list[Ticket]:
    """What a decision page shows: the first few."""
    return list(with_keys(of_player(player_id))[:SHOWN])
