"""What the CRM is told about players, as signed webhooks (docs/api.md), queued in the transaction of what they tell of."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.integrations.webhooks import topics
from backoffice.integrations.webhooks.services import publish
from players import contact
from players.models import Message, Player

CONTACT_CHANGED = "player.contact_changed"


def contact_words(player: Player, *, now: datetime) -> list[dict[str, Any]]:
    """Contactability as machines read it, on the API and in webhooks."""
    return [
        {
            "channel": one.channel, "purpose": one.purpose, "allowed": one.allowed, "why": one.why, "citation": one.citation or None,
        } for one in contact.of(player, now=now)
    ]  # fmt: skip


def contact_changed(player: Player, *, key: str, now: datetime) -> None:
    """Tell who listens how the player may be contacted from now on."""
    data = {"player": player.pk, "external_id": player.external_id, "contact": contact_words(player, now=now)}
    publish(topic=CONTACT_CHANGED, data=data, key=key, now=now, brand_id=player.brand_id)


def message_ended(message: Message, *, state: str, error: str, now: datetime) -> None:
    """Tell who listens that a message was sent, withheld (and why) or given up. Its words stay here."""
    data = {
        "message": message.pk, "player": message.player_id, "external_id": message.player.external_id, "template": message.template,
        "language": message.language, "purpose": message.purpose, "channel": contact.EMAIL, "why": error or None,
    }  # fmt: skip
    publish(topic=f"message.{state}", data=data, key=f"message:{message.pk}:{state}", now=now, brand_id=message.brand_id)


def register() -> None:
    topics.register(
        topics.Topic(CONTACT_CHANGED, _("How a player may be contacted changed")), topics.Topic("message.sent", _("A message to a player was sent")),
        topics.Topic("message.withheld", _("A message to a player was withheld")), topics.Topic("message.failed", _("A message to a player was given up")),
    )  # fmt: skip
