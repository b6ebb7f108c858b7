"""Every address of the house. Each of our apps with a `urls` module is mounted at the root, and writes its paths in full."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path


def ours() -> list[str]:
    """The `urls` modules of the apps that live in this repository, the highest room first."""
    names = [config.name for config in apps.get_app_configs() if (settings.BASE_DIR / config.name.split(".")[0] / "__init__.py").is_file()]
    return [f"{name}.urls" for name in names if find_spec(f"{name}.urls")]


urlpatterns: list[URLPattern | URLResolver] = [path("", include(import_module(name))) for name in ours()]

handler400 = "backoffice.ui.errors.bad_request"
handler403 = "backoffice.ui.errors.forbidden"
handler404 = "backoffice.ui.errors.not_found"
handler500 = "backoffice.ui.errors.server_error"
