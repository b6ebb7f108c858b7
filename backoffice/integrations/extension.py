"""Where rooms add their part of the HTTP interface. Dotted names, so that a command that serves no requests loads none of it."""

from collections.abc import Callable, Iterator
from typing import Any

from django.urls import URLPattern, path
from django.utils.module_loading import import_string


class ApiRouters:
    """Routers of django-ninja under `/api/platform/v1`."""

    def __init__(self) -> None:
        self._routers: dict[str, str] = {}

    def register(self, prefix: str, router: str) -> None:
        """Add a router by its dotted name, such as `players.api.router`, under a prefix; an empty one is the root."""
        if self._routers.setdefault(router, prefix) != prefix:
            raise ValueError(f"{router} is registered under two prefixes.")

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """The lowest room's first: apps are set up from the highest down."""
        return iter([(prefix, import_string(router)) for router, prefix in reversed(self._routers.items())])


class ApiViews:
    """Plain views under `/api/`, for machines that speak a language of their own, such as webhooks of providers."""

    def __init__(self) -> None:
        self._views: dict[str, tuple[str, str]] = {}

    def register(self, route: str, view: str, *, name: str) -> None:
        """Add a view by its dotted name. It decides itself who may call it."""
        if self._views.setdefault(name, (route, view)) != (route, view):
            raise ValueError(f"Two views are called {name}.")

    def urls(self) -> list[URLPattern]:
        found: list[tuple[str, str, Callable[..., Any]]] = [(name, route, import_string(view)) for name, (route, view) in self._views.items()]
        return [path(f"api/{route}", view, name=name) for name, route, view in found]


api_routers = ApiRouters()
api_views = ApiViews()
