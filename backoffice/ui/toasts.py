"""Short news about what just happened. One call, the same toast: on the next full page, or at once under htmx.

Errors are never toasts; they stay on the page where they can be read and corrected.
"""

import json
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

PREFIX = "toast:"
SECONDS = 5
UNDO_SECONDS = 10
ICONS = {"success": "check", "info": "info", "attention": "warn", "critical": "fail"}
_LEVELS = {"success": messages.SUCCESS, "info": messages.INFO, "attention": messages.WARNING, "critical": messages.ERROR}
_TONES = {"success": "success", "info": "info", "debug": "info", "warning": "attention", "error": "critical"}


@dataclass(frozen=True)
class Toast:
    text: str
    tone: str = "success"
    undo: str = ""  # address that takes the POST
    seconds: int = SECONDS
    link: str = ""
    link_text: str = ""

    @property
    def icon(self) -> str:
        return ICONS[self.tone]


def show(request: HttpRequest, text: Any, *, tone: str = "success", undo: str = "", seconds: int = 0, link: str = "", link_text: Any = "") -> None:
    """Show it on the next page that this person sees."""
    extra = {"undo": undo, "seconds": seconds or (UNDO_SECONDS if undo else SECONDS), "link": link, "link_text": str(link_text)}
    messages.add_message(request, _LEVELS[tone], str(text), extra_tags=PREFIX + json.dumps(extra))


def now(response: HttpResponse, text: Any, *, tone: str = "success", undo: str = "", seconds: int = 0) -> HttpResponse:
    """Show it with this htmx answer."""
    toast = {"text": str(text), "tone": tone, "undo": undo, "seconds": seconds or (UNDO_SECONDS if undo else SECONDS)}
    response["HX-Trigger"] = json.dumps({"toast": toast})
    return response


def pending(request: HttpRequest) -> list[Toast]:
    """The messages that wait, read once."""
    return [_from(message) for message in messages.get_messages(request)]


def _from(message: Any) -> Toast:
    tone = _TONES.get(message.level_tag, "info")
    extra = message.extra_tags or ""
    if extra.startswith(PREFIX):
        return Toast(str(message.message), tone, **json.loads(extra.removeprefix(PREFIX)))
    return Toast(str(message.message), tone)
