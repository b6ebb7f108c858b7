"""One player, one page: the header and the open tab. What stands in it is plugged in (players/panels.py)."""

from typing import Any

from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from backoffice.access.decorators import permission_required
from backoffice.work.models import Item
from players import along, panels
from players.models import Look, Player
from players.panels import Looking
from players.places import SUBJECT
from players.timeline import looks


def looking_at(request: HttpRequest, pk: int) -> Looking:
    """Who looks at whom. Raises Http404 also for a player of a brand that this person does not reach."""
    staff: Any = request.user
    tags = Item.objects.filter(subject_type=SUBJECT, subject_id=OuterRef("pk")).values("tags")
    seen = Look.objects.filter(staff=staff, player=OuterRef("pk")).values("at")
    now = timezone.now()
    rows = Player.objects.visible_to(staff).select_related("brand", "jurisdiction").annotate(tags=Subquery(tags), looked_at=Subquery(seen))
    player: Any = along.read(rows, now=now).filter(pk=pk).first()
    if player is None:
        raise Http404(_("There is no such player in your brands."))
    return Looking(player, staff, request, now, tuple(player.tags or ()), player.looked_at)


def header_of(looking: Looking) -> dict[str, Any]:
    """What the header of every page about a player says (templates/players/_head.html)."""
    acts = panels.acts(looking)
    menus: dict[str, list[panels.Act]] = {}
    for act in acts:
        if act.menu:
            menus.setdefault(str(act.menu), []).append(act)
    return {
        "looking": looking, "player": looking.player, "badges": panels.badges(looking), "acts": [act for act in acts if not act.menu],
        "menus": list(menus.items()),
    }  # fmt: skip


@require_safe
@permission_required("players.view")
def player(request: HttpRequest, pk: int) -> HttpResponse:
    looking = looking_at(request, pk)
    tabs = panels.tabs(looking)
    asked = request.GET.get("tab") or tabs[0].key
    if asked not in {tab.key for tab in tabs}:
        raise Http404(_("There is no such tab, or it shows nothing that you may see."))
    looks.note(looking)
    shown = panels.of_tab(looking, asked)
    links = [{"label": tab.label, "url": f"?tab={tab.key}" if tab is not tabs[0] else request.path, "current": tab.key == asked} for tab in tabs]
    context = {
        **header_of(looking), "tabs": links, "held": panels.held(looking) if asked == tabs[0].key else [],
        "main": [one for one in shown if not one[0].side], "side": [one for one in shown if one[0].side],
    }  # fmt: skip
    return render(request, "players/player.html", context)
