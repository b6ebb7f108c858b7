from django.apps import AppConfig


class WalletConfig(AppConfig):
    name = "wallet"

    def ready(self) -> None:
        from backoffice.ui import money
        from wallet import currencies, permissions, rights, stream

        rights.declare()
        stream.register()
        permissions.register()
        money.use_exponents(currencies.exponent)
