"""A house with two brands, its people, and a player who pays in."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from backoffice.scope.models import Brand
from tests.casino import new_instrument, new_player, open_casino
from tests.people import make_person


@pytest.fixture
def house(db, opened):
    return build()


def build() -> SimpleNamespace:
    # `now` lies back: money cannot move in the future, and tests look at what comes after it.
    nova = open_casino()
    fjord = Brand.objects.get(code="fjord")
    player, other, now = new_player(nova), new_player(fjord, currency="EUR"), timezone.now() - timedelta(hours=2)
    return SimpleNamespace(
        nova=nova, fjord=fjord, player=player, card=new_instrument(player), other=other, other_card=new_instrument(other), now=now,
        ines=make_person("head-of-payments", brands=[nova, fjord], name="Ines Camilleri"), ana=make_person("payments-l1", brands=[nova], name="Ana Novak"),
    )  # fmt: skip
