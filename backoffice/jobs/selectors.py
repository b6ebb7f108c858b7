"""What the pages of jobs read."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import QueryDict

from backoffice.jobs import kinds, services
from backoffice.jobs.lifecycles import JOB, UNFINISHED
from backoffice.jobs.models import APPROVE, APPROVE_IMPORTS, VIEW_ALL, Job, Verdict
from backoffice.ui import numbers
from backoffice.ui.queries import ignored

SIZE = 50
VIEWS = ("mine", "awaiting", "all")


def approves(staff: Any) -> bool:
    return bool(staff.may(APPROVE) or staff.may(APPROVE_IMPORTS))


def views_of(staff: Any) -> list[str]:
    """The tabs that this person has."""
    return ["mine", *(["awaiting"] if approves(staff) else []), *(["all"] if staff.may(VIEW_ALL) else [])]


@dataclass
class Filters:
    """What the address asks for. What it says that nobody understands is kept in `ignored`, to be shown and not obeyed."""

    views: list[str]
    view: str = "mine"
    q: str = ""
    kind: str = ""
    state: str = ""
    after: int = 0
    before: int = 0
    ignored: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, query: QueryDict, staff: Any) -> "Filters":
        found = cls(views_of(staff))
        found.ignored = ignored(query, found._take)
        return found

    def _take(self, name: str, value: str) -> bool:
        if name == "view" and value in self.views:
            self.view = value
        elif name == "q":
            self.q = value[:80]
        elif name == "kind" and value in {kind.code for kind in kinds.every()}:
            self.kind = value
        elif name == "state" and value in JOB.states:
            self.state = value
        elif name in {"after", "before"} and numbers.is_id(value):
            setattr(self, name, int(value))
        else:
            return False
        return True


def awaiting(staff: Any, *, now: datetime) -> QuerySet[Job]:
    """What this person may decide about now: the question that the service asks."""
    agreeable = [kind.code for kind in kinds.every() if services.rule(kind.code).allows(staff, now=now)]
    if not agreeable:
        return Job.objects.none()
    rows = Job.objects.visible_to(staff).filter(state="awaiting_approval", kind__in=agreeable, expires_at__gt=now).exclude(requested_by=staff)
    return rows.exclude(Exists(Verdict.objects.filter(job=OuterRef("pk"), staff=staff)))


def base(staff: Any, filters: Filters, *, now: datetime) -> QuerySet[Job]:
    rows = awaiting(staff, now=now) if filters.view == "awaiting" else Job.objects.visible_to(staff)
    if filters.view == "mine":
        rows = rows.filter(requested_by=staff)
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.state:
        rows = rows.filter(state=filters.state)
    if filters.q:
        number = filters.q.upper().removeprefix("JOB-")
        rows = rows.filter(pk=int(number)) if numbers.is_id(number) else rows.filter(title__icontains=filters.q)
    return rows


@dataclass
class Page:
    rows: list[Job]
    newer: int = 0
    older: int = 0


def page(staff: Any, filters: Filters, *, now: datetime) -> Page:
    """Fifty jobs, newest first. One query."""
    rows = base(staff, filters, now=now).select_related("brand", "requested_by")
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
        found, newer=found[0].pk if found and (filters.after or (backwards and more)) else 0, older=found[-1].pk if found and (more or backwards) else 0
    )


def counts(staff: Any, *, now: datetime) -> dict[str, int]:
    found = {"mine": Job.objects.filter(requested_by=staff, state__in=UNFINISHED).count()}
    if approves(staff):
        found["awaiting"] = awaiting(staff, now=now).count()
    return found


def get(staff: Any, job_id: int) -> Job:
    """Raises Job.DoesNotExist also for another's when it is not for this person."""
    return Job.objects.visible_to(staff).select_related("brand", "requested_by").get(pk=job_id)


def verdicts(job: Job) -> list[Verdict]:
    return list(Verdict.objects.filter(job=job).select_related("staff"))


def left(job: Job, *, now: datetime) -> timedelta | None:
    """How long it will still take at the pace so far; None before that can be said. `progress` says since when, and from which row on."""
    since, done = job.progress.get("since"), job.done - job.progress.get("from", 0)
    if not since or done <= 0 or not job.total:
        return None
    return (now - datetime.fromisoformat(since)) * (job.total - job.done) / done
