"""What staff may do with jobs."""

from backoffice.jobs.models import APPROVE, APPROVE_IMPORTS, VIEW_ALL

EXPORT, UNMASKED, IMPORT = "jobs.export", "jobs.export_unmasked", "jobs.import"
LEADS = ("head-of-payments", "compliance")
WORKERS = ("payments-l1", "payments-l2", "kyc", "fraud", "crm", "games", "finance", "auditor", *LEADS)


def register() -> None:
    from backoffice.access.permissions import Permission, catalogue

    catalogue.register(
        Permission(EXPORT, "Export lists to files, personal data masked", "Files", WORKERS),
        Permission(UNMASKED, "Ask for exports with personal data in clear", "Files", LEADS),
        Permission(APPROVE, "Approve exports that are large or in clear", "Files", LEADS),
        Permission(IMPORT, "Bring rows in from files", "Files", tuple(role for role in WORKERS if role != "auditor")),
        Permission(APPROVE_IMPORTS, "Approve imports that are large", "Files", LEADS),
        Permission(VIEW_ALL, "See everybody's imports and exports", "Files", (*LEADS, "auditor")),
    )
