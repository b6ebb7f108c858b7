"""Holds: cash that is promised and cannot be spent, until it is captured, released or expires."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests import factories
from tests.databases import Database
from tests.races import race, raised
from tests.wallet.tools import bet, denied, held, sound
from wallet import balances, holds, ledger
from wallet.holds import HoldClosed
from wallet.kinds import Reference, TransactionKind
from wallet.ledger import InsufficientFunds, KeyReused
from wallet.models import Hold, Transaction

NOW = timezone.now()


def place(player: Any, amount: str = "40.00", *, key: str = "w1", currency: str = "EUR", **more: Any) -> Hold:
    return holds.place(player_id=player.pk, brand_id=player.brand_id, currency=currency, amount=Decimal(amount), key=key, now=NOW, **more)


def capture(hold: Hold, amount: str | None = None, *, key: str = "paid") -> ledger.Posted:
    return holds.capture(hold_id=hold.pk, target=factories.PSP, key=key, now=NOW, amount=Decimal(amount) if amount else None)


def release(hold: Hold, amount: str | None = None, *, key: str = "released") -> ledger.Posted:
    return holds.release(hold_id=hold.pk, key=key, now=NOW, amount=Decimal(amount) if amount else None)


def cash_and_held(player: Any, currency: str = "EUR") -> tuple[Decimal, Decimal]:
    (found,) = [one for one in balances.of_player(player.pk) if one.currency == currency]
    return found.cash, found.held


def state(hold: Hold) -> tuple[str, Decimal, Decimal]:
    hold.refresh_from_db()
    return hold.state, hold.captured, hold.released


def test_a_hold_takes_cash_out_of_reach(db: None) -> None:
    player = factories.player(cash="100.00")

    hold = place(player, "40.00", reference=(Reference.WITHDRAWAL, 5))

    assert cash_and_held(player) == (Decimal(60), Decimal(40))
    assert state(hold) == ("placed", 0, 0)
    row = Transaction.objects.get(key="w1:held")
    assert (row.kind, row.reference_type, row.reference_id) == (TransactionKind.HELD, Reference.WITHDRAWAL, 5)
    with denied(InsufficientFunds):
        bet(player, "60.01", key="bet")
    sound()


def test_more_than_the_player_has_cannot_be_held(db: None) -> None:
    player = factories.player(cash="100.00")

    with denied(InsufficientFunds):
        place(player, "100.01")


def test_the_same_key_gives_the_same_hold_even_after_it_closed(db: None) -> None:
    player = factories.player(cash="100.00")
    hold = place(player)
    capture(hold)

    assert place(player).pk == hold.pk
    assert Hold.objects.count() == 1
    assert cash_and_held(player) == (Decimal(60), Decimal(0))


def test_the_same_key_with_another_amount_is_refused(committed_db: Database) -> None:
    player = factories.player(cash="100.00")
    place(player)

    with denied(KeyReused):
        place(player, "41.00")


def test_captured_in_full_it_is_paid_out_and_closed(db: None) -> None:
    player = factories.player(cash="100.00")
    hold = place(player)

    capture(hold)

    assert state(hold) == ("closed", Decimal(40), 0)
    assert hold.closed_at == NOW
    assert cash_and_held(player) == (Decimal(60), Decimal(0))
    assert held(factories.PSP, brand=player.brand_id) == Decimal(-60)
    sound()


def test_captured_in_part_the_rest_can_be_released(db: None) -> None:
    player = factories.player(cash="100.00")
    hold = place(player)

    capture(hold, "15.50")
    assert state(hold) == ("placed", Decimal("15.50"), 0)
    release(hold)

    assert state(hold) == ("closed", Decimal("15.50"), Decimal("24.50"))
    assert cash_and_held(player) == (Decimal("84.50"), Decimal(0))
    sound()


def test_the_rest_is_exact_to_the_last_of_38_digits(db: None) -> None:
    player = factories.player(cash="99999999999999999999.999999999999999999", currency="ETH")
    hold = place(player, "99999999999999999999.999999999999999999", currency="ETH")

    capture(hold, "0.000000000000000001")
    release(hold)

    assert state(hold) == ("closed", Decimal("0.000000000000000001"), Decimal("99999999999999999999.999999999999999998"))
    assert cash_and_held(player, "ETH") == (Decimal("99999999999999999999.999999999999999998"), Decimal(0))
    sound()


@pytest.mark.parametrize("first", [capture, release])
@pytest.mark.parametrize("second", [capture, release])
def test_what_is_gone_cannot_be_taken_again_even_while_another_hold_has_money(db: None, first: Any, second: Any) -> None:
    player = factories.player(cash="100.00")
    hold, _ = place(player), place(player, "20.00", key="w2")
    first(hold, key="first")

    with denied(HoldClosed, match="remain"):
        second(hold, key="second")
    with denied(HoldClosed):
        second(hold, "0.01", key="third")


def test_more_than_remains_cannot_be_taken_even_while_another_hold_has_money(db: None) -> None:
    player = factories.player(cash="100.00")
    hold, _ = place(player), place(player, "20.00", key="w2")
    capture(hold, "30.00", key="part")

    for take in (capture, release):
        with denied(HoldClosed, match=r"10(\.0+)? EUR remain, less than 10.01"):
            take(hold, "10.01", key="too much")


def test_a_repeated_capture_or_release_gives_the_first_result_and_moves_nothing(db: None) -> None:
    player = factories.player(cash="100.00")
    hold = place(player)
    part, rest = release(hold, "10.00", key="part"), capture(hold, key="rest")

    again = [release(hold, "10.00", key="part"), capture(hold, key="rest"), capture(hold, "30.00", key="rest")]

    assert [(one.id, one.replayed) for one in again] == [(part.id, True), (rest.id, True), (rest.id, True)]
    assert state(hold) == ("closed", Decimal(30), Decimal(10))
    assert cash_and_held(player) == (Decimal(70), Decimal(0))
    sound()


def test_what_is_past_its_time_goes_back_a_batch_at_a_time_the_oldest_first(db: None) -> None:
    player = factories.player(cash="100.00")
    for number in range(3):
        place(player, "10.00", key=f"w{number}", expires_at=NOW - timedelta(hours=3 - number))
    later = place(player, "10.00", key="later", expires_at=NOW + timedelta(seconds=1))
    never = place(player, "10.00", key="never")
    capture(Hold.objects.get(key="w1"), "4.00")

    assert holds.expire_due(now=NOW, batch=2) == 2
    assert list(Hold.objects.filter(state="closed").order_by("pk").values_list("key", flat=True)) == ["w0", "w1"]
    assert holds.expire_due(now=NOW) == 1
    assert holds.expire_due(now=NOW) == 0

    assert state(Hold.objects.get(key="w1")) == ("closed", Decimal(4), Decimal(6))
    assert (state(later)[0], state(never)[0]) == ("placed", "placed")
    assert cash_and_held(player) == (Decimal(76), Decimal(20))
    assert Transaction.objects.filter(kind=TransactionKind.HOLD_EXPIRED).count() == 3
    sound()


def test_racing_captures_and_releases_take_the_money_once(committed_db: Database) -> None:
    player = factories.player(cash="100.00")
    hold, _ = place(player), place(player, "50.00", key="w2")

    answers = race(
        *[lambda n=n: capture(hold, key=f"c{n}") for n in range(8)],  # type: ignore[misc]
        *[lambda n=n: release(hold, key=f"r{n}") for n in range(8)],  # type: ignore[misc]
    )

    assert raised(answers, HoldClosed) == 15
    assert state(hold)[0] == "closed"
    assert cash_and_held(player)[1] == Decimal(50)
    sound()


def test_racing_expiry_and_capture_take_the_money_once(committed_db: Database) -> None:
    player = factories.player(cash="100.00")
    hold = place(player, expires_at=NOW - timedelta(hours=1))

    answers = race(lambda: capture(hold), lambda: holds.expire_due(now=NOW), lambda: holds.expire_due(now=NOW))

    raised(answers, HoldClosed)
    assert state(hold)[0] == "closed"
    assert sorted(state(hold)[1:]) == [Decimal(0), Decimal(40)]
    sound()


@pytest.mark.parametrize(
    ("changed", "constraint"),
    [
        ({"captured": Decimal("40.01")}, "wallet_hold_closed_when_nothing_remains"),
        ({"captured": Decimal(-1)}, "wallet_hold_amounts_positive"),
        ({"released": Decimal(40)}, "wallet_hold_closed_when_nothing_remains"),
        ({"state": "closed", "closed_at": NOW}, "wallet_hold_closed_when_nothing_remains"),
    ],
)
def test_the_table_keeps_its_own_invariants(db: None, changed: dict[str, Any], constraint: str) -> None:
    hold = place(factories.player(cash="100.00"))

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Hold.objects.filter(pk=hold.pk).update(**changed)

    assert state(hold) == ("placed", 0, 0)
