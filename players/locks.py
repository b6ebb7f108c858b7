"""The first lock of every money path. Order: the player's row, then business rows by table and key, then accounts by id."""

from typing import Any

from django.db.models import QuerySet, Subquery

from players.models import Player


def owner_of(rows: QuerySet[Any]) -> Player:
    """Lock the player whom a business row belongs to, found and locked in one statement; then the row itself may be locked.

    `rows` is a query for that one row. Raises Player.DoesNotExist.
    """
    return Player.objects.select_for_update(no_key=True).get(pk=Subquery(rows.values("player_id")[:1]))


def both(one: int, other: int) -> dict[int, Player]:
    """Lock two players' rows, the lower number first, as the posting functions do: two who lock the same two wait for each other and never in a ring.

    Raises Player.DoesNotExist.
    """
    rows = Player.objects.select_for_update(no_key=True, of=("self",)).select_related("brand", "jurisdiction").filter(pk__in=[one, other]).order_by("pk")
    found = {row.pk: row for row in rows}
    if len(found) != len({one, other}):
        raise Player.DoesNotExist
    return found


def player(player_id: int) -> Player:
    """Lock the player's row until the transaction ends, the same lock that the ledger's posting functions take.

    `FOR NO KEY UPDATE`: rows that point at the player can still be written. Raises Player.DoesNotExist.
    """
    return Player.objects.select_for_update(no_key=True).get(pk=player_id)
