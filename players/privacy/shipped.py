"""What this room and the kit hold about players (players/privacy/held.py)."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.approvals.models import ChangeRequest
from backoffice.audit import personal
from backoffice.audit.models import Event, PersonalKey, Visibility
from backoffice.audit.sealed import with_keys
from backoffice.ui import words
from backoffice.work.models import Attachment, Item, Note
from backoffice.work.notes import files
from players.models import (
    AccessRequest,
    Address,
    Arrival,
    Block,
    CallerCheck,
    Complaint,
    Consent,
    Device,
    Dormancy,
    Duplicate,
    Instruction,
    Instrument,
    Look,
    Merge,
    Message,
    Player,
    SegmentMember,
    SignIn,
    Ticket,
)  # fmt: skip
from players.places import SUBJECT
from players.privacy import held
from players.privacy.held import AML, COMPLAINTS, RECORDS, Document, Holding, Said

NUMBER = _("The account's number and the front end's id stay, with country, language and currency: keys of the accounts that lead to nobody any more.")
AMOUNTS = _("Times and states stay under the player's number and name nobody.")


def _day(moment: Any) -> str | None:
    return moment.isoformat() if moment is not None else None


# ---- who the player is


def _profile(row: Player) -> Said:
    home = Address.objects.filter(pk=row.pk).first()
    return {
        "number": row.pk, "external_id": row.external_id, "brand": row.brand.name, "state": row.state, "first_name": row.first_name,
        "last_name": row.last_name, "birth_date": _day(row.birth_date), "email": row.email, "phone": row.phone, "country": row.country,
        "language": row.language, "currency": row.currency, "address": home.parts if home is not None else None, "registered_at": _day(row.registered_at),
        "last_sign_in_at": _day(row.last_sign_in_at),
    }  # fmt: skip


def _identity(row: Player) -> Said:
    """What due diligence is about. E-mail and phone are not kept."""
    whole = _profile(row)
    return {name: whole[name] for name in ("number", "external_id", "first_name", "last_name", "birth_date", "country", "address", "registered_at")}


def _nobody(rows: Sequence[Player]) -> None:
    for row in rows:
        Address.objects.filter(pk=row.pk).delete()
        row.first_name = row.last_name = row.email = row.phone = ""
        row.birth_date, row.erased_at = None, row.erased_at or timezone.now()
        row.version += 1
        row.save()


# ---- how they pay, from where they come


def _instrument(row: Instrument) -> Said:
    return {
        "kind": row.kind, "label": row.label, "provider": row.provider, "token": row.token, "holder_name": row.holder_name, "number": row.detail,
        "last4": row.last4, "country": row.country, "added_at": _day(row.added_at), "changed_at": _day(row.changed_at),
        "confirmed_at": _day(row.confirmed_at), "removed_at": _day(row.removed_at),
    }  # fmt: skip


def _no_instrument(rows: Sequence[Instrument]) -> None:
    for row in rows:
        row.token, row.holder_name, row.last4, row.detail = f"erased-{row.pk}", "", "", ""
        row.removed_at = row.removed_at or timezone.now()
        row.save()


def _no_device(rows: Sequence[Device]) -> None:
    for row in rows:
        row.fingerprint, row.label = f"erased-{row.pk}", ""
        row.save(update_fields=["fingerprint", "label"])


def _no_place(rows: Sequence[SignIn]) -> None:
    SignIn.objects.filter(pk__in=[row.pk for row in rows]).update(ip="0.0.0.0", country="")  # noqa: S104 (an address of nobody)


def _no_why(rows: Sequence[Block]) -> None:
    """A lifted block has to say something."""
    mine = Block.objects.filter(pk__in=[row.pk for row in rows])
    mine.update(note="")
    mine.exclude(ended_why="").update(ended_why="–")


# ---- what was said


def _ticket(row: Ticket) -> Said:
    said = with_keys(row.messages.order_by("at", "pk"), player="ticket__player_id")
    return {
        "number": row.name, "subject": row.subject, "state": row.state, "link": row.link, "opened_at": _day(row.opened_at),
        "messages": [{"from": one.author, "text": one.text, "at": _day(one.at)} for one in said],
    }  # fmt: skip


def _no_link(rows: Sequence[Ticket]) -> None:
    Ticket.objects.filter(pk__in=[row.pk for row in rows]).update(link="")


def _message(row: Message) -> Said:
    return {
        "template": row.template, "language": row.language, "purpose": row.purpose, "subject": row.subject, "body": row.body, "state": row.state,
        "queued_at": _day(row.queued_at), "sent_at": _day(row.sent_at),
    }  # fmt: skip


def _complaint(row: Complaint) -> Said:
    return {
        "number": row.name, "category": row.category, "channel": row.channel, "text": row.text, "payment": row.payment, "external_id": row.external_id,
        "state": row.state, "outcome": row.outcome, "reason": row.reason, "received_at": _day(row.received_at), "answered_at": _day(row.answered_at),
    }  # fmt: skip


def _no_words(rows: Sequence[Complaint]) -> None:
    for row in rows:
        row.text, row.reason = "", ""
        row.save(update_fields=["text_cipher", "reason"])


def _note(row: Note) -> Said:
    return {"about": f"{row.subject_type} {row.subject_id}", "text": row.text, "written_at": _day(row.written_at), "edited_at": _day(row.edited_at)}


def _whole_note(row: Note) -> Said:
    """As it is put aside: with who wrote it and the earlier wordings. Its files are stored anew, since the player's key goes; theirs lie in this row."""
    earlier = [{"text": one.text, "until": _day(one.until)} for one in row.versions.all()]
    attached, apart = [], {}
    for one in row.attachments.all():
        said: dict[str, Any] = {"number": one.pk, "name": one.name, "kind": one.kind, "bytes": one.size, "sha256": one.sha256}
        try:
            apart[str(one.pk)] = asdict(files.put_apart(one))
        except files.Missing as gone:
            said["gone"] = str(gone)
        attached.append(said)
    return {**_note(row), "author": row.author.name, "earlier": earlier, "files": attached, "_apart": apart}


def _kept_file(row: Said, number: int) -> held.Kept:
    said, apart = next(one for one in row["files"] if one["number"] == number), row["_apart"].get(str(number))
    if apart is None:
        raise held.NotKept(said["gone"])
    try:
        return held.Kept(said["name"], said["kind"], files.read_apart(files.Apart(**apart), sha256=said["sha256"]))
    except files.Missing as gone:
        raise held.NotKept(str(gone)) from gone


def _no_files(row: Said) -> None:
    for one in row.get("_apart", {}).values():  # notes that were put aside before files were have none
        files.discard_apart(files.Apart(**one))


def _files(row: Note) -> Iterable[Document]:
    def reader(attachment: Attachment) -> bytes | None:
        try:
            return files.read(attachment)
        except files.Missing:
            return None

    return [Document(f"{one.pk}-{one.name}", lambda one=one: reader(one)) for one in row.attachments.order_by("pk")]  # type: ignore[misc]


def _notes(player_id: int, visibility: int) -> Any:
    return with_keys(Note.objects.filter(player_id=player_id, visibility=visibility)).select_related("author")


# ---- what happened


def _fact(row: Event) -> Said:
    def opened(text: str | None) -> Any:
        return personal.open_values(json.loads(text), player_id=row.player_id) if text else None

    return {
        "what": row.type, "words": str(words.of(row.type)), "about": f"{row.subject_type} {row.subject_id}", "by": row.actor_kind,
        "at": _day(row.happened_at), "before": opened(row.before), "after": opened(row.after),
    }  # fmt: skip


def _facts(player_id: int, after: int, most: int) -> Sequence[Event]:
    """By the index over player, kind and time the rows are found; their keys order them."""
    return list(Event.objects.filter(player_id=player_id, visibility=Visibility.NORMAL, pk__gt=after).order_by("pk")[:most])


def _gone(model: Any) -> Any:
    def erase(rows: Sequence[Any]) -> None:
        model.objects.filter(pk__in=[row.pk for row in rows]).delete()

    return erase


def _blank(model: Any, **columns: Any) -> Any:
    def erase(rows: Sequence[Any]) -> None:
        model.objects.filter(pk__in=[row.pk for row in rows]).update(**columns)

    return erase


def _no_pair(rows: Sequence[Duplicate]) -> None:
    """A pair that was merged stays with its merge; it says which kinds of things both shared, and names none."""
    found = Duplicate.objects.filter(pk__in=[row.pk for row in rows])
    found.exclude(pk__in=Merge.objects.filter(duplicate__in=found).values("duplicate_id")).delete()


def _merges(player_id: int) -> Any:
    return Merge.objects.filter(goes_id=player_id) | Merge.objects.filter(stays_id=player_id)


def _of(model: Any, *related: str) -> Any:
    return lambda player_id: model.objects.filter(player_id=player_id).select_related(*related)


def plug_in() -> None:
    held.register(
        Holding(
            key="players.profile", title=_("Profile"), models=("players.Player", "players.Address"), order=10, law=AML, first=True,
            rows=lambda player_id: Player.objects.filter(pk=player_id).select_related("brand"), says=_profile, keeps=_identity, erase=_nobody, stays=NUMBER,
        ),
        Holding(
            key="players.arrivals", title=_("Where the account came from"), models=("players.Arrival",), order=11, rows=_of(Arrival), stays=NUMBER,
            says=lambda row: {"source": row.source, "external_id": row.external_id, "arrived_at": _day(row.arrived_at)},
        ),
        Holding(
            key="players.instruments", title=_("Ways to pay"), models=("players.Instrument",), order=20, law=AML, rows=_of(Instrument), says=_instrument,
            erase=_no_instrument, stays=_("That there was one, its kind and its provider stay for the accounts."),
        ),
        Holding(
            key="players.devices", title=_("Devices"), models=("players.Device",), order=30, rows=_of(Device),
            says=lambda row: {
                "fingerprint": row.fingerprint, "label": row.label, "first_seen_at": _day(row.first_seen_at), "last_seen_at": _day(row.last_seen_at),
            },
            erase=_no_device, stays=AMOUNTS,
        ),
        Holding(
            key="players.sign_ins", title=_("Sign-ins"), models=("players.SignIn",), order=31, law=RECORDS, rows=_of(SignIn), erase=_no_place, stays=AMOUNTS,
            says=lambda row: {"at": _day(row.at), "ip": row.ip, "country": row.country, "succeeded": row.succeeded, "device": row.device_id},
        ),
        Holding(
            key="players.consents", title=_("Consents"), models=("players.Consent",), order=32, rows=_of(Consent), erase=_blank(Consent, reason=""),
            says=lambda row: {
                "channel": row.channel, "given": row.given, "at": _day(row.at), "source": row.source, "text_version": row.text_version, "reason": row.reason,
            },
            stays=_("Yes or no, its channel and time stay: they prove what was agreed to, and name nobody."),
        ),
        Holding(
            key="players.blocks", title=_("Blocks"), models=("players.Block",), order=33, rows=_of(Block), erase=_no_why, stays=AMOUNTS,
            omits=_("Notes of colleagues about why: they may speak of suspicions, which the law forbids to tell, and of other people."),
            says=lambda row: {
                "kind": row.kind, "source": row.source, "state": row.state, "set_at": _day(row.set_at), "ends_at": _day(row.ends_at),
                "ended_at": _day(row.ended_at),
            },
        ),
        Holding(
            key="players.dormancies", title=_("Times of dormancy"), models=("players.Dormancy",), order=33, rows=_of(Dormancy), stays=AMOUNTS,
            says=lambda row: {
                "state": row.state, "noticed_at": _day(row.noticed_at), "dormant_at": _day(row.dormant_at), "handed_over_at": _day(row.handed_over_at),
                "ended_at": _day(row.ended_at), "ended_by": row.ended_by,
            },
        ),
        Holding(
            key="players.merges", title=_("Accounts that became one"), models=("players.Merge",), order=33, rows=_merges, erase=_blank(Merge, kept={}),
            says=lambda row: {"from": row.goes_id, "into": row.stays_id, "merged_at": _day(row.merged_at), "undone_at": _day(row.undone_at)}, stays=AMOUNTS,
        ),
        Holding(
            key="players.instructions", title=_("What the front end was asked to do"), models=("players.Instruction",), order=34, rows=_of(Instruction),
            erase=_blank(Instruction, reason="", detail=""), stays=AMOUNTS,
            says=lambda row: {"kind": row.kind, "state": row.state, "asked_at": _day(row.asked_at), "reported_at": _day(row.reported_at)},
        ),
        Holding(
            key="players.caller_checks", title=_("Verifications of callers"), models=("players.CallerCheck",), order=35, rows=_of(CallerCheck), stays=AMOUNTS,
            says=lambda row: {"at": _day(row.at), "passed": row.passed, "asked": row.asked, "valid_until": _day(row.valid_until)},
        ),
        Holding(
            key="players.tickets", title=_("Tickets"), models=("players.Ticket", "players.TicketMessage"), order=40, sealed=True, erase=_no_link, stays=AMOUNTS,
            rows=lambda player_id: with_keys(Ticket.objects.filter(player_id=player_id)), says=_ticket,
        ),
        Holding(
            key="players.messages", title=_("Messages to the player"), models=("players.Message",), order=41, sealed=True, stays=AMOUNTS, says=_message,
            rows=lambda player_id: with_keys(Message.objects.filter(player_id=player_id)),
        ),
        Holding(
            key="players.complaints", title=_("Complaints"), models=("players.Complaint",), order=42, law=COMPLAINTS, rows=_of(Complaint), says=_complaint,
            erase=_no_words, stays=AMOUNTS,
            until=lambda player_id: Complaint.objects.filter(player_id=player_id).aggregate(last=Max("kept_until"))["last"],
        ),
        Holding(
            key="players.notes", title=_("Notes of colleagues"), models=("work.Note", "work.NoteVersion", "work.Attachment"), order=43, sealed=True,
            rows=lambda player_id: _notes(player_id, Visibility.NORMAL), says=_note, documents=_files, stays=AMOUNTS,
            omits=_("The names of colleagues who wrote them, and notes for compliance alone: the law forbids to tell of suspicions (tipping off)."),
        ),
        Holding(
            key="players.compliance_notes", title=_("Notes for compliance alone, with their files"), models=("work.Note",), order=44, law=AML, sealed=True,
            first=True, rows=lambda player_id: _notes(player_id, Visibility.COMPLIANCE), keeps=_whole_note, erase=lambda _rows: None,
            kept_file=_kept_file, lets_go=_no_files,
            left_out=_("They may speak of suspicions; the law forbids to tell of them (tipping off)."), stays=AMOUNTS,
        ),
        Holding(
            key="players.tags", title=_("Tags"), models=("work.Item",), order=45, says=lambda row: {"tags": row.tags}, erase=_blank(Item, tags=[]),
            rows=lambda player_id: Item.objects.filter(subject_type=SUBJECT, subject_id=player_id),
        ),
        Holding(
            key="players.segments", title=_("Segments"), models=("players.SegmentMember",), order=46, erase=_gone(SegmentMember),
            rows=_of(SegmentMember, "segment"), says=lambda row: {"segment": row.segment.name, "since": _day(row.since)},
        ),
        Holding(
            key="players.duplicates", title=_("Accounts that may be one person's"), models=("players.Duplicate",), order=47, erase=_no_pair,
            rows=lambda player_id: Duplicate.objects.filter(player_id=player_id) | Duplicate.objects.filter(first_id=player_id),
            left_out=_("They are about other people too, and about how fraud is found."),
        ),
        Holding(
            key="players.requests", title=_("Requests about personal data"), models=("players.AccessRequest", "players.Erasure", "players.Kept"), order=48,
            sealed=True, rows=lambda player_id: with_keys(AccessRequest.objects.filter(player_id=player_id)), stays=AMOUNTS,
            says=lambda row: {
                "number": row.name, "state": row.state, "received_at": _day(row.received_at), "due_at": _day(row.due_at), "reason": row.reason,
                "refusal": row.refusal, "extension": row.extension, "extended_at": _day(row.extended_at), "ended_at": _day(row.ended_at),
            },
        ),
        Holding(
            key="players.changes", title=_("Changes of the profile that were proposed"), models=("approvals.ChangeRequest",), order=49, sealed=True,
            rows=_changes, says=_change, stays=_("That something was proposed and decided stays; the values open with the player's key alone."),
            omits=_("Why colleagues proposed it."),
        ),
        Holding(
            key="players.record", title=_("Everything that happened"), models=("audit.Event",), order=90, sealed=True,
            rows=lambda player_id: Event.objects.filter(player_id=player_id, visibility=Visibility.NORMAL), read=_facts, says=_fact,
            omits=_("Who of our people did it and why they decided so, and facts for compliance alone: the law forbids to tell of suspicions (tipping off)."),
            stays=_("The record keeps every fact, since nothing in it is ever rewritten; what names the player in it opens with the player's key alone."),
        ),
        Holding(
            key="players.looks", title=_("When colleagues last looked"), models=("players.Look",), order=91, rows=_of(Look), erase=_gone(Look),
            left_out=_("It is about colleagues; that somebody looked stands in the record."),
        ),
        Holding(
            key="players.keys", title=_("The player's key"), models=("audit.PersonalKey", "audit.Erasure"), order=99,
            sealed=True,
            rows=lambda player_id: PersonalKey.objects.filter(pk=player_id), left_out=_("A key says nothing about anybody."), stays=_("The key is destroyed."),
        ),
    )  # fmt: skip


def _changes(player_id: int) -> Any:
    return ChangeRequest.objects.filter(kind__in=("players.identity", "players.reopening", "players.erasure"), subject=str(player_id)).exclude(state="draft")


def _change(row: ChangeRequest) -> Said:
    player_id = int(row.subject)
    return {
        "number": row.name, "what": row.kind, "state": row.state, "asked_at": _day(row.submitted_at),
        "before": personal.open_values(row.base or {}, player_id=player_id), "after": personal.open_values(row.payload, player_id=player_id),
    }  # fmt: skip
