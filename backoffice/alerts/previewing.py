"""What a rule would have said in the last seven days, before it is put into force."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from backoffice.alerts import judging
from backoffice.alerts.evaluating import expected
from backoffice.alerts.judging import BETWEEN, CROSSED, NO_HISTORY, Watch
from backoffice.alerts.measures import Key, Reading

SPAN = timedelta(days=7)
STEPS = (timedelta(minutes=5), timedelta(hours=1))  # how often the past is looked at: every half window, within these; no window leaves a gap
FACTS = 2880  # minutes of facts that one query reads at most


@dataclass(frozen=True)
class Preview:
    fired: int  # times that an alert would have begun
    looks: int  # moments at which each dimension was judged, together
    unknown: int  # of these, without enough history to compare with
    step: timedelta
    latest: datetime | None = None  # when the last one would have begun


def preview(watch: Watch, *, now: datetime) -> Preview:
    """Replay the last seven days. Each query reads two days of facts at most."""
    step = min(max(timedelta(minutes=watch.minutes) / 2, STEPS[0]), STEPS[1])
    moments = [now - SPAN + step * number for number in range(1, int(SPAN / step) + 1)]
    current = _read(watch, moments)
    past = [_read(watch, [moment - timedelta(weeks=week) for moment in moments]) for week in range(1, watch.weeks + 1)] if watch.compares else []
    keys = dict.fromkeys([*expected(watch), *(key for one in current for key in one)])
    fired = unknown = 0
    latest: datetime | None = None
    for key in keys:
        burning = False
        for number, moment in enumerate(moments):
            history = [week[number].get(key, watch.empty()) for week in past]
            verdict = judging.judge(watch, current[number].get(key, watch.empty()), history)
            unknown += verdict.word == NO_HISTORY
            if verdict.word == CROSSED and not burning:
                fired, burning = fired + 1, True
                latest = max(latest, moment) if latest else moment
            elif verdict.word not in {CROSSED, BETWEEN}:
                burning = False
    return Preview(fired, len(moments) * len(keys), unknown, step, latest)


def _read(watch: Watch, moments: list[datetime]) -> list[dict[Key, Reading]]:
    batch = min(max(FACTS // watch.minutes, 1), 96)
    found: list[dict[Key, Reading]] = []
    for start in range(0, len(moments), batch):
        found += watch.read([watch.window(moment) for moment in moments[start : start + batch]])
    return found
