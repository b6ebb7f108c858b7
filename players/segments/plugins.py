"""Where segments plug themselves in."""

from django.utils.translation import gettext_lazy as _

from backoffice.approvals.registry import registry
from backoffice.integrations.extension import api_routers
from backoffice.runtime import schedules
from backoffice.ui import navigation
from players import panels
from players.segments import shipped
from players.segments.kind import SEGMENT
from players.segments.panel import PANEL


def plug_in() -> None:
    shipped.plug_in()
    registry.register(SEGMENT)
    panels.register(PANEL)
    navigation.register(navigation.Item("Players", _("Segments"), "players:segments", "pie", "players.view", order=20))
    api_routers.register("", "players.segments.api.router")
    schedules.every(10, task="players.tasks.compute_segments")
