"""Where the runtime plugs itself into Django: for its management commands and the registry of demo processes."""

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "backoffice.runtime"
    label = "runtime"
    verbose_name = "Runtime"

    def ready(self) -> None:
        from django.db.backends.signals import connection_created

        from backoffice.runtime import timeouts

        connection_created.connect(timeouts.limit, dispatch_uid="transaction-timeout")
