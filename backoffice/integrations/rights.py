"""What the app's login may do to API keys and kept answers: a key is revoked, never deleted."""

from backoffice.runtime import rights


def declare() -> None:
    rights.restrict("integrations_apikey", "SELECT, INSERT, UPDATE")
    rights.restrict("integrations_endpoint", "SELECT, INSERT, UPDATE")
    rights.restrict("integrations_delivery", "SELECT, INSERT, UPDATE (state, next_attempt_at, attempts, ended_at)")
    rights.restrict("integrations_attempt", "SELECT, INSERT")
