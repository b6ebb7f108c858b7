"""What the app's login may do: the mode's row is changed and never added or removed, what happened to a probe is not reworded."""

from backoffice.runtime import rights


def declare() -> None:
    rights.restrict("operations_mode", "SELECT, UPDATE")
    rights.restrict("operations_change", "SELECT, INSERT, DELETE")
