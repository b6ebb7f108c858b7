"""Balances: now and at any past moment, of running and of appended accounts, while others write."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.utils import timezone

from backoffice.audit import sequencer
from tests import factories
from tests.databases import Database, OwnCluster
from tests.races import race
from tests.wallet.tools import GAME, account, bet, denied, held, rows, sound, win
from wallet import balances, ledger
from wallet.kinds import TransactionKind
from wallet.ledger import Bonus, Cash, HeldCash
from wallet.models import Account, DailyTotal, Transaction


def ids(*places: ledger.Place, brand: int) -> list[int]:
    return [account(place, brand=brand).pk for place in places]


def test_a_player_sees_every_currency_by_code_and_what_each_kind_holds(db: None) -> None:
    player = factories.player(cash="10.00")
    factories.deposit(player, "5", "JPY")
    for place, amount in ((Bonus(player.pk), "2.00"), (HeldCash(player.pk), "3.00")):
        ledger.post(
            kind=TransactionKind.ADJUSTED, key=f"{place}", brand=player.brand_id, amount=Decimal(amount), currency="EUR", source=Cash(player.pk), target=place
        )

    assert balances.of_player(player.pk) == [
        balances.PlayerBalance("EUR", Decimal(5), Decimal(2), Decimal(3)), balances.PlayerBalance("JPY", Decimal(5), Decimal(0), Decimal(0)),
    ]  # fmt: skip
    assert (balances.cash(player.pk, "EUR"), balances.cash(player.pk, "SEK")) == (Decimal(5), Decimal(0))
    assert balances.of_player(factories.player().pk) == []


def test_every_balance_is_the_sum_of_its_entries_before_and_after_it_was_taken_in(own_cluster: OwnCluster) -> None:
    player = factories.player(cash="100.00")
    for number in range(5):
        bet(player, "7.00", key=f"bet-{number}")
    places = ids(Cash(player.pk), GAME, factories.PSP, brand=player.brand_id)
    expected = dict(zip(places, (Decimal(65), Decimal(35), Decimal(-100)), strict=True))

    assert balances.of_accounts(places) == expected
    assert Account.objects.get(pk=places[1]).balance == 0  # a snapshot, not taken yet
    sequencer.catch_up()
    assert balances.of_accounts(places) == expected
    assert Account.objects.get(pk=places[1]).balance == Decimal(35)
    win(player, "1.00", key="win")
    assert balances.of_accounts(places) == dict(zip(places, (Decimal(66), Decimal(34), Decimal(-100)), strict=True))
    assert Account.objects.get(pk=places[1]).balance == Decimal(35)
    sound()


def test_an_appended_balance_is_exact_while_a_writer_is_open(own_cluster: OwnCluster) -> None:
    """The open writer holds the horizon back: its posting is in no snapshot, counts for nobody else, and counts once it commits."""
    player, other = factories.player(cash="100.00"), factories.player(cash="100.00")
    bet(player, "1.00", key="before")
    sequencer.catch_up()
    (game,) = ids(GAME, brand=player.brand_id)

    with own_cluster.connect() as writer:
        writer.execute("BEGIN")
        writer.execute(
            "SELECT wallet_post(30::smallint, 'open', %s, %s, (SELECT id FROM wallet_currency WHERE code = 'EUR'), 10, 1::smallint, '', 14::smallint,"
            " 'studio', NULL, NULL, false, NULL, NULL, false, NULL)",
            [other.brand_id, other.pk],
        )
        bet(player, "2.00", key="while open")
        assert sequencer.catch_up() == 0
        assert balances.of_accounts([game]) == {game: Decimal(3)}
        assert Account.objects.get(pk=game).balance == Decimal(1)
        writer.execute("COMMIT")

    assert balances.of_accounts([game]) == {game: Decimal(13)}
    assert sequencer.catch_up() > 0
    assert balances.of_accounts([game]) == {game: Decimal(13)}
    assert Account.objects.get(pk=game).balance == Decimal(13)
    sound()


def test_balances_add_up_at_every_look_while_eight_threads_post_and_the_sequencer_runs(own_cluster: OwnCluster) -> None:
    players = [factories.player(cash="100.00") for _ in range(8)]
    bet(players[0], "0.01", key="opens the account")
    places = ids(GAME, *(Cash(player.pk) for player in players), brand=players[0].brand_id)

    def post(number: int) -> None:
        for step in range(15):
            bet(players[number], "0.10", key=f"{number}:{step}")

    def look() -> list[Decimal]:
        sums = []
        for _ in range(15):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                sums.append(sum(balances.of_accounts(places).values()))
        return sums

    answers = race(*[lambda n=n: post(n) for n in range(8)], look, sequencer.catch_up, sequencer.catch_up)  # type: ignore[misc]

    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert set(answers[8]) == {Decimal(800)}
    sequencer.catch_up()
    assert balances.of_accounts(places)[places[0]] == Decimal("12.01")
    sound()


def moments(brand: int) -> tuple[list[Transaction], list[int]]:
    posted = list(Transaction.objects.order_by("id"))
    return posted, ids(Cash(posted[0].player_id or 0), GAME, brand=brand)


@pytest.fixture
def three_days(db: None) -> tuple[list[Transaction], int, int]:
    """Posted now, in this order: 100 in (effective three days ago), 10 staked (yesterday), 4 staked (two days ago)."""
    now, player = timezone.now(), factories.player()
    factories.deposit(player, "100.00", effective_at=now - timedelta(days=3))
    bet(player, "10.00", key="late", effective_at=now - timedelta(days=1))
    bet(player, "4.00", key="early", effective_at=now - timedelta(days=2))
    posted, (cash, game) = moments(player.brand_id)
    return posted, cash, game


def test_a_past_balance_by_the_recorded_clock_follows_the_order_of_posting(three_days: tuple[list[Transaction], int, int]) -> None:
    posted, cash, game = three_days
    tick = timedelta(microseconds=1)

    seen = [(balances.at(cash, moment=row.recorded_at), balances.at(game, moment=row.recorded_at)) for row in posted]

    assert balances.at(cash, moment=posted[0].recorded_at - tick) == 0
    assert seen == [(Decimal(100), 0), (Decimal(90), Decimal(10)), (Decimal(86), Decimal(14))]
    assert balances.at(cash, moment=posted[1].recorded_at - tick) == Decimal(100)


def test_a_past_balance_by_the_effective_clock_follows_when_things_took_effect(three_days: tuple[list[Transaction], int, int]) -> None:
    posted, cash, game = three_days
    tick = timedelta(microseconds=1)
    by_effect = sorted(posted, key=lambda row: row.effective_at)

    seen = [(balances.at(cash, moment=row.effective_at, clock="effective"), balances.at(game, moment=row.effective_at, clock="effective")) for row in by_effect]

    assert balances.at(cash, moment=by_effect[0].effective_at - tick, clock="effective") == 0
    assert seen == [(Decimal(100), 0), (Decimal(96), Decimal(4)), (Decimal(86), Decimal(14))]


def test_a_past_balance_is_the_same_after_snapshots_were_taken(own_cluster: OwnCluster) -> None:
    player = factories.player(cash="100.00")
    first = bet(player, "10.00", key="1")
    bet(player, "5.00", key="2")
    cash, game = ids(Cash(player.pk), GAME, brand=player.brand_id)
    before = balances.at(cash, moment=first.recorded_at), balances.at(game, moment=first.recorded_at)

    sequencer.catch_up()

    assert (balances.at(cash, moment=first.recorded_at), balances.at(game, moment=first.recorded_at)) == before == (Decimal(90), Decimal(10))


def test_daily_totals_count_each_posting_once_on_the_brands_own_day(own_cluster: OwnCluster) -> None:
    """Malta is an hour ahead of UTC in winter: 23:30 UTC is the next day there."""
    player, tester = factories.player(cash="100.00"), factories.player(cash="100.00", is_test=True)
    late = timezone.now().replace(year=2025, month=1, day=14, hour=23, minute=30, second=0, microsecond=0)
    bet(player, "3.00", key="a", effective_at=late)
    bet(player, "4.00", key="b", effective_at=late - timedelta(hours=1))
    bet(tester, "5.00", key="c", effective_at=late)
    sequencer.catch_up()
    bet(player, "6.00", key="d", effective_at=late + timedelta(minutes=1))
    sequencer.catch_up()
    sequencer.catch_up()

    totals = DailyTotal.objects.filter(kind=TransactionKind.BET, account=account(GAME, brand=player.brand_id)).order_by("day", "test")

    assert [(str(row.day), row.test, row.credits, row.debits, row.count) for row in totals] == [
        ("2025-01-14", False, Decimal(4), 0, 1), ("2025-01-15", False, Decimal(9), 0, 2), ("2025-01-15", True, Decimal(5), 0, 1),
    ]  # fmt: skip
    per_account = rows("SELECT account_id, sum(credits - debits), sum(count) FROM wallet_dailytotal GROUP BY 1")
    by_entries = rows("SELECT account_id, sum(amount), count(*) FROM wallet_entry GROUP BY 1")
    assert sorted(per_account) == sorted(by_entries)
    sound()


def test_nothing_above_the_horizon_can_be_taken_in(own_cluster: OwnCluster) -> None:
    bet(factories.player(cash="10.00"), "1.00", key="bet")

    with denied(Exception, match="not below the horizon"):
        rows("SELECT wallet_take_in(1::smallint, (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000)::text::xid8)")

    assert DailyTotal.objects.count() == 0


def test_the_sum_over_all_accounts_of_a_currency_is_zero_at_any_moment(committed_db: Database) -> None:
    player = factories.player(cash="100.00")
    bet(player, "10.00", key="1")
    factories.deposit(player, "3", "JPY")

    for code in ("EUR", "JPY"):
        every = list(Account.objects.filter(currency__code=code).values_list("pk", flat=True))
        assert sum(balances.of_accounts(every).values()) == 0
    assert held(GAME, brand=player.brand_id) == Decimal(10)
