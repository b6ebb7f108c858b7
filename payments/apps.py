from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        from payments import permissions, plugins, rights, shipped_checks

        permissions.register()
        rights.declare()
        shipped_checks.register_shipped()
        plugins.plug_in()
