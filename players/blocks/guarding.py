"""Refusing what is blocked. Rooms that let players pay, play or take bonuses call it under the player's lock, which whoever sets a block takes as well."""

from datetime import datetime

from players.blocks import selectors
from players.services import PlayerRefused


def refuse(player_id: int, kind: str, *, now: datetime) -> None:
    """Return when this kind (players.blocks.PLAY, BONUS, DEPOSIT ...) is not blocked at `now`.

    One query, nothing remembered: a block counts for the next request after the commit that set it. Raises PlayerRefused: play_blocked, bonus_blocked,
    deposit_blocked, withdrawal_blocked, sign_in_blocked, contact_blocked.
    """
    block = selectors.first(player_id, kind, now=now)
    if block is not None:
        until = f" until {block.ends_at.isoformat()}" if block.ends_at else ""
        raise PlayerRefused(f"{str(block.get_kind_display())} is blocked for this player{until}.", code=f"{kind}_blocked")
