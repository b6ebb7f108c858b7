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
        Permission("players.restrict", _("Suspend, close and reopen accounts"), _("Players"), ("fraud", "compliance", "head-of-payments")),
        Permission(
            "players.view_instruments", _("See how players pay"), _("Players"),
            ("payments-l1", "payments-l2", "head-of-payments", "kyc", "fraud", "compliance", "finance", "auditor"),
        ),
        Permission(
            "players.confirm_instruments", _("Confirm how players pay"), _("Players"), ("payments-l1", "payments-l2", "head-of-payments", "kyc", "fraud")
        ),
    )  # fmt: skip
