"""What a provider may say of a deposit, without a provider."""

from datetime import datetime

from django.utils import timezone

from payments.models import Deposit
from payments.providers.protocol import DepositState, Dispute, DisputeState, Money, Payment, PaymentKind
from payments.services import deposits


def dispute(deposit: Deposit, state: DisputeState, *, amount: object = None, name: str = "dsp") -> Dispute:
    money = Money(amount=deposit.amount if amount is None else amount, currency=deposit.currency)  # type: ignore[arg-type]
    return Dispute(dispute_id=f"{name}-{deposit.pk}", state=state, money=money, reason="10.4")


def news(
    deposit: Deposit, state: DepositState = DepositState.CAPTURED, *, sequence: int = 3, fee: Money | None = None, money: Money | None = None,
    disputes: tuple[Dispute, ...] = (), provider_id: str = "",
) -> Payment:  # fmt: skip
    """The deposit as its provider has it; `sequence` 0 for one that counts nothing."""
    return Payment(
        reference=deposit.reference, provider_id=provider_id or f"np-{deposit.pk}", kind=PaymentKind.DEPOSIT, state=state,
        money=money or Money(amount=deposit.amount, currency=deposit.currency), fee=fee, sequence=sequence, changed_at=timezone.now(), disputes=disputes,
    )  # fmt: skip


def hears(deposit: Deposit, state: DepositState = DepositState.CAPTURED, *, now: datetime | None = None, **more: object) -> str:
    """The house hears it."""
    return deposits.told(deposit_id=deposit.pk, payment=news(deposit, state, **more), now=now or timezone.now())  # type: ignore[arg-type]
