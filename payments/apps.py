from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        from backoffice.approvals.registry import register
        from payments import kinds, permissions, plugins, refunding, rights, shipped_checks

        permissions.register()
        rights.declare()
        register(kinds.REASONS)
        register(kinds.WITHDRAWAL)
        register(refunding.KIND)
        shipped_checks.register_shipped()
        plugins.plug_in()
