"""The latest statements on the player's page, and the act that asks for one."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from players import panels
from players.panels import Act, Looking, Panel
from wallet.models import Statement
from wallet.statements.services import MAKE

LATEST = 5


def latest(looking: Looking) -> Mapping[str, Any] | None:
    """The newest five, with how far each has come. Whose job it is opens it."""
    from backoffice.jobs.views.jobs import STATES

    rows = list(Statement.objects.filter(player=looking.player).select_related("job", "asked_by").order_by("-pk")[:LATEST])
    sees_all = looking.may("jobs.view_all")
    return {
        "rows": [{"row": row, "state": STATES[row.job.state], "opens": sees_all or row.asked_by_id == looking.staff.pk} for row in rows]
    } if rows else None  # fmt: skip


def plug_in() -> None:
    panels.register(
        Act(
            key="wallet.statement", label=_("Statement"), permission=MAKE, url=lambda player: reverse("wallet:statement", args=[player.pk]), icon="file",
            part="#act", order=40,
        ),
        Panel(
            key="wallet.statements", title=_("Statements"), tab="payments", template="wallet/_statements.html", load=latest, order=30, side=True,
            permission=MAKE,
        ),
    )  # fmt: skip
