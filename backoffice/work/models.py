"""What queues share: who is working on what, and answers that a repeated request gets again."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q


class Claim(models.Model):
    """A lease on one item: somebody is looking at it. It runs out by itself; a lost lease never blocks a decision by itself."""

    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="claims")
    claimed_at = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["subject_type", "subject_id"], name="work_claim_one_each")]

    def __str__(self) -> str:
        return f"{self.subject_type}:{self.subject_id}"


class Answer(models.Model):
    """The first answer to a request with an idempotency key; the same request again gets it before anything else is compared."""

    scope = models.CharField(max_length=80)
    key = models.CharField(max_length=120)
    content = models.CharField(max_length=64, help_text="Digest of what was asked: the same key for something else is refused.")
    answer = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["scope", "key"], name="work_answer_once")]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"


class Item(models.Model):
    """What people noted about one item of a queue: whose it is, until when it sleeps, to whom it was escalated, its tags."""

    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    brand_id = models.BigIntegerField()
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="assigned")
    assigned_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    escalated_to = models.CharField(max_length=40, blank=True, help_text="A role's code.")
    escalated_at = models.DateTimeField(null=True)
    tags = ArrayField(models.CharField(max_length=40), default=list)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subject_type", "subject_id"], name="work_item_one_each"),
            models.CheckConstraint(condition=Q(assignee=None) | Q(assigned_at__isnull=False), name="work_item_assigned_at"),
            models.CheckConstraint(condition=Q(escalated_to="") | Q(escalated_at__isnull=False), name="work_item_escalated_at"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["assignee", "subject_type"], condition=Q(assignee__isnull=False), name="work_item_of_assignee"),
            models.Index(fields=["subject_type", "snoozed_until"], condition=Q(snoozed_until__isnull=False), name="work_item_asleep"),
            models.Index(fields=["subject_type", "escalated_to"], condition=~Q(escalated_to=""), name="work_item_escalated"),
            GinIndex(fields=["tags"], name="work_item_tags"),
        ]

    def __str__(self) -> str:
        return f"{self.subject_type}:{self.subject_id}"


class Capacity(models.Model):
    """How many items of a queue one person holds at most, and when they are away: nothing is assigned to them then."""

    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="capacities")
    subject_type = models.CharField(max_length=60)
    most = models.PositiveSmallIntegerField(null=True, blank=True, help_text="No bound when empty.")
    away_from = models.DateTimeField(null=True, blank=True)
    away_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["staff", "subject_type"], name="work_capacity_one_each"),
            models.CheckConstraint(
                condition=Q(away_from=None, away_until=None) | Q(away_from__isnull=False, away_until__isnull=False, away_until__gt=F("away_from")),
                name="work_capacity_away_has_both_ends",
                violation_error_message="An absence has a beginning and a later end.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.staff_id} {self.subject_type}"


class Presence(models.Model):
    """Somebody has an item open. Rows older than a minute mean nothing and are swept."""

    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["subject_type", "subject_id", "staff"], name="work_presence_one_each")]

    def __str__(self) -> str:
        return f"{self.subject_type}:{self.subject_id}"


class SavedView(models.Model):
    """A query of a queue under a name: of one person, or of everybody who holds a role."""

    subject_type = models.CharField(max_length=60)
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=600)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="views")
    role = models.CharField(max_length=40, blank=True, help_text="A role's code when it is shared with its holders.")
    locked = models.BooleanField(default=False, help_text="Only its owner changes it.")
    position = models.SmallIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("position", "name")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subject_type", "owner", "name"], condition=Q(role=""), name="work_savedview_private",
                violation_error_message="You have a view of this name.",
            ),
            models.UniqueConstraint(
                fields=["subject_type", "role", "name"], condition=~Q(role=""), name="work_savedview_shared",
                violation_error_message="This role has a view of this name.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name
