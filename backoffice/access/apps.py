from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    name = "backoffice.access"
    label = "access"
    verbose_name = "People, roles and reach"

    def ready(self) -> None:
        from backoffice.access import checks  # noqa: F401  (registers the check)
        from backoffice.access.permissions import Permission, catalogue
        from backoffice.ui import navigation

        catalogue.register(
            Permission("scope.all_brands", _("Work on every brand"), group=_("People"), roles=("auditor",)),
            Permission("audit.view", _("Read the audit log"), group=_("Control"), roles=("auditor", "compliance", "head-of-payments")),
            Permission("audit.view_compliance", _("Read facts that only compliance sees"), group=_("Control"), roles=("compliance",)),
            Permission("audit.reveal", _("Reveal personal values of facts, on the record"), group=_("Control"), roles=("compliance", "auditor")),
            Permission("access.view_people", _("See people, their roles and their reach"), group=_("People"), roles=("auditor", "compliance")),
            Permission("access.manage_people", _("Add people, grant roles and reach, reset a second factor"), group=_("People")),
            Permission("access.lift_lockout", _("Unlock a person's sign-in"), group=_("People"), roles=("head-of-payments",)),
        )
        navigation.register(navigation.Item("Control", _("Audit log"), "audit:log", "list", permission="audit.view", order=10))
        navigation.register(navigation.Item("Control", _("People"), "access:people", "users", permission="access.view_people", order=40))
