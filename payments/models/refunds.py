"""Deposits that the house gives back, in whole or in part."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Q

from payments.lifecycles import REFUND
from payments.models.base import Payment, Scoped
from payments.models.deposits import Deposit
from wallet.models import Hold


class Refund(Payment):
    """Money of a credited deposit on its way back to where it came from. It sits in the player's hold account until the provider has paid it."""

    state = models.CharField(max_length=10, choices=REFUND.choices, default="approved")
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="refunds")
    hold = models.OneToOneField(Hold, null=True, on_delete=models.PROTECT, related_name="refund")
    waiting = models.BooleanField(default=False, help_text="It is paid from money to be allotted, not from the player's cash.")
    reason = models.CharField(max_length=400)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)

    objects = Scoped.as_manager()

    class Meta:
        constraints: ClassVar = [
            REFUND.constraint("payments_refund_state"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_refund_amount_positive"),
            models.CheckConstraint(condition=~Q(state__in=["sent", "unknown"]) | ~Q(reference=""), name="payments_refund_sent_has_reference"),
            models.UniqueConstraint(fields=["reference"], condition=~Q(reference=""), name="payments_refund_reference"),
            models.UniqueConstraint(fields=["provider", "provider_id"], condition=~Q(provider_id=""), name="payments_refund_provider_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["player", "-requested_at"], name="payments_refund_of_player"),
            models.Index(fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="payments_refund_due"),
            models.Index(fields=["-requested_at", "-id"], name="payments_refund_newest"),
            models.Index("brand", OpClass("provider_id", name="varchar_pattern_ops"), condition=~Q(provider_id=""), name="payments_refund_provider_id"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"RF-{self.pk}"
