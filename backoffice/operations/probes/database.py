"""Whether the database answers, how full it is, who holds it back, and whether its clock is ours."""

import time

from django.db import connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from backoffice.runtime.probes import PERCENT, SECONDS, Found, Probe
from backoffice.runtime.probes import register as add


def answer() -> Found:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # connecting is not part of it
        began = time.perf_counter()
        cursor.execute("SELECT 1")
        took = time.perf_counter() - began
        cursor.execute("SELECT pg_size_pretty(pg_database_size(current_database())), current_setting('server_version_num')::int")
        size, version = cursor.fetchone()
    return Found(took, gettext_noop("PostgreSQL %(version)s, %(size)s."), {"version": version // 10_000, "size": size})


def connections() -> Found:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(numbackends), current_setting('max_connections')::int FROM pg_stat_database")
        used, most = cursor.fetchone()
    return Found(float(used) * 100 / most, gettext_noop("%(used)s of %(most)s."), {"used": int(used), "most": most})


def oldest_transaction() -> Found:
    """Of this login and, where it may see them (pg_read_all_stats), of the others."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        return Found(float(cursor.fetchone()[0]))


def clock() -> Found:
    """How far this machine's clock is from the database's. Half of the round trip is how little can be told."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        before = time.time()
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        theirs = float(cursor.fetchone()[0])
        after = time.time()
    return Found(abs(theirs - (before + after) / 2))


def register() -> None:
    add(
        Probe(
            "database.answer", _("Database answers"), "database", SECONDS, answer, _("How long PostgreSQL takes to answer the smallest question."),
            _("Is the server up, and is DATABASE_URL right? Nothing works without it."), 0.1, 1, essential=True,
        ),
        Probe(
            "database.connections", _("Connections"), "database", PERCENT, connections, _("Connections in use, of those that the server allows."),
            _("Fewer web or worker processes, a pooler, or a higher max_connections. At 100 % nobody can sign in."), 75, 90,
        ),
        Probe(
            "database.oldest_transaction", _("Oldest transaction"), "database", SECONDS, oldest_transaction,
            _("How long the oldest running transaction has been open. It keeps old rows alive and may hold locks."),
            _("Find it in pg_stat_activity and end it with pg_terminate_backend. The app's own end by themselves after two seconds."), 60, 600,
        ),
        Probe(
            "database.clock", _("Clock"), "database", SECONDS, clock, _("How far the clock of the machine that asked is from the database's."),
            _("Let both machines follow the same time servers. Signatures, sign-in codes and due times are judged by these clocks."), 1, 5, every=60,
        ),
    )  # fmt: skip
