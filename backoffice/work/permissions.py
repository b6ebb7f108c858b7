"""What staff may do with queues as such."""

from backoffice.access.roles import SHIPPED
from backoffice.work.saved import SHARE

LEADS = ("head-of-payments", "compliance")


def register() -> None:
    from backoffice.access.permissions import Permission, catalogue

    catalogue.register(
        Permission(SHARE, "Share saved views with a role", "Work", LEADS),
        Permission("work.watch", "Watch what is happening now", "Work", (*LEADS, "payments-l1", "payments-l2", "fraud", "finance", "support", "auditor")),
        Permission("work.note", "Write notes for colleagues", "Work", tuple(code for code in SHIPPED if code not in {"auditor", "owner"})),
        Permission("work.configure", "Propose canned notes", "Work", LEADS),
        Permission("work.assign_others", "Assign work to other people", "Work", (*LEADS, "payments-l2", "kyc", "fraud")),
    )
