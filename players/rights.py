"""What the app's login may do to players: nobody is ever deleted."""

from backoffice.runtime import rights


def declare() -> None:
    for table in ("players_player", "players_instrument", "players_device"):
        rights.restrict(table, "SELECT, INSERT, UPDATE")
    rights.restrict("players_look", "SELECT, INSERT, UPDATE, DELETE")
    rights.restrict("players_signin", "SELECT, INSERT, UPDATE (ip, country)")  # what an erasure overwrites
    rights.restrict("players_message", "SELECT, INSERT, UPDATE (state, next_attempt_at, attempts, sent_at, error)")  # its words stay
    rights.restrict("players_ticket", "SELECT, INSERT, UPDATE (subject_sealed, state, link, updated_at, version)")
    rights.restrict("players_ticketmessage", "SELECT, INSERT")
    rights.restrict("players_consent", "SELECT, INSERT, UPDATE (reason)")
    rights.restrict("players_block", "SELECT, INSERT, UPDATE (state, version, ended_at, ended_by_id, ended_why, note)")
    rights.restrict(
        "players_dormancy",
        "SELECT, INSERT, UPDATE (state, version, dormant_at, handed_over_at, ended_at, ended_by)",
    )
    rights.restrict("players_segmentmember", "SELECT, INSERT, DELETE")
