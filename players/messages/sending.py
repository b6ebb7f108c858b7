"""The outbox: queueing what the house writes by itself, and the worker's side of every message."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.mail import EmailMessage
from django.db.models import F
from django.utils import timezone

from backoffice.audit.actors import Actor
from backoffice.audit.record import machine, record
from backoffice.runtime import outgoing
from players import contact, telling
from players.messages.composing import compose, templates
from players.models import Message, Player

SUBJECT = "players.message"


def queue(*, player: Player, template: str, key: str, context: Mapping[str, Any], now: datetime) -> None:
    """Queue a message in the caller's transaction. The same key again is no second message. Raises KeyError for an unknown template."""
    found = templates()[template]
    if player.erased_at is not None:  # there is nobody to write to
        return
    said = compose(found, player, context)
    message = Message(
        brand_id=player.brand_id, player=player, template=template, key=key, queued_at=now, next_attempt_at=now, language=said.language,
        purpose=found.purpose,
    )  # fmt: skip
    message.subject, message.body, message.context = said.subject, said.body, dict(context)
    Message.objects.bulk_create([message], ignore_conflicts=True)


def due(*, now: datetime, batch: int = 100) -> list[int]:
    """Messages that wait to be sent, oldest first."""
    return outgoing.due(Message.objects.all(), now=now, batch=batch)


def send(message_id: int) -> str:
    """Send one message and return its state (backoffice/runtime/outgoing.py)."""
    rows = Message.objects.select_related("player", "brand")
    return outgoing.send(rows, message_id, write=_mail, nobody="no_address", ended=_ended)


def _mail(message: Message) -> EmailMessage | None:
    """Asked at the moment of sending: who said no, was excluded or blocked since it was queued gets nothing."""
    said = contact.answer(message.player, contact.EMAIL, message.purpose, now=timezone.now())
    if not said.allowed:
        raise outgoing.Withheld(said.why)
    headers = {"Message-ID": f"<{message.key.replace(':', '.')}@countroom>"}
    return EmailMessage(message.subject, message.body, to=[message.player.email], headers=headers)


def _ended(message: Message, state: str, error: str, now: datetime) -> None:
    """The fact and the CRM's webhook, in the transaction of the state."""
    why = {"why": error} if error else {}
    record(
        f"message.{state}", actor=Actor.system(machine()), at=now, brand_id=message.brand_id, player_id=message.player_id, subject=(SUBJECT, message.pk),
        after={"template": message.template, "language": message.language, "purpose": message.purpose, "attempts": message.attempts, **why},
    )  # fmt: skip
    telling.message_ended(message, state=state, error=error, now=now)


def assume_sent(*, player_id: int) -> int:
    """Messages of a past that was played in: they went out in their time, and nobody is written to now. Returns how many."""
    waiting = Message.objects.filter(player_id=player_id, state=Message.QUEUED)
    return waiting.update(state=Message.SENT, sent_at=F("queued_at"), attempts=1, next_attempt_at=None)
