"""How many of each kind there have been, counted as they get their positions. Reads by position only, so that nothing is missed or counted twice."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from backoffice.operations.models import TallyPlace

CHUNK = 5_000  # positions a pass: far below two seconds
PASSES = 20  # of each stream a run
Counts = dict[str, int]


@dataclass(frozen=True)
class Source:
    """`after(cursor, position)` gives the next position up to which it counted, and how many of each kind lie between."""

    stream: str
    after: Callable[[Any, int], tuple[int, Counts]]


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    _sources[source.stream] = source


def sweep() -> int:
    """Count what came since the last time. Gives how many positions; overlapping runs wait for nothing and leave the stream to the other."""
    done = 0
    for source in _sources.values():
        for _pass in range(PASSES):
            found = once(source)
            done += found
            if not found:
                break
    return done


@transaction.atomic
def once(source: Source) -> int:
    """One chunk of one stream, place and counts in one transaction."""
    TallyPlace.objects.bulk_create([TallyPlace(stream=source.stream)], ignore_conflicts=True)
    place = TallyPlace.objects.select_for_update(skip_locked=True).filter(pk=source.stream).first()
    if place is None:
        return 0
    with connection.cursor() as cursor:
        position, counts = source.after(cursor, place.position)
        if position <= place.position:
            return 0
        for label, count in sorted(counts.items()):
            cursor.execute(
                "INSERT INTO operations_tally (stream, label, count) VALUES (%s, %s, %s)"
                " ON CONFLICT (stream, label) DO UPDATE SET count = operations_tally.count + excluded.count",
                [source.stream, label[:60], count],
            )
    moved = position - place.position
    TallyPlace.objects.filter(pk=source.stream).update(position=position)
    return moved


def record(cursor: Any, after: int) -> tuple[int, Counts]:
    """The record: facts by their type."""
    cursor.execute("SELECT least(coalesce(max(last_position), 0), %s) FROM audit_range WHERE stream = 'record'", [after + CHUNK])
    (until,) = cursor.fetchone()
    cursor.execute(
        "SELECT e.type, count(*) FROM audit_position p JOIN audit_event e ON e.id = p.event_id AND e.recorded_at = p.recorded_at"
        " WHERE p.position > %s AND p.position <= %s GROUP BY 1",
        [after, until],
    )
    return until, dict(cursor.fetchall())


register(Source("record", record))
