from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AlertsConfig(AppConfig):
    name = "backoffice.alerts"
    label = "alerts"
    verbose_name = "Alerts"

    def ready(self) -> None:
        from django.urls import reverse

        from backoffice.access.permissions import Permission, catalogue
        from backoffice.alerts import house, rights, rules, telling
        from backoffice.alerts.lifecycles import HANDLE, SUBJECT
        from backoffice.approvals.registry import register
        from backoffice.audit.models import Event
        from backoffice.runtime import probes, schedules
        from backoffice.ui import navigation
        from backoffice.work import happening

        work = ("payments-l1", "payments-l2", "head-of-payments", "fraud", "compliance")
        catalogue.register(
            Permission(telling.VIEW, _("See alerts and their rules"), _("Insight"), (*work, "kyc", "crm", "games", "finance", "auditor")),
            Permission(HANDLE, _("Look after alerts and mute rules"), _("Insight"), work),
            Permission("alerts.configure", _("Propose alert rules"), _("Insight"), ("head-of-payments", "fraud", "compliance")),
        )
        rights.declare()
        telling.register()
        house.plug_in()
        register(rules.KIND)
        probes.queue("queue.alerts", _("Alert rules"), table="alerts_standing", where="next_attempt_at IS NOT NULL")
        schedules.every(10, task="backoffice.alerts.tasks.evaluate")
        navigation.register(navigation.Item("Insight", _("Alerts"), "alerts:alerts", "flag", telling.VIEW, order=20))

        def link(fact: Event) -> str:
            return reverse("alerts:alert", args=[fact.subject_id]) if fact.subject_type == SUBJECT else ""

        words = {"alert.firing": _("Alert fires"), "alert.acknowledged": _("Alert is looked after"), "alert.resolved": _("Alert is over")}
        happening.register(happening.Kind("alerts", _("Alerts"), words, telling.VIEW, link, "critical", lambda after: str(after.get("name", ""))))
