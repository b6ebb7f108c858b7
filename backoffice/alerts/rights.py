"""What the app's login may do to alerts: none is ever removed. Rules are held by the engine of approvals (migrations)."""

from backoffice.runtime import rights


def declare() -> None:
    rights.restrict("alerts_standing", "SELECT, INSERT, UPDATE")
    rights.restrict("alerts_alert", "SELECT, INSERT, UPDATE")
