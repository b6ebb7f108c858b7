"""What staff may do with queues as such."""

from django.utils.translation import gettext_lazy as _

from backoffice.access.roles import SHIPPED
from backoffice.work.saved import SHARE

LEADS = ("head-of-payments", "compliance")


def register() -> None:
    from backoffice.access.permissions import Permission, catalogue

    catalogue.register(
        Permission(SHARE, _("Share saved views with a role"), _("Work"), LEADS),
        Permission("work.watch", _("Watch what is happening now"), _("Work"), (*LEADS, "payments-l1", "payments-l2", "fraud", "finance", "support", "auditor")),
        Permission("work.note", _("Write notes for colleagues"), _("Work"), tuple(code for code in SHIPPED if code not in {"auditor", "owner"})),
        Permission("work.configure", _("Propose canned notes"), _("Work"), LEADS),
        Permission("work.assign_others", _("Assign work to other people"), _("Work"), (*LEADS, "payments-l2", "kyc", "fraud")),
    )
