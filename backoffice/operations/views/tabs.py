"""The tabs above the pages of operations."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.operations.selectors import Line, unwell


def tabs(current: str, lines: Sequence[Line]) -> list[dict[str, Any]]:
    health = reverse("operations:health")
    return [
        {"label": _("All probes"), "url": health, "current": current == "all", "count": len(lines)},
        {"label": _("Not well"), "url": f"{health}?only=unwell", "current": current == "unwell", "count": len(unwell(lines))},
        {"label": _("Mode"), "url": reverse("operations:mode"), "current": current == "mode", "count": ""},
    ]
