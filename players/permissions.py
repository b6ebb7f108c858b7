"""What staff may do with players."""

from django.utils.translation import gettext_lazy as _

EVERYBODY = (
    "support", "payments-l1", "payments-l2", "head-of-payments", "kyc", "fraud", "compliance", "crm", "games", "finance", "auditor",
)  # fmt: skip


def register() -> None:
    from backoffice.access.permissions import Permission, catalogue

    catalogue.register(
        Permission("players.view", _("See players"), _("Players"), EVERYBODY),
        Permission("players.reveal", _("Reveal personal data, on the record"), _("Players"), ("support", "kyc", "fraud", "compliance", "payments-l2")),
        Permission("players.restrict", _("Suspend, close and reopen accounts, set and lift blocks"), _("Players"), ("fraud", "compliance", "head-of-payments")),
        Permission("players.tag", _("Tag players"), _("Players"), tuple(code for code in EVERYBODY if code != "auditor")),
        Permission(
            "players.view_instruments", _("See how players pay"), _("Players"),
            ("payments-l1", "payments-l2", "head-of-payments", "kyc", "fraud", "compliance", "finance", "auditor"),
        ),
        Permission(
            "players.message", _("Write to players"), _("Players"),
            ("support", "payments-l1", "payments-l2", "head-of-payments", "kyc", "fraud", "compliance", "crm"),
        ),
        Permission("players.configure_messages", _("Propose what players are written"), _("Players"), ("crm", "compliance", "head-of-payments")),
        Permission("players.tickets", _("Keep tickets of players by hand"), _("Players"), ("support", "kyc", "fraud", "compliance", "crm", "payments-l2")),
        Permission("players.consents", _("Write down what players agreed to"), _("Players"), ("support", "crm", "compliance")),
        Permission(
            "players.confirm_instruments", _("Confirm how players pay"), _("Players"), ("payments-l1", "payments-l2", "head-of-payments", "kyc", "fraud")
        ),
        Permission("players.configure_blocks", _("Propose why players are blocked"), _("Players"), ("fraud", "compliance", "head-of-payments")),
        Permission("players.segments", _("Say which players a segment is of"), _("Players"), ("crm", "compliance", "head-of-payments")),
    )  # fmt: skip
