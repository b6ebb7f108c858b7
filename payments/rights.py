"""What the app's login may do to payments: no payment, call or webhook is ever deleted."""

from backoffice.runtime import rights


def declare() -> None:
    for table in ("payments_deposit", "payments_withdrawal", "payments_webhookevent", "payments_refund", "payments_chargeback", "payments_paymentexception"):
        rights.restrict(table, "SELECT, INSERT, UPDATE")
    rights.restrict("payments_providercall", "SELECT, INSERT, UPDATE (detail)")  # emptied with an erased player
