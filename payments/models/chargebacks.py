"""Deposits that the player's bank takes back or asks about."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from backoffice.scope.models import BrandScoped
from payments.lifecycles import CHARGEBACK
from payments.models.base import Scoped
from payments.models.deposits import Deposit
from players.models import Player
from wallet.models import MoneyField


class Chargeback(BrandScoped):
    """One dispute about a deposit, as the provider tells it. While `taken` is set, the money is with the bank and not on the player's account."""

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="chargebacks")
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="chargebacks")
    provider = models.CharField(max_length=40)
    dispute_id = models.CharField(max_length=80, help_text="The provider's name for it.")
    state = models.CharField(max_length=10, choices=CHARGEBACK.choices)
    version = models.IntegerField(default=1)
    currency = models.CharField(max_length=10)
    amount = MoneyField(help_text="What the bank takes or may take, units of `currency`.")
    fee = MoneyField(default=0, help_text="What the provider charged for it, units of `currency`, where it says so.")
    reason = models.CharField(max_length=20, blank=True, help_text="The scheme's reason code, such as 10.4.")
    taken = models.BooleanField(default=False)
    rounds = models.SmallIntegerField(default=0, help_text="How often the money was taken: 2 after a won one was opened again.")
    opened_at = models.DateTimeField()
    evidence_due_at = models.DateTimeField(null=True, help_text="Until when evidence may be handed in.")
    due_at = models.DateTimeField(help_text="When somebody has to have decided about it.")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True)

    objects = Scoped.as_manager()

    class Meta:
        constraints: ClassVar = [
            CHARGEBACK.constraint("payments_chargeback_state"),
            models.UniqueConstraint(fields=["provider", "dispute_id"], name="payments_chargeback_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_chargeback_amount_positive"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], condition=Q(state__in=["inquiry", "opened"]), name="payments_chargeback_queue"),
            models.Index(fields=["-opened_at", "-id"], name="payments_chargeback_newest"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"CB-{self.pk}"
