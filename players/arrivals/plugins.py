"""Where bringing players in plugs itself into the kit and into the timeline."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.access.permissions import Permission, catalogue
from backoffice.jobs.imports.declared import imports
from backoffice.runtime import rights
from backoffice.ui import times, words
from players.arrivals import kind
from players.timeline import declared
from players.timeline.declared import Said


def _registered(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"registered": times.write(datetime.fromisoformat(values["registered_at"]), "date")}


def plug_in() -> None:
    """After every room that registers a part of a row has done so: the apps above are ready before this one."""
    rights.restrict("players_arrival", "SELECT, INSERT")
    catalogue.register(Permission(kind.IMPORT, _("Bring players in from another system"), _("Players"), ("head-of-payments", "compliance")))
    words.name({"player.imported": _("Imported")})
    imports.register(kind.kind())
    declared.register(
        Said(
            type="player.imported", category="account", text=_("Imported from %(source)s as %(id_there)s, registered there on %(registered)s"), icon="upload",
            tone="info", also=_registered,
        )
    )  # fmt: skip
