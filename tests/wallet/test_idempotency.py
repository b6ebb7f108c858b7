"""One key, one posting: the first result again for the same content, a refusal on the record for any other."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from backoffice.audit.models import Event
from tests import factories
from tests.databases import Database
from tests.races import race, raised
from tests.wallet.tools import GAME, everything, sound
from wallet import balances, ledger
from wallet.kinds import AccountKind, Reference, TransactionKind
from wallet.ledger import Cash, House, KeyReused, Leg


def stake(player: Any, **changed: Any) -> ledger.Posted:
    """The same posting each time, but for what is `changed`."""
    return ledger.post(
        **{
            "kind": TransactionKind.BET,
            "key": "bet-1",
            "brand": player.brand_id,
            "amount": Decimal("5.00"),
            "currency": "EUR",
            "source": Cash(player.pk),
            "target": GAME,
            "reference": (Reference.ROUND, 7),
            **changed,
        }
    )


def reuses() -> list[tuple[Any, ...]]:
    return list(Event.objects.filter(type="ledger.key_reused").values_list("brand_id", "player_id", "subject_type", "subject_id", "after"))


def test_the_same_content_gives_the_first_result_and_moves_nothing(db: None) -> None:
    player = factories.player(cash="100.00")
    first = stake(player)
    before = everything()

    again = [stake(player), stake(player, amount=Decimal("5.0")), stake(player, meta={"try": 2}), stake(player, effective_at=timezone.now())]

    assert [(one.id, one.replayed, one.recorded_at) for one in again] == [(first.id, True, first.recorded_at)] * 4
    assert everything() == before


def test_a_replay_is_answered_even_when_the_money_is_gone(db: None) -> None:
    player = factories.player(cash="5.00")

    first = stake(player)

    assert balances.cash(player.pk, "EUR") == 0
    assert stake(player) == replace(first, replayed=True)


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": Decimal("5.01")},
        {"currency": "SEK"},
        {"kind": TransactionKind.WIN},
        {"target": House(AccountKind.GAME_REVENUE, "other")},
        {"target": House(AccountKind.BONUS_COST, "studio")},
        {"target": House(AccountKind.GAME_REVENUE)},
        {"reference": (Reference.ROUND, 8)},
        {"reference": (Reference.DEPOSIT, 7)},
        {"reference": None},
        {"effective_at": timezone.now() - timedelta(hours=1), "stated_by_peer": True},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_any_other_content_is_refused_and_stays_on_the_record(committed_db: Database, changed: dict[str, Any]) -> None:
    player = factories.player(cash="100.00")
    factories.deposit(player, "100.00", "SEK")
    first = stake(player)
    before = everything()

    with pytest.raises(KeyReused, match=f"bet-1 belongs to transaction {first.id}"), transaction.atomic():
        stake(player, **changed)

    assert everything() == before
    assert reuses() == [(player.brand_id, player.pk, "wallet.transaction", first.id, '{"key":"bet-1"}')]


def test_the_fact_stays_although_the_caller_rolls_everything_back(committed_db: Database) -> None:
    player = factories.player(cash="100.00")
    stake(player)

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        stake(player, key="bet-2")
        with pytest.raises(KeyReused):
            stake(player, amount=Decimal(9))
        raise ZeroDivisionError

    assert len(reuses()) == 1
    assert balances.cash(player.pk, "EUR") == Decimal("95.00")


def test_another_player_under_the_same_key_is_other_content(committed_db: Database) -> None:
    player, other = factories.player(cash="100.00"), factories.player(cash="100.00")
    first = stake(player)
    before = everything()

    with pytest.raises(KeyReused):
        stake(player, source=Cash(other.pk))

    assert everything() == before
    assert reuses() == [(player.brand_id, other.pk, "wallet.transaction", first.id, '{"key":"bet-1"}')]


def test_where_one_field_ends_and_the_next_begins_is_part_of_the_content(committed_db: Database) -> None:
    """A counterparty that spells the separator, and a value that moves to the field beside it, are other content."""
    brand = factories.brand()

    def move(source: str, target: str, key: str, **more: Any) -> ledger.Posted:
        return ledger.post(
            kind=TransactionKind.ADJUSTED, key=key, brand=brand.pk, amount=Decimal(1), currency="EUR", source=House(AccountKind.BANK, source),
            target=House(AccountKind.BANK, target), **more,
        )  # fmt: skip

    move("a|12|b", "c", "one")
    with pytest.raises(KeyReused):
        move("a", "b|12|c", "one")
    move('x","y', "z", "two")
    with pytest.raises(KeyReused):
        move("x", 'y","z', "two")
    assert len(reuses()) == 2


def test_a_time_that_a_peer_stated_is_content_and_the_same_again_is_the_same(committed_db: Database) -> None:
    player, then = factories.player(cash="100.00"), timezone.now() - timedelta(hours=2)
    first = stake(player, effective_at=then, stated_by_peer=True)

    again = stake(player, effective_at=then, stated_by_peer=True)
    with pytest.raises(KeyReused):
        stake(player, effective_at=then + timedelta(microseconds=1), stated_by_peer=True)

    assert (again.id, again.replayed) == (first.id, True)


def test_legs_in_another_order_or_number_are_other_content(committed_db: Database) -> None:
    player = factories.player(cash="100.00")
    cash, game, accrual = Cash(player.pk), GAME, House(AccountKind.JACKPOT_ACCRUAL, "mega")

    def legs(*parts: tuple[ledger.Place, str]) -> ledger.Posted:
        return ledger.post_legs(kind=TransactionKind.BET, key="k", brand=player.brand_id, legs=[Leg(place, "EUR", Decimal(amount)) for place, amount in parts])

    first = legs((cash, "-1.00"), (game, "0.90"), (accrual, "0.10"))
    again = legs((cash, "-1"), (game, "0.9"), (accrual, "0.1"))
    assert (again.id, again.replayed) == (first.id, True)
    before = everything()
    for other in (
        ((cash, "-1.00"), (accrual, "0.10"), (game, "0.90")),
        ((cash, "-1.00"), (game, "1.00")),
        ((cash, "-1.00"), (game, "0.80"), (accrual, "0.20")),
    ):
        with pytest.raises(KeyReused):
            legs(*other)

    assert everything() == before


def test_a_reversal_under_a_used_key_is_recorded_with_the_brand_that_it_concerns(committed_db: Database) -> None:
    player = factories.player(cash="100.00")
    first, second = stake(player), stake(player, key="bet-2")
    reversal = ledger.reverse(transaction_id=first.id, kind=TransactionKind.ROLLED_BACK, key="back")

    with pytest.raises(KeyReused):
        ledger.reverse(transaction_id=second.id, kind=TransactionKind.ROLLED_BACK, key="back")

    assert reuses() == [(player.brand_id, player.pk, "wallet.transaction", reversal.id, '{"key":"back"}')]


def test_twenty_threads_with_the_same_key_post_once_and_all_get_the_one_result(committed_db: Database) -> None:
    player = factories.player(cash="100.00")

    answers = race(*[lambda: stake(player)] * 20)

    assert raised(answers, KeyReused) == 0
    assert len({answer.id for answer in answers}) == 1
    assert [answer.replayed for answer in answers].count(False) == 1
    assert balances.cash(player.pk, "EUR") == Decimal("95.00")
    sound()


def test_twenty_threads_with_one_key_and_two_contents_post_one_of_them(committed_db: Database) -> None:
    player = factories.player(cash="100.00")
    runners: list[Callable[[], Any]] = [lambda: stake(player), lambda: stake(player, amount=Decimal(7))] * 10

    answers = race(*runners)

    assert raised(answers, KeyReused) == 10
    assert len({answer.id for answer in answers if isinstance(answer, ledger.Posted)}) == 1
    assert balances.cash(player.pk, "EUR") in {Decimal("95.00"), Decimal("93.00")}
    assert len(reuses()) == 10
    sound()


def test_house_postings_race_on_their_key_without_a_players_lock(committed_db: Database) -> None:
    brand = factories.brand()

    def sweep() -> ledger.Posted:
        return ledger.post(
            kind=TransactionKind.SETTLED_BY_PSP, key="settled", brand=brand.pk, amount=Decimal(50), currency="EUR", source=House(AccountKind.BANK, "main"),
            target=factories.PSP,
        )  # fmt: skip

    answers = race(*[sweep] * 20)

    assert raised(answers, KeyReused) == 0
    assert len({answer.id for answer in answers}) == 1
    sound()
