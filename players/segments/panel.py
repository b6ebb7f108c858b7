"""The segments that a player is in, on the player's page."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from players.models import SegmentMember
from players.panels import Looking, Panel


def load(looking: Looking) -> Mapping[str, Any]:
    rows = SegmentMember.objects.filter(player=looking.player, segment__active=True).select_related("segment").order_by("segment__name")
    return {"memberships": list(rows)}


PANEL = Panel(key="segments", title=_("Segments"), template="players/_segments.html", load=load, side=True, order=80)
