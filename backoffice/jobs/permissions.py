"""What staff may do with jobs."""

from django.utils.translation import gettext_lazy as _

from backoffice.jobs.models import APPROVE, APPROVE_IMPORTS, VIEW_ALL

EXPORT, UNMASKED, IMPORT = "jobs.export", "jobs.export_unmasked", "jobs.import"
LEADS = ("head-of-payments", "compliance")
WORKERS = ("payments-l1", "payments-l2", "kyc", "fraud", "crm", "games", "finance", "auditor", *LEADS)


def register() -> None:
    from backoffice.access.permissions import Permission, catalogue

    catalogue.register(
        Permission(EXPORT, _("Export lists to files, personal data masked"), _("Files"), WORKERS),
        Permission(UNMASKED, _("Ask for exports with personal data in clear"), _("Files"), LEADS),
        Permission(APPROVE, _("Approve exports that are large or in clear"), _("Files"), LEADS),
        Permission(IMPORT, _("Bring rows in from files"), _("Files"), tuple(role for role in WORKERS if role != "auditor")),
        Permission(APPROVE_IMPORTS, _("Approve imports that are large"), _("Files"), LEADS),
        Permission(VIEW_ALL, _("See everybody's imports and exports"), _("Files"), (*LEADS, "auditor")),
    )
