"""A player of the past for the demo: registers, has one way to pay, pays in."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from backoffice.access import demo
from backoffice.audit.actors import Actor
from backoffice.scope.models import Brand
from payments.history import said
from payments.models import Deposit
from payments.providers.protocol import DepositState
from payments.sandboxes.traffic import people
from payments.services import deposits
from players.models import Instrument, Player
from players.services.instruments import add_instrument, confirm_instrument
from players.services.registration import record_sign_in, register_player


def register(tag: str, number: int, *, code: str, law: str, at: datetime, kind: str = "bank") -> tuple[Player, Instrument]:
    """Somebody of a market, with a confirmed instrument. The same tag and number give the same person."""
    brand = Brand.objects.get(code=code)
    front_end = Actor.integration(f"{brand.name} web")
    draw, who = next(_of_market(tag, number, code, law, at))
    player = register_player(
        brand=brand, jurisdiction=law, external_id=f"{tag}{number}", first_name=who.first_name, last_name=who.last_name, birth_date=who.birth_date,
        country=who.market.country, currency=who.market.currency, email=who.email, phone=who.phone, language=who.market.language, by=front_end, now=at,
    )  # fmt: skip
    record_sign_in(
        player_id=player.pk, fingerprint=f"{draw.getrandbits(48):012x}", device_label=draw.choice(people.DEVICES), ip=people.address(draw),
        country=who.market.country, by=front_end, now=at,
    )  # fmt: skip
    made = people.means(draw, who, kind)
    instrument = add_instrument(
        player_id=player.pk, kind=made.kind, label=made.label, provider="nordpay", token=made.token, last4=made.last4, holder_name=made.holder_name,
        detail=made.detail, country=made.country, by=front_end, now=at,
    )  # fmt: skip
    confirm_instrument(instrument_id=instrument.pk, player_id=player.pk, by=Actor.staff(demo.find("payments-l1")), now=at + timedelta(hours=20))
    return player, instrument


def begins(player: Player, instrument: Instrument, amount: str, currency: str, *, key: str, at: datetime) -> Deposit:
    """A deposit that no provider has said anything about."""
    return deposits.start_deposit(
        player_id=player.pk, instrument_id=instrument.pk, amount=Decimal(amount), currency=currency, key=key, by=Actor.player(player.pk), now=at
    )


def pays_in(player: Player, instrument: Instrument, amount: str, currency: str, *, key: str, at: datetime) -> Deposit:
    """A deposit that was captured."""
    made = begins(player, instrument, amount, currency, key=key, at=at)
    said.of_deposit(made, DepositState.CAPTURED, sequence=1, at=at)
    return Deposit.objects.get(pk=made.pk)


def _of_market(tag: str, number: int, code: str, law: str, at: datetime) -> Iterator[tuple[Random, Any]]:
    draw = Random(f"{tag}{number}")  # noqa: S311  (plausible, not secret)
    while True:
        who = people.person(draw, brand=code, tag=f"{tag}{number}", today=at.date())
        if who.market.jurisdiction == law:
            yield draw, who
