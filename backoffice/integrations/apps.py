from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "backoffice.integrations"
    label = "integrations"
    verbose_name = "Integrations"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from backoffice.access.permissions import Permission, catalogue
        from backoffice.integrations import probes, problems, rights
        from backoffice.integrations.sandboxes import catcher
        from backoffice.operations import gate
        from backoffice.runtime import schedules
        from backoffice.runtime.registry import demo_processes
        from backoffice.ui import navigation

        rights.declare()
        probes.register()
        gate.answer_below("/api/", problems.closed)
        schedules.every(3600, task="backoffice.integrations.tasks.forget_old_answers")
        schedules.every(2, task="backoffice.integrations.tasks.deliver_webhooks")
        catalogue.register(
            Permission("integrations.view_webhooks", _("See webhooks and what was delivered"), _("Control"), ("head-of-payments", "compliance", "auditor")),
            Permission("integrations.webhooks", _("Add webhook endpoints, switch them on and off, send again"), _("Control")),
        )
        demo_processes.register(catcher.process())
        navigation.register(navigation.Item("Control", _("Webhooks"), "integrations:webhooks", "plug", "integrations.view_webhooks", order=40))
