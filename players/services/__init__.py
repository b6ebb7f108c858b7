"""The only writes to players, their devices and instruments."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from players.models import Player


class PlayerRefused(Exception):
    """The request cannot be taken; the message says why and what to do. Nothing was changed."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


def refuse_erased(player: "Player") -> None:
    """For services that would write something personal. Raises PlayerRefused (`player_erased`)."""
    if player.erased_at is not None:
        raise PlayerRefused(_("The player was erased; nothing personal is written any more."), code="player_erased")
