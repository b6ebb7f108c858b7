"""Policies, change requests, approvals and versions. Triggers in `migrations/sql/guards.sql` hold what constraints cannot say."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.approvals.lifecycles import CHANGE, TONES
from backoffice.approvals.registry import registry
from backoffice.scope.models import Brand, known_timezone


class Policy(models.Model):
    """Who has to agree before a kind of change takes effect. Changed by approval like everything else."""

    configured_by = "approvals.policy"

    kind = models.CharField(max_length=60)
    brand = models.ForeignKey(Brand, null=True, on_delete=models.PROTECT, related_name="+", help_text="None is every brand without a policy of its own.")
    amounts = models.JSONField(default=dict, help_text='It speaks above these amounts: {"EUR": "2000.00"}. A currency that is missing: above zero.')
    approvals = models.PositiveSmallIntegerField(default=1)
    roles = ArrayField(models.CharField(max_length=40), default=list, blank=True, help_text="Empty: whoever holds the kind's permission.")
    substitutes = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    night_from = models.TimeField(null=True)
    night_until = models.TimeField(null=True)
    timezone = models.CharField(max_length=64, default="UTC", validators=[known_timezone])
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("kind", "position", "pk")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(approvals__lte=5), name="approvals_policy_at_most_five"),
            models.CheckConstraint(
                condition=~Q(kind__in=["approvals.policy", "access.role"]) | Q(approvals__gte=1), name="approvals_policy_rights_need_two_people",
                violation_error_message="Policies and roles always need a second person.",
            ),
            models.CheckConstraint(
                condition=Q(substitutes=[], night_from=None, night_until=None) | Q(night_from__isnull=False, night_until__isnull=False) & ~Q(substitutes=[]),
                name="approvals_policy_substitutes_have_hours",
                violation_error_message="Substitutes need hours, and hours need substitutes.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class ChangeQuerySet(models.QuerySet["ChangeRequest"]):
    def visible_to(self, staff: Any) -> "ChangeQuerySet":
        """Changes of the kinds that this person may read, of the house and of the brands in reach; drafts only to who writes them."""
        kinds = [kind.code for kind in registry.seen_by(staff)]
        return self.filter(Q(brand=None) | Q(brand_id__in=staff.reach()), ~Q(state="draft") | Q(requested_by=staff), kind__in=kinds)


class ChangeRequest(models.Model):
    """One proposed change of one thing: what it was, what it shall be, why, from when, and what became of it."""

    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=80, blank=True, help_text="Which one of its kind; empty for a new one until it exists.")
    title = models.CharField(max_length=160)
    brand = models.ForeignKey(Brand, null=True, on_delete=models.PROTECT, related_name="+")
    base = models.JSONField(null=True, help_text="The values that it was drafted against; none for a new thing.")
    payload = models.JSONField(help_text="The proposed values.")
    amount = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    currency = models.CharField(max_length=10, blank=True)
    reason = models.CharField(max_length=400, blank=True)
    state = models.CharField(max_length=12, choices=CHANGE.choices, default="draft")
    version = models.IntegerField(default=1)
    outcome = models.CharField(max_length=400, blank=True, help_text="Why it ended as it did, where that needs words.")
    restored_from = models.PositiveIntegerField(null=True, help_text="The version that it brings back.")
    policy = models.ForeignKey(Policy, null=True, on_delete=models.PROTECT, related_name="+", help_text="The policy that it was submitted under.")
    needed = models.PositiveSmallIntegerField(default=0)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", help_text="None is the house itself.")
    key = models.CharField(max_length=80, null=True, help_text="Idempotency key of the draft.")
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    effective_at = models.DateTimeField(null=True, help_text="Not before; none is as soon as it is approved.")
    expires_at = models.DateTimeField(null=True, help_text="Nobody has to decide about it after this.")
    applied_at = models.DateTimeField(null=True)
    applied_in = models.BigIntegerField(null=True, editable=False, help_text="The transaction that puts it into force, while it does; set by a trigger.")

    objects = ChangeQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints: ClassVar = [
            CHANGE.constraint("approvals_change_state"),
            models.CheckConstraint(condition=~Q(state__in=["active", "ended"]) | Q(applied_at__isnull=False), name="approvals_change_active_was_applied"),
            models.CheckConstraint(
                condition=~Q(state="review") | Q(submitted_at__isnull=False, expires_at__isnull=False), name="approvals_change_review_has_dates"
            ),
            models.CheckConstraint(
                condition=~Q(state="scheduled") | Q(effective_at__isnull=False), name="approvals_change_scheduled_has_a_date"
            ),
            models.UniqueConstraint(fields=["requested_by", "key"], name="approvals_change_key"),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["kind", "subject", "-id"], name="approvals_change_of"),
            models.Index(fields=["state", "-id"], condition=Q(state__in=["draft", "review", "scheduled"]), name="approvals_change_open"),
            models.Index(fields=["requested_by", "-id"], name="approvals_change_mine"),
            models.Index(fields=["applied_in"], condition=Q(applied_in__isnull=False), name="approvals_change_applied_in"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"CH-{self.pk}"

    @property
    def player_id(self) -> int | None:
        """Whose timeline its facts belong to, if anybody's."""
        return registry.kind(self.kind).player(self.subject) if self.kind in registry else None

    @property
    def tone(self) -> str:
        return TONES[self.state][0]

    @property
    def pip(self) -> int:
        return TONES[self.state][1]


class Approval(models.Model):
    """What one person said about one change, once. Never changed."""

    change = models.ForeignKey(ChangeRequest, on_delete=models.PROTECT, related_name="approvals")
    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=8, choices=[("approved", _("Approved")), ("rejected", _("Rejected"))])
    reason = models.CharField(max_length=400, blank=True)
    at = models.DateTimeField()
    key = models.CharField(max_length=80)
    substitute = models.BooleanField(default=False, help_text="Acted as a substitute, in the policy's night hours.")

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["change", "staff"], name="approvals_approval_once"),
            models.CheckConstraint(condition=Q(verdict__in=["approved", "rejected"]), name="approvals_approval_verdict"),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.staff_id}"


class Version(models.Model):
    """The values of one thing from one moment to the next. Kept for ever; any of them can be proposed again."""

    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=160)
    values = models.JSONField()
    effective_from = models.DateTimeField(null=True, help_text="None: as it was found when the first change came.")
    effective_until = models.DateTimeField(null=True)
    change = models.ForeignKey(ChangeRequest, null=True, on_delete=models.PROTECT, related_name="made")

    class Meta:
        ordering = ("kind", "subject", "-number")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "subject", "number"], name="approvals_version_once"),
            models.UniqueConstraint(fields=["kind", "subject"], condition=Q(effective_until=None), name="approvals_version_one_in_force"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} version {self.number}"
