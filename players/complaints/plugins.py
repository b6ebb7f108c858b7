"""Where complaints plug themselves into the kit and into the player's page."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.access.permissions import Permission, catalogue
from backoffice.integrations import scopes
from backoffice.integrations.extension import api_routers
from backoffice.runtime import rights
from backoffice.ui import navigation, words
from backoffice.work import queues
from backoffice.work.views.index import waiting
from players import panels
from players.complaints import services
from players.complaints.queue import COMPLAINTS
from players.complaints.views import panel


def plug_in() -> None:
    rights.restrict("players_complaint", "SELECT, INSERT, UPDATE")
    catalogue.register(
        Permission(services.VIEW, _("Read complaints"), _("Players"), ("support", "compliance", "head-of-payments", "auditor")),
        Permission(services.WORK, _("Record, answer and close complaints"), _("Players"), ("support", "compliance")),
    )
    words.name(
        {
            "complaint.received": _("Complaint received"), "complaint.acknowledged": _("Complaint acknowledged"), "complaint.answered": _("Complaint answered"),
            "complaint.escalated": _("Complaint escalated outside"), "complaint.withdrawn": _("Complaint taken back"),
        }
    )  # fmt: skip
    queues.register(COMPLAINTS)
    navigation.register(navigation.Item("Work", COMPLAINTS.title, COMPLAINTS.index, COMPLAINTS.icon, COMPLAINTS.view, count=waiting(COMPLAINTS), order=60))
    panels.register(
        panels.Panel(
            key="players.complaints", title=_("Complaints"), template="players/_complaints.html", load=panel, permission=services.VIEW, tab="profile",
            side=True, order=60,
        ),
        panels.Act(
            key="players.record_complaint", label=_("Record a complaint"), permission=services.WORK, menu=_("Record"), part="#act", order=60,
            url=lambda player: reverse("players:record-complaint", args=[player.pk]),
        ),
    )  # fmt: skip
    scopes.register("complaints:read", "See complaints and what became of them")
    scopes.register("complaints:write", "Send complaints in")
    api_routers.register("", "players.complaints.api.router")
