"""Money that players pay in."""

from typing import ClassVar

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Q

from payments.lifecycles import DEPOSIT
from payments.models.base import Payment, Scoped
from wallet.models import MoneyField


class Deposit(Payment):
    """A player pays in. Credited to cash once the provider has captured the money."""

    state = models.CharField(max_length=14, choices=DEPOSIT.choices, default="initiated")
    redirect_url = models.CharField(max_length=500, blank=True)
    credited_at = models.DateTimeField(null=True)
    credit_transaction = models.BigIntegerField(null=True)
    asked = MoneyField(null=True, help_text="What the player meant to pay, where `amount` is what came in; units of `currency`.")

    objects = Scoped.as_manager()

    class Meta:
        constraints: ClassVar = [
            DEPOSIT.constraint("payments_deposit_state"),
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="payments_deposit_amount_positive",
                violation_error_message="A deposit needs an amount above zero.",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["credited", "charged_back"]) | Q(credit_transaction__isnull=False),
                name="payments_deposit_credited_is_posted",
            ),
            models.UniqueConstraint(fields=["reference"], condition=~Q(reference=""), name="payments_deposit_reference"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["player", "-requested_at"], name="payments_deposit_of_player"),
            models.Index(fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="payments_deposit_due"),
            models.Index(fields=["requested_at"], condition=Q(state__in=["authorised", "captured", "unknown"]), name="payments_deposit_on_its_way"),
            models.Index(fields=["provider", "provider_id"], condition=~Q(provider_id=""), name="payments_deposit_at_provider"),
            models.Index(fields=["brand", "-requested_at", "-id"], name="payments_deposit_newest"),
            models.Index(fields=["-requested_at", "-id"], name="payments_deposit_all_newest"),
            models.Index(fields=["credited_at"], condition=Q(credited_at__isnull=False), name="payments_deposit_credited"),
            # What a player paid in, and below was paid, is summed from the index alone.
            models.Index(fields=["player", "currency"], include=["amount", "credited_at"], condition=Q(state="credited"), name="payments_deposit_paid_in"),
            models.Index("brand", OpClass("provider_id", name="varchar_pattern_ops"), condition=~Q(provider_id=""), name="payments_deposit_provider_id"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"DP-{self.pk}"
