"""Rules, how each stands, and the alerts that they raised."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from backoffice.alerts import measures
from backoffice.alerts.lifecycles import ALERT, TONES
from backoffice.scope.models import Brand

CONDITIONS = ("above", "below", "rise", "fall")
PER = ("together", "brand", "provider", "both")
SEVERITIES = ("info", "warning", "critical")
SEVERITY_TONES = {"info": "info", "warning": "warning", "critical": "critical"}


def allowed(staff: Any) -> list[str]:
    """Codes of the measures that this person may see."""
    return [one.code for one in measures.every() if staff.may(one.permission)]


class RuleQuerySet(models.QuerySet["Rule"]):
    def visible_to(self, staff: Any) -> "RuleQuerySet":
        """Rules over measures that this person may see, of the house and of the brands in reach."""
        return self.filter(Q(brand=None) | Q(brand_id__in=staff.reach()), measure__in=allowed(staff))


class Rule(models.Model):
    """When to tell whom. Changed by approval like everything that configures."""

    configured_by = "alerts.rule"

    name = models.CharField(max_length=80)
    measure = models.CharField(max_length=60)
    brand = models.ForeignKey(Brand, null=True, on_delete=models.PROTECT, related_name="+", help_text="None counts every brand.")
    provider = models.CharField(max_length=40, blank=True, help_text="Empty counts every provider.")
    per = models.CharField(max_length=10, choices=[(one, one) for one in PER], default="together", help_text="What is judged apart.")
    minutes = models.PositiveSmallIntegerField(help_text="The window that ends now.")
    condition = models.CharField(max_length=6, choices=[(one, one) for one in CONDITIONS])
    threshold = models.DecimalField(max_digits=14, decimal_places=2, help_text="In the measure's unit; for a change in percent.")
    weeks = models.PositiveSmallIntegerField(default=4, help_text="Past weeks whose median is compared with.")
    least = models.PositiveIntegerField(default=1, help_text="With fewer counted things nothing is said.")
    severity = models.CharField(max_length=8, choices=[(one, one) for one in SEVERITIES])
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    people = ArrayField(models.BigIntegerField(), default=list)
    roles = ArrayField(models.CharField(max_length=40), default=list)
    mail = models.BooleanField(default=False)
    endpoints = ArrayField(models.BigIntegerField(), default=list)
    repeat_minutes = models.PositiveIntegerField(default=0, help_text="0 tells once.")
    active = models.BooleanField(default=True)

    objects = RuleQuerySet.as_manager()

    class Meta:
        ordering = ("-active", "name", "pk")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(minutes__gte=5, minutes__lte=1440), name="alerts_rule_window", violation_error_message="5 minutes to 24 hours."),
            models.CheckConstraint(condition=Q(condition__in=CONDITIONS), name="alerts_rule_condition"),
            models.CheckConstraint(condition=Q(per__in=PER), name="alerts_rule_per"),
            models.CheckConstraint(condition=Q(severity__in=SEVERITIES), name="alerts_rule_severity"),
            models.CheckConstraint(condition=Q(weeks__gte=1, weeks__lte=12), name="alerts_rule_weeks"),
            models.CheckConstraint(condition=Q(threshold__gte=0), name="alerts_rule_threshold"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def counted(self) -> measures.Measure:
        """Raises measures.UnknownMeasure."""
        return measures.get(self.measure)


class Standing(models.Model):
    """How a rule stands: when it is looked at next, what was read last, whether it is mute."""

    rule = models.OneToOneField(Rule, primary_key=True, on_delete=models.CASCADE, related_name="standing")
    next_attempt_at = models.DateTimeField(null=True, help_text="None while the rule is off.")
    read_at = models.DateTimeField(null=True)
    readings = models.JSONField(default=list, help_text="The last ones: key, value, volume, baseline, verdict.")
    failures = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True, help_text="Why it could not be read.")
    muted_until = models.DateTimeField(null=True)
    mute_reason = models.CharField(max_length=300, blank=True)
    muted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="alerts_standing_due")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(muted_until=None) | ~Q(mute_reason=""), name="alerts_standing_mute_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} at {self.read_at}"


class AlertQuerySet(models.QuerySet["Alert"]):
    def visible_to(self, staff: Any) -> "AlertQuerySet":
        return self.filter(Q(brand=None) | Q(brand_id__in=staff.reach()), rule__measure__in=allowed(staff))


class Alert(models.Model):
    """A rule's condition came true, for one value of its dimensions, until it no longer was."""

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="alerts", db_index=False)
    dimension = models.CharField(max_length=80, help_text="Brand's id and provider, as far as the rule tells them apart.")
    brand = models.ForeignKey(Brand, null=True, on_delete=models.PROTECT, related_name="+")
    provider = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=12, choices=ALERT.choices)
    version = models.IntegerField(default=1)
    severity = models.CharField(max_length=8)
    opened_at = models.DateTimeField()
    value = models.DecimalField(max_digits=18, decimal_places=4, help_text="What was read when it began, in the measure's unit.")
    volume = models.PositiveIntegerField()
    baseline = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    limit = models.DecimalField(max_digits=18, decimal_places=4, help_text="The value that it crossed.")
    last_value = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    last_at = models.DateTimeField()
    worst = models.DecimalField(max_digits=18, decimal_places=4)
    calm_since = models.DateTimeField(null=True)
    told = models.PositiveIntegerField(default=0)
    repeat_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=400, blank=True)
    resolved_at = models.DateTimeField(null=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints: ClassVar = [
            ALERT.constraint("alerts_alert_state"),
            models.UniqueConstraint(fields=["rule", "dimension"], condition=~Q(state="resolved"), name="alerts_alert_one_open"),
            models.CheckConstraint(
                condition=Q(state="resolved", resolved_at__isnull=False) | ~Q(state="resolved") & Q(resolved_at=None), name="alerts_alert_resolved_at"
            ),
            models.CheckConstraint(condition=~Q(state="acknowledged") | Q(acknowledged_by__isnull=False), name="alerts_alert_acknowledged_by"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["rule", "-id"], name="alerts_alert_of"),
            models.Index(fields=["-id"], condition=~Q(state="resolved"), name="alerts_alert_open"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"AL-{self.pk}"

    @property
    def tone(self) -> str:
        return SEVERITY_TONES[self.severity] if self.state == "firing" else TONES[self.state][0]

    @property
    def pip(self) -> int:
        return TONES[self.state][1]
