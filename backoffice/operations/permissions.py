"""What staff may see and do about the installation itself."""

from django.utils.translation import gettext_lazy as _

from backoffice.access.permissions import Permission, catalogue

VIEW, TOLD, MODES = "operations.view", "operations.be_told", "operations.modes"


def register() -> None:
    catalogue.register(
        Permission(VIEW, _("See how the installation is and which mode it is in"), _("Control"), ("head-of-payments", "compliance", "auditor")),
        Permission(TOLD, _("Is told when something of the installation stops working"), _("Control")),
        Permission(MODES, _("Switch read-only and maintenance modes, and work during maintenance"), _("Control"), ("head-of-payments",)),
    )
