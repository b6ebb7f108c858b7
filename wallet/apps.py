from django.apps import AppConfig


class WalletConfig(AppConfig):
    name = "wallet"

    def ready(self) -> None:
        from wallet import permissions, rights, stream

        rights.declare()
        stream.register()
        permissions.register()
