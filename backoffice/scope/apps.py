from django.apps import AppConfig


class ScopeConfig(AppConfig):
    name = "backoffice.scope"
    label = "scope"
    verbose_name = "Brands, jurisdictions and packs"
