from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "backoffice.access"
    label = "access"
    verbose_name = "People, roles and reach"

    def ready(self) -> None:
        from backoffice.access import checks  # noqa: F401  (registers the check)
        from backoffice.access.permissions import Permission, catalogue
        from backoffice.ui import navigation

        catalogue.register(
            Permission("scope.all_brands", "Work on every brand", group="People", roles=("auditor",)),
            Permission("audit.view", "Read the audit log", group="Control", roles=("auditor", "compliance", "head-of-payments")),
            Permission("audit.view_compliance", "Read facts that only compliance sees", group="Control", roles=("compliance",)),
            Permission("audit.reveal", "Reveal personal values of facts, on the record", group="Control", roles=("compliance", "auditor")),
            Permission("access.view_people", "See people, their roles and their reach", group="People", roles=("auditor", "compliance")),
            Permission("access.manage_people", "Add people, grant roles and reach, reset a second factor", group="People"),
            Permission("access.lift_lockout", "Unlock a person's sign-in", group="People", roles=("head-of-payments",)),
        )
        navigation.register(navigation.Item("Control", "Audit log", "audit:log", "list", permission="audit.view", order=10))
        navigation.register(navigation.Item("Control", "People", "access:people", "users", permission="access.view_people", order=40))
