"""No transaction lasts: the sequencer's horizon stalls while any write transaction runs, and locks of players with it.

PostgreSQL 17 and up end a transaction that is too long by themselves. Before, an idle one is ended by the server, and the
recorder's watchdog ends the rest.
"""

from typing import Any

from django.conf import settings
from django.db import connection

LONGEST = 2.0  # seconds that a write transaction may take


def limit(connection: Any, **_signal: Any) -> None:
    """Called for every new connection. The owner's commands (migrations, restores) are not limited."""
    if settings.AS_OWNER or connection.vendor != "postgresql":
        return
    setting = "transaction_timeout" if ends_them_itself(connection) else "idle_in_transaction_session_timeout"
    with connection.cursor() as cursor:
        cursor.execute(f"SET {setting} = %s", [f"{int(settings.TRANSACTION_SECONDS * 1000)}ms"])


def ends_them_itself(connection: Any) -> bool:
    """Whether the server ends a transaction that is too long: PostgreSQL 17 and up. Asked of the connection, not of what Django remembers."""
    connection.ensure_connection()
    return bool(connection.connection.info.server_version >= 170000)


def lift() -> None:
    """For a long read of this session, such as verifying, which holds no lock and no transaction id; and for seeding, before anybody works."""
    if ends_them_itself(connection):
        with connection.cursor() as cursor:
            cursor.execute("SET transaction_timeout = 0")


def end_overlong() -> int:
    """The watchdog: end this login's write transactions that have run too long. Returns how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()"
            " AND backend_xid IS NOT NULL AND clock_timestamp() - xact_start > make_interval(secs => %s)",
            [settings.TRANSACTION_SECONDS * 2],
        )
        return int(cursor.fetchone()[0])


def horizon_age() -> float:
    """Seconds since the oldest running write transaction began: how far the sequencer may be behind."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0) FROM pg_stat_activity WHERE backend_xid IS NOT NULL")
        return float(cursor.fetchone()[0])


def mend() -> None:
    """After a read was ended for taking too long: let go of a connection that the server closed with it, so that the next query gets another."""
    if not connection.in_atomic_block and not connection.is_usable():
        connection.close()
