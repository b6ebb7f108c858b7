from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "backoffice.audit"
    label = "audit"
    verbose_name = "The record"

    def ready(self) -> None:
        from backoffice.audit import health, rights, streams

        rights.declare()
        health.register()
        streams.register_record()
