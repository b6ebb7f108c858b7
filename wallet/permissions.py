"""What staff may do with money at rest."""


def register() -> None:
    from backoffice.access.permissions import Permission, catalogue

    catalogue.register(
        Permission(
            "wallet.view", "See balances and postings", "Money",
            ("payments-l1", "payments-l2", "head-of-payments", "fraud", "compliance", "finance", "auditor"),
        ),
        Permission("wallet.close_day", "Close the books of a day", "Money", ("finance",)),
    )  # fmt: skip
