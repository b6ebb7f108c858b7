"""States of a player's account."""

from backoffice.audit.lifecycle import Lifecycle

PLAYER = Lifecycle(
    "players.player",
    active={"suspended": "players.restrict", "closed": "players.restrict"},
    suspended={"active": "players.restrict", "closed": "players.restrict"},
    closed={"active": "players.restrict"},
)
