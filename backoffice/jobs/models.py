"""Background work that people ask for, what it has done so far, and who agreed to it."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.jobs.lifecycles import JOB, TONES, UNFINISHED
from backoffice.scope.models import Brand

VIEW_ALL, APPROVE, APPROVE_IMPORTS = "jobs.view_all", "jobs.approve_exports", "jobs.approve_imports"


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, staff: Any) -> "JobQuerySet":
        """One's own jobs; others' for who may see them all, if every brand in them is within reach."""
        own = Q(requested_by=staff)
        if staff.may(VIEW_ALL):
            own |= Q(brands__contained_by=sorted(brand.pk for brand in staff.brands))
        return self.filter(own)


class Job(models.Model):
    """One piece of work. A worker holds it by a lease and does it in slices; `next_attempt_at` says when somebody may take it up."""

    kind = models.CharField(max_length=40, help_text="What does it: backoffice.jobs.kinds.")
    code = models.CharField(max_length=80, help_text="What of its kind: the source of an export, what an import brings in.")
    title = models.CharField(max_length=160)
    spec = models.JSONField(default=dict, help_text="What was asked for. Never changed.")
    reason = models.CharField(max_length=400, blank=True)
    brand = models.ForeignKey(Brand, null=True, on_delete=models.PROTECT, related_name="+", help_text="The one brand that it is about; none when several.")
    brands = ArrayField(models.BigIntegerField(), default=list, help_text="Ids of every brand that it may read or write.")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="jobs")
    asked_as = models.CharField(max_length=80, blank=True, help_text="The machine that asked for it, where no colleague did.")
    key = models.CharField(max_length=80)
    state = models.CharField(max_length=20, choices=JOB.choices, default="queued")
    version = models.IntegerField(default=1)
    needed = models.PositiveSmallIntegerField(default=0, help_text="Approvals by other people before it may run.")
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, help_text="The moment as of which it chooses its rows.")
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True, help_text="When what is stored is removed, or when nobody has to decide any more.")
    phase = models.CharField(max_length=20, blank=True)
    total = models.BigIntegerField(null=True)
    done = models.BigIntegerField(default=0)
    progress = models.JSONField(default=dict, help_text="Where the work stands, in the words of its kind.")
    outcome = models.CharField(max_length=400, blank=True, help_text="Why it ended as it did, where that needs words.")
    next_attempt_at = models.DateTimeField(null=True)
    lease = models.CharField(max_length=24, blank=True, help_text="Who works on it now. One that was never given back belongs to a worker that died.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="Attempts in a row without any progress.")
    file = models.CharField(max_length=200, blank=True)
    filename = models.CharField(max_length=120, blank=True)
    size = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints: ClassVar = [
            JOB.constraint("jobs_job_state"),
            models.UniqueConstraint(fields=["requested_by", "key"], name="jobs_job_key"),
            models.CheckConstraint(condition=Q(state__in=["queued", "running"]) | Q(lease="", next_attempt_at=None), name="jobs_job_only_open_work_is_due"),
            models.CheckConstraint(condition=~Q(state__in=["queued", "running"]) | Q(next_attempt_at__isnull=False), name="jobs_job_open_work_is_due"),
            models.CheckConstraint(condition=Q(requested_by__isnull=False, asked_as="") | Q(requested_by=None) & ~Q(asked_as=""), name="jobs_job_asked"),
            models.CheckConstraint(condition=Q(file="") | Q(state="ready", expires_at__isnull=False), name="jobs_job_file_expires"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="jobs_job_due"),
            models.Index(fields=["expires_at"], condition=Q(expires_at__isnull=False), name="jobs_job_expiring"),
            models.Index(fields=["requested_by", "-id"], name="jobs_job_mine"),
            models.Index(fields=["code", "sha256"], condition=Q(kind="import"), name="jobs_job_same_file"),
            models.Index(fields=["requested_by"], condition=Q(state__in=list(UNFINISHED)), name="jobs_job_unfinished"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"JOB-{self.pk}"

    @property
    def asker(self) -> str:
        return self.requested_by.name if self.requested_by is not None else self.asked_as

    @property
    def tone(self) -> str:
        return TONES[self.state][0]

    @property
    def pip(self) -> int:
        return TONES[self.state][1]

    @property
    def is_open(self) -> bool:
        return self.state in UNFINISHED


class Part(models.Model):
    """A finished piece of a job's work in the storage. Written once under a name of its own, so that two workers never touch the same one."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="parts")
    kind = models.CharField(max_length=10)
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    rows = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ("kind", "number")
        constraints: ClassVar = [models.UniqueConstraint(fields=["job", "kind", "number"], name="jobs_part_once")]

    def __str__(self) -> str:
        return self.name


class Verdict(models.Model):
    """What one person said about one job, once. Never changed."""

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="verdicts")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", help_text="The job's; here so that the table can refuse."
    )
    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=8, choices=[("approved", _("Approved")), ("rejected", _("Rejected"))])
    reason = models.CharField(max_length=400, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "staff"], name="jobs_verdict_once"),
            models.CheckConstraint(condition=~Q(staff=F("requested_by")), name="jobs_verdict_by_another"),
            models.CheckConstraint(condition=Q(verdict__in=["approved", "rejected"]), name="jobs_verdict_word"),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.staff_id}"


class Import(models.Model):
    """What an import knows beyond its job: how its file is read, which column is what, and what the dry run found."""

    job = models.OneToOneField(Job, on_delete=models.PROTECT, primary_key=True, related_name="content")
    form = models.CharField(max_length=4)
    encoding = models.CharField(max_length=12, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    sheet = models.CharField(max_length=120, blank=True)
    others = ArrayField(models.CharField(max_length=120), default=list, help_text="Sheets that are not read.")
    heads = ArrayField(models.CharField(max_length=120))
    columns = models.JSONField(default=dict, help_text="By field: the column that it is read from, counted from 0.")
    decimal = models.CharField(max_length=1, default=".", help_text="The decimal sign, as the person said.")
    right = models.IntegerField(default=0)
    wrong = models.IntegerField(default=0)
    tally = models.JSONField(default=dict, help_text="Sums over the good rows that the dry run says, by the kind's own keys: exact, as text.")
    refused = models.IntegerField(default=0, help_text="Rows that were good in the dry run and that the service would not do.")

    def __str__(self) -> str:
        return f"JOB-{self.job_id}"


class RowResult(models.Model):
    """What became of one row of an import, kept in the transaction in which it was done: so no row is done twice."""

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="results", db_index=False)
    line = models.IntegerField()
    outcome = models.CharField(max_length=8, choices=[("done", _("Done")), ("refused", _("Refused"))])
    words = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "line"], name="jobs_rowresult_once"),
            models.CheckConstraint(condition=Q(outcome__in=["done", "refused"]), name="jobs_rowresult_outcome"),
        ]

    def __str__(self) -> str:
        return f"line {self.line}: {self.outcome}"


class KnownHeading(models.Model):
    """A heading that somebody once said is a field of a kind of import; the next file is mapped by it."""

    code = models.CharField(max_length=80)
    heading = models.CharField(max_length=120, help_text="In one spelling: letters and digits alone, lower case.")
    field = models.CharField(max_length=60)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["code", "heading"], name="jobs_knownheading_once")]

    def __str__(self) -> str:
        return f"{self.code}: {self.heading} is {self.field}"
