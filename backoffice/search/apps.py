from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SearchConfig(AppConfig):
    name = "backoffice.search"
    label = "search"
    verbose_name = "Search"

    def ready(self) -> None:
        from backoffice.search import house
        from backoffice.ui import navigation

        house.plug_in()
        navigation.offer_search(
            url_name="search:results", palette_url_name="search:palette", placeholder=_("Players, payments, pages"), available=lambda request: True
        )
