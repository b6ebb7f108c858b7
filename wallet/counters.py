"""Exact sums per hour, kept in the transaction of what they count, under the player's lock: velocity and limits read them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection

from wallet import currencies


@dataclass(frozen=True)
class Sum:
    """Units of the currency, and how many movements made it up."""

    amount: Decimal
    count: int


def add(*, player_id: int, measure: str, currency: str, amount: Decimal, at: datetime) -> None:
    """Count `amount` in the hour of `at`. The caller holds the player's lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO wallet_counter (player_id, measure, currency_id, hour, amount, count)"
            " VALUES (%s, %s, %s, date_trunc('hour', %s::timestamptz, 'UTC'), %s, 1)"
            " ON CONFLICT (player_id, measure, currency_id, hour)"
            " DO UPDATE SET amount = wallet_counter.amount + excluded.amount, count = wallet_counter.count + 1",
            [player_id, measure, currencies.number(currency), at, amount],
        )


def over(*, player_id: int, measure: str, currency: str, windows: dict[str, timedelta], now: datetime) -> dict[str, Sum]:
    """Sums over rolling windows that end now, by whole hours: a window reaches back to the start of the hour it begins in."""
    names = list(windows)
    with connection.cursor() as cursor:
        columns = ", ".join(
            "coalesce(sum(amount) FILTER (WHERE hour >= date_trunc('hour', %s::timestamptz, 'UTC')), 0),"
            " coalesce(sum(count) FILTER (WHERE hour >= date_trunc('hour', %s::timestamptz, 'UTC')), 0)"
            for _ in names
        )
        starts = [now - windows[name] for name in names for _ in (0, 1)]
        cursor.execute(
            f"SELECT {columns} FROM wallet_counter WHERE player_id = %s AND measure = %s AND currency_id = %s AND hour <= %s",  # noqa: S608
            [*starts, player_id, measure, currencies.number(currency), now],
        )
        row = cursor.fetchone()
    return {name: Sum(Decimal(row[2 * place]), int(row[2 * place + 1])) for place, name in enumerate(names)}
