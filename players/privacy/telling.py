"""Who is told of requests about personal data: the front end by webhook, those who answer them by bell."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.access.models import Staff
from backoffice.bell import kinds
from backoffice.bell.services import notify
from backoffice.integrations.webhooks import topics
from backoffice.integrations.webhooks.services import publish
from players.models import AccessRequest, Player
from players.privacy import WORK

ASKED = kinds.Kind(
    "players.access_asked", _("Requests about personal data from the front end"), _("Player #%(number)s asks for everything that is held: %(name)s"), "file",
    "attention", mail=True,
)  # fmt: skip


def register() -> None:
    kinds.register(ASKED)
    topics.register(
        topics.Topic("player.erased", _("A player was erased; erase them on your side too")),
        topics.Topic("player.access_answered", _("A request for everything that is held was answered")),
        topics.Topic("player.access_extended", _("A request for everything that is held takes longer, and until when")),
    )


def erased(player: Player, *, now: datetime) -> None:
    data = {"player": player.pk, "external_id": player.external_id, "at": now.isoformat()}
    publish(topic="player.erased", data=data, key=f"player.erased:{player.pk}", now=now, brand_id=player.brand_id)


def answered(row: AccessRequest, *, now: datetime) -> None:
    data = {"request": row.pk, "player": row.player_id, "external_id": row.external_id or None, "state": row.state}
    publish(topic="player.access_answered", data=data, key=f"access:{row.pk}:{row.state}", now=now, brand_id=row.brand_id)


def extended(row: AccessRequest, *, now: datetime) -> None:
    data = {"request": row.pk, "player": row.player_id, "external_id": row.external_id or None, "due_at": row.due_at.isoformat()}
    publish(topic="player.access_extended", data=data, key=f"access:{row.pk}:extended", now=now, brand_id=row.brand_id)


def asked(row: AccessRequest, *, now: datetime) -> None:
    """The front end asked: somebody here has to have the file made."""
    people = [one for one in Staff.objects.who_may(WORK) if row.brand_id in one.reach()]
    url = reverse("players:access", args=[row.pk])
    params: dict[str, str | int] = {"number": row.player_id, "name": row.name}
    notify(to=people, kind=ASKED.code, params=params, url=url, key=f"{ASKED.code}:{row.pk}", now=now, brand_id=row.brand_id)
