"""Money in motion: deposits, withdrawals, what goes back, and every word exchanged with providers about them."""

from payments.models.base import Payment, Scoped
from payments.models.chargebacks import Chargeback
from payments.models.deposits import Deposit
from payments.models.exceptions import PaymentException
from payments.models.exchanges import ProviderCall, WebhookEvent
from payments.models.reasons import ReasonCode
from payments.models.refunds import Refund
from payments.models.withdrawals import PLAYER, STAFF, SYSTEM, Withdrawal

__all__ = [
    "PLAYER",
    "STAFF",
    "SYSTEM",
    "Chargeback",
    "Deposit",
    "Payment",
    "PaymentException",
    "ProviderCall",
    "ReasonCode",
    "Refund",
    "Scoped",
    "WebhookEvent",
    "Withdrawal",
]
