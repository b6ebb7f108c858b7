"""Notes: whom they reach, what they hold, and what stays when they are reworded."""

import hashlib
import threading
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.approvals.services.applying import enact
from backoffice.audit import personal
from backoffice.audit.models import Event
from backoffice.bell.models import Notice
from backoffice.work import canned
from backoffice.work.items import NotPossible, Subject
from backoffice.work.models import Attachment, CannedNote, Note, NoteVersion
from backoffice.work.notes import files, mentions, selectors, services
from payments.queues import SUBJECT
from players.places import player_subject
from tests.casino import new_withdrawal, open_casino
from tests.people import make_brand, make_person, signed_in

NOW = timezone.now()
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40


@pytest.fixture
def withdrawal(nova):
    return new_withdrawal(nova, now=NOW)


@pytest.fixture
def player(withdrawal):
    return player_subject(withdrawal.player)


def write(subject, by, text="Called the player.", key="a", **more):
    return services.write(subject, text=text, by=by, now=NOW, key=key, **more)


def facts(kind):
    return list(Event.objects.filter(type=kind).order_by("pk"))


def notices():
    return list(Notice.objects.filter(kind="work.mentioned").order_by("pk"))


def test_a_note_is_one_fact_with_its_words_encrypted_for_the_player(player, ana):
    note = write(player, ana)

    (fact,) = facts("work.note_written")
    assert (fact.subject_type, fact.subject_id, fact.player_id, fact.actor_label) == ("players.player", player.id, player.id, "Ana Novak")
    assert "Called" not in fact.after
    assert f'"note_id":{note.pk}' in fact.after


def test_sent_twice_it_is_one_note(player, ana):
    assert write(player, ana).pk == write(player, ana).pk
    assert (Note.objects.count(), len(facts("work.note_written"))) == (1, 1)


def test_two_at_the_same_moment_are_one_note(committed_db):
    nova = open_casino()
    subject, by = player_subject(new_withdrawal(nova, now=NOW).player), make_person("payments-l1", brands=[nova])
    gate, made = threading.Barrier(4), []

    def send():
        gate.wait()
        try:
            made.append(write(subject, by).pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _each in range(4)]
    [one.start() for one in threads]
    [one.join() for one in threads]

    assert (len(made), len(set(made)), Note.objects.count(), len(facts("work.note_written"))) == (4, 1, 1, 1)


@pytest.mark.parametrize(("text", "words"), [("", "needs words"), (" \r\n ", "needs words"), ("x" * 4001, "at most 4000"), ("a\x00b", "is text")])
def test_what_is_no_note_is_refused_and_nothing_is_kept(player, ana, text, words):
    with pytest.raises(NotPossible, match=words):
        write(player, ana, text)
    assert (Note.objects.count(), facts("work.note_written")) == (0, [])


def test_a_mention_tells_the_colleague_once_and_links_to_the_note(player, ana, lars):
    handle = mentions.handle_of(lars)

    note = write(player, ana, f"@{handle} please look, and @{handle.upper()} again; me too: @{mentions.handle_of(ana)}", url="/withdrawals/7/")

    (notice,) = notices()
    assert (notice.staff_id, notice.url) == (lars.pk, f"/withdrawals/7/#note-{note.pk}")
    assert notice.params["who"] == "Ana Novak"


@pytest.mark.parametrize("text", ["mail mia@mail.example", "a@b", "@", "@ nobody", "x.@y"])
def test_an_address_is_no_mention(text):
    assert mentions.handles(text) == []


def test_a_mention_of_nobody_or_of_two_is_said(player, ana, lars):
    with pytest.raises(NotPossible, match="Nobody is called @nobody"):
        write(player, ana, "@nobody look")
    lars.__class__.objects.filter(pk=lars.pk).update(email=f"{mentions.handle_of(ana)}@other.example")
    with pytest.raises(NotPossible, match="more than one person"):
        write(player, ana, f"@{mentions.handle_of(ana)} look")
    write(player, ana, f"@{mentions.handle_of(ana)}@other.example look")

    assert [one.staff_id for one in notices()] == [lars.pk]


def test_who_may_not_see_it_cannot_be_mentioned(withdrawal, player, ana, nova):
    support = make_person("support", brands=[nova], name="Sofia Marin")
    elsewhere = make_person("payments-l1", brands=[make_brand("fjord", market="SE")], name="Erik Dahl")
    of_withdrawal = Subject.of(SUBJECT, withdrawal)

    with pytest.raises(NotPossible, match="Sofia Marin may not see this"):
        write(of_withdrawal, ana, f"@{mentions.handle_of(support)}")
    with pytest.raises(NotPossible, match="Erik Dahl may not see this"):
        write(player, ana, f"@{mentions.handle_of(elsewhere)}")
    write(player, ana, f"@{mentions.handle_of(support)} what did they say?")

    assert [one.staff_id for one in notices()] == [support.pk]


def test_a_note_for_compliance_alone_is_nobody_elses(player, ana, nova):
    ines = make_person("compliance", brands=[nova], name="Ines Roth")
    with pytest.raises(NotPossible, match="compliance alone"):
        write(player, ana, compliance_only=True)
    with pytest.raises(NotPossible, match="Ana Novak may not see this"):
        write(player, ines, f"@{mentions.handle_of(ana)}", compliance_only=True)

    note = write(player, ines, "A report was filed.", compliance_only=True)

    assert [one.pk for one in selectors.about(ines, [player]).notes] == [note.pk]
    assert selectors.about(ana, [player]).notes == []
    assert signed_in(ana).get(reverse("work:note", args=[note.pk])).status_code == 404
    assert facts("work.note_written")[0].visibility == 1


def test_a_reworded_note_keeps_what_it_said_and_tells_only_whom_it_names_anew(player, ana, lars):
    note = write(player, ana, "First.")
    edited = services.edit(note_id=note.pk, subject=player, version=1, text=f"Second, @{mentions.handle_of(lars)}.", by=ana, now=NOW)
    services.edit(note_id=note.pk, subject=player, version=2, text=f"Third, @{mentions.handle_of(lars)}.", by=ana, now=NOW)

    assert edited.version == 2
    assert [(one.number, one.text) for one in NoteVersion.objects.order_by("number")] == [(1, "First."), (2, f"Second, @{mentions.handle_of(lars)}.")]
    assert [one.staff_id for one in notices()] == [lars.pk]
    assert len(facts("work.note_edited")) == 2


def test_nobody_rewords_somebody_elses_note_or_an_older_version(player, ana, lars):
    note = write(player, ana)
    with pytest.raises(NotPossible, match="Only who wrote"):
        services.edit(note_id=note.pk, subject=player, version=1, text="Mine now", by=lars, now=NOW)
    services.edit(note_id=note.pk, subject=player, version=1, text="Second", by=ana, now=NOW)
    with pytest.raises(services.NoteChanged):
        services.edit(note_id=note.pk, subject=player, version=1, text="Third", by=ana, now=NOW)

    note.refresh_from_db()
    assert (note.text, note.version, len(facts("work.note_edited"))) == ("Second", 2, 1)


def test_the_database_lets_nobody_take_back_a_note(player, ana):
    note = write(player, ana, uploads=[files.Upload("a.png", PNG)])
    for statement in (
        "DELETE FROM work_note",
        "UPDATE work_note SET author_id = author_id",
        "DELETE FROM work_attachment",
        "UPDATE work_noteversion SET text_sealed = ''",
    ):
        with pytest.raises(Exception, match="permission denied"), connection.cursor() as cursor:
            cursor.execute("SAVEPOINT here")
            try:
                cursor.execute(statement)
            finally:
                connection.needs_rollback = False
                cursor.execute("ROLLBACK TO here")
    assert Note.objects.filter(pk=note.pk).exists()


def test_a_file_comes_back_byte_for_byte_and_lies_encrypted(player, ana, folder):
    note = write(player, ana, uploads=[files.Upload("proof.png", PNG), files.Upload("said.txt", "Grüße".encode())])

    png, text = note.attachments.all()
    assert (png.kind, text.kind, png.sha256, text.size) == ("image/png", "text/plain", hashlib.sha256(PNG).hexdigest(), 7)
    assert (files.read(png), files.read(text)) == (PNG, "Grüße".encode())
    lying = [one.read_bytes() for one in (folder / "attachments").rglob("*") if one.is_file()]
    assert len(lying) == 2
    assert all(PNG not in one and "Grüße".encode() not in one for one in lying)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("page.html", b"<script>alert(1)</script>", "attach PNG"), ("fake.png", b"MZ\x90\x00", "attach PNG"), ("a.pdf", PNG, "attach PNG"),
        ("empty.txt", b"", "is empty"), ("zero.txt", b"a\x00b", "attach PNG"), ("big.txt", b"x" * (files.LARGEST + 1), "larger than 10 MB"),
    ],
)  # fmt: skip
def test_what_is_not_taken_leaves_neither_note_nor_file(player, ana, folder, name, content, words):
    with pytest.raises(NotPossible, match=words):
        write(player, ana, uploads=[files.Upload("fine.png", PNG), files.Upload(name, content)])
    assert (Note.objects.count(), Attachment.objects.count()) == (0, 0)
    assert not (folder / "attachments").exists()


def test_a_file_opened_is_on_the_record_and_one_erased_or_damaged_says_so(player, ana, folder):
    note = write(player, ana, uploads=[files.Upload("proof.png", PNG), files.Upload("said.txt", b"No.")])
    png, text = note.attachments.all()
    client = signed_in(ana)

    answer = client.get(reverse("work:attachment", args=[png.pk]))
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, PNG, "image/png")
    assert answer["Content-Disposition"] == "attachment; filename*=UTF-8''proof.png"
    assert [one.subject_id for one in facts("work.attachment_opened")] == [player.id]

    stored = folder / "attachments" / text.stored
    stored.chmod(0o600)
    stored.write_bytes(b"\x00" * 40)
    assert client.get(reverse("work:attachment", args=[text.pk])).status_code == 410
    personal.erase(player_id=player.id, reason="Asked", now=NOW)
    gone = client.get(reverse("work:attachment", args=[png.pk]))
    assert (gone.status_code, "erased with the player" in gone.content.decode()) == (410, True)
    assert len(facts("work.attachment_opened")) == 1


def test_the_page_of_a_withdrawal_writes_about_the_player_or_the_withdrawal(withdrawal, player, ana):
    client, page = signed_in(ana), reverse("payments:withdrawal", args=[withdrawal.pk])
    about = {"player": f"players.player:{player.id}", "withdrawal": f"payments.withdrawal:{withdrawal.pk}"}
    for key, subject in about.items():
        sent = {"text": f"About the <{key}>.", "about": subject, "key": key, "next": f"{page}?view=late"}
        answer = client.post(reverse("work:note-write"), {**sent, "files": SimpleUploadedFile("a.png", PNG)})
        note = Note.objects.get(key=key)
        assert (answer.status_code, answer["Location"]) == (302, f"{page}?view=late#note-{note.pk}")

    shown = client.get(page).content.decode()
    assert shown.index("About the &lt;withdrawal&gt;.") < shown.index("About the &lt;player&gt;.")
    assert shown.count('href="/notes/files/') == 2


def test_a_note_that_is_refused_comes_back_with_its_words(player, ana):
    sent = {"text": "@nobody look at this", "about": f"players.player:{player.id}", "key": "a", "next": "//evil.example/"}
    answer = signed_in(ana).post(reverse("work:note-write"), sent)
    shown = answer.content.decode()
    assert (answer.status_code, Note.objects.count()) == (422, 0)
    assert "Nobody is called @nobody" in shown
    assert ">\n@nobody look at this</textarea>" in shown
    assert 'href="//evil.example' not in shown


def test_a_place_that_does_not_exist_is_not_found(ana):
    for about in ("nothing.here:1", "players.player:999999", "players.player:x", ""):
        assert signed_in(ana).post(reverse("work:note-write"), {"about": about, "text": "x", "key": "k"}).status_code == 404


def test_notes_page_without_gap_or_repeat(player, ana):
    made = [write(player, ana, f"Note {number}", key=str(number)).pk for number in range(7)]
    seen, before = [], None
    while True:
        page = selectors.about(ana, [player], limit=3, before=before)
        seen += [one.pk for one in page.notes]
        if not page.more:
            break
        before = seen[-1]
    assert seen == made[::-1]


def test_notes_with_their_files_are_one_query(player, ana):
    for number in range(4):
        write(player, ana, f"Note {number}", key=str(number), uploads=[files.Upload("a.png", PNG)])
    ana.reach()
    with CaptureQueriesContext(connection) as asked:
        found = selectors.about(ana, [player])
        assert [(one.author.name, one.attached[0].name) for one in found.notes] == [("Ana Novak", "a.png")] * 4
    assert len(asked) == 1


def test_a_canned_note_goes_into_the_decision_without_a_script(withdrawal, ana):
    sent = {"outcome": "rejected", "reason_code": "REJECTED_OTHER", "version": 1, "key": "k", "note": "", "canned": "called-player"}
    assert signed_in(ana).post(reverse("payments:withdrawal-decide", args=[withdrawal.pk]), sent).status_code == 303
    withdrawal.refresh_from_db()
    assert (withdrawal.state, withdrawal.note) == ("rejected", CannedNote.objects.get(pk="called-player").text)


def test_a_canned_note_begins_what_was_typed(player, ana):
    sent = {"text": "They were asleep.", "about": f"players.player:{player.id}", "key": "a", "canned": "waits-for-player"}
    signed_in(ana).post(reverse("work:note-write"), sent)
    assert Note.objects.get().text == "Asked the player for more. Look again when they answer.\nThey were asleep."


def test_staff_change_canned_notes_by_approval_and_each_queue_offers_its_own(nova, django_capture_on_commit_callbacks):
    values = {"code": "bank-called", "subject_type": SUBJECT, "label": "Bank called", "text": "Called the bank.", "position": 9, "active": True}
    enact(kind="work.canned_note", subject="", values=values, reason="Test", now=NOW)
    assert "bank-called" in [one.code for one in canned.of(SUBJECT)]
    assert "bank-called" not in [one.code for one in canned.of("players.instrument")]

    with django_capture_on_commit_callbacks(execute=True):
        enact(kind="work.canned_note", subject="bank-called", values={**values, "active": False}, reason="Test", now=NOW)
    assert "bank-called" not in [one.code for one in canned.of(SUBJECT)]


def test_suggestions_are_colleagues_whose_name_or_handle_begins_so(ana, lars):
    answer = signed_in(ana).get(reverse("work:note-people"), {"q": "ber"}).json()
    assert answer == {"people": [{"handle": mentions.handle_of(lars), "name": "Lars Berg"}]}
    assert signed_in(ana).get(reverse("work:note-people")).json() == {"people": []}


def test_the_command_names_each_file_that_is_not_what_was_attached(player, ana, nova, folder, capsys):
    other = player_subject(new_withdrawal(nova, now=NOW).player)
    kept, gone = (write(player, ana, key=key, uploads=[files.Upload("a.png", PNG)]).attachments.get() for key in "ab")
    write(other, ana, key="c", uploads=[files.Upload("a.png", PNG)])
    personal.erase(player_id=other.id, reason="Asked", now=NOW)
    (folder / "attachments" / gone.stored).unlink()

    with pytest.raises(SystemExit, match="1"):
        call_command("verify_attachments")

    said = capsys.readouterr()
    assert said.err.splitlines() == [f"Attachment {gone.pk} of note {gone.note_id} ({gone.stored}): It is gone from the storage."]
    assert said.out == "1 attachments are what was attached, 1 were erased with their players, 1 are not.\n"
    assert files.read(kept) == PNG


def test_a_file_whose_note_never_came_to_be_is_removed_after_a_day(player, ana, folder):
    kept = write(player, ana, uploads=[files.Upload("id.png", PNG)]).attachments.get()
    stray, _ = files.keep(files.Upload("lost.png", PNG), player_id=player.id, now=timezone.now())

    assert files.discard_strays(now=timezone.now()) == 0
    assert files.discard_strays(now=timezone.now() + timedelta(days=1, minutes=1)) == 1
    assert not files.storage().exists(stray)
    assert files.read(kept) == PNG
