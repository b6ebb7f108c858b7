"""Staff write to a player: always from a template, always seen before, and sent once more only as a new message."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from players import contact, locks
from players.messages.composing import Composed, compose, templates
from players.messages.sending import SUBJECT
from players.models import Message, MessageTemplate, Player
from players.services import PlayerRefused, refuse_erased

LONGEST_VALUE = 2_000


def choosable() -> list[MessageTemplate]:
    """What staff may send, by its name."""
    return sorted((one for one in templates().values() if one.active and not one.by_house), key=lambda one: one.label)


def written(player: Player, *, template: MessageTemplate, values: Mapping[str, str], language: str) -> Composed:
    """What the player would get. Raises PlayerRefused: template_unknown, language_unknown, values_missing."""
    if not template.active or template.by_house:
        raise PlayerRefused(_("There is no such template to send."), code="template_unknown")
    if language and language not in template.texts:
        raise PlayerRefused(_("The template has no words in this language."), code="language_unknown")
    missing = [name for name in template.fields if not 0 < len(values.get(name, "").strip()) <= LONGEST_VALUE]
    if missing:
        raise PlayerRefused(_("Fill in: %(what)s.") % {"what": ", ".join(missing)}, code="values_missing")
    return compose(template, player, {name: values[name].strip() for name in template.fields}, language=language)


def _refuse(player: Player, purpose: str, now: datetime) -> None:
    refuse_erased(player)
    said = contact.answer(player, contact.EMAIL, purpose, now=now)
    if not said.allowed:
        raise PlayerRefused(_("The player may not be sent it: %(why)s.") % {"why": said.words}, code="not_contactable")


@transaction.atomic
def write_to_player(*, player_id: int, template: str, values: Mapping[str, str], language: str, seen: str, key: str, by: Staff, now: datetime) -> Message:
    """Queue a message from a template. `seen` is the digest of the words that the person saw; the same key again gives the same message.

    Raises PlayerRefused as `written`, and: words_changed (since they were seen), not_contactable.
    """
    player = locks.player(player_id)
    kept = Message.objects.filter(key=_key(by, key)).first()
    if kept is not None:
        return kept
    found = MessageTemplate.objects.filter(pk=template).first()
    if found is None:
        raise PlayerRefused(_("There is no such template to send."), code="template_unknown")
    said = written(player, template=found, values=values, language=language)
    if said.digest != seen:
        raise PlayerRefused(_("The words changed since you saw them. Look again."), code="words_changed")
    _refuse(player, found.purpose, now)
    return _queue(player, found.code, found.purpose, said, context=dict(values), key=_key(by, key), by=by, now=now)


@transaction.atomic
def send_again(*, message_id: int, key: str, by: Staff, now: datetime) -> Message:
    """The same words once more, as a message of its own. The same key again gives the same message.

    Raises PlayerRefused: message_waits (it is still being tried), message_wordless (from before words were kept), not_contactable.
    """
    old = Message.objects.get(pk=message_id)
    player = locks.player(old.player_id)
    kept = Message.objects.filter(key=_key(by, key)).first()
    if kept is not None:
        return kept
    old.refresh_from_db()
    if old.state == Message.QUEUED:
        raise PlayerRefused(_("It is still being sent."), code="message_waits")
    if not old.body:
        raise PlayerRefused(_("Its words were not kept. Write a new one."), code="message_wordless")
    _refuse(player, old.purpose, now)
    said = Composed(old.language, old.subject, old.body)
    return _queue(player, old.template, old.purpose, said, context=old.context, key=_key(by, key), by=by, now=now, again=old)


def _key(by: Staff, key: str) -> str:
    return f"staff:{by.pk}:{key[:80]}"


def _queue(
    player: Player, template: str, purpose: str, said: Composed, *, context: dict[str, str], key: str, by: Staff, now: datetime, again: Message | None = None
) -> Message:
    message = Message(
        brand_id=player.brand_id, player=player, template=template, language=said.language, purpose=purpose, key=key, by=by, resend_of=again, queued_at=now,
        next_attempt_at=now,
    )  # fmt: skip
    message.subject, message.body, message.context = said.subject, said.body, context
    message.save(force_insert=True)
    record(
        "message.resent" if again else "message.written", actor=Actor.staff(by), at=now, brand_id=player.brand_id, player_id=player.pk,
        subject=(SUBJECT, message.pk),
        after={"template": template, "language": said.language, "purpose": purpose, **({"again": again.pk} if again else {})},
    )  # fmt: skip
    return message
