"""The only writes to deposits and withdrawals. Errors of this room are here, so that every file raises the same ones."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from players.blocks import guarding
from players.services import PlayerRefused


class PaymentRefused(Exception):
    """The request cannot be taken; the message says why and what to do. Nothing was changed."""

    code = "refused"

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code or self.code


def refuse_blocked(player_id: int, kind: str, *, now: datetime) -> None:
    """Call it under the player's lock: who sets a block takes the same one. Raises PaymentRefused: deposit_blocked, withdrawal_blocked."""
    try:
        guarding.refuse(player_id, kind, now=now)
    except PlayerRefused as refused:
        raise PaymentRefused(str(refused), code=refused.code) from refused


class StaleDecision(Exception):
    """Somebody decided first. Carries the withdrawal as it is now, so that the screen can say who and what."""

    def __init__(self, withdrawal: Any) -> None:
        super().__init__(_("Someone else decided this."))
        self.withdrawal = withdrawal


class ReasonRequired(Exception):
    """The outcome needs a reason code of its own list, or a note."""


class SecondPersonNeeded(Exception):
    """The same person cannot approve twice."""


class UndoOver(Exception):
    """The payout was dispatched, or the ten seconds are over, or somebody else decided."""
