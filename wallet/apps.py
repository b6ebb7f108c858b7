from django.apps import AppConfig


class WalletConfig(AppConfig):
    name = "wallet"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy

        from backoffice.ui import money, navigation
        from wallet import arrivals, currencies, holdings, merging, panels, permissions, retention, rights, segments, stream, tally
        from wallet.statements import plugins as statements
        from wallet.unclaimed import plugins as unclaimed

        rights.declare()
        stream.register(carried=retention.findings)
        permissions.register()
        tally.register()
        segments.plug_in()
        panels.plug_in()
        statements.plug_in()
        unclaimed.plug_in()
        arrivals.plug_in()
        merging.plug_in()
        holdings.plug_in()
        navigation.register(navigation.Item("Money", gettext_lazy("Books"), "wallet:books", "book", "wallet.view", order=10))
        money.use_exponents(currencies.exponent)
