"""How a person likes to see the screens. A cookie carries it, so that the server renders it and nothing flashes."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

CHOICES = {"theme": ("system", "light", "dark"), "density": ("comfortable", "compact"), "shortcuts": ("on", "off")}
YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Preferences:
    theme: str = "system"
    density: str = "comfortable"
    shortcuts: str = "on"


def of(request: HttpRequest) -> Preferences:
    """What this browser chose, else what the person chose elsewhere, else the defaults."""
    user = getattr(request, "user", None)
    chosen = {}
    for name, words in CHOICES.items():
        value = request.COOKIES.get(name) or getattr(user, name, "") or words[0]
        chosen[name] = value if value in words else words[0]
    return Preferences(**chosen)


def keep(request: HttpRequest, response: HttpResponse, **chosen: str) -> HttpResponse:
    """Remember a choice in the cookie and, for a signed-in person, with the account."""
    user: Any = getattr(request, "user", None)
    for name, value in chosen.items():
        if value not in CHOICES[name]:
            raise ValueError(f"{value} is not a {name}. Choices are {', '.join(CHOICES[name])}.")
        response.set_cookie(name, value, max_age=YEAR, samesite="Lax", httponly=True, secure=settings.SESSION_COOKIE_SECURE)
    if user is not None and user.is_authenticated:
        for name, value in chosen.items():
            setattr(user, name, value)
        user.save(update_fields=list(chosen))
    return response
