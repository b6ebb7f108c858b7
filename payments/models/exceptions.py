"""What went another way than it should have, and waits for a person."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.scope.models import BrandScoped
from payments.lifecycles import EXCEPTION
from payments.models.base import Scoped
from players.models import Player
from wallet.models import MoneyField

STUCK, UNKNOWN, RETURNED, MISMATCH, LATE, TWICE, GIVEN_UP, CONTRADICTED, UNASKED, REFUND_FAILED = (
    "stuck", "unknown", "returned", "mismatch", "late", "twice", "given_up", "contradicted", "unasked", "refund_failed",
)  # fmt: skip
KINDS = [
    (STUCK, _("Stuck")), (UNKNOWN, _("Outcome unknown")), (RETURNED, _("Sent back by the bank")), (MISMATCH, _("Other amount than asked for")),
    (LATE, _("Paid after it had failed")), (TWICE, _("Paid twice")), (GIVEN_UP, _("Sent after it was given up")), (CONTRADICTED, _("Contradicted")),
    (UNASKED, _("Refund that nobody asked for")), (REFUND_FAILED, _("Refund failed")),
]  # fmt: skip
PREFIXES = {"deposit": "DP", "withdrawal": "WD", "refund": "RF"}


class PaymentException(BrandScoped):
    """One thing about one payment that needs a person. The same thing again, while it is open, is the same row."""

    kind = models.CharField(max_length=14, choices=KINDS)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="payment_exceptions")
    payment_type = models.CharField(max_length=12, choices=[("deposit", _("Deposit")), ("withdrawal", _("Withdrawal")), ("refund", _("Refund"))])
    payment_id = models.BigIntegerField()
    provider = models.CharField(max_length=40)
    reference = models.CharField(max_length=60, blank=True, help_text="Of the attempt that it is about.")
    currency = models.CharField(max_length=10)
    amount = MoneyField(help_text="What it is about: the payment's amount, or what came in; units of `currency`.")
    waiting = MoneyField(default=0, help_text="What of it stands in money to be allotted until somebody decides, units of `currency`.")
    detail = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=EXCEPTION.choices, default="open")
    version = models.IntegerField(default=1)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    resolution = models.CharField(max_length=20, blank=True)
    note = models.TextField(blank=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    objects = Scoped.as_manager()

    class Meta:
        constraints: ClassVar = [
            EXCEPTION.constraint("payments_exception_state"),
            models.UniqueConstraint(
                fields=["kind", "payment_type", "payment_id", "reference"], condition=Q(state="open"), name="payments_exception_once",
            ),
            models.CheckConstraint(condition=~Q(state="resolved") | Q(resolved_at__isnull=False), name="payments_exception_resolved_when"),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], condition=Q(state="open"), name="payments_exception_queue"),
            models.Index(fields=["payment_type", "payment_id"], name="payments_exception_of"),
            models.Index(fields=["-opened_at", "-id"], name="payments_exception_newest"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"PX-{self.pk}"

    @property
    def payment_name(self) -> str:
        return f"{PREFIXES[self.payment_type]}-{self.payment_id}"
