"""What the app's login may do to API keys and kept answers: a key is revoked, never deleted."""

from backoffice.runtime import rights


def declare() -> None:
    rights.restrict("integrations_apikey", "SELECT, INSERT, UPDATE")
