"""What the app's login may do to notices: what was told is not reworded. Old ones are removed."""

from backoffice.runtime import rights


def declare() -> None:
    rights.restrict("bell_notice", "SELECT, INSERT, UPDATE (seen_at), DELETE")
