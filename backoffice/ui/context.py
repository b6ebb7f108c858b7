"""What every page gets: one lazy object, so that a fragment or an error page pays only for what it shows."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property

from backoffice.ui import banners, navigation, preferences, toasts

LONGEST_ADDRESS = 500


class Shell:
    """The frame around a page: navigation, scope, search, preferences, toasts."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def signed_in(self) -> bool:
        """Whether the frame may show the person's pages: signed in, with the second factor in place."""
        user = getattr(self._request, "user", None)
        return bool(user and user.is_authenticated and not getattr(self._request, "setting_up", False))

    @property
    def layout(self) -> str:
        return "layouts/base.html" if self.signed_in else "layouts/auth.html"

    @cached_property
    def preferences(self) -> preferences.Preferences:
        return preferences.of(self._request)

    @cached_property
    def groups(self) -> list[navigation.Group]:
        return navigation.groups(self._request)

    @cached_property
    def bar(self) -> list[navigation.Link]:
        return navigation.bar(self._request)

    @cached_property
    def search(self) -> navigation.SearchBox | None:
        return navigation.search_box(self._request)

    @cached_property
    def asked_on(self) -> str:
        """The page on which somebody searches, so that what can be done there is offered; the results page keeps the one before it."""
        on_results = self.search is not None and self._request.path == reverse(self.search.url_name)
        return (self._request.GET.get("at", "") if on_results else self._request.get_full_path())[:LONGEST_ADDRESS]

    @cached_property
    def scope(self) -> Any:
        """The brands that this person reaches, put there by the access room's middleware."""
        return getattr(self._request, "scope", None)

    @cached_property
    def toasts(self) -> list[toasts.Toast]:
        return toasts.pending(self._request) if hasattr(self._request, "_messages") else []

    @cached_property
    def banners(self) -> list[banners.Banner]:
        """What everybody has to know, such as a mode that holds."""
        return banners.of(self._request)

    @cached_property
    def now(self) -> Any:
        return timezone.now()

    @property
    def request_id(self) -> str:
        return getattr(self._request, "id", "")


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"shell": Shell(request)}
