"""Closed days: once, in order, when nothing can still be posted into them, and never reopened."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from backoffice.audit import sequencer
from backoffice.runtime.child import wait_until
from tests import factories
from tests.databases import Database, OwnCluster
from tests.races import Background
from tests.wallet.tools import bet, denied, rows, sound
from wallet import balances, ledger
from wallet.kinds import TransactionKind
from wallet.ledger import Cash, DayClosed, Leg
from wallet.models import DayClose, Transaction

MALTA = ZoneInfo("Europe/Malta")
YESTERDAY = datetime.now(MALTA).date() - timedelta(days=1)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), MALTA)


def close(brand: int, day: date) -> int:
    """What finance does: the app's login calls the function."""
    return int(rows("SELECT wallet_close_day(%s, %s, 7)", [brand, day])[0][0])


def refusal(brand: int, day: date, match: str) -> None:
    with denied(Exception, match=match):
        close(brand, day)


def test_a_closed_day_takes_no_posting_and_the_next_day_does(own_cluster: OwnCluster) -> None:
    player = factories.player(cash="100.00")
    bet(player, "1.00", key="before", effective_at=noon(YESTERDAY))
    sequencer.catch_up()

    through = close(player.brand_id, YESTERDAY)

    assert through == 2
    row = DayClose.objects.get()
    assert (row.brand_id, row.day, row.closed_by_id, row.through_transaction) == (player.brand_id, YESTERDAY, 7, 2)
    first, last = datetime.combine(YESTERDAY, time(0), MALTA), datetime.combine(YESTERDAY, time.max, MALTA)
    for moment in (first, noon(YESTERDAY), last, noon(YESTERDAY) - timedelta(days=30)):
        with denied(DayClosed, match=str(YESTERDAY)):
            bet(player, "1.00", key="late", effective_at=moment)
    with denied(DayClosed):
        ledger.post_legs(
            kind=TransactionKind.BET, key="late", brand=player.brand_id, effective_at=noon(YESTERDAY),
            legs=[Leg(Cash(player.pk), "EUR", -factories.Decimal(1)), Leg(factories.PSP, "EUR", factories.Decimal(1))],
        )  # fmt: skip
    with denied(DayClosed):
        ledger.reverse(transaction_id=1, kind=TransactionKind.DEPOSIT_REVERSED, key="late", effective_at=noon(YESTERDAY))
    bet(player, "2.00", key="correction", effective_at=last + timedelta(microseconds=1), meta={"corrects": str(YESTERDAY)})
    assert balances.cash(player.pk, "EUR") == factories.Decimal(97)
    sound()


def test_a_replay_is_answered_although_its_day_is_closed_by_now(own_cluster: OwnCluster) -> None:
    player = factories.player(cash="100.00")
    first = bet(player, "1.00", key="bet", effective_at=noon(YESTERDAY))
    sequencer.catch_up()
    close(player.brand_id, YESTERDAY)

    assert bet(player, "1.00", key="bet", effective_at=noon(YESTERDAY)).id == first.id


def test_a_day_closes_once_and_in_order(own_cluster: OwnCluster) -> None:
    brand = factories.brand().pk
    close(brand, YESTERDAY - timedelta(days=1))

    refusal(brand, YESTERDAY - timedelta(days=1), "are closed up to")
    refusal(brand, YESTERDAY - timedelta(days=5), "are closed up to")
    close(brand, YESTERDAY)

    assert list(DayClose.objects.order_by("day").values_list("day", flat=True)) == [YESTERDAY - timedelta(days=1), YESTERDAY]


def test_today_and_tomorrow_cannot_be_closed(own_cluster: OwnCluster) -> None:
    brand = factories.brand().pk
    today = datetime.now(MALTA).date()

    for day in (today, today + timedelta(days=1)):
        refusal(brand, day, "can be closed from")


def test_an_unknown_brand_has_no_days(own_cluster: OwnCluster) -> None:
    refusal(999_999, YESTERDAY, "There is no brand")


def test_each_brand_closes_its_own_days_by_its_own_clock(own_cluster: OwnCluster) -> None:
    """00:30 in Malta is still the day before in London."""
    nova, albion = factories.brand("nova"), factories.brand("albion", timezone="America/New_York")
    ours, theirs = factories.player(nova, cash="10.00"), factories.player(albion, cash="10.00")
    sequencer.catch_up()
    close(nova.pk, YESTERDAY)
    moment = datetime.combine(YESTERDAY, time(23, 30), MALTA)

    with denied(DayClosed):
        bet(ours, "1.00", key="nova", effective_at=moment)
    bet(theirs, "1.00", key="albion", effective_at=moment)
    new_york = ZoneInfo("America/New_York")
    sequencer.catch_up()
    before = datetime.now(new_york).date() - timedelta(days=2)
    close(albion.pk, before)
    with denied(DayClosed):
        bet(theirs, "1.00", key="late", effective_at=datetime.combine(before, time(23, 59), new_york))
    bet(theirs, "1.00", key="next day", effective_at=datetime.combine(before + timedelta(days=1), time(0, 0), new_york))
    assert DayClose.objects.count() == 2


def test_a_day_whose_postings_have_no_position_yet_waits_for_the_sequencer(own_cluster: OwnCluster) -> None:
    player = factories.player()
    factories.deposit(player, "5.00", effective_at=noon(YESTERDAY))

    refusal(player.brand_id, YESTERDAY, "have no position yet")
    sequencer.catch_up()

    assert close(player.brand_id, YESTERDAY) == 1


def player_who_has_bet() -> Any:
    """With 10.00 left; the accounts are open and everything has its position."""
    player = factories.player(cash="11.00")
    bet(player, "1.00", key="first")
    sequencer.catch_up()
    return player


POST = (
    "SELECT wallet_post(30::smallint, %s, %s, %s, (SELECT id FROM wallet_currency WHERE code = 'EUR'), 1, 1::smallint, '', 14::smallint, 'studio', NULL,"
    " %s, false, NULL, NULL, false, NULL)"
)


def test_closing_waits_for_a_back_dated_posting_that_came_first(own_cluster: OwnCluster) -> None:
    """It must be in the books that are closed: it has no position when the lock is free, so closing asks for another try."""
    player = player_who_has_bet()

    with own_cluster.connect() as poster:
        poster.execute("BEGIN")
        poster.execute(POST, ["open", player.brand_id, player.pk, noon(YESTERDAY)])
        refusal(player.brand_id, YESTERDAY, "still running")
        poster.execute("COMMIT")

    refusal(player.brand_id, YESTERDAY, "have no position yet")
    sequencer.catch_up()
    assert close(player.brand_id, YESTERDAY) == 3
    assert Transaction.objects.filter(key="open").count() == 1


def test_a_back_dated_posting_waits_for_a_closing_that_came_first_and_is_refused(own_cluster: OwnCluster) -> None:
    player = player_who_has_bet()

    with own_cluster.connect() as closer, own_cluster.connect("super") as observer:
        closer.execute("BEGIN")
        closer.execute("SELECT wallet_close_day(%s, %s, 7)", [player.brand_id, YESTERDAY])
        posting = Background(lambda: bet(player, "1.00", key="late", effective_at=noon(YESTERDAY)))
        waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid = 7202602"
        assert wait_until(lambda: observer.execute(waits).fetchone() is not None, 20)
        closer.execute("COMMIT")
        with pytest.raises(DayClosed):
            posting.join()

    assert Transaction.objects.filter(key="late").count() == 0
    assert balances.cash(player.pk, "EUR") == factories.Decimal(10)
    sound()


def test_when_the_closing_that_came_first_is_rolled_back_the_posting_goes_through(own_cluster: OwnCluster) -> None:
    player = player_who_has_bet()

    with own_cluster.connect() as closer, own_cluster.connect("super") as observer:
        closer.execute("BEGIN")
        closer.execute("SELECT wallet_close_day(%s, %s, 7)", [player.brand_id, YESTERDAY])
        posting = Background(lambda: bet(player, "1.00", key="late", effective_at=noon(YESTERDAY)))
        waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid = 7202602"
        assert wait_until(lambda: observer.execute(waits).fetchone() is not None, 20)
        closer.execute("ROLLBACK")
        posting.join()

    assert DayClose.objects.count() == 0
    assert balances.cash(player.pk, "EUR") == factories.Decimal(9)


def test_closing_waits_for_every_transaction_that_may_have_posted_without_the_lock(own_cluster: OwnCluster) -> None:
    """A posting of now takes no lock. One that is still open when the day is closed could lie in it, so closing waits for it."""
    player = player_who_has_bet()

    with own_cluster.connect() as poster:
        poster.execute("BEGIN")
        poster.execute(POST, ["open", player.brand_id, player.pk, None])
        closing = Background(lambda: close(player.brand_id, YESTERDAY))
        assert not wait_until(lambda: not closing.running, 0.5)
        poster.execute("COMMIT")
        assert closing.join() == 2

    assert DayClose.objects.count() == 1


def test_closing_gives_up_while_such_a_transaction_does_not_end(own_cluster: OwnCluster) -> None:
    player = player_who_has_bet()

    with own_cluster.connect() as poster:
        poster.execute("BEGIN")
        poster.execute(POST, ["open", player.brand_id, player.pk, None])
        refusal(player.brand_id, YESTERDAY, "still running")

    assert DayClose.objects.count() == 0


def test_a_posting_of_now_takes_no_lock_against_closing(committed_db: Database) -> None:
    player = factories.player(cash="10.00")
    taken: list[Any] = []

    for key, effective in (("now", timezone.now()), ("none", None), ("back", timezone.now() - timedelta(minutes=2))):
        with committed_db.connect() as poster:
            poster.execute("BEGIN")
            poster.execute(POST, [key, player.brand_id, player.pk, effective])
            locks = poster.execute("SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()").fetchall()
            poster.execute("COMMIT")
        taken.append((key, [mode for (mode,) in locks]))

    assert taken == [("now", []), ("none", []), ("back", ["ShareLock"])]


def test_a_closing_that_waits_holds_no_lock_that_back_dated_postings_need(own_cluster: OwnCluster) -> None:
    other, player = factories.player(cash="10.00"), player_who_has_bet()

    with own_cluster.connect() as poster:
        poster.execute("BEGIN")
        poster.execute(POST, ["open", player.brand_id, player.pk, None])
        closing = Background(lambda: close(player.brand_id, YESTERDAY))
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        bet(other, "1.00", key="back", effective_at=datetime.combine(YESTERDAY - timedelta(days=1), time(1), UTC))
        poster.execute("COMMIT")
        with pytest.raises(Exception, match="have no position yet"):
            closing.join()

    assert DayClose.objects.count() == 0
    assert Transaction.objects.filter(key="back").count() == 1
