"""Counters: exact sums by the hour, in the transaction of what they count."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from players import locks
from tests import factories
from tests.databases import Database
from tests.races import race, raised
from wallet import counters
from wallet.counters import Sum
from wallet.models import Counter

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
WINDOWS = {"24 h": timedelta(hours=24), "7 d": timedelta(days=7), "30 d": timedelta(days=30)}


def add(player: Any, amount: str, at: datetime, *, measure: str = "withdrawal.requested", currency: str = "EUR") -> None:
    counters.add(player_id=player.pk, measure=measure, currency=currency, amount=Decimal(amount), at=at)


def over(player: Any, *, measure: str = "withdrawal.requested", currency: str = "EUR") -> dict[str, Sum]:
    return counters.over(player_id=player.pk, measure=measure, currency=currency, windows=WINDOWS, now=NOW)


def test_rolling_windows_count_whole_hours_from_the_one_in_which_they_begin(db: None) -> None:
    player = factories.player()
    for amount, ago in (
        ("1.00", timedelta(0)),
        ("2.00", timedelta(hours=24, minutes=30)),
        ("4.00", timedelta(hours=24, minutes=31)),
        ("8.00", timedelta(days=29)),
    ):
        add(player, amount, NOW - ago)

    assert over(player) == {"24 h": Sum(Decimal(3), 2), "7 d": Sum(Decimal(7), 3), "30 d": Sum(Decimal(15), 4)}


def test_one_hour_is_one_row(db: None) -> None:
    player = factories.player()
    for minute in (0, 15, 59):
        add(player, "0.10", NOW.replace(minute=minute))

    (row,) = Counter.objects.all()
    assert (row.hour, row.amount, row.count) == (NOW.replace(minute=0), Decimal("0.30"), 3)


def test_players_measures_and_currencies_do_not_mix(db: None) -> None:
    player, other = factories.player(), factories.player()
    add(player, "1.00", NOW)
    add(other, "2.00", NOW)
    add(player, "3.00", NOW, measure="deposit.credited")
    add(player, "4.00", NOW, currency="SEK")

    assert over(player)["24 h"] == Sum(Decimal(1), 1)
    assert over(other)["24 h"] == Sum(Decimal(2), 1)
    assert over(player, measure="deposit.credited")["24 h"] == Sum(Decimal(3), 1)
    assert over(player, currency="SEK")["24 h"] == Sum(Decimal(4), 1)


def test_what_has_not_happened_yet_is_not_counted(db: None) -> None:
    player = factories.player()
    add(player, "1.00", NOW + timedelta(hours=1))

    assert over(player)["30 d"] == Sum(Decimal(0), 0)


def test_a_rolled_back_movement_is_not_counted(db: None) -> None:
    player = factories.player()

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        add(player, "1.00", NOW)
        raise ZeroDivisionError

    assert over(player)["24 h"] == Sum(Decimal(0), 0)


def test_racing_additions_under_the_players_lock_lose_nothing(committed_db: Database) -> None:
    player = factories.player()

    def count() -> None:
        with transaction.atomic():
            locks.player(player.pk)
            add(player, "0.01", NOW)

    answers = race(*[count] * 16)

    assert raised(answers, ZeroDivisionError) == 0
    assert over(player)["24 h"] == Sum(Decimal("0.16"), 16)
