"""What the app's restricted login may do to each table, declared beside the table and applied after every migration.

The default is plain reading and writing. A table that holds history says less, so that the database refuses what the
code forgot. Functions that work with the owner's rights are closed to everybody and opened to the app by name.
"""

from collections.abc import Iterable

from django.db import connection
from psycopg import sql

_tables: dict[str, str] = {}
_functions: set[str] = set()


def restrict(table: str, rights: str) -> None:
    """Let the app's login do only `rights` on `table`, such as "SELECT" or "SELECT, INSERT (code, name)"."""
    _tables[table] = rights


def allow_function(signature: str) -> None:
    """Let the app's login execute a function, written as PostgreSQL names it: `make_partitions(regclass, integer)`."""
    _functions.add(signature)


def statements(role: str) -> Iterable[sql.Composable]:
    """Everything that makes the rights so, in order. Running it twice changes nothing."""
    app = sql.Identifier(role)
    yield sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(app)
    yield sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(app)
    yield sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(app)
    for table, rights in sorted({"django_migrations": "SELECT", **_tables}.items()):
        yield sql.SQL("REVOKE ALL ON {} FROM {}").format(sql.Identifier(table), app)
        if rights:
            yield sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(rights), sql.Identifier(table), app)
    for signature in sorted(_functions):
        yield sql.SQL("REVOKE ALL ON FUNCTION {} FROM PUBLIC").format(sql.SQL(signature))
        yield sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}").format(sql.SQL(signature), app)


def apply(role: str) -> None:
    """Grant and revoke as declared. Runs as the owner, after every migration."""
    with connection.cursor() as cursor:
        for statement in statements(role):
            cursor.execute(statement)
        # A partition is reached through its parent alone, whose rights are the ones that count.
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE relkind = 'r'")
        for (partition,) in cursor.fetchall():
            cursor.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(sql.SQL(partition), sql.Identifier(role)))
