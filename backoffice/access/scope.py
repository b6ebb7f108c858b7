"""The scope switcher's side of reach: which brands this request sees, and how the top bar says so."""

from typing import Any

from django.http import HttpRequest

from backoffice.scope.models import Brand

SESSION_KEY = "brand"


class Scope:
    """What this request works on. Nothing is asked of the database until somebody looks."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def brands(self) -> list[Brand]:
        user: Any = self._request.user
        return user.brands if user.is_authenticated else []

    @property
    def chosen(self) -> Brand | None:
        """The one brand this request is narrowed to, if any."""
        user: Any = self._request.user
        return user.chosen_brand if user.is_authenticated else None

    @property
    def reach(self) -> frozenset[int]:
        user: Any = self._request.user
        return user.reach() if user.is_authenticated else frozenset()

    @property
    def markets(self) -> list[dict[str, str]]:
        """The jurisdictions of the brands in sight, each once."""
        shown = [self.chosen] if self.chosen else self.brands
        return list({market["code"]: market for brand in shown for market in brand.markets}.values())  # type: ignore[attr-defined]


def choose(request: HttpRequest, brand: Brand | None) -> None:
    """Narrow this session to one brand, or widen it to all that the person reaches."""
    if brand is None:
        request.session.pop(SESSION_KEY, None)
    else:
        request.session[SESSION_KEY] = brand.pk
