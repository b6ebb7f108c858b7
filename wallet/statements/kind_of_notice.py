"""What finance is told when a statement contradicts the ledger."""

from django.utils.translation import gettext_lazy as _

from backoffice.bell import kinds

WRONG = kinds.Kind(
    "wallet.statement_wrong", _("Statements that do not add up"), _("%(name)s of player #%(player)s does not add up with the ledger and was not issued"),
    "warn", "critical", mail=True,
)  # fmt: skip
