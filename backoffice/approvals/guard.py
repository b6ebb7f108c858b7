"""Closing a table to everything but the engine: one line in a migration of the room that owns it."""

from django.db import migrations


def guard(table: str, *kinds: str) -> migrations.RunSQL:
    """From here on the table is written only inside a change of one of these kinds that comes into force (or by a migration)."""
    named = ", ".join(f"'{kind}'" for kind in kinds)
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_by_approval BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION approvals_guard({named})",
        f"DROP TRIGGER {table}_by_approval ON {table}",
    )
