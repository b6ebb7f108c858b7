"""What staff may do with money in motion."""

PAYMENTS = ("payments-l1", "payments-l2", "head-of-payments")


def register() -> None:
    from backoffice.access.permissions import Permission, catalogue

    catalogue.register(
        Permission("payments.view", "See deposits and withdrawals", "Payments", (*PAYMENTS, "fraud", "compliance", "finance", "auditor")),
        Permission("payments.view_status", "See the status of payments", "Payments", ("support", "kyc", "crm")),
        Permission("payments.decide", "Decide withdrawals", "Payments", PAYMENTS),
        Permission("payments.configure", "Propose changes of reason codes and limits", "Payments", ("head-of-payments",)),
        Permission("payments.approve_second", "Give second approvals", "Payments", ("payments-l2", "head-of-payments")),
    )  # fmt: skip
