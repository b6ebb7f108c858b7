"""What staff may see and do about the installation itself."""

from backoffice.access.permissions import Permission, catalogue

VIEW, TOLD, MODES = "operations.view", "operations.be_told", "operations.modes"


def register() -> None:
    catalogue.register(
        Permission(VIEW, "See how the installation is and which mode it is in", "Control", ("head-of-payments", "compliance", "auditor")),
        Permission(TOLD, "Is told when something of the installation stops working", "Control"),
        Permission(MODES, "Switch read-only and maintenance modes, and work during maintenance", "Control", ("head-of-payments",)),
    )
