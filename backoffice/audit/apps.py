from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "backoffice.audit"
    label = "audit"
    verbose_name = "The record"

    def ready(self) -> None:
        from backoffice.audit import rights, streams

        rights.declare()
        streams.register_record()
