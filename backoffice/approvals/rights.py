"""What the app's login may do to changes: add and move them on. Nothing of their history is ever rewritten or removed."""

from backoffice.runtime import rights


def declare() -> None:
    rights.restrict("approvals_changerequest", "SELECT, INSERT, UPDATE")
    rights.restrict("approvals_approval", "SELECT, INSERT")
    rights.restrict("approvals_version", "SELECT, INSERT, UPDATE (effective_until)")
