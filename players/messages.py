"""Messages to players: queued in the transaction of what they tell of, sent by a worker, retried, never sent twice on purpose.

Templates are code for now, in the player's language with English behind it. Service messages only: no consent is asked.
"""

from collections.abc import Mapping
from datetime import datetime
from string import Template
from typing import Any

from django.core.mail import EmailMessage
from django.db.models import F

from backoffice.runtime import outgoing
from players.models import Message, Player

# template: language: (subject, body)
TEMPLATES: dict[str, dict[str, tuple[str, str]]] = {
    "deposit_credited": {
        "en": ("Your deposit has arrived", "Hello $first_name,\n\nyour deposit $name of $amount $currency is in your account.\n\n$brand"),
        "de": (
            "Ihre Einzahlung ist da",
            "Hallo $first_name,\n\nIhre Einzahlung $name über $amount $currency ist auf Ihrem Konto.\n\n$brand",
        ),
        "sv": ("Din insättning har kommit", "Hej $first_name,\n\ndin insättning $name på $amount $currency finns på ditt konto.\n\n$brand"),
    },
    "withdrawal_paid": {
        "en": ("Your withdrawal has been paid", "Hello $first_name,\n\nwe have paid out $name: $amount $currency.\n\n$brand"),
        "de": ("Ihre Auszahlung ist erfolgt", "Hallo $first_name,\n\nwir haben $name ausgezahlt: $amount $currency.\n\n$brand"),
        "sv": ("Ditt uttag är utbetalt", "Hej $first_name,\n\nvi har betalat ut $name: $amount $currency.\n\n$brand"),
    },
    "withdrawal_rejected": {
        "en": (
            "Your withdrawal was not approved",
            "Hello $first_name,\n\nwe could not approve $name. $reason\n$amount $currency is back in your account.\n\n$brand",
        ),
        "de": (
            "Ihre Auszahlung wurde nicht genehmigt",
            "Hallo $first_name,\n\nwir konnten $name nicht genehmigen. $reason\n$amount $currency ist wieder auf Ihrem Konto.\n\n$brand",
        ),
        "sv": (
            "Ditt uttag godkändes inte",
            "Hej $first_name,\n\nvi kunde inte godkänna $name. $reason\n$amount $currency är tillbaka på ditt konto.\n\n$brand",
        ),
    },
    "withdrawal_returned": {
        "en": (
            "Your bank returned a payment",
            "Hello $first_name,\n\nyour bank sent $name back to us. $amount $currency is in your account again.\n\n$brand",
        ),
        "de": (
            "Ihre Bank hat eine Zahlung zurückgeschickt",
            "Hallo $first_name,\n\nIhre Bank hat $name zurückgeschickt. $amount $currency ist wieder auf Ihrem Konto.\n\n$brand",
        ),
        "sv": (
            "Din bank skickade tillbaka en betalning",
            "Hej $first_name,\n\ndin bank skickade tillbaka $name. $amount $currency finns på ditt konto igen.\n\n$brand",
        ),
    },
}


def queue(*, player: Player, template: str, key: str, context: Mapping[str, Any], now: datetime) -> None:
    """Queue a message in the caller's transaction. The same key again is no second message. Raises KeyError for an unknown template."""
    languages = TEMPLATES[template]
    Message.objects.bulk_create(
        [
            Message(
                brand_id=player.brand_id, player=player, template=template, key=key, context=dict(context), queued_at=now, next_attempt_at=now,
                language=player.language if player.language in languages else "en",
            )
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def render(message: Message) -> tuple[str, str]:
    """Subject and body as the player gets them."""
    subject, body = TEMPLATES[message.template][message.language]
    words = {**message.context, "first_name": message.player.first_name, "brand": message.brand.name}
    return Template(subject).safe_substitute(words), Template(body).safe_substitute(words)


def due(*, now: datetime, batch: int = 100) -> list[int]:
    """Messages that wait to be sent, oldest first."""
    return outgoing.due(Message.objects.all(), now=now, batch=batch)


def send(message_id: int) -> str:
    """Send one message and return its state (backoffice/runtime/outgoing.py)."""
    rows = Message.objects.select_related("player", "brand")
    return outgoing.send(rows, message_id, write=_mail, nobody="The player has no e-mail address.")


def _mail(message: Message) -> EmailMessage | None:
    if not message.player.email:
        return None
    subject, body = render(message)
    return EmailMessage(subject, body, to=[message.player.email], headers={"Message-ID": f"<{message.key.replace(':', '.')}@countroom>"})


def assume_sent(*, player_id: int) -> int:
    """Messages of a past that was played in: they went out in their time, and nobody is written to now. Returns how many."""
    waiting = Message.objects.filter(player_id=player_id, state=Message.QUEUED)
    return waiting.update(state=Message.SENT, sent_at=F("queued_at"), attempts=1, next_attempt_at=None)
