"""Lists of money in motion: withdrawals, exceptions and chargebacks to work on, deposits and refunds to read."""

from backoffice.work.queues import register
from payments.queues.chargebacks import CHARGEBACKS
from payments.queues.deposits import DEPOSITS
from payments.queues.exceptions import EXCEPTIONS
from payments.queues.refunds import REFUNDS
from payments.queues.withdrawals import IN_FLIGHT, KINDS, SUBJECT, WITHDRAWALS, currencies, forget

__all__ = ["CHARGEBACKS", "DEPOSITS", "EXCEPTIONS", "IN_FLIGHT", "KINDS", "REFUNDS", "SUBJECT", "WITHDRAWALS", "currencies", "forget"]


def plug_in() -> None:
    for queue in (WITHDRAWALS, EXCEPTIONS, CHARGEBACKS, DEPOSITS, REFUNDS):
        register(queue)
