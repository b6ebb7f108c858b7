"""Where unclaimed money plugs itself into the kit and into the player's page."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.access.permissions import Permission, catalogue
from backoffice.approvals.registry import register
from backoffice.ui import navigation, words
from backoffice.work import queues
from players import panels
from players.dormancy import services as dormancy
from players.dormancy.plugins import standing
from players.panels import Act
from players.profile.panels import MENU
from players.timeline import declared
from players.timeline.declared import Said
from wallet import balances
from wallet.unclaimed import paying, services
from wallet.unclaimed.kind import KIND
from wallet.unclaimed.lists import LINES, REMITTANCES
from wallet.unclaimed.queue import LIST


def amounts(player_id: int) -> str:
    """Cash and held money, in words for a message."""
    from wallet import currencies

    return ", ".join(f"{currencies.text(one.cash + one.held, one.currency)} {one.currency}" for one in balances.of_player(player_id) if one.cash + one.held)


FACTS = {
    "dormancy.claimed": _("Unclaimed money given back"), "dormancy.remitted": _("Unclaimed money paid on"),
    "dormancy.referred": _("Told who unclaimed money is claimed from"), "remittance.agreed": _("Payment of unclaimed money agreed to"),
    "remittance.paid": _("Payment of unclaimed money booked"), "remittance.cancelled": _("Payment of unclaimed money cancelled"),
}  # fmt: skip


def _remitted(values: Mapping[str, Any]) -> str:
    return gettext("Unclaimed money paid on to %(to)s, %(reference)s") % {one: values.get(one, "") for one in ("to", "reference")}


def _referred(values: Mapping[str, Any]) -> str:
    return gettext("Told to claim the money from %(to)s") % {"to": values.get("to", "")}


def plug_in() -> None:
    catalogue.register(
        Permission(
            services.HAND_OVER, _("Propose to hand unclaimed money over and to pay it out, book that, and give it back"), _("Money"), ("finance", "compliance")
        ),
    )
    register(KIND)
    register(paying.KIND)
    for queue in (LIST, REMITTANCES, LINES):
        queues.register(queue)
    navigation.register(navigation.Item("Money", LIST.title, LIST.index, LIST.icon, LIST.view, order=30))
    if amounts not in dormancy.amounts:
        dormancy.amounts.append(amounts)
    words.name(FACTS)
    declared.register(
        Said(type="dormancy.claimed", category="account", text=FACTS["dormancy.claimed"], icon="card", tone="success", permission="wallet.view"),
        Said(type="dormancy.remitted", category="account", text=_remitted, icon="card", tone="attention", permission="wallet.view"),
        Said(type="dormancy.referred", category="account", text=_referred, icon="card", permission="wallet.view"),
    )
    panels.register(
        Act(
            key="wallet.hand_over", label=_("Hand over unclaimed money"), permission=services.HAND_OVER, menu=MENU, part="#act", order=50,
            url=lambda player: reverse("wallet:hand-over", args=[player.pk]), shows=lambda looking: looking.player.state == "dormant",
        ),
        Act(
            key="wallet.give_back", label=_("Give unclaimed money back"), permission=services.HAND_OVER, menu=MENU, part="#act", order=51,
            url=lambda player: reverse("wallet:give-back", args=[player.pk]),
            shows=lambda looking: (row := standing(looking)) is not None and row.state == "handed_over",
        ),
    )  # fmt: skip
