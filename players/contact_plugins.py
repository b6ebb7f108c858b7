"""Where contactability and messages plug themselves in."""

from collections.abc import Callable, Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.approvals.registry import register as register_kind
from backoffice.audit.sealed import hand_on
from backoffice.integrations.extension import api_routers
from backoffice.ui import navigation, words
from backoffice.work import queues
from players import contact, panels, telling
from players.messages.kinds import TEMPLATES
from players.messages.lists import LIST, badge_of, template_label, why
from players.models import Message, Player
from players.panels import Act, Looking, Panel
from players.timeline import declared
from players.timeline.declared import About, Said
from players.views.contact import lines_of

SHOWN = 50


def panel(looking: Looking) -> Mapping[str, Any]:
    return {"lines": lines_of(looking)}


def messages(looking: Looking) -> Mapping[str, Any]:
    rows = list(Message.objects.filter(player=looking.player).select_related("by").order_by("-queued_at", "-pk")[:SHOWN])
    hand_on(looking.player, *rows)
    return {
        "rows": [{"message": one, "template": template_label(one.template), "badge": badge_of(one.state), "why": why(one)} for one in rows],
    }  # fmt: skip


def _write(player: Player) -> str:
    return reverse("players:message-write", args=[player.pk])


def _consent(values: Mapping[str, Any]) -> str:
    channel = contact.CHANNELS.get(str(values.get("channel")), "")
    return (gettext("Agreed to marketing: %(channel)s") if values.get("given") else gettext("Said no to marketing: %(channel)s")) % {"channel": channel}


def _told(sentence: Any) -> Callable[[Mapping[str, Any]], str]:
    """A sentence of a message, with the name of its template; `%%(subject)s` becomes the link to the message."""

    def said(values: Mapping[str, Any]) -> str:
        words = {"template": template_label(str(values.get("template"))).replace("%", "%%"), "why": contact.WHY.get(str(values.get("why")), "")}
        return f"%(subject)s {str(sentence) % words}"

    return said


def _declare() -> None:
    declared.register(
        About(type="players.message", name=lambda _pk: gettext("Message"), url=lambda pk: reverse("players:message", args=[pk])),
        About(type="players.consent", name=lambda _pk: gettext("Consent")),
        Said(type="consent.given", category="messages", text=_consent, icon="check", tone="success"),
        Said(type="consent.withdrawn", category="messages", text=_consent, icon="ban", tone="attention"),
        Said(type="message.written", category="messages", text=_told(_("“%(template)s” written")), icon="mail", tone="info"),
        Said(type="message.resent", category="messages", text=_told(_("“%(template)s” sent once more")), icon="mail", tone="info"),
        Said(type="message.sent", category="messages", text=_told(_("“%(template)s” sent")), icon="mail", tone="success"),
        Said(type="message.withheld", category="messages", text=_told(_("“%(template)s” withheld: %(why)s")), icon="mail", tone="attention"),
        Said(type="message.failed", category="messages", text=_told(_("“%(template)s” given up")), icon="mail", tone="critical"),
    )


def plug_in() -> None:
    telling.register()
    _declare()
    words.name(
        {
            "consent.given": _("Agreed to marketing"), "consent.withdrawn": _("Said no to marketing"), "message.sent": _("Message sent"),
            "message.withheld": _("Message withheld"), "message.failed": _("Message given up"), "message.written": _("Message written"),
            "message.resent": _("Message sent again"),
        }
    )  # fmt: skip
    panels.register(
        Panel(key="players.contact", title=_("Contact"), template="players/_contact.html", load=panel, tab="messages", side=True, order=30),
        Panel(key="players.messages", title=_("Messages"), template="players/_messages.html", load=messages, tab="messages"),
        Act(key="players.message", label=_("Write"), permission="players.message", url=_write, icon="mail", order=20),
    )
    register_kind(TEMPLATES)
    queues.register(LIST)
    navigation.register(navigation.Item("Players", LIST.title, LIST.index, LIST.icon, LIST.view, order=40))
    api_routers.register("", "players.contact_api.router")
