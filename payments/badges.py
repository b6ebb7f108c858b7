"""How states of payments look (ui.md 4.4, plus Failed and Unknown)."""

from typing import Any

from django.utils.translation import gettext as _

from backoffice.ui import words

TONES = {
    "requested": ("neutral", 0), "claimed": ("info", 1), "awaiting_second": ("attention", 1), "approved": ("info", 2), "sent": ("info", 1),
    "settled": ("success", 2), "rejected": ("critical", 2), "returned": ("warning", 2), "held": ("attention", 1), "cancelled": ("neutral", 2),
    "failed": ("critical", 2), "unknown": ("attention", 0),
}  # fmt: skip
words.declare(["claimed"])  # no state: somebody works on it

OF_DEPOSITS = {
    "initiated": ("neutral", 0), "authorised": ("info", 1), "captured": ("info", 2), "credited": ("success", 2), "charged_back": ("critical", 2),
    "reversed": ("warning", 2), "expired": ("neutral", 2), "failed": ("critical", 2), "unknown": ("attention", 0),
}  # fmt: skip


OF_REFUNDS = {"approved": ("info", 1), "sent": ("info", 1), "unknown": ("attention", 0), "paid": ("success", 2), "failed": ("critical", 2)}
OF_CHARGEBACKS = {
    "inquiry": ("attention", 0), "opened": ("critical", 0), "defended": ("info", 1), "accepted": ("neutral", 2), "won": ("success", 2), "lost": ("critical", 2),
}  # fmt: skip
OF_EXCEPTIONS = {"open": ("attention", 0), "resolved": ("success", 2), "obsolete": ("neutral", 2)}
words.declare(["asked", "credited", "given_back", "explained"])  # how an exception was resolved


def refund_badge(state: str) -> dict[str, Any]:
    return _badge(OF_REFUNDS, state)


def chargeback_badge(state: str) -> dict[str, Any]:
    return _badge(OF_CHARGEBACKS, state)


def exception_badge(state: str) -> dict[str, Any]:
    return _badge(OF_EXCEPTIONS, state)


def _badge(tones: dict[str, tuple[str, int]], state: str) -> dict[str, Any]:
    tone, pip = tones[state]
    return {"tone": tone, "pip": pip, "label": words.of(state)}


def deposit_badge(state: str) -> dict[str, Any]:
    return _badge(OF_DEPOSITS, state)


def badge(state: str) -> dict[str, Any]:
    tone, pip = TONES[state]
    return {"tone": tone, "pip": pip, "label": _("Awaiting 2nd") if state == "awaiting_second" else words.of(state)}
