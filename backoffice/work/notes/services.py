"""Writing and rewording notes. The only writes to them; each is a fact of what the note is about."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.audit import personal
from backoffice.audit.actors import Actor
from backoffice.audit.models import Visibility
from backoffice.audit.personal import Personal
from backoffice.audit.record import record
from backoffice.work import telling
from backoffice.work.items import NotPossible, Subject
from backoffice.work.models import Attachment, Note, NoteVersion
from backoffice.work.notes import files, mentions, places

LONGEST = 4000  # characters


class NoteChanged(Exception):
    """The note was reworded after this person opened it."""


def write(
    subject: Subject,
    *,
    text: str,
    by: Staff,
    now: datetime,
    key: str,
    url: str = "",
    uploads: Sequence[files.Upload] = (),
    compliance_only: bool = False,
    tell: bool = True,
) -> Note:
    """Leave a note for colleagues and tell those whom it mentions. `url` is the page that shows it. The same `key` again gives the same note.

    Without `tell` an @ is a letter like others: a file of a thousand rows tells nobody.

    Raises NotPossible: no words, somebody mentioned whom nobody is or who may not see it, a file that is not taken.
    """
    kept = Note.objects.filter(author=by, key=key).first()
    if kept is not None:
        return kept
    text = _words(text)
    kinds = files.check(list(uploads))
    visibility = Visibility.COMPLIANCE if compliance_only else Visibility.NORMAL
    if compliance_only and not by.may("audit.view_compliance"):
        raise NotPossible(_("Notes for compliance alone are written by those who may read them."))
    named = _named(subject, text, visibility=visibility) if tell else {}
    with transaction.atomic():
        _openable(subject, now=now)
        note = Note(
            subject_type=subject.type, subject_id=subject.id, brand_id=subject.brand_id, player_id=subject.player_id, author=by, mentions=_kept(named),
            visibility=visibility, written_at=now, key=key,
        )  # fmt: skip
        note.text = text
        try:
            with transaction.atomic():
                note.save()
        except IntegrityError:  # the same form, sent twice at the same moment
            return Note.objects.get(author=by, key=key)
        attached = []
        for upload, kind in zip(uploads, kinds, strict=True):
            stored, digest = files.keep(upload, player_id=subject.player_id, now=now)
            row = Attachment(note=note, player_id=subject.player_id, kind=kind, size=len(upload.content), sha256=digest, stored=stored)
            row.name = upload.name[-200:]
            attached.append(row)
        Attachment.objects.bulk_create(attached)
        after = {"attachments": [one.sha256 for one in attached], "mentions": sorted(one.pk for one in named.values())}
        fact = _recorded("work.note_written", subject, note, by=by, now=now, after=after)
        _tell(subject, note, named.values(), by=by, fact=fact, now=now, url=url)
    return note


def edit(*, note_id: int, subject: Subject, version: int, text: str, by: Staff, now: datetime, url: str = "") -> Note:
    """Reword one's own note; the earlier words stay as a version. Tells whom only the new words mention.

    Raises NotPossible for somebody else's note or what `write` refuses, NoteChanged when `version` is no longer the newest.
    """
    text = _words(text)
    with transaction.atomic():
        note = Note.objects.select_for_update(of=("self",)).get(pk=note_id)
        if note.author_id != by.pk:
            raise NotPossible(_("Only who wrote a note rewords it. Write another one."))
        if text == note.text:
            return note
        if note.version != version:
            raise NoteChanged
        named = _named(subject, text, visibility=note.visibility)
        _openable(subject, now=now)
        earlier = NoteVersion(note=note, number=note.version, until=now)
        earlier.text = note.text
        earlier.save(force_insert=True)
        known = {one["id"] for one in note.mentions.values()}
        note.text, note.mentions, note.edited_at, note.version = text, _kept(named), now, note.version + 1
        note.save(update_fields=["text_sealed", "mentions", "edited_at", "version"])
        after = {"version": note.version, "mentions": sorted(one.pk for one in named.values())}
        fact = _recorded("work.note_edited", subject, note, by=by, now=now, after=after)
        _tell(subject, note, [one for one in named.values() if one.pk not in known], by=by, fact=fact, now=now, url=url)
    return note


def opened(attachment: Attachment, *, subject: Subject, by: Staff, now: datetime) -> None:
    """Put on the record that somebody opened a file."""
    record(
        "work.attachment_opened", actor=Actor.staff(by), at=now, brand_id=subject.brand_id, player_id=subject.player_id, subject=(subject.type, subject.id),
        after={"attachment": attachment.pk, "sha256": attachment.sha256}, visibility=attachment.note.visibility,
    )  # fmt: skip


def _openable(subject: Subject, *, now: datetime) -> None:
    """Raises NotPossible about a player whose key was destroyed: nothing personal is written any more."""
    if subject.player_id is None:
        return
    try:
        personal.key_of(subject.player_id, at=now)
    except personal.Erased as gone:
        raise NotPossible(_("The player was erased; nothing personal is written any more.")) from gone


def _words(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise NotPossible(_("A note needs words."))
    if len(text) > LONGEST:
        raise NotPossible(_("A note has at most %(most)s characters.") % {"most": LONGEST})
    if "\x00" in text:
        raise NotPossible(_("A note is text; this holds characters that are none."))
    return text


def _named(subject: Subject, text: str, *, visibility: int) -> dict[str, Staff]:
    """Whom the text mentions. Raises NotPossible for who would be told of what they may not see."""
    found = mentions.people(text)
    view = places.get(subject.type).view
    for person in found.values():
        sees = person.may(view) and subject.brand_id in person.reach()
        if not sees or (visibility == Visibility.COMPLIANCE and not person.may("audit.view_compliance")):
            raise NotPossible(_("%(name)s may not see this, so they cannot be mentioned here.") % {"name": person.name})
    return found


def _kept(named: Mapping[str, Staff]) -> dict[str, Any]:
    return {handle: {"id": person.pk, "name": person.name} for handle, person in named.items()}


def _recorded(kind: str, subject: Subject, note: Note, *, by: Staff, now: datetime, after: Mapping[str, Any]) -> int:
    """The words go on the record where a player's key encrypts them."""
    words = {"text": Personal(note.text)} if subject.player_id is not None else {}
    return record(
        kind, actor=Actor.staff(by), at=now, brand_id=subject.brand_id, player_id=subject.player_id, subject=(subject.type, subject.id),
        after={"note_id": note.pk, **after, **words}, visibility=note.visibility,
    )  # fmt: skip


def _tell(subject: Subject, note: Note, people: Any, *, by: Staff, fact: int, now: datetime, url: str) -> None:
    address = url or places.get(subject.type).url(subject.id)
    telling.tell(telling.MENTIONED, subject, to=people, by=by, fact=fact, now=now, url=f"{address}#note-{note.pk}" if address else "")
