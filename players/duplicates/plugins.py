"""Where the search for duplicates plugs itself into the kit and into the player's page."""

from django.utils.translation import gettext_lazy as _

from backoffice.access.permissions import Permission, catalogue
from backoffice.runtime import rights, schedules
from backoffice.ui import navigation, words
from backoffice.work import queues
from backoffice.work.views.index import waiting
from players import panels
from players.duplicates import services
from players.duplicates.queue import DUPLICATES, panel


def plug_in() -> None:
    rights.restrict("players_duplicate", "SELECT, INSERT, UPDATE, DELETE")  # pairs of an erased player go
    rights.restrict("players_duplicatesweep", "SELECT, INSERT, UPDATE")
    catalogue.register(Permission(services.WORK, _("See who may be one person, and judge it"), _("Players"), ("fraud", "kyc", "compliance")))
    words.name(
        {
            "duplicate.found": _("Looks like another account's owner"), "duplicate.found_again": _("Shares more with another account"),
            "duplicate.confirmed": _("One person with another account"), "duplicate.dismissed": _("Not the owner of another account"),
        }
    )  # fmt: skip
    queues.register(DUPLICATES)
    navigation.register(navigation.Item("Players", DUPLICATES.title, DUPLICATES.index, DUPLICATES.icon, DUPLICATES.view, count=waiting(DUPLICATES), order=40))
    panels.register(
        panels.Panel(
            key="players.duplicates", title=_("May be one person"), template="players/_duplicates.html", load=panel, tab="profile", permission=services.WORK,
            order=30,
        )
    )  # fmt: skip
    schedules.every(10, task="players.tasks.find_duplicates")
