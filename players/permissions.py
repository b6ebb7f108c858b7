"""What staff may do with players."""

EVERYBODY = (
    "support", "payments-l1", "payments-l2", "head-of-payments", "kyc", "fraud", "compliance", "crm", "games", "finance", "auditor",
)  # fmt: skip


def register() -> None:
    from backoffice.access.permissions import Permission, catalogue

    catalogue.register(
        Permission("players.view", "See players", "Players", EVERYBODY),
        Permission("players.reveal", "Reveal personal data, on the record", "Players", ("support", "kyc", "fraud", "compliance", "payments-l2")),
        Permission("players.restrict", "Suspend, close and reopen accounts", "Players", ("fraud", "compliance", "head-of-payments")),
        Permission(
            "players.view_instruments", "See how players pay", "Players",
            ("payments-l1", "payments-l2", "head-of-payments", "kyc", "fraud", "compliance", "finance", "auditor"),
        ),
        Permission(
            "players.confirm_instruments", "Confirm how players pay", "Players", ("payments-l1", "payments-l2", "head-of-payments", "kyc", "fraud")
        ),
    )  # fmt: skip
