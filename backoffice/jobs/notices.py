"""The one place where people are told that a job went on: who asked for it, and who may agree to it."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.access.models import Staff
from backoffice.bell import kinds
from backoffice.bell.services import notify
from backoffice.jobs import tray
from backoffice.jobs.models import VIEW_ALL, Job

AWAITS = kinds.Kind(
    "jobs.awaits", _("Exports and imports that await your approval"), _("%(name)s awaits your approval: %(title)s"), "jobs", "attention", mail=True
)
APPROVED = kinds.Kind("jobs.approved", _("Your export or import was approved"), _("%(name)s was approved and runs: %(title)s"), "jobs", "success")
# By the state that a job came into. What its requester did themselves, they know.
ENDS = {
    "ready": kinds.Kind("jobs.ready", _("Your export is ready"), _("%(name)s is ready: %(title)s"), "jobs", "success"),
    "checked": kinds.Kind(
        "jobs.checked", _("Your import is checked and waits for you"), _("%(name)s is checked and waits for you to confirm it: %(title)s"), "jobs", "attention"
    ),
    "done": kinds.Kind("jobs.done", _("Your import is done"), _("%(name)s is done: %(title)s"), "jobs", "success"),
    "failed": kinds.Kind("jobs.failed", _("Your export or import failed"), _("%(name)s failed: %(title)s. %(why)s"), "jobs", "critical"),
    "rejected": kinds.Kind("jobs.rejected", _("Your export or import was rejected"), _("%(name)s was rejected: %(title)s. %(why)s"), "jobs", "critical"),
}


def register() -> None:
    kinds.register(AWAITS, APPROVED, *ENDS.values())


def tell(job: Job, *, now: datetime) -> None:
    """A job moved to the state that it has now. Called in the transaction of the move, for every move. A machine that asked is told by nobody: it polls."""
    if job.requested_by is None:
        return
    tray.forget(job.requested_by.pk)
    if job.state in ENDS:
        _tell(job, ENDS[job.state], [job.requested_by], now=now)
    elif job.state == "awaiting_approval":
        _tell(job, AWAITS, _who_may_agree(job, now=now), now=now)


def approved(job: Job, *, now: datetime) -> None:
    if job.requested_by is None:
        return
    tray.forget(job.requested_by.pk)
    _tell(job, APPROVED, [job.requested_by], now=now)


def _who_may_agree(job: Job, *, now: datetime) -> list[Staff]:
    """Who finds it under "Awaiting your approval"."""
    from backoffice.jobs import services

    rule = services.rule(job.kind)
    people = Staff.objects.filter(is_active=True).exclude(pk=job.requested_by_id).with_roles()
    return [one for one in people if rule.allows(one, now=now) and one.may(VIEW_ALL) and set(job.brands) <= {brand.pk for brand in one.brands}]


def _tell(job: Job, kind: kinds.Kind, to: list[Staff], *, now: datetime) -> None:
    params = {"name": job.name, "title": job.title, "why": job.outcome}
    url = reverse("jobs:job", args=[job.pk])
    notify(to=to, kind=kind.code, params=params, url=url, key=f"{kind.code}:{job.pk}:{job.version}", now=now, brand_id=job.brand_id)
