"""Personal values that a page about a player shows masked, and that are shown in clear once, for a reason, on the record.

A room registers a `Hidden` for each value of its own (`revealing.register`). Its name stands in the address; what follows a `-` in it is the
number of a row, such as `instrument-12`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from backoffice.ui import numbers
from players.models import Instrument, Player
from players.services import PlayerRefused

PERMISSION = "players.reveal"
LONGEST = 300  # characters of a reason


@dataclass(frozen=True)
class Hidden:
    """`read(player, number)` gives the value in clear, "" when there is none. `permission` is asked beside players.reveal."""

    key: str
    label: str | Promise
    read: Callable[[Player, int | None], str]
    permission: str = PERMISSION


_hidden: dict[str, Hidden] = {}


def register(*hidden: Hidden) -> None:
    """Called from `AppConfig.ready()`. Registering the same key again replaces it."""
    for one in hidden:
        _hidden[one.key] = one


def get(name: str) -> tuple[Hidden, int | None]:
    """What a name means, with the number in it. Raises KeyError."""
    key, dash, number = name.partition("-")
    if dash and not numbers.is_id(number):
        raise KeyError(name)
    return _hidden[key], int(number) if dash else None


def may(staff: Any, hidden: Hidden) -> bool:
    return bool(staff.may(PERMISSION) and staff.may(hidden.permission))


@transaction.atomic
def reveal(*, player: Player, name: str, reason: str, by: Staff, now: datetime) -> str:
    """The value in clear, once the fact that it was shown is on the record; the value itself is not.

    Raises KeyError for an unknown name, PlayerRefused: reveal_not_allowed, reason_missing, nothing_to_reveal.
    """
    hidden, number = get(name)
    if not may(by, hidden):
        raise PlayerRefused(_("Your role does not reveal this."), code="reveal_not_allowed")
    if not reason.strip():
        raise PlayerRefused(_("Say why you have to see it."), code="reason_missing")
    value = hidden.read(player, number)
    if not value:
        raise PlayerRefused(_("There is nothing to reveal."), code="nothing_to_reveal")
    record(
        "player.revealed", actor=Actor.staff(by), at=now, brand_id=player.brand_id, player_id=player.pk, subject=player, after={"value": name},
        reason=reason.strip()[:LONGEST],
    )  # fmt: skip
    return value


def _instrument(player: Player, number: int | None) -> str:
    row = Instrument.objects.filter(player=player, pk=number).first() if number is not None else None
    return row.detail if row is not None else ""


def plug_in() -> None:
    register(
        Hidden("email", gettext_lazy("E-mail"), lambda player, _number: player.email),
        Hidden("phone", gettext_lazy("Phone"), lambda player, _number: player.phone),
        Hidden("birth", gettext_lazy("Date of birth"), lambda player, _number: player.birth_date.isoformat() if player.birth_date else ""),
        Hidden("instrument", gettext_lazy("Account number"), _instrument, "players.view_instruments"),
    )
