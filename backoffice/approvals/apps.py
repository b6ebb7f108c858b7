from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApprovalsConfig(AppConfig):
    name = "backoffice.approvals"
    label = "approvals"
    verbose_name = "Approvals"

    def ready(self) -> None:
        from backoffice.access import services
        from backoffice.access.permissions import Permission, catalogue
        from backoffice.approvals import home, rights
        from backoffice.approvals.kinds import grants, packs, policies, roles
        from backoffice.approvals.registry import register
        from backoffice.approvals.services import telling
        from backoffice.runtime import probes, schedules
        from backoffice.scope import packs as law
        from backoffice.ui import navigation, tiles

        rights.declare()
        telling.register()
        see = ("payments-l1", "payments-l2", "head-of-payments", "kyc", "fraud", "compliance", "crm", "games", "finance", "auditor")
        catalogue.register(
            Permission("approvals.view", _("See changes, settings and their history; decide where a policy names them"), _("Control"), see),
            Permission("approvals.policies", _("Propose who has to approve what"), _("Control"), ("compliance",)),
            Permission("scope.packs", _("Propose jurisdiction packs"), _("Control"), ("compliance",)),
            Permission("access.roles", _("Propose what roles may do"), _("People"), ("compliance",)),
        )
        register(policies.KIND)
        register(packs.KIND)
        register(roles.KIND)
        register(grants.KIND)
        law.written_by(packs.load)
        services.role_guards[:] = [grants.guard]
        navigation.register(navigation.Item("Control", _("Approvals"), "approvals:inbox", "double", permission="approvals.view", order=20))
        navigation.register(navigation.Item("Control", _("Settings"), "approvals:settings", "sliders", permission="approvals.view", order=30))
        probes.queue("queue.changes", _("Changes that come into force"), table="approvals_changerequest", due="effective_at", where="state = 'scheduled'")
        schedules.every(5, task="backoffice.approvals.tasks.sweep")
        tiles.register(home.home, permission="approvals.view", order=20)
