from django.apps import AppConfig


class WorkConfig(AppConfig):
    name = "backoffice.work"
    label = "work"
    verbose_name = "Queues"

    def ready(self) -> None:
        from backoffice.work import permissions, schedules

        permissions.register()
        schedules.every(300, task="backoffice.work.tasks.sweep_presence")
