"""What the record needs to be in time: sequencing and sealing not behind, months ahead for new rows."""

from django.db import connection

from backoffice.runtime import timeouts

MOST_LAG = 5.0  # seconds between a commit and its seal
MOST_HORIZON = 30.0


class Behind(Exception):
    """The recorder does not keep up, or does not run."""


def lag() -> float:
    """Seconds for which the oldest unsealed fact has waited; 0 when everything is sealed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(e.recorded_at)), 0) FROM audit_event e"
            " WHERE e.recorded_at > clock_timestamp() - interval '1 day' AND e.id > coalesce((SELECT max(p.event_id) FROM audit_position p"
            " WHERE p.position = (SELECT max(last_position) FROM audit_seal WHERE stream = 'record')), 0)"
        )
        return float(cursor.fetchone()[0])


def sealing() -> None:
    behind = lag()
    if behind > MOST_LAG * 4:  # alarms at four times the goal, so that a busy second does not page anybody
        raise Behind(f"The oldest unsealed fact has waited {behind:.0f} s.")


def horizon() -> None:
    age = timeouts.horizon_age()
    if age > MOST_HORIZON:
        raise Behind(f"A write transaction has been running for {age:.0f} s.")


def partitions() -> None:
    """A filled DEFAULT partition means that nobody makes months ahead any more."""
    with connection.cursor() as cursor:
        for table in ("audit_event", "wallet_entry"):
            cursor.execute("SELECT coalesce((SELECT reltuples FROM pg_class WHERE oid = to_regclass(%s)), 0)", [f"{table}_default"])
            if cursor.fetchone()[0] > 0:
                raise Behind(f"{table} has rows in its DEFAULT partition. Run the recorder.")
