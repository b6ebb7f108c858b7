"""States of what finance pays out of the house's own accounts."""

from backoffice.audit.lifecycle import Lifecycle

REMITTANCE = Lifecycle(
    "wallet.remittance",
    agreed={"paid": "wallet.unclaimed", "cancelled": "wallet.unclaimed"},
    final={"paid", "cancelled"},
)  # fmt: skip
