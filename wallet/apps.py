from django.apps import AppConfig


class WalletConfig(AppConfig):
    name = "wallet"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy

        from backoffice.ui import money, navigation
        from wallet import currencies, holdings, panels, permissions, retention, rights, segments, stream, tally

        rights.declare()
        stream.register(carried=retention.findings)
        permissions.register()
        tally.register()
        segments.plug_in()
        panels.plug_in()
        holdings.plug_in()
        navigation.register(navigation.Item("Money", gettext_lazy("Books"), "wallet:books", "book", "wallet.view", order=10))
        money.use_exponents(currencies.exponent)
