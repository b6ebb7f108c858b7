"""What staff may do with money at rest."""

from django.utils.translation import gettext_lazy as _


def register() -> None:
    from backoffice.access.permissions import Permission, catalogue

    catalogue.register(
        Permission(
            "wallet.view", _("See balances and postings"), _("Money"),
            ("payments-l1", "payments-l2", "head-of-payments", "fraud", "compliance", "finance", "auditor"),
        ),
        Permission("wallet.close_day", _("Close the books of a day"), _("Money"), ("finance",)),
    )  # fmt: skip
