from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "backoffice.ui"
    label = "ui"
    verbose_name = "Screens"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from backoffice.ui import navigation

        navigation.register(navigation.Item("Home", _("Home"), "ui:home", "home", order=0))
