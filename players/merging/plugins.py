"""Where merging plugs itself into the kit and into the player's page."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from backoffice.access.permissions import Permission, catalogue
from backoffice.approvals.registry import register
from backoffice.runtime import rights
from backoffice.ui import words
from players import along, panels
from players.merging import own, parts, services, telling
from players.merging.kind import KIND, MERGE
from players.models import Merge
from players.panels import Badge, Looking, Panel
from players.timeline import declared
from players.timeline.declared import About, Said

ALONG = "merges"


def _of(player_id: Any, _now: datetime) -> QuerySet[Merge]:
    return Merge.objects.filter(Q(stays=player_id) | Q(goes=player_id), state="merged").order_by("pk")


def badges(looking: Looking) -> Iterable[Badge]:
    for one in along.of(looking.player, ALONG, now=looking.now):
        if one.goes_id == looking.player.pk:
            yield Badge(_("Merged into #%(number)s") % {"number": one.stays_id}, "attention", icon="users", url=reverse("players:player", args=[one.stays_id]))


def panel(looking: Looking) -> Mapping[str, Any] | None:
    """The other accounts of the person. What came in late on one that was merged is said on both pages, to who may see money."""
    found = along.of(looking.player, ALONG, now=looking.now)
    if not found:
        return None
    rows = []
    for one in found:
        into = one.goes_id == looking.player.pk
        late = [said for part, words in services.late(one.goes_id) if looking.may(part.permission) for said in words]
        rows.append({"merge": one, "into": into, "other": one.stays_id if into else one.goes_id, "late": late})
    return {"rows": rows, "may_merge": looking.may(MERGE)}


def plug_in() -> None:
    rights.restrict("players_merge", "SELECT, INSERT, UPDATE")
    catalogue.register(Permission(MERGE, _l("Merge accounts of one person, and undo it, by approval"), _l("Players"), ("fraud", "compliance")))
    for key, part in own.PARTS.items():
        parts.register(key, part)
    telling.register()
    register(KIND)
    words.name(
        {
            "player.merged": _l("Merged into another account"), "player.unmerged": _l("Merge undone"), "merge.made": _l("Another account merged in"),
            "merge.undone": _l("Merge undone"), "player.late_carried": _l("What came in late carried over to another account"),
            "merge.late_carried": _l("What came in late on a merged account carried over"),
        }
    )  # fmt: skip
    along.register(along.Along(ALONG, _of, ("id", "stays_id", "goes_id", "duplicate_id", "merged_at")))
    panels.register_badges("players.merges", badges, order=15)
    panels.register(Panel(key="players.merges", title=_l("Accounts of this person"), template="players/_merges.html", load=panel, side=True, order=5))
    declared.register(
        Said(type="player.merged", category="account", text=_l("Merged into account #%(into)s"), icon="users", tone="attention"),
        Said(type="player.unmerged", category="account", text=_l("No longer merged into account #%(from)s"), icon="rotate"),
        Said(type="merge.made", category="account", text=_l("Account #%(goes)s was merged into this one"), icon="users", tone="attention"),
        Said(type="merge.undone", category="account", text=_l("The merge with account #%(goes)s was undone"), icon="rotate"),
        Said(
            type="player.late_carried", category="account", text=_l("What came in here after the merge was carried over to account #%(stays)s"), icon="withdraw"
        ),
        Said(
            type="merge.late_carried", category="account", text=_l("What came in late on account #%(goes)s was carried over to this one"), icon="withdraw"
        ),
        About(type="players.merge", name=lambda pk: f"#{pk}"),
    )  # fmt: skip
