"""What the app's login may do to players: nobody is ever deleted."""

from backoffice.runtime import rights


def declare() -> None:
    for table in ("players_player", "players_instrument", "players_device", "players_message"):
        rights.restrict(table, "SELECT, INSERT, UPDATE")
    rights.restrict("players_signin", "SELECT, INSERT")
