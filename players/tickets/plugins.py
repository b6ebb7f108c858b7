"""Where tickets plug themselves in: the player's page, the live page, the platform API."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.audit.models import Event
from backoffice.integrations import scopes
from backoffice.integrations.extension import api_routers
from backoffice.ui import words
from backoffice.work import happening
from players import along, panels
from players.models import Ticket
from players.panels import Looking, Panel
from players.tickets import TICKETS, selectors
from players.timeline import declared
from players.timeline.declared import About, Said

FACTS = {"ticket.opened": _("Ticket opened"), "ticket.changed": _("Ticket changed"), "ticket.message": _("Ticket answered")}


def panel(looking: Looking) -> Mapping[str, Any]:
    return {"tickets": along.of(looking.player, TICKETS, now=looking.now)}


def as_fact(player_id: int) -> SafeString | str:
    """The player's waiting tickets in one line, for a page that decides about something else."""
    waiting = [one for one in selectors.beside(player_id) if one.waits]
    return format_html_join(", ", '<a href="{}">{}</a>', ((reverse("players:ticket", args=[one.pk]), str(one)) for one in waiting)) if waiting else ""


def _changed(values: Mapping[str, Any]) -> str:
    state = dict(Ticket.STATES).get(str(values.get("state")), "")
    return f"%(subject)s %(ticket)s: {state}"


def _answered(values: Mapping[str, Any]) -> Any:
    return _("The player wrote in %(subject)s %(ticket)s") if values.get("from") == ["player"] else _("%(subject)s %(ticket)s was answered")


def _page(fact: Event) -> str:
    return reverse("players:ticket", args=[fact.subject_id]) if fact.subject_id else ""


def plug_in() -> None:
    along.register(along.Along(TICKETS, selectors.first_of, ("id", "player_id", "external_id", "subject_sealed", "state", "updated_at")))
    words.name(FACTS)
    declared.register(
        About(type="players.ticket", name=lambda _pk: gettext("Ticket"), url=lambda pk: reverse("players:ticket", args=[pk])),
        Said(type="ticket.opened", category="messages", text=_("%(subject)s %(ticket)s opened"), icon="chat", tone="info"),
        Said(type="ticket.changed", category="messages", text=_changed, icon="chat"),
        Said(type="ticket.message", category="messages", text=_answered, icon="chat"),
    )
    panels.register(Panel(key="players.tickets", title=_("Tickets"), template="players/_tickets.html", load=panel, side=True, order=60))
    happening.register(happening.Kind("tickets", _("Tickets"), FACTS, "players.view", _page, "info"))
    scopes.register("tickets:read", "See tickets of the help desk")
    scopes.register("tickets:write", "Keep tickets of the help desk, with what was said")
    api_routers.register("", "players.tickets.api.router")
