from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "backoffice.audit"
    label = "audit"
    verbose_name = "The record"

    def ready(self) -> None:
        from backoffice.audit import health, rights, streams
        from backoffice.ui import health as probes

        rights.declare()
        for name, probe in (("sealing", health.sealing), ("horizon", health.horizon), ("partitions", health.partitions)):
            probes.register(name, probe)
        streams.register_record()
