"""The timeline on a player's page: its own tab, and the newest facts on the overview."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.ui import navigation
from backoffice.work import queues
from backoffice.work.views.notes import writing_context
from players import panels
from players.panels import Looking, Panel
from players.places import player_subject
from players.timeline import declared, looks, said, selectors

LATEST = 8


def timeline(looking: Looking) -> Mapping[str, Any]:
    categories = declared.categories(looking)
    asked = selectors.Asked.read(looking.request.GET, [one.key for one in categories])
    page = selectors.page(looking, asked)

    def link(category: str, after: str = "") -> str:
        return "?" + urlencode({"tab": "timeline", **({"tl": category} if category else {}), **({"after": after} if after else {})})

    chips = [{"label": _("All"), "url": link(""), "current": not asked.category}]
    chips += [{"label": one.label, "url": link(one.key), "current": one.key == asked.category} for one in categories]
    return {
        "entries": page.entries, "chips": chips, "ignored": asked.ignored, "older": link(asked.category, page.older) if page.older else "",
        "newest": link(asked.category) if asked.after else "", "coming": [] if asked.after or asked.category else _coming(looking),
        "zone": timezone.localtime(looking.now).tzname(),
        "looks_url": looks.this_month(looking.player.pk, looking.now) if asked.category == "looks" and looking.may(looks.LIST.view) else "",
        **writing_context(looking.request, [player_subject(looking.player)]),
    }  # fmt: skip


def _coming(looking: Looking) -> list[dict[str, Any]]:
    today = timezone.localdate(looking.now)
    return [{"one": one, "kind": "time" if timezone.localdate(one.at) == today else "date"} for one in declared.coming(looking)]


def latest(looking: Looking) -> Mapping[str, Any]:
    return {"entries": selectors.entries(looking, selectors.facts(looking, limit=LATEST), whole=False)}


def plug_in() -> None:
    said.plug_in()
    queues.register(looks.LIST)
    navigation.register(navigation.Item("Control", looks.LIST.title, looks.LIST.index, looks.LIST.icon, looks.LIST.view, order=15))
    _l = gettext_lazy
    panels.register(
        Panel(key="players.timeline", title=_l("Timeline"), tab="timeline", template="players/_timeline.html", load=timeline, order=10),
        Panel(key="players.latest", title=_l("Latest"), template="players/_latest.html", load=latest, order=60),
    )
