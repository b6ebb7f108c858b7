"""What staff may do with money at rest."""

from django.utils.translation import gettext_lazy as _


def register() -> None:
    from backoffice.access.permissions import Permission, catalogue

    catalogue.register(
        Permission(
            "wallet.view", _("See balances and postings"), _("Money"),
            ("payments-l1", "payments-l2", "head-of-payments", "fraud", "compliance", "finance", "auditor"),
        ),
        Permission("wallet.import_balances", _("Bring opening balances in with players of another system"), _("Money"), ("head-of-payments",)),
        Permission("wallet.close_day", _("Close the books of a day"), _("Money"), ("finance",)),
    )  # fmt: skip
