"""What a provider said in the past about a deposit."""

from datetime import datetime

from payments.models import Deposit
from payments.providers.protocol import DepositState, Dispute, Money, Payment, PaymentKind
from payments.services import deposits


def of_deposit(
    deposit: Deposit, state: DepositState, *, sequence: int, fee: Money | None = None, money: Money | None = None, disputes: tuple[Dispute, ...] = (),
    at: datetime,
) -> None:  # fmt: skip
    payment = Payment(
        reference=deposit.reference, provider_id=f"past_{deposit.reference.lower()}", kind=PaymentKind.DEPOSIT, state=state,
        money=money or Money(amount=deposit.amount, currency=deposit.currency), fee=fee, sequence=sequence, changed_at=at, disputes=disputes,
    )  # fmt: skip
    deposits.told(deposit_id=deposit.pk, payment=payment, now=at)
