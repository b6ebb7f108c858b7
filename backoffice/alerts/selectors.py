"""What the pages of alerts read."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import QueryDict

from backoffice.alerts import measures
from backoffice.alerts.evaluating import watch_of
from backoffice.alerts.measures import Key, Window
from backoffice.alerts.models import SEVERITIES, Alert, Rule
from backoffice.ui import numbers
from backoffice.ui.queries import ignored

SIZE = 50
OPEN = ("firing", "acknowledged", "muted")
POINTS = 48


@dataclass
class Filters:
    """What the address asks for; what nobody understands is shown and not obeyed."""

    view: str = "open"
    severity: str = ""
    rule: int = 0
    after: int = 0
    before: int = 0
    ignored: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, query: QueryDict) -> "Filters":
        found = cls()
        found.ignored = ignored(query, found._take)
        return found

    def _take(self, name: str, value: str) -> bool:
        if name == "view" and value in {"open", "all"}:
            self.view = value
        elif name == "severity" and value in SEVERITIES:
            self.severity = value
        elif name in {"rule", "after", "before"} and numbers.is_id(value):
            setattr(self, name, int(value))
        else:
            return False
        return True


@dataclass
class Page:
    rows: list[Alert]
    newer: int = 0
    older: int = 0


def page(staff: Any, filters: Filters) -> Page:
    """Fifty alerts, newest first. One query."""
    rows: QuerySet[Alert] = Alert.objects.visible_to(staff).select_related("rule", "rule__owner", "brand", "acknowledged_by")
    if filters.view == "open":
        rows = rows.exclude(state="resolved")
    if filters.severity:
        rows = rows.filter(severity=filters.severity)
    if filters.rule:
        rows = rows.filter(rule_id=filters.rule)
    backwards = bool(filters.before)
    if backwards:
        rows = rows.filter(pk__gt=filters.before).order_by("pk")
    elif filters.after:
        rows = rows.filter(pk__lt=filters.after)
    found = list(rows[: SIZE + 1])
    more, found = len(found) > SIZE, found[:SIZE]
    if backwards:
        found.reverse()
    return Page(
        found,
        newer=found[0].pk if found and (filters.after or (backwards and more)) else 0,
        older=found[-1].pk if found and (more or backwards) else 0,
    )


def open_count(staff: Any) -> int:
    return Alert.objects.visible_to(staff).exclude(state="resolved").count()


def rules(staff: Any, *, q: str = "", only: str = "") -> list[Rule]:
    """Rules with how they stand and how many of their alerts are open. One query."""
    rows = Rule.objects.visible_to(staff).select_related("standing", "owner", "brand", "standing__muted_by")
    rows = rows.annotate(
        firing=Count("alerts", filter=Q(alerts__state="firing")), handled=Count("alerts", filter=Q(alerts__state__in=["acknowledged", "muted"]))
    )
    if q:
        rows = rows.filter(Q(name__icontains=q) | Q(measure__icontains=q) | Q(owner__name__icontains=q))
    if only == "mine":
        rows = rows.filter(owner=staff)
    elif only == "off":
        rows = rows.filter(active=False)
    return list(rows[:500])


@dataclass(frozen=True)
class Point:
    until: datetime
    value: Decimal | None
    volume: int


def around(alert: Alert, *, now: datetime) -> list[Point]:
    """The measure around an alert, in its own dimension: the rule's window, ending at each of 48 moments. One query."""
    watch = watch_of(alert.rule, narrowed=alert)
    before = max(timedelta(minutes=alert.rule.minutes * 4), timedelta(hours=1))
    first = alert.opened_at - before
    last = min(now, (alert.resolved_at or now) + before / 2)
    last = max(min(last, first + timedelta(days=7)), first + timedelta(minutes=10))
    step = (last - first) / (POINTS - 1)
    moments = [first + step * number for number in range(POINTS)]
    for at in (alert.opened_at, alert.resolved_at):  # its beginning and its end are points themselves
        if at is not None and first <= at <= last:
            moments[round((at - first) / step)] = at
    found = measures.read(
        watch.measure, [Window(one - timedelta(minutes=watch.minutes), one) for one in moments], per=(), brand_id=alert.brand_id, provider=alert.provider
    )
    readings = [one.get(Key(), watch.empty()) for one in found]
    return [Point(moment, one.value, one.volume) for moment, one in zip(moments, readings, strict=True)]
