"""Failed transfers in a row (GLI-19 v3.0 A.3.6): five within ten minutes block deposits, five more suspend the account."""

import itertools
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from backoffice.audit.actors import Actor
from payments.models import Deposit
from payments.providers.protocol import DepositState
from payments.services import PaymentRefused, deposits
from players.blocks.services import lift_block
from players.models import Block, Instrument, Player
from tests.casino import new_instrument, new_player, open_casino
from tests.payments.news import hears
from tests.people import make_person

_keys = itertools.count()


@pytest.fixture
def card(db: None, opened: None) -> Instrument:
    return new_instrument(new_player(open_casino()), kind="card")


def begun(card: Instrument, at: datetime) -> Deposit:
    return deposits.start_deposit(
        player_id=card.player_id, instrument_id=card.pk, amount=Decimal(10), currency="EUR", key=f"k{next(_keys)}", by=Actor.player(card.player_id), now=at
    )


def fails(card: Instrument, times: int, *, at: datetime, apart: timedelta = timedelta(seconds=20)) -> datetime:
    """That many one after the other. Gives when the last one failed."""
    for number in range(times):
        hears(begun(card, at + number * apart), DepositState.FAILED, sequence=1, now=at + number * apart)
    return at + (times - 1) * apart


def blocks(card: Instrument) -> list[tuple[str, str, str]]:
    return list(Block.objects.filter(player_id=card.player_id).values_list("kind", "reason", "state"))


def test_five_in_ten_minutes_block_deposits_and_five_more_suspend_the_account(card: Instrument) -> None:
    now = timezone.now() - timedelta(hours=2)
    last = fails(card, 4, at=now)
    assert blocks(card) == []
    last = fails(card, 1, at=last + timedelta(seconds=20))
    assert blocks(card) == [("deposit", "FAILED_TRANSFERS", "active")]
    with pytest.raises(PaymentRefused) as refused:
        begun(card, last + timedelta(seconds=5))
    assert refused.value.code == "deposit_blocked"

    fraud = make_person("fraud", brands=[card.brand])
    block = Block.objects.get(player_id=card.player_id)
    lift_block(block_id=block.pk, player_id=card.player_id, version=block.version, why="Looked into", by=fraud, now=last + timedelta(minutes=1))
    last = fails(card, 4, at=last + timedelta(minutes=2))
    assert Player.objects.get(pk=card.player_id).state == "active"
    fails(card, 1, at=last + timedelta(seconds=20))
    assert Player.objects.get(pk=card.player_id).state == "suspended"


def test_failures_far_apart_and_those_before_one_that_went_well_do_not_count(card: Instrument) -> None:
    now = timezone.now() - timedelta(hours=5)
    last = fails(card, 6, at=now, apart=timedelta(minutes=3))
    assert blocks(card) == []
    last = fails(card, 4, at=last + timedelta(hours=1))
    hears(begun(card, last + timedelta(seconds=5)), sequence=1, now=last + timedelta(seconds=5))
    fails(card, 4, at=last + timedelta(seconds=30))
    assert blocks(card) == []
