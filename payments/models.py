"""Money in motion: deposits, withdrawals, and every word exchanged with providers about them."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.scope.models import BrandScoped
from backoffice.ui import words
from payments.lifecycles import DEPOSIT, TO_DECIDE, WITHDRAWAL
from players.models import Instrument, Player
from wallet.models import Hold, MoneyField

STAFF, SYSTEM, PLAYER = "staff", "system", "player"


class Scoped(models.QuerySet[Any]):
    def visible_to(self, staff: Any) -> "Scoped":
        return self.filter(brand_id__in=staff.reach())

    def counted(self) -> "Scoped":
        """Without test players, who stand in no figure (GLI-19 A.2.5)."""
        return self.filter(player__is_test=False)


class Payment(BrandScoped):
    """What deposits and withdrawals share: whose, how, how much, in which state, and what the provider was told."""

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="%(class)ss", db_index=False)
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="%(class)ss")
    currency = models.CharField(max_length=10)
    amount = MoneyField()  # units of `currency`, exact to its exponent
    fee = MoneyField(default=0, help_text="What the provider charged us so far, units of `currency`.")
    version = models.IntegerField(default=1)
    requested_at = models.DateTimeField()
    provider = models.CharField(max_length=40)
    attempt = models.SmallIntegerField(default=0, help_text="How often it was sent under a new reference.")
    reference = models.CharField(max_length=60, blank=True, help_text="Our reference at the provider for this attempt; made before the first call.")
    provider_id = models.CharField(max_length=80, blank=True)
    provider_sequence = models.IntegerField(default=0, help_text="The last change that the provider told; older news is skipped.")
    next_attempt_at = models.DateTimeField(null=True, help_text="When a worker has to do the next thing about it.")
    tries = models.SmallIntegerField(default=0, help_text="Calls without a usable answer in a row.")
    last_call_ended_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=120, blank=True, help_text="Why it failed, in the provider's words.")

    class Meta:
        abstract = True


class Deposit(Payment):
    """A player pays in. Credited to cash once the provider has captured the money."""

    state = models.CharField(max_length=14, choices=DEPOSIT.choices, default="initiated")
    redirect_url = models.CharField(max_length=500, blank=True)
    credited_at = models.DateTimeField(null=True)
    credit_transaction = models.BigIntegerField(null=True)

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


class ReasonCode(models.Model):
    """Why a decision was made, in words that staff choose from and, where the player is told, words for the player."""

    configured_by = "payments.reason"

    code = models.CharField(max_length=40, primary_key=True)
    outcome = models.CharField(max_length=12, choices=[("approved", _("Approve")), ("rejected", _("Reject")), ("held", _("Hold")), ("returned", _("Return"))])
    label = models.CharField(max_length=80)
    player_text = models.CharField(max_length=200, blank=True)
    position = models.SmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("outcome", "position", "code")

    def __str__(self) -> str:
        return self.label


class ProviderCall(models.Model):
    """One call to a provider, written when it ended: what was asked, what came back or why nothing did."""

    payment_type = models.CharField(max_length=12, choices=[("deposit", _("Deposit")), ("withdrawal", _("Withdrawal"))])
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


class WebhookEvent(models.Model):
    """A provider's message, kept byte for byte before anything is done with it. The same event twice is one row."""

    provider = models.CharField(max_length=40)
    event_id = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    reference = models.CharField(max_length=80, blank=True)
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
            models.Index(fields=["received_at"], name="payments_webhookevent_came"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id}"
