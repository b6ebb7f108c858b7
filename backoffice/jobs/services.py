"""The only ways for people to move a job, and what the clock ends."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from backoffice.access.models import Staff
from backoffice.approvals import rules
from backoffice.approvals.registry import Act
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.record import machine, record
from backoffice.jobs import files, kinds, notices, runner
from backoffice.jobs.lifecycles import APPROVER, JOB, REQUESTER, SUBJECT, UNFINISHED
from backoffice.jobs.models import APPROVE, APPROVE_IMPORTS, VIEW_ALL, Job, Verdict

LARGE_EXPORTS = Act(APPROVE, gettext_lazy("Exports that are large or in clear"), APPROVE, needs=(APPROVE, VIEW_ALL))
LARGE_IMPORTS = Act(APPROVE_IMPORTS, gettext_lazy("Imports that are large"), APPROVE_IMPORTS, needs=(APPROVE_IMPORTS, VIEW_ALL))
PATIENCE = timedelta(days=14)
KEPT = timedelta(hours=24)


class Stale(Exception):
    """The job moved on since the person saw it."""


class ReasonRequired(Exception):
    """A rejection says why."""


class NotAvailable(Exception):
    """There is no file to download, in words."""


def _locked(job_id: int) -> Job:
    return Job.objects.select_for_update(of=("self",)).select_related("requested_by").get(pk=job_id)


def rule(kind: str, *, fresh: bool = False) -> rules.Rule:
    """Who has to agree to jobs of a kind that do not go without, by policy."""
    return rules.resolve(kinds.get(kind).act.code, fresh=fresh)


@transaction.atomic
def cancel(*, job_id: int, by: Staff, now: datetime) -> Job:
    """End one's job that has not ended. A worker stops at its next step. Again, it changes nothing. Raises NotAllowed.

    What a worker had begun stays for as long as its kind says, so that it can be taken up again.
    """
    job = _locked(job_id)
    if job.state == "cancelled":
        return job
    begun = job.state in {"queued", "running"} and job.started_at is not None
    kept = kinds.get(job.kind).kept.get("cancelled") if begun else None
    JOB.move(
        job, to="cancelled", by=Actor.staff(by), may=lambda word: word == REQUESTER and by.pk == job.requested_by_id, now=now, fact=f"{job.kind}.cancelled",
        also={"lease": "", "next_attempt_at": None, "finished_at": now, "expires_at": now + kept if kept else None},
        evidence={"done": job.done, "total": job.total},
    )  # fmt: skip
    notices.tell(job, now=now)
    if not kept:
        transaction.on_commit(lambda: files.discard_everything(job), robust=True)
    return job


def can_be_taken_up(job: Job, *, now: datetime) -> bool:
    return job.state == "cancelled" and job.expires_at is not None and job.expires_at > now


@transaction.atomic
def take_up(*, job_id: int, by: Staff, now: datetime) -> Job:
    """Go on with one's cancelled job where it stopped. Raises NotAllowed, NotAvailable when its pieces are gone."""
    job = _locked(job_id)
    if by.pk != job.requested_by_id:
        raise NotAllowed(_("Only who asked for it takes it up again."))
    if job.state in UNFINISHED:
        return job
    if not can_be_taken_up(job, now=now):
        raise NotAvailable(_("Nothing is left of it to go on with. Ask for it anew."))
    pace = {"since": now.isoformat(), "from": job.done} if "since" in job.progress else {}
    JOB.move(
        job, to="queued", by=Actor.staff(by), may=lambda word: word == REQUESTER, now=now, fact=f"{job.kind}.taken_up",
        also={"next_attempt_at": now, "finished_at": None, "expires_at": None, "tries": 0, "progress": {**job.progress, **pace}},
        evidence={"done": job.done, "total": job.total},
    )  # fmt: skip
    runner.hint(job.pk)
    notices.tell(job, now=now)
    return job


@transaction.atomic
def decide(*, job_id: int, version: int, verdict: str, reason: str, by: Staff, now: datetime) -> Job:
    """Approve or reject somebody else's job that waits for it; with enough approvals it is queued.

    Raises Stale, ReasonRequired for a rejection without one, NotAllowed for who asked for it, who has spoken, or whom the policy does not name.
    """
    job = _locked(job_id)
    if job.version != version or job.state != "awaiting_approval":
        raise Stale(_("Somebody else moved this first."))
    if by.pk == job.requested_by_id:
        raise NotAllowed(_("You asked for it, so somebody else decides."))
    if Verdict.objects.filter(job=job, staff=by).exists():
        raise NotAllowed(_("You have decided about it already."))
    asked = rule(job.kind, fresh=True)
    if not asked.allows(by, now=now):
        raise NotAllowed(_("The policy names other people for this."))
    if verdict == "rejected" and not reason.strip():
        raise ReasonRequired(_("Say why you reject it."))
    assert job.requested_by_id is not None  # noqa: S101 (what a machine asks for waits for nobody)
    Verdict.objects.create(job=job, requested_by_id=job.requested_by_id, staff=by, verdict=verdict, reason=reason.strip()[:400], at=now)
    given = Verdict.objects.filter(job=job, verdict="approved").count()
    if verdict == "approved" and given < max(job.needed, asked.needed):
        record(
            f"{job.kind}.approved_first", actor=Actor.staff(by), at=now, brand_id=job.brand_id, subject=(SUBJECT, job.pk), reason=reason.strip(),
            after={"approvals": given, "needed": max(job.needed, asked.needed)},
        )  # fmt: skip
        return job
    also = {"expires_at": None, "next_attempt_at": now} if verdict == "approved" else {"expires_at": None, "finished_at": now, "outcome": reason.strip()[:400]}
    to = "queued" if verdict == "approved" else "rejected"
    JOB.move(
        job, to=to, by=Actor.staff(by), may=lambda word: word == APPROVER, now=now, fact=f"{job.kind}.{verdict}", reason=reason.strip(), also=also,
        authorised_by_id=by.pk,
    )  # fmt: skip
    if to == "queued":
        runner.hint(job.pk)
        notices.approved(job, now=now)
    else:
        transaction.on_commit(lambda: files.discard_everything(job), robust=True)
        notices.tell(job, now=now)
    return job


@transaction.atomic
def download(*, job_id: int, permission: str, by: Staff, now: datetime) -> Job:
    """Say on the record that the file was taken, by who asked for it. Raises NotAllowed, NotAvailable."""
    job = _locked(job_id)
    if by.pk != job.requested_by_id:
        raise NotAllowed(_("Only who asked for a file takes it."))
    if not by.may(permission) or not set(job.brands) <= {brand.pk for brand in by.brands}:
        raise NotAllowed(_("It holds what is no longer within your reach. Export it anew."))
    if job.state != "ready" or not job.file or (job.expires_at and job.expires_at <= now):
        raise NotAvailable(_("The file is gone: it is kept for a day. Export it anew."))
    record(
        f"{job.kind}.downloaded", actor=Actor.staff(by), at=now, brand_id=job.brand_id, subject=(SUBJECT, job.pk),
        after={"file": job.filename, "sha256": job.sha256, "rows": job.done},
    )  # fmt: skip
    return job


@transaction.atomic
def _expire(job_id: int, *, now: datetime) -> bool:
    job = Job.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=job_id, expires_at__lte=now).first()
    if job is None:
        return False
    if "expired" in JOB.moves.get(job.state, {}):
        words = {"awaiting_approval": gettext_noop("Nobody decided in time."), "ready": gettext_noop("The file was removed.")}.get(
            job.state, gettext_noop("It was left lying.")
        )
        also = {"file": "", "outcome": words, "finished_at": job.finished_at or now}
        JOB.move(job, to="expired", by=Actor.system(machine()), now=now, fact=f"{job.kind}.expired", also=also)
        notices.tell(job, now=now)
    else:  # it ended before; what was kept of it goes
        Job.objects.filter(pk=job.pk).update(expires_at=None)
        record(f"{job.kind}.removed", actor=Actor.system(machine()), at=now, brand_id=job.brand_id, subject=(SUBJECT, job.pk))
    transaction.on_commit(lambda: files.discard_everything(job), robust=True)
    return True


def expire_due(*, now: datetime) -> int:
    """Remove what is kept of jobs when its time is over, and end what nobody decided about."""
    found = Job.objects.filter(expires_at__lte=now).order_by("expires_at").values_list("pk", flat=True)[: runner.BATCH]
    return sum(_expire(job_id, now=now) for job_id in list(found))
