"""What everybody has to know on every page: a line above its content. Rooms register theirs from `AppConfig.ready()`."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest

from backoffice.ui.navigation import Text


@dataclass(frozen=True)
class Banner:
    title: Text
    text: Text
    tone: str = "info"


_makers: list[Callable[[HttpRequest], Banner | None]] = []


def register(maker: Callable[[HttpRequest], Banner | None]) -> None:
    """`maker` gives the banner for a request, or None while there is nothing to say."""
    if maker not in _makers:
        _makers.append(maker)


def of(request: HttpRequest) -> list[Banner]:
    return [banner for maker in _makers if (banner := maker(request))]
