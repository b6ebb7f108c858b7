"""Every word exchanged with providers."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ProviderCall(models.Model):
    """One call to a provider, written when it ended: what was asked, what came back or why nothing did."""

    payment_type = models.CharField(max_length=12, choices=[("deposit", _("Deposit")), ("withdrawal", _("Withdrawal")), ("refund", _("Refund"))])
    payment_id = models.BigIntegerField()
    provider = models.CharField(max_length=40)
    operation = models.CharField(max_length=12)
    reference = models.CharField(max_length=60)
    outcome = models.CharField(max_length=12)  # answered, refused, unavailable, unknown
    detail = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["payment_type", "payment_id", "started_at"], name="payments_providercall_of")]

    def __str__(self) -> str:
        return f"{self.operation} {self.reference}: {self.outcome}"

    @property
    def milliseconds(self) -> int:
        return round((self.ended_at - self.started_at).total_seconds() * 1000)


class WebhookEvent(models.Model):
    """A provider's message, kept byte for byte before anything is done with it. The same event twice is one row."""

    provider = models.CharField(max_length=40)
    event_id = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    reference = models.CharField(max_length=80, blank=True)
    payment_type = models.CharField(max_length=12, blank=True, help_text="What it was found to be about: deposit, withdrawal, refund.")
    payment_id = models.BigIntegerField(null=True)
    body = models.BinaryField()
    headers = models.JSONField()
    received_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)
    next_attempt_at = models.DateTimeField(null=True)
    tries = models.SmallIntegerField(default=0)
    outcome = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["provider", "event_id"], name="payments_webhookevent_once")]
        indexes: ClassVar = [
            models.Index(fields=["next_attempt_at"], condition=Q(handled_at=None), name="payments_webhookevent_due"),
            models.Index(fields=["reference"], name="payments_webhookevent_ref"),
            models.Index(fields=["payment_type", "payment_id"], condition=Q(payment_id__isnull=False), name="payments_webhookevent_of"),
            models.Index(fields=["received_at"], name="payments_webhookevent_came"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id}"
