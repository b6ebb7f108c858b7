"""Where the runtime plugs itself into Django: for its management commands and the registry of demo processes."""

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "backoffice.runtime"
    label = "runtime"
    verbose_name = "Runtime"
