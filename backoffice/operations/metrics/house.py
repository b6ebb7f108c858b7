"""What is true of the whole installation, read from the database at every scrape. Rooms register what they have with `register`.

Each statement gives rows of label values and, last, a number. They have to be cheap whatever the tables hold: counts over partial indexes of
open work, and tallies (tallies.py) instead of counts over history.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import structlog
from django.db import DatabaseError, connection
from prometheus_client import Metric
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

from backoffice.runtime import timeouts

log = structlog.get_logger(__name__)
MOST_ROWS = 500  # of one figure: a label that grows without end is a mistake, and must not fill Prometheus


@dataclass(frozen=True)
class Figure:
    """One metric. `labels` name the columns before the number; their values come from the code, never from a person."""

    name: str
    help: str
    labels: tuple[str, ...]
    sql: str
    counter: bool = False


_figures: dict[str, Figure] = {}


def register(*figures: Figure) -> None:
    """Registering the same name again replaces it."""
    for figure in figures:
        _figures[figure.name] = figure


def collect() -> Iterator[Metric]:
    """Every figure. One that cannot be read is left out and counted, so that a scrape never fails because of it."""
    failed = 0
    for figure in _figures.values():
        family = CounterMetricFamily if figure.counter else GaugeMetricFamily
        metric = family(figure.name, figure.help, labels=figure.labels)
        try:
            with connection.cursor() as cursor:
                cursor.execute(figure.sql)
                for *labels, number in cursor.fetchmany(MOST_ROWS):
                    metric.add_metric([str(one) for one in labels], float(number))
        except DatabaseError as wrong:
            failed += 1
            log.warning("metrics.not_read", figure=figure.name, error=type(wrong).__name__)
            timeouts.mend()
            continue
        yield metric
    yield GaugeMetricFamily("countroom_figures_unread", "Figures that could not be read at this scrape", value=failed)


register(
    Figure(
        "countroom_probe_state", "1 for the state that a health probe is in", ("probe", "state"),
        "SELECT code, s.state, (c.state = s.state)::int FROM operations_standing c, (VALUES ('ok'), ('warning'), ('failing'), ('unknown')) s (state)"
        " WHERE read_at IS NOT NULL",
    ),
    Figure("countroom_probe_value", "Value of a health probe in its unit (docs/operations.md)", ("probe",),
           "SELECT code, value FROM operations_standing WHERE value IS NOT NULL"),
    Figure("countroom_probe_read_timestamp_seconds", "When a health probe was last read", ("probe",),
           "SELECT code, extract(epoch FROM read_at) FROM operations_standing WHERE read_at IS NOT NULL"),
    Figure("countroom_facts", "Facts on the record by type, such as withdrawal.settled", ("type",),
           "SELECT label, count FROM operations_tally WHERE stream = 'record' ORDER BY label", counter=True),
    Figure("countroom_mode", "1 for the mode that the house is in", ("mode",),
           "SELECT m.mode, (m.mode = o.mode)::int FROM operations_mode o, (VALUES ('normal'), ('read-only'), ('maintenance')) m (mode)"),
)  # fmt: skip
