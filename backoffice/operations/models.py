"""How the probes stand, how they changed, who gave a sign of life, and which mode the house is in."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from backoffice.runtime import probes

NORMAL, READ_ONLY, MAINTENANCE = "normal", "read-only", "maintenance"


class Standing(models.Model):
    """The last reading of one probe. The row says when it is looked at next; whoever leases it looks."""

    code = models.CharField(max_length=60, primary_key=True)
    state = models.CharField(max_length=8, default=probes.UNKNOWN)
    since = models.DateTimeField()
    value = models.FloatField(null=True)
    note = models.CharField(max_length=200, blank=True, help_text="An English sentence; it is translated when it is read.")
    params = models.JSONField(default=dict)
    read_at = models.DateTimeField(null=True)
    candidate = models.CharField(max_length=8, blank=True, help_text="Another state that was read once. Read twice in a row, it is a change.")
    next_attempt_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(state__in=probes.STATES), name="operations_standing_state")]
        indexes: ClassVar = [models.Index(fields=["next_attempt_at"], name="operations_standing_due")]

    def __str__(self) -> str:
        return f"{self.code}: {self.state}"


class Change(models.Model):
    """A probe's state became another one."""

    probe = models.CharField(max_length=60)
    was = models.CharField(max_length=8)
    state = models.CharField(max_length=8)
    value = models.FloatField(null=True)
    note = models.CharField(max_length=200, blank=True)
    params = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-pk",)
        indexes: ClassVar = [
            models.Index(fields=["probe", "-id"], name="operations_change_of"),
            models.Index(fields=["at"], name="operations_change_at"),
        ]

    def __str__(self) -> str:
        return f"{self.probe}: {self.was} to {self.state}"


class Pulse(models.Model):
    """The last sign of life of a process, or the last time that a command was run."""

    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=120)
    at = models.DateTimeField()
    well = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "name"], name="operations_pulse_once")]

    def __str__(self) -> str:
        return self.name


class Mode(models.Model):
    """The one row that says which mode the house is in. Its history is on the record."""

    MODES = (NORMAL, READ_ONLY, MAINTENANCE)

    id = models.SmallIntegerField(primary_key=True, default=1)
    mode = models.CharField(max_length=12, default=NORMAL)
    reason = models.CharField(max_length=200, blank=True)
    expected_end = models.DateTimeField(null=True)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="operations_mode_is_one"),
            models.CheckConstraint(condition=Q(mode__in=(NORMAL, READ_ONLY, MAINTENANCE)), name="operations_mode_known"),
            models.CheckConstraint(condition=Q(mode=NORMAL) | ~Q(reason=""), name="operations_mode_has_a_reason"),
        ]

    def __str__(self) -> str:
        return self.mode


class Tally(models.Model):
    """How many of a kind a stream has held so far, for metrics: counting history at every scrape would read all of it."""

    stream = models.CharField(max_length=20)
    label = models.CharField(max_length=60)
    count = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["stream", "label"], name="operations_tally_once")]

    def __str__(self) -> str:
        return f"{self.stream} {self.label}: {self.count}"


class TallyPlace(models.Model):
    """Up to which position a stream has been tallied."""

    stream = models.CharField(max_length=20, primary_key=True)
    position = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.stream} {self.position}"
