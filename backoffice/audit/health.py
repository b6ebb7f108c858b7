"""What the record needs to be in time: sequencing and sealing not behind, months ahead for new rows."""

from django.db import connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from backoffice.runtime import probes, timeouts
from backoffice.runtime.probes import MONTHS, SECONDS, Fails, Found, Probe

MOST_LAG = 5.0  # seconds between a commit and its seal
KEPT_BY_MONTH = ("audit_event", "wallet_entry")

_AHEAD = r"""
SELECT count(*) FROM generate_series(date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month', now() + interval '2 years', interval '1 month') month
WHERE EXISTS (SELECT FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = to_regclass(%s)
    AND (substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \(''([^'']+)'))::timestamptz <= month AT TIME ZONE 'UTC'
    AND (substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([^'']+)'))::timestamptz > month AT TIME ZONE 'UTC')
"""


def lag() -> float:
    """Seconds for which the oldest unsealed fact has waited; 0 when everything is sealed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(e.recorded_at)), 0) FROM audit_event e"
            " WHERE e.recorded_at > clock_timestamp() - interval '1 day' AND e.id > coalesce((SELECT max(p.event_id) FROM audit_position p"
            " WHERE p.position = (SELECT max(last_position) FROM audit_seal WHERE stream = 'record')), 0)"
        )
        return float(cursor.fetchone()[0])


def partitions() -> Found:
    """Months after this one for which both tables have a partition. A filled DEFAULT partition means that nobody makes them any more."""
    ahead: dict[str, int] = {}
    with connection.cursor() as cursor:
        for table in KEPT_BY_MONTH:
            cursor.execute("SELECT coalesce((SELECT reltuples FROM pg_class WHERE oid = to_regclass(%s)), 0)", [f"{table}_default"])
            if cursor.fetchone()[0] > 0:
                raise Fails(gettext_noop("%(table)s has rows in its DEFAULT partition."), table=table)
            cursor.execute(_AHEAD, [table])
            ahead[table] = cursor.fetchone()[0]
    table = min(ahead, key=lambda name: ahead[name])
    return Found(ahead[table], gettext_noop("%(table)s has the fewest."), {"table": table})


def register() -> None:
    probes.register(
        Probe(
            "record.sealing", _("Sealing"), "record", SECONDS, lambda: Found(lag()), _("How long the oldest fact that is not sealed has waited."),
            _("Is the recorder running, and is the horizon young? Facts are safe meanwhile; only the seal is late."), MOST_LAG * 4, MOST_LAG * 24,
        ),
        Probe(
            "record.horizon", _("Horizon"), "record", SECONDS, lambda: Found(timeouts.horizon_age()),
            _("How long the oldest running write transaction of the server has been open. Facts after it cannot be sequenced yet."),
            _("End it: pg_terminate_backend of the oldest with a backend_xid in pg_stat_activity, whichever database it is in."), 10, 30,
        ),
        Probe(
            "record.partitions", _("Months ahead"), "record", MONTHS, partitions, _("Coming months for which the record and the ledger have a partition."),
            _("The recorder makes a year ahead. Look whether it runs, and whether a long reader keeps it from locking the table."), 3, 1, below=True,
            every=600,
        ),
    )  # fmt: skip
