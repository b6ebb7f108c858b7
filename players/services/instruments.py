"""How players pay and are paid. A card number never reaches this house: the front end sends the provider's token."""

import re
from datetime import datetime

from django.db import transaction

from backoffice.audit.actors import Actor
from backoffice.audit.personal import Personal
from backoffice.audit.record import record
from players import locks
from players.models import Instrument
from players.services import PlayerRefused, refuse_erased

_CARD_NUMBER = re.compile(r"(?:\d[ -]?){12,18}\d")


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def looks_like_card_number(text: str) -> bool:
    """13 to 19 digits that pass the check digit of ISO/IEC 7812-1."""
    return any(13 <= len(digits) <= 19 and _luhn(digits) for digits in (re.sub(r"\D", "", found.group()) for found in _CARD_NUMBER.finditer(text)))


@transaction.atomic
def add_instrument(
    *,
    player_id: int,
    kind: str,
    label: str,
    provider: str,
    token: str,
    last4: str,
    holder_name: str = "",
    detail: str = "",
    country: str = "",
    by: Actor,
    now: datetime,
) -> Instrument:
    """Add an instrument, or change the one with this token: holder or detail that differ set `changed_at`, which reviewers see.

    `detail` is an IBAN or address, kept encrypted; for a card it must be empty. Raises PlayerRefused: card_number, instrument_kind.
    """
    player = locks.player(player_id)
    refuse_erased(player)
    if kind not in dict(Instrument.KINDS):
        raise PlayerRefused(f"{kind} is not a kind of instrument. Use card, bank, wallet or crypto.", code="instrument_kind")
    if any(map(looks_like_card_number, (label, holder_name))) or (kind == Instrument.CARD and (detail or looks_like_card_number(token))):
        raise PlayerRefused("A card number is never kept here. Send the provider's token and the last four digits.", code="card_number")
    instrument = Instrument.objects.filter(player=player, provider=provider, token=token).first()
    if instrument is None:
        instrument = Instrument(player=player, brand_id=player.brand_id, provider=provider, token=token, kind=kind, added_at=now, changed_at=now)
        fact, changed = "instrument.added", True
    else:
        fact = "instrument.changed"
        changed = instrument.holder_name != holder_name or (detail != "" and instrument.detail != detail) or instrument.removed_at is not None
    if not changed:
        return instrument
    instrument.kind, instrument.label, instrument.holder_name = kind, label[:40], holder_name.strip()
    instrument.last4, instrument.country, instrument.changed_at, instrument.removed_at = last4[-4:], country, now, None
    instrument.confirmed_at = None  # what was confirmed is not what it is now
    if detail:
        instrument.detail = detail
    instrument.save()
    record(
        fact, actor=by, at=now, brand_id=player.brand_id, player_id=player.pk, subject=instrument,
        after={"kind": kind, "label": label, "last4": instrument.last4, "provider": provider, "holder": Personal(holder_name)},
    )  # fmt: skip
    return instrument


@transaction.atomic
def confirm_instrument(*, instrument_id: int, player_id: int, note: str = "", by: Actor, now: datetime) -> Instrument:
    """Say that it is the player's own. A second time changes nothing. Raises PlayerRefused: instrument_unknown, instrument_removed."""
    player = locks.player(player_id)
    instrument = Instrument.objects.filter(pk=instrument_id, player=player).first()
    if instrument is None:
        raise PlayerRefused("The player has no such instrument.", code="instrument_unknown")
    if instrument.removed_at is not None:
        raise PlayerRefused("This instrument is out of use. The player adds it again first.", code="instrument_removed")
    if instrument.confirmed_at is None:
        instrument.confirmed_at = now
        instrument.save(update_fields=["confirmed_at"])
        record(
            "instrument.confirmed", actor=by, at=now, brand_id=player.brand_id, player_id=player.pk, subject=instrument, before={"confirmed": False},
            after={"confirmed": True, "label": instrument.label, "last4": instrument.last4, **({"note": note} if note else {})},
        )  # fmt: skip
    return instrument


@transaction.atomic
def remove_instrument(*, instrument_id: int, player_id: int, note: str = "", by: Actor, now: datetime) -> Instrument:
    """Take an instrument out of use; its history stays. Raises PlayerRefused: instrument_unknown."""
    player = locks.player(player_id)
    instrument = Instrument.objects.filter(pk=instrument_id, player=player).first()
    if instrument is None:
        raise PlayerRefused("The player has no such instrument.", code="instrument_unknown")
    if instrument.removed_at is None:
        instrument.removed_at = now
        instrument.save(update_fields=["removed_at"])
        record(
            "instrument.removed", actor=by, at=now, brand_id=player.brand_id, player_id=player.pk, subject=instrument,
            before={"label": instrument.label, "last4": instrument.last4}, after={"note": note} if note else None,
        )  # fmt: skip
    return instrument
