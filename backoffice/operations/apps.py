from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    name = "backoffice.operations"
    label = "operations"
    verbose_name = "Operations"

    def ready(self) -> None:
        from django.conf import settings

        from backoffice.access.models import read_with_person
        from backoffice.operations import gate, home, modes, permissions, probes, probing, pulses, rights, telling
        from backoffice.runtime import pulses as signs
        from backoffice.runtime import schedules, watching
        from backoffice.ui import banners, health, navigation

        rights.declare()
        permissions.register()
        probes.register()
        telling.register()
        health.register_lines(home.lines, permission=permissions.VIEW)
        signs.listen(pulses.keep)
        read_with_person("house_mode", modes.row)
        banners.register(gate.banner)
        schedules.every(5, task="backoffice.operations.tasks.probe")
        schedules.every(3600, task="backoffice.operations.tasks.forget_old")
        watching.register(probing.sweep)
        if settings.METRICS_TOKEN:
            from backoffice.operations.metrics import counting
            from backoffice.runtime import observing
            from backoffice.ui import middleware

            middleware.finished.append(counting.request)
            observing.tasks.append(counting.task)
        schedules.every(10, task="backoffice.operations.tasks.tally")
        navigation.register(navigation.Item("Control", _("Operations"), "operations:health", "pulse", permissions.VIEW, order=45))
