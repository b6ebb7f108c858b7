"""What alert rules can watch about the installation itself."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.alerts.measures import COUNT, Measure, register
from backoffice.operations.permissions import VIEW

# How each probe stood at the end of the window: its last change before that.
_FAILING = """
SELECT w.n FROM w CROSS JOIN (SELECT DISTINCT probe FROM operations_change) p
JOIN LATERAL (SELECT state FROM operations_change c WHERE c.probe = p.probe AND c.at < w.until ORDER BY c.id DESC LIMIT 1) s ON s.state = 'failing'
"""


def plug_in() -> None:
    register(
        Measure(
            "operations.failing", _("Health probes that fail"), COUNT, VIEW, _FAILING, "count(*)", (), lambda _provider: reverse("operations:health"),
            about=_("Parts of the installation that fail at the end of the window (Operations, Health)."),
        )
    )  # fmt: skip
