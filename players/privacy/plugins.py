"""Where requests about personal data plug themselves in."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.access.permissions import Permission, catalogue
from backoffice.approvals.registry import register as register_kind
from backoffice.audit import personal
from backoffice.integrations import scopes
from backoffice.integrations.extension import api_routers
from backoffice.jobs import kinds
from backoffice.runtime import probes, rights, schedules
from backoffice.ui import navigation, words
from backoffice.work import happening, queues
from players.messages import occasions
from players.privacy import ERASE, READ_KEPT, WORK, access, erasing, kind, panels, shipped, telling
from players.privacy.lists import LIST
from players.privacy.making import MAKING
from players.timeline import declared
from players.timeline.declared import About, Said

FACTS = {
    "accessrequest.asked": _("Everything held asked for"), "accessrequest.asked_again": _("File with everything held asked for again"),
    "accessrequest.made": _("File with everything held made"), "accessrequest.delivered": _("File with everything held delivered"),
    "accessrequest.refused": _("Request for everything held refused"), "accessrequest.extended": _("Request for everything held extended"),
    "personal_data.requested": _("File with everything held started"),
    "player.erased": _("Player erased"), "erasure.kept": _("Put aside under seal, as the law asks"), "erasure.gone": _("Erased for good"),
    "player.kept_read": _("Read what the law keeps of an erased player"),
}  # fmt: skip


def _kind_of(values: Mapping[str, Any]) -> Mapping[str, Any]:
    from players.privacy import held

    try:
        return {"title": str(held.get(str(values.get("kind"))).title)}
    except KeyError:
        return {"title": str(values.get("kind"))}


def permissions() -> None:
    catalogue.register(
        Permission(WORK, _("Answer players who ask for everything that is held about them"), _("Players"), ("compliance",)),
        Permission(ERASE, _("Ask for the erasure of players, and agree to somebody else's"), _("Players"), ("compliance", "head-of-payments")),
        Permission(READ_KEPT, _("Read what the law keeps of erased players"), _("Players"), ("compliance",)),
    )


def plug_in() -> None:
    rights.restrict("players_accessrequest", "SELECT, INSERT, UPDATE")
    rights.restrict("players_erasure", "SELECT, INSERT, UPDATE (state, version, after, rows, next_attempt_at, ended_at)")
    rights.restrict("players_kept", "SELECT, INSERT, DELETE")
    permissions()
    words.name(FACTS)
    words.name({"players.accessrequest": pgettext_lazy("a request about personal data", "Personal data")})
    telling.register()
    occasions.register(
        occasions.Occasion(access.TEMPLATE_EXTENDED, {"asked": "2026-11-02", "due": "2027-01-28", "reason": "Your account has a very long history."})
    )
    register_kind(kind.KIND)
    kinds.register(MAKING)
    shipped.plug_in()
    personal.register_again(erasing.again)
    panels.plug_in()
    queues.register(LIST)
    navigation.register(navigation.Item("Players", LIST.title, LIST.index, LIST.icon, LIST.view, order=60))
    declared.register(
        About(type="players.accessrequest", name=lambda pk: f"PD-{pk}", url=lambda pk: reverse("players:access", args=[pk]), permission=WORK),
        About(type="players.erasure", name=lambda _pk: gettext("Erasure")),
        About(type="jobs.job", name=lambda pk: f"JOB-{pk}"),
        Said(type="accessrequest.asked", category="account", text=_("Asks for everything that is held: %(subject)s"), icon="file", tone="info"),
        Said(type="accessrequest.asked_again", category="account", text=_("%(subject)s is made again"), icon="file"),
        Said(type="accessrequest.made", category="account", text=_("The file of %(subject)s is made"), icon="file"),
        Said(type="accessrequest.delivered", category="account", text=_("%(subject)s delivered"), icon="file", tone="success"),
        Said(type="accessrequest.refused", category="account", text=_("%(subject)s refused"), icon="file", tone="attention"),
        Said(type="accessrequest.extended", category="account", text=_("%(subject)s takes longer"), icon="clock", tone="attention"),
        Said(type="personal_data.requested", category="account", text=_("%(subject)s makes the file of %(request)s"), icon="file"),
        Said(type="player.erased", category="account", text=_("Erased: nobody is named here any more"), icon="ban", tone="critical"),
        Said(type="erasure.kept", category="account", text=_("%(title)s: put aside under seal until %(until)s"), icon="lock", also=_kind_of),
        Said(type="erasure.gone", category="account", text=_("%(title)s: erased for good"), icon="ban", also=_kind_of),
        Said(type="player.kept_read", category="looks", text=_("Read what the law keeps: %(title)s"), icon="eye", also=_kind_of),
    )
    happening.register(happening.Kind("personal-data", _("Personal data"), {"accessrequest.asked": FACTS["accessrequest.asked"]}, WORK, tone="info"))
    probes.queue(
        "queue.personal_data", _("Requests for everything that is held"), table="players_accessrequest", due="due_at", where="state IN ('asked', 'made')",
        warning=1, failing=86_400,
    )  # fmt: skip
    schedules.every(30, task="players.tasks.erase_due")
    scopes.register("personal_data:read", "See what became of requests for everything that is held")
    scopes.register("personal_data:write", "Pass on that a player asks for everything that is held")
    api_routers.register("", "players.privacy.api.router")
