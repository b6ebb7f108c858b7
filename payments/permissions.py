"""What staff may do with money in motion."""

from django.utils.translation import gettext_lazy as _

PAYMENTS = ("payments-l1", "payments-l2", "head-of-payments")


def register() -> None:
    from backoffice.access.permissions import Permission, catalogue

    catalogue.register(
        Permission("payments.view", _("See deposits and withdrawals"), _("Payments"), (*PAYMENTS, "fraud", "compliance", "finance", "auditor")),
        Permission("payments.view_status", _("See the status of payments"), _("Payments"), ("support", "kyc", "crm")),
        Permission("payments.decide", _("Decide withdrawals"), _("Payments"), PAYMENTS),
        Permission("payments.refund", _("Refund deposits, by approval"), _("Payments"), PAYMENTS),
        Permission("payments.dispute", _("Answer chargebacks"), _("Payments"), (*PAYMENTS, "fraud")),
        Permission("payments.view_raw", _("Read what providers sent, word for word"), _("Payments"), (*PAYMENTS[1:], "compliance", "auditor")),
        Permission("payments.configure", _("Propose changes of reason codes and limits"), _("Payments"), ("head-of-payments",)),
        Permission("payments.approve_second", _("Give second approvals"), _("Payments"), ("payments-l2", "head-of-payments")),
    )  # fmt: skip
