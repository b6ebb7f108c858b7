from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "backoffice.integrations"
    label = "integrations"
    verbose_name = "Integrations"

    def ready(self) -> None:
        from backoffice.integrations import rights
        from backoffice.runtime import schedules

        rights.declare()
        schedules.every(3600, task="backoffice.integrations.tasks.forget_old_answers")
