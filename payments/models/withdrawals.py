"""Money that players ask for."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q

from backoffice.ui import words
from payments.lifecycles import TO_DECIDE, WITHDRAWAL
from payments.models.base import Payment, Scoped
from wallet.models import Hold

STAFF, SYSTEM, PLAYER = "staff", "system", "player"


class Withdrawal(Payment):
    """A player's request to be paid. The money sits in the player's hold account until a final state."""

    state = models.CharField(max_length=20, choices=WITHDRAWAL.choices, default="requested")
    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, related_name="withdrawal")
    due_at = models.DateTimeField(help_text="When the brand has promised a decision.")
    held_until = models.DateTimeField(null=True)
    needs_second = models.BooleanField(default=False, help_text="It was above the four-eyes limit when it was first approved.")
    first_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    first_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by_kind = models.CharField(max_length=10, choices=[(kind, words.lazy(kind)) for kind in (STAFF, SYSTEM, PLAYER)], blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")  # staff only
    reason_code = models.CharField(max_length=40, blank=True)
    note = models.TextField(blank=True)
    dispatch_at = models.DateTimeField(null=True, help_text="Not before: the undo window is this column.")
    sent_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    objects = Scoped.as_manager()

    class Meta:
        constraints: ClassVar = [
            WITHDRAWAL.constraint("payments_withdrawal_state"),
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="payments_withdrawal_amount_positive",
                violation_error_message="A withdrawal needs an amount above zero.",
            ),
            models.CheckConstraint(
                condition=Q(decided_at=None, decided_by_kind="") | Q(decided_at__isnull=False) & ~Q(decided_by_kind=""),
                name="payments_withdrawal_decided_at_with_decided_by_kind",
            ),
            models.CheckConstraint(
                condition=Q(decided_by_kind="staff", decided_by__isnull=False) | ~Q(decided_by_kind="staff") & Q(decided_by=None),
                name="payments_withdrawal_decided_by_staff",
            ),
            models.CheckConstraint(
                condition=Q(first_by=None) | Q(decided_by=None) | ~Q(decided_by=F("first_by")), name="payments_withdrawal_two_people",
                violation_error_message="The second approval is for somebody else.",
            ),
            models.CheckConstraint(
                condition=Q(needs_second=False)
                | ~Q(state__in=["approved", "sent", "settled", "unknown"])
                | Q(first_by__isnull=False, decided_by__isnull=False),
                name="payments_withdrawal_four_eyes_held",
            ),
            models.CheckConstraint(condition=~Q(state="held") | Q(held_until__isnull=False), name="payments_withdrawal_held_has_an_end"),
            models.CheckConstraint(condition=~Q(state="approved") | Q(dispatch_at__isnull=False), name="payments_withdrawal_approved_has_dispatch"),
            models.CheckConstraint(condition=~Q(state__in=["sent", "unknown"]) | ~Q(reference=""), name="payments_withdrawal_sent_has_reference"),
            models.UniqueConstraint(fields=["reference"], condition=~Q(reference=""), name="payments_withdrawal_reference"),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index("brand", "due_at", "id", condition=Q(state__in=TO_DECIDE), name="payments_withdrawal_queue"),
            models.Index("due_at", "id", condition=Q(state__in=TO_DECIDE), name="payments_withdrawal_all_queue"),
            models.Index(fields=["state", "-requested_at", "-id"], name="payments_withdrawal_by_state"),
            models.Index(fields=["brand", "-requested_at", "-id"], name="payments_withdrawal_newest"),
            models.Index(fields=["player", "-requested_at"], name="payments_withdrawal_of_player"),
            models.Index(fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="payments_withdrawal_due"),
            models.Index(fields=["settled_at"], condition=Q(settled_at__isnull=False), name="payments_withdrawal_settled"),
            models.Index(fields=["player", "currency"], include=["amount", "settled_at"], condition=Q(state="settled"), name="payments_withdrawal_paid_out"),
            models.Index(fields=["decided_at"], condition=Q(decided_at__isnull=False), name="payments_withdrawal_decided"),
            models.Index("brand", OpClass("provider_id", name="varchar_pattern_ops"), condition=~Q(provider_id=""), name="payments_withdrawal_provider"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"WD-{self.pk}"
