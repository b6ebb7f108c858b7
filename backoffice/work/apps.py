from django.apps import AppConfig


class WorkConfig(AppConfig):
    name = "backoffice.work"
    label = "work"
    verbose_name = "Queues"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy

        from backoffice.approvals.registry import register
        from backoffice.runtime import schedules
        from backoffice.ui import navigation, tiles
        from backoffice.work import canned, home, permissions, rights, telling

        rights.declare()
        permissions.register()
        register(canned.CANNED)
        telling.register()
        navigation.register(navigation.Item("Insight", gettext_lazy("Live"), "work:live", "bolt", "work.watch", order=10))
        tiles.register(home.home, order=10)
        schedules.every(300, task="backoffice.work.tasks.sweep_presence")
        schedules.every(3600, task="backoffice.work.tasks.discard_stray_files")
