"""Notes about players."""

from datetime import datetime

from django.db import transaction

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.personal import Personal
from backoffice.audit.record import record
from players.models import Note, Player


@transaction.atomic
def write_note(*, player: Player, text: str, by: Staff, now: datetime) -> Note:
    """Leave a note for colleagues. Raises ValueError when there is nothing in it."""
    if not text.strip():
        raise ValueError("A note needs words.")
    note = Note.objects.create(player=player, author=by, text=text.strip(), written_at=now)
    record(
        "player.note_written", actor=Actor.staff(by), at=now, brand_id=player.brand_id, player_id=player.pk, subject=player,
        after={"note": note.pk, "text": Personal(note.text)},
    )  # fmt: skip
    return note
