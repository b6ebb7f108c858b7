"""Personal data: what is sealed, what a player may ask for, and what is left after an erasure."""

import hashlib
import io
import json
import zipfile
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.services import NotAllowed as ChangeNotAllowed
from backoffice.approvals.services import decisions
from backoffice.audit import personal, sequencer, verify
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed, Stale
from backoffice.audit.models import Event, PersonalKey, Visibility
from backoffice.audit.sealed import Sealed
from backoffice.integrations.models import Delivery
from backoffice.jobs import files as job_files
from backoffice.jobs import kinds, runner
from backoffice.jobs.models import Job, Part
from backoffice.work.items import NotPossible
from backoffice.work.models import Attachment, Note
from backoffice.work.notes import files
from backoffice.work.notes import services as notes
from players.blocks import sources
from players.blocks.services import set_block
from players.complaints.services import answer_complaint, record_complaint
from players.duplicates import finding
from players.messages.sending import queue as queue_message
from players.models import AccessRequest, Address, Duplicate, Erasure, Instrument, Kept, Message, Player, SegmentMember, SignIn, Ticket, TicketMessage
from players.places import player_subject
from players.privacy import access, erasing, held, kind, making, reading, retention
from players.profile.accounts import close_account
from players.services import PlayerRefused
from players.services.instruments import add_instrument
from players.services.registration import record_sign_in, register_player
from players.tickets.services import Said, keep_ticket, open_by_hand
from tests.backoffice.jobs.conftest import finish
from tests.casino import asked, new_player, open_casino, paid_in
from tests.databases import OwnCluster
from tests.people import make_brand, make_person, signed_in
from tests.personal_table import CIPHER, COLUMNS, NO, NOBODY, SEALED, Clear
from tests.races import race, raised
from wallet import ledger
from wallet.kinds import AccountKind, TransactionKind
from wallet.ledger import Cash, House

WORDS = (models.CharField, models.TextField, models.JSONField, models.GenericIPAddressField, models.BinaryField, ArrayField)
FIRST, LAST, EMAIL, PHONE = "Xanthippe", "Quorlwyn", "xq.quorlwyn@mail.example", "+35699471188"
REPORT = b"Xanthippe Quorlwyn paid in cash, said the bank"
STREET, IBAN, ADDRESS = "Zebrastrasse 77", "DE89370400440532013000", "198.51.100.77"
NAMING = (FIRST, LAST, EMAIL, PHONE, PHONE[1:], STREET, IBAN, ADDRESS, "Unmistakable complaint", "Unmistakable note", "Unmistakable ticket", "passport-of-her")


# ---- everything is classified, and held


def test_every_column_of_words_is_classified() -> None:
    found = {
        model._meta.label: {one.name for one in model._meta.local_concrete_fields if isinstance(one, WORDS)}
        for model in apps.get_models(include_auto_created=True)
    }
    found = {label: columns for label, columns in found.items() if columns}
    assert {label: columns for label, columns in found.items() if label not in NOBODY} == {label: set(columns) for label, columns in COLUMNS.items()}
    assert NOBODY - found.keys() == set()
    assert NOBODY & COLUMNS.keys() == set()
    said = [one for columns in COLUMNS.values() for one in columns.values()]
    assert [one for one in said if not (one in {NO, SEALED, CIPHER} if isinstance(one, str) else isinstance(one, Clear) and one.why and one.gone)] == []


def test_a_column_that_is_called_sealed_is_opened_by_the_players_key_alone() -> None:
    opened = {
        f"{model._meta.label}.{one.column}" for model in apps.get_models() for one in vars(model).values() if isinstance(one, Sealed)
    }  # fmt: skip
    by_hand = {"approvals.ChangeRequest.base", "approvals.ChangeRequest.payload", "approvals.Version.values", "audit.Event.before", "audit.Event.after"}
    assert {f"{label}.{name}" for label, columns in COLUMNS.items() for name, what in columns.items() if what == SEALED} == opened | by_hand


def _knows_a_player(model: Any) -> bool:
    return any(one.name == "player_id" or (one.is_relation and one.related_model is Player) for one in model._meta.local_concrete_fields)


def test_every_table_that_knows_a_player_is_held_by_somebody() -> None:
    known = {label for one in held.every() for label in one.models}
    direct = {model._meta.label for model in apps.get_models() if _knows_a_player(model)} | {"players.Player"}
    behind = {
        model._meta.label for model in apps.get_models() for one in model._meta.local_concrete_fields
        if one.is_relation and one.related_model is not None and one.related_model._meta.label in direct - {"players.Player"}
    }  # fmt: skip
    assert direct | behind <= known
    assert {apps.get_model(label) for label in known}  # every name is a table


def test_a_room_cannot_leave_something_out_without_a_reason() -> None:
    with pytest.raises(ValueError, match="without a reason"):
        held.register(held.Holding(key="x", title="X", models=(), rows=lambda _pk: Player.objects.none()))
    with pytest.raises(ValueError, match="has to say what"):
        held.register(held.Holding(key="x", title="X", models=(), rows=lambda _pk: Player.objects.none(), left_out="Because", law=held.AML))
    assert "x" not in {one.key for one in held.every()}


# ---- somebody with something of everything


@pytest.fixture
def house(db: None, opened: None) -> SimpleNamespace:
    nova = open_casino()
    people = {code: make_person(role, brands=[nova], name=name) for code, role, name in (
        ("dana", "compliance", "Dana Fischer"), ("vera", "compliance", "Vera Lindt"), ("sofia", "support", "Sofia Marin"),
    )}  # fmt: skip
    return SimpleNamespace(brand=nova, **people)


def somebody(house: SimpleNamespace, *, language: str = "de") -> Player:
    """Xanthippe Quorlwyn, with something of everything that names her."""
    now = timezone.now()
    player = register_player(
        brand=house.brand, jurisdiction="MT", external_id="web-1", first_name=FIRST, last_name=LAST, birth_date=date(1981, 3, 9), country="DE", currency="EUR",
        email=EMAIL, phone=PHONE, language=language, by=Actor.system("test"), now=now - timedelta(days=100),
    )  # fmt: skip
    home = Address(player=player, changed_at=now)
    home.parts = {"street": STREET, "postal_code": "10115", "city": "Berlin", "region": ""}
    home.save()
    record_sign_in(
        player_id=player.pk, fingerprint="fp-shared-7", device_label="Pixel of Quorlwyn", ip=ADDRESS, country="DE", by=Actor.player(player.pk), now=now
    )
    keep_ticket(
        brand_id=house.brand.pk, external_id="HD-1", player_id=player.pk, subject="Unmistakable ticket", state="open", link="https://desk.example/quorlwyn",
        opened_at=now, updated_at=now, by=Actor.integration("Help desk"), now=now,
        messages=[Said("m1", "player", f"{FIRST} {LAST}", f"Write to {EMAIL}.", now)],
    )  # fmt: skip
    queue_message(player=player, template="deposit_credited", key="q-1", context={"name": "DP-1", "amount": "5.00", "currency": "EUR"}, now=now)
    complaint = record_complaint(player_id=player.pk, category="service", channel="email", text="Unmistakable complaint", by=Actor.integration("Web"), now=now)
    answer_complaint(complaint_id=complaint.pk, outcome="upheld", reason=f"You are right, {FIRST}.", by=house.dana, now=now)
    upload = files.Upload("passport-of-her.txt", b"Number 123")
    notes.write(player_subject(player), text=f"Unmistakable note about {LAST}", by=house.sofia, now=now, key="n1", uploads=[upload])
    report = files.Upload("report-on-quorlwyn.txt", REPORT)
    notes.write(player_subject(player), text=f"Suspicion about {LAST}", by=house.dana, now=now, key="n2", compliance_only=True, uploads=[report])
    set_block(player_id=player.pk, kind="bonus", reason="TERMS_BROKEN", note=f"{LAST} again", by=Actor.staff(house.dana), now=now)
    twin = new_player(house.brand)
    record_sign_in(player_id=twin.pk, fingerprint="fp-shared-7", device_label="Pixel", ip="192.0.2.9", by=Actor.player(twin.pk), now=now)
    finding.sweep(now=now)
    return Player.objects.get(pk=player.pk)


def with_money(player: Player) -> Instrument:
    return add_instrument(
        player_id=player.pk, kind="bank", label="SEPA", provider="nordpay", token="tok-q", last4="3000", holder_name=f"{FIRST} {LAST}", detail=IBAN,
        by=Actor.player(player.pk), now=timezone.now(),
    )  # fmt: skip


def closed(house: SimpleNamespace, player: Player) -> Player:
    player = Player.objects.get(pk=player.pk)
    close_account(player_id=player.pk, version=player.version, reason_code="PLAYER_ASKED", note="", key="close", by=house.dana, now=timezone.now())
    return Player.objects.get(pk=player.pk)


def everywhere() -> str:
    """Every row of every table of the database, as text."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"
        )
        tables = [name for (name,) in cursor.fetchall()]
        assert len(tables) > 70  # noqa: PLR2004 (it reads the whole house)
        found = []
        for name in tables:
            cursor.execute("SELECT has_table_privilege(%s, 'SELECT')", [name])
            if cursor.fetchone()[0]:
                cursor.execute(f"SELECT row::text FROM {name} row")  # noqa: S608
                found += [f"{name} {text}" for (text,) in cursor.fetchall()]
    return "\n".join(found)


def traces(text: str) -> list[str]:
    """Where something names her: the table, the fact if it is one, and the words around it."""
    found = []
    for line in text.splitlines():
        for word in NAMING:
            if (at := line.lower().find(word.lower())) >= 0:
                found.append(f"{line[:90]} ... {line[max(at - 40, 0) : at + 40]}")
    return found


# ---- sealed at rest


def test_what_was_said_lies_sealed_and_reads_as_it_was_said(house: SimpleNamespace) -> None:
    player = somebody(house)
    said = TicketMessage.objects.get(ticket__player=player)
    assert (said.ticket.subject, said.author_name, said.text) == ("Unmistakable ticket", f"{FIRST} {LAST}", f"Write to {EMAIL}.")
    message = Message.objects.get(player=player)
    assert (message.context, FIRST in message.body) == ({"name": "DP-1", "amount": "5.00", "currency": "EUR"}, True)
    for row, columns in (
        (said, ("author_sealed", "text_sealed")),
        (said.ticket, ("subject_sealed",)),
        (message, ("subject_sealed", "body_sealed", "context_sealed")),
    ):
        assert all(getattr(row, column).startswith(personal.MARK) for column in columns)
    note = Note.objects.get(player_id=player.pk, visibility=0)
    assert (note.text, note.attachments.get().name) == (f"Unmistakable note about {LAST}", "passport-of-her.txt")
    assert [line for line in everywhere().splitlines() if "Unmistakable" in line] == []


def test_pages_open_what_is_sealed_without_a_question_for_each(house: SimpleNamespace) -> None:
    player, client = somebody(house), signed_in(house.sofia)

    def cost(path: str) -> int:
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200  # noqa: PLR2004
        return len(queries)

    paths = (
        reverse("players:player", args=[player.pk]),
        reverse("players:tickets", args=[player.pk]),
        f"{reverse('players:player', args=[player.pk])}?tab=messages",
    )
    before = [cost(path) for path in paths]
    for number in range(4):
        now = timezone.now()
        open_by_hand(player_id=player.pk, subject=f"Again {number}", text="Hello", key=str(number), by=house.sofia, now=now)
        queue_message(player=player, template="deposit_credited", key=f"more-{number}", context={"name": "DP-1", "amount": "5", "currency": "EUR"}, now=now)
    assert [cost(path) for path in paths] == before
    assert "Again 3" in client.get(paths[0]).text


def test_the_search_finds_nothing_by_what_is_sealed(house: SimpleNamespace) -> None:
    player, client = somebody(house), signed_in(house.dana)
    for words in ("Unmistakable", "ticket Unmistakable"):
        assert f"/players/{player.pk}/" not in client.get(reverse("search:results"), {"q": words}).text
    listed = client.get(reverse("players:messages"), {"q": "credited"})
    assert [row.item for row in listed.context["rows"]] == []


def test_what_the_mail_server_says_is_kept_without_the_address(house: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.core.mail import EmailMessage

    from backoffice.runtime import outgoing
    from players.messages.sending import send

    player = somebody(house)

    def refused(_mail: EmailMessage) -> None:
        raise OSError(f"550 <{player.email}> unknown")

    monkeypatch.setattr(EmailMessage, "send", refused)
    monkeypatch.setattr(outgoing, "MOST_ATTEMPTS", 1)
    message = Message.objects.get(player=player)
    assert send(message.pk) == "failed"
    message.refresh_from_db()
    assert EMAIL not in message.error
    assert message.error.startswith("550 ")


# ---- everything held


def ask_for_all(house: SimpleNamespace, player: Player, **more: Any) -> AccessRequest:
    given = {"channel": "email", "reason": f"{LAST} wants it all", "key": "a-1", "by": Actor.staff(house.dana), "now": timezone.now(), **more}
    return access.ask(player_id=player.pk, **given)


def made(house: SimpleNamespace, row: AccessRequest, *, key: str = "m-1") -> Job:
    return finish(access.make(request_id=row.pk, key=key, by=house.dana, now=timezone.now()))


def opened(job: Job) -> zipfile.ZipFile:
    with job_files.storage().open(job.file, "rb") as file:
        content = file.read()
    assert hashlib.sha256(content).hexdigest() == job.sha256
    return zipfile.ZipFile(io.BytesIO(content))


def lines(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.read(name).decode().splitlines()]


def test_the_file_has_everything_that_is_held_and_says_what_is_left_out(house: SimpleNamespace) -> None:
    player = somebody(house)
    with_money(player)
    paid_in(player, player.instruments.get(), "25.00")
    row = ask_for_all(house, player)
    assert (row.due_at - row.received_at, row.clause.startswith("MT 1: GDPR Art. 12(3)"), row.reason) == (timedelta(days=28), True, f"{LAST} wants it all")
    job = made(house, row)
    assert (job.state, job.filename) == ("ready", f"personal-data-{player.pk}-{job.requested_at:%Y%m%d}.zip")
    archive = opened(job)
    profile = lines(archive, "players.profile.jsonl")[0]
    assert (profile["first_name"], profile["email"], profile["birth_date"], profile["address"]["street"]) == (FIRST, EMAIL, "1981-03-09", STREET)
    assert lines(archive, "players.instruments.jsonl")[0]["number"] == IBAN
    assert lines(archive, "players.sign_ins.jsonl")[0]["ip"] == ADDRESS
    assert lines(archive, "players.tickets.jsonl")[0]["messages"][0]["text"] == f"Write to {EMAIL}."
    assert [one["text"] for one in lines(archive, "players.notes.jsonl")] == [f"Unmistakable note about {LAST}"]
    assert lines(archive, "players.complaints.jsonl")[0]["text"] == "Unmistakable complaint"
    assert lines(archive, "payments.deposits.jsonl")[0]["amount"] == "25.00"
    assert lines(archive, "wallet.transactions.jsonl")[0]["entries"][0]["amount"] == "25.00"
    registered = next(one for one in lines(archive, "players.record.jsonl") if one["what"] == "player.registered")
    assert registered["after"]["email"] == EMAIL
    (document,) = [name for name in archive.namelist() if name.startswith("documents/")]
    assert archive.read(document) == b"Number 123"
    whole = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert "Suspicion about" not in whole
    assert "Sofia Marin" not in whole
    index = archive.read("index.html").decode()
    assert '<html lang="de">' in index
    assert FIRST in index
    sums = dict(reversed(line.split("  ")) for line in archive.read("sha256sums.txt").decode().splitlines())
    assert {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist() if name != "sha256sums.txt"} == sums
    row.refresh_from_db()
    assert (row.state, row.sha256, row.rows) == ("made", job.sha256, job.done)
    assert job_files.storage().listdir(str(job.pk))[1] == [job.file.rpartition("/")[2]]  # no part is left lying


def test_a_worker_that_dies_loses_no_row_and_writes_none_twice(house: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    player = somebody(house)
    monkeypatch.setattr(making, "ROWS", 2)
    job = access.make(request_id=ask_for_all(house, player).pk, key="m", by=house.dana, now=timezone.now())
    facts = Event.objects.filter(player_id=player.pk, visibility=0)
    step, steps = making.step, []

    def dying(slice_: runner.Slice) -> bool:
        steps.append(slice_.job.phase)
        if len(steps) % 4 == 0:
            raise SystemExit  # as a kill does, in the middle of a slice
        return step(slice_)

    monkeypatch.setitem(kinds._kinds, access.KIND, SimpleNamespace(**{**vars(making.MAKING), "step": dying}))
    for _slice in range(60):
        job.refresh_from_db()
        if job.state not in {"queued", "running"}:
            break
        Job.objects.filter(pk=job.pk).update(next_attempt_at=timezone.now())
        before = facts.count()
        try:
            runner.run(job.pk)
        except SystemExit:
            Job.objects.filter(pk=job.pk).update(tries=0)  # the lease ran out; five deaths in a row without a step would end it
    job.refresh_from_db()
    assert (job.state, len(steps) > 20) == ("ready", True)  # noqa: PLR2004
    rows = lines(opened(job), "players.record.jsonl")
    assert len({(one["what"], one["about"], one["at"]) for one in rows}) == len(rows)
    assert len(rows) in {before, before - 1}
    assert Part.objects.filter(job=job).count() == 0


def test_asking_twice_is_one_request_and_another_waits_for_it(house: SimpleNamespace) -> None:
    player = somebody(house)
    first = ask_for_all(house, player)
    assert ask_for_all(house, player) == first
    with pytest.raises(PlayerRefused) as refused:
        ask_for_all(house, player, key="a-2")
    assert (refused.value.code, AccessRequest.objects.count()) == ("waits", 1)
    job = made(house, first)
    assert access.make(request_id=first.pk, key="other", by=house.vera, now=timezone.now()) == job
    with pytest.raises(PlayerRefused, match="Say what was asked"):
        ask_for_all(house, new_player(house.brand), reason=" ", key="a-3")
    with pytest.raises(PlayerRefused) as early:
        ask_for_all(house, new_player(house.brand), key="a-4", received_at=timezone.now() - timedelta(days=61))
    assert early.value.code == "received_at"


def test_a_request_is_delivered_once_it_has_a_file_or_refused_with_a_reason(house: SimpleNamespace) -> None:
    player = somebody(house)
    row = ask_for_all(house, player)
    with pytest.raises(NotAllowed):
        access.deliver(request_id=row.pk, version=row.version, way="post", by=house.dana, now=timezone.now())
    with pytest.raises(NotAllowed, match="not yours"):
        access.make(request_id=row.pk, key="s", by=house.sofia, now=timezone.now())
    made(house, row)
    row.refresh_from_db()
    with pytest.raises(Stale):
        access.deliver(request_id=row.pk, version=1, way="post", by=house.dana, now=timezone.now())
    done = access.deliver(request_id=row.pk, version=row.version, way="post", by=house.dana, now=timezone.now())
    assert (done.state, done.way) == ("delivered", "post")
    assert access.deliver(request_id=row.pk, version=1, way="post", by=house.dana, now=timezone.now()).version == done.version
    other = ask_for_all(house, new_player(house.brand), key="b")
    with pytest.raises(PlayerRefused, match="Say why"):
        access.refuse(request_id=other.pk, version=1, reason=" ", by=house.dana, now=timezone.now())
    said = access.refuse(request_id=other.pk, version=1, reason="The sixth this month", by=house.dana, now=timezone.now())
    assert (said.state, said.refusal) == ("refused", "The sixth this month")
    assert list(Event.objects.filter(type__startswith="accessrequest.").order_by("pk").values_list("type", flat=True)) == [
        "accessrequest.asked", "accessrequest.made", "accessrequest.delivered", "accessrequest.asked", "accessrequest.refused",
    ]  # fmt: skip


def extend(house: SimpleNamespace, row: AccessRequest, **more: Any) -> AccessRequest:
    given = {"version": row.version, "reason": "A very long history", "way": "message", "by": house.dana, "now": timezone.now(), **more}
    return access.extend(request_id=row.pk, **given)


def test_a_request_is_extended_once_and_the_player_reads_why_before_it_is_due(house: SimpleNamespace) -> None:
    player = somebody(house)
    row = ask_for_all(house, player)
    first = row.due_at
    row = extend(house, row)
    assert (row.due_at - first, row.version, row.extension) == (timedelta(days=59), 2, "A very long history")
    assert "two further months" in row.clause
    assert "very long" not in AccessRequest.objects.values_list("extension_sealed", flat=True).get()
    message = Message.objects.get(player=player, template="access_extended")
    local = row.due_at.astimezone(house.brand.zone)
    assert (message.language, "A very long history" in message.body, f"{local:%Y-%m-%d}" in message.body) == ("de", True, True)
    fact = Event.objects.get(type="accessrequest.extended")
    assert (json.loads(fact.after)["told"], json.loads(fact.before)["due_at"][:10]) == ("message", f"{first:%Y-%m-%d}")
    again = extend(house, row, version=1)
    assert (again.due_at, Message.objects.filter(template="access_extended").count()) == (row.due_at, 1)
    assert Event.objects.filter(type="accessrequest.extended").count() == 1


def test_what_is_too_late_or_says_no_reason_or_reaches_nobody_is_not_extended(house: SimpleNamespace) -> None:
    player = somebody(house)
    row = ask_for_all(house, player)
    for more, code in (
        ({"reason": " "}, "reason"), ({"way": "pigeon"}, "way"), ({"now": row.due_at + timedelta(seconds=1)}, "too_late"),
    ):  # fmt: skip
        with pytest.raises(PlayerRefused) as refused:
            extend(house, row, **more)
        assert refused.value.code == code
    with pytest.raises(NotAllowed):
        extend(house, row, by=house.sofia)
    with pytest.raises(Stale):
        extend(house, row, version=7)
    elsewhere = make_person("compliance", brands=[make_brand("fjord", market="SE")])
    with pytest.raises(AccessRequest.DoesNotExist):
        extend(house, row, by=elsewhere)
    set_block(player_id=player.pk, kind="contact", reason="PLAYER_ASKED", by=Actor.staff(house.dana), now=timezone.now())
    with pytest.raises(PlayerRefused, match="We cannot write to the player"):
        extend(house, row)
    row.refresh_from_db()
    assert (row.extended_at, row.version, Event.objects.filter(type="accessrequest.extended").count()) == (None, 1, 0)
    extend(house, row, way="post")
    assert not Message.objects.filter(template="access_extended").exists()
    other = ask_for_all(house, new_player(house.brand), key="a-2")
    access.refuse(request_id=other.pk, version=other.version, reason="Unfounded", by=house.dana, now=timezone.now())
    other.refresh_from_db()
    with pytest.raises(PlayerRefused, match="answered already"):
        extend(house, other)


def test_the_page_of_a_request_extends_it(house: SimpleNamespace) -> None:
    row, client = ask_for_all(house, somebody(house)), signed_in(house.dana)
    page, address = reverse("players:access", args=[row.pk]), reverse("players:access-extend", args=[row.pk])
    assert address in client.get(page).text
    refused = client.post(address, {"reason": "", "way": "post", "version": row.version})
    assert (refused.status_code, address in refused.text) == (422, True)
    assert client.post(address, {"reason": "A very long history", "way": "post", "version": row.version}).status_code == 302
    shown = client.get(page).text
    assert (address in shown, "A very long history" in shown) == (False, True)


def test_two_who_extend_at_once_extend_it_once(committed_db: None) -> None:
    nova = open_casino()
    house = SimpleNamespace(brand=nova, dana=make_person("compliance", brands=[nova]))
    row = ask_for_all(house, new_player(nova))
    first = row.due_at
    assert raised(race(lambda: extend(house, row), lambda: extend(house, row)), Exception) == 0
    row.refresh_from_db()
    assert (row.due_at - first, Event.objects.filter(type="accessrequest.extended").count()) == (timedelta(days=59), 1)


def test_a_file_that_was_removed_is_made_again(house: SimpleNamespace) -> None:
    player = somebody(house)
    row = ask_for_all(house, player)
    job = made(house, row)
    Job.objects.filter(pk=job.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    runner.sweep()
    again = made(house, row, key="m-2")
    row.refresh_from_db()
    assert (again.pk != job.pk, again.state, row.state, row.job_id) == (True, "ready", "made", again.pk)
    assert Event.objects.filter(type="accessrequest.asked_again").count() == 1
    access.refuse(request_id=row.pk, version=row.version, reason="Taken back", by=house.dana, now=timezone.now())


def test_a_job_whose_asker_lost_the_right_ends_and_leaves_nothing(house: SimpleNamespace) -> None:
    player = somebody(house)
    row = ask_for_all(house, player)
    job = access.make(request_id=row.pk, key="m", by=house.dana, now=timezone.now())
    house.dana.is_active = False
    house.dana.save()
    assert finish(job).state == "failed"
    row.refresh_from_db()
    assert (row.state, Part.objects.count()) == ("asked", 0)


def test_the_pages_lead_from_the_player_to_the_delivered_file(house: SimpleNamespace) -> None:
    player, client = somebody(house), signed_in(house.dana)
    path = reverse("players:ask-access", args=[player.pk])
    assert "GDPR Art. 12(3)" in client.get(path).text
    sent = {"channel": "post", "reason": "A letter", "received_at": "", "key": "k"}
    first, second = client.post(path, sent), client.post(path, sent)
    assert (first.status_code, first["Location"], second["Location"]) == (302, second["Location"], first["Location"])
    row = AccessRequest.objects.get()
    finish(Job.objects.get(pk=row.job_id))
    shown = client.get(first["Location"]).text
    assert reverse("jobs:job", args=[row.job_id]) in shown
    taken = client.post(reverse("jobs:job-file", args=[row.job_id]))
    assert (taken.status_code, taken["Content-Type"]) == (200, "application/zip")
    row.refresh_from_db()
    assert client.post(reverse("players:access-deliver", args=[row.pk]), {"way": "", "version": row.version}).status_code == 422  # noqa: PLR2004
    assert client.post(reverse("players:access-deliver", args=[row.pk]), {"way": "post", "version": 1}).status_code == 409  # noqa: PLR2004
    assert client.post(reverse("players:access-deliver", args=[row.pk]), {"way": "post", "version": row.version}).status_code == 302  # noqa: PLR2004
    assert row.name in client.get(reverse("players:personal-data"), {"view": "all"}).text
    with CaptureQueriesContext(connection) as one:
        client.get(reverse("players:personal-data"), {"view": "all"})
    for number in range(3):
        ask_for_all(house, new_player(house.brand), key=f"more-{number}")
    with CaptureQueriesContext(connection) as four:
        assert len(client.get(reverse("players:personal-data"), {"view": "all"}).context["rows"]) == 4  # noqa: PLR2004
    assert len(four) == len(one) <= 10  # noqa: PLR2004


# ---- erasure


def erased(house: SimpleNamespace, player: Player) -> Player:
    """Asked for by one, agreed to by another."""
    change = kind.ask_to_erase(player_id=player.pk, reason="The player asked for it", key="e", by=house.dana, now=timezone.now())
    decisions.approve(change_id=change.pk, version=change.version, by=house.vera, key="v", now=timezone.now())
    change.refresh_from_db()
    assert (change.state, change.outcome) == ("active", "")
    return Player.objects.get(pk=player.pk)


def test_an_open_account_and_money_are_in_the_way(house: SimpleNamespace) -> None:
    player = somebody(house)
    instrument = with_money(player)
    paid_in(player, instrument, "25.00")
    asked(player, instrument, "10.00")
    stands = retention.obstacles(player, now=timezone.now())
    assert sorted(stands) == [
        "A withdrawal is open.", "Money is held or owed: 25.00 EUR.", "Money of the player is promised to something that has not ended.",
        "The account is not closed. Close it first.",
    ]  # fmt: skip
    with pytest.raises(PlayerRefused, match="Close it first"):
        kind.ask_to_erase(player_id=player.pk, reason="Asked", key="e", by=house.dana, now=timezone.now())
    assert (ChangeRequest.objects.filter(kind=kind.CODE).count(), Erasure.objects.count()) == (0, 0)
    sources.register(sources.Source("self-exclusion", "Self-exclusion", {"ASKED": "Asked"}, excludes=True))
    bare = closed(house, new_player(house.brand))
    set_block(player_id=bare.pk, kind="play", source="self-exclusion", reason="ASKED", by=Actor.system("test"), now=timezone.now())
    row = ask_for_all(house, bare, key="in-the-way")
    assert retention.obstacles(bare, now=timezone.now()) == [
        "An exclusion from gambling stands. It has to recognise the person until it ends.",
        "The player has asked for everything that is held and has not got it yet.",
    ]
    access.refuse(request_id=row.pk, version=1, reason="Taken back", by=house.dana, now=timezone.now())
    sources._sources.pop("self-exclusion")


def test_nobody_erases_alone(house: SimpleNamespace) -> None:
    player = closed(house, somebody(house))
    with pytest.raises(ChangeNotAllowed):
        kind.ask_to_erase(player_id=player.pk, reason="Asked", key="e", by=house.sofia, now=timezone.now())
    change = kind.ask_to_erase(player_id=player.pk, reason="Asked", key="e", by=house.dana, now=timezone.now())
    assert kind.ask_to_erase(player_id=player.pk, reason="Asked", key="e", by=house.dana, now=timezone.now()) == change
    with pytest.raises(PlayerRefused, match="waits for approval"):
        kind.ask_to_erase(player_id=player.pk, reason="Asked", key="f", by=house.vera, now=timezone.now())
    with pytest.raises(ChangeNotAllowed):
        decisions.approve(change_id=change.pk, version=change.version, by=house.dana, key="v", now=timezone.now())
    assert (Player.objects.get(pk=player.pk).first_name, Erasure.objects.count()) == (FIRST, 0)


def test_what_came_in_the_way_meanwhile_fails_the_change_and_erases_nothing(house: SimpleNamespace) -> None:
    player = closed(house, somebody(house))
    change = kind.ask_to_erase(player_id=player.pk, reason="Asked", key="e", by=house.dana, now=timezone.now())
    ask_for_all(house, player)
    decisions.approve(change_id=change.pk, version=change.version, by=house.vera, key="v", now=timezone.now())
    change.refresh_from_db()
    assert (change.state, "has not got it yet" in change.outcome) == ("failed", True)
    assert (Player.objects.get(pk=player.pk).email, Erasure.objects.count()) == (EMAIL, 0)


def test_the_page_says_beforehand_kind_by_kind_what_becomes_of_it(house: SimpleNamespace) -> None:
    player, client = closed(house, somebody(house)), signed_in(house.dana)
    plan = {one.holding.key: (one.what, one.until, one.rows) for one in retention.plan(player, now=timezone.now())}
    today = timezone.localdate(timezone=house.brand.zone)
    assert plan["players.profile"] == ("kept", today.replace(year=today.year + 5), 1)
    assert plan["players.tickets"] == ("erased", None, 1)
    assert plan["players.devices"] == ("erased", None, 1)
    assert plan["wallet.accounts"][0] == "stays"
    shown = client.get(reverse("players:erase", args=[player.pk])).text
    assert "PMLFTR (S.L. 373.01) reg. 13" in shown
    sent = client.post(reverse("players:erase", args=[player.pk]), {"reason": "The player asked for it", "key": "k"})
    assert sent.status_code == 303  # noqa: PLR2004
    assert ChangeRequest.objects.get(kind=kind.CODE).state == "review"


def test_an_erased_player_stands_nowhere_in_the_database_in_clear(house: SimpleNamespace) -> None:
    player = somebody(house)
    with_money(player)
    other = new_player(house.brand)
    player = closed(house, player)
    assert Duplicate.objects.filter(first=player).exists()
    SegmentMember.objects.filter(player=player).delete()
    assert len(traces(everywhere())) > 5  # noqa: PLR2004 (they are found where they are)
    erased(house, player)
    while erasing.sweep(now=timezone.now()):
        pass
    assert traces(everywhere()) == []
    gone = Player.objects.get(pk=player.pk)
    assert (gone.email, gone.phone, gone.email_digest, gone.mailbox_digest, gone.phone_digest, gone.birth_date) == ("", "", "", "", "", None)
    assert gone.name == "Erased player"
    assert (Duplicate.objects.count(), Address.objects.filter(player=player).count()) == (0, 0)
    ticket, message = Ticket.objects.get(player=player), Message.objects.get(player=player)
    assert (ticket.subject, ticket.messages.get().text, message.body, message.context) == ("", "", "", {})
    assert PersonalKey.objects.get(pk=player.pk).wrapped is None
    assert Player.objects.get(pk=other.pk).email.startswith("mia")
    assert set(Erasure.objects.values_list("state", flat=True)) == {"kept", "gone"}
    told = Delivery.objects.filter(topic="player.erased").count()
    assert told == 0  # nobody listens here; the topic exists
    assert Event.objects.filter(type="player.erased", player_id=player.pk).count() == 1


def test_what_the_law_keeps_is_read_for_a_reason_and_goes_on_its_day(house: SimpleNamespace) -> None:
    player = somebody(house)
    with_money(player)
    player = erased(house, closed(house, player))
    while erasing.sweep(now=timezone.now()):
        pass
    part = Erasure.objects.get(player=player, kind="players.profile")
    assert "reg. 13" in part.clause
    (row,) = reading.read(part_id=part.pk, reason="Order 17", by=house.dana, now=timezone.now())
    assert (row["first_name"], row["birth_date"], row["address"]["street"], "email" in row) == (FIRST, "1981-03-09", STREET, False)
    suspicion = Erasure.objects.get(player=player, kind="players.compliance_notes")
    assert reading.read(part_id=suspicion.pk, reason="Order 17", by=house.dana, now=timezone.now())[0]["text"] == f"Suspicion about {LAST}"
    assert Event.objects.filter(type="player.kept_read", reason="Order 17").count() == 2  # noqa: PLR2004
    for by, why, code in ((house.sofia, "Curious", "not_allowed"), (house.dana, " ", "reason")):
        with pytest.raises(PlayerRefused) as refused:
            reading.read(part_id=part.pk, reason=why, by=by, now=timezone.now())
        assert refused.value.code == code
    assert erasing.sweep(now=timezone.now() + timedelta(days=5 * 365)) == 0  # leap days: the law's day has not come
    later = timezone.now() + timedelta(days=5 * 366 + 2)
    while erasing.sweep(now=later):
        pass
    assert (Kept.objects.count(), set(Erasure.objects.values_list("state", flat=True))) == (0, {"gone"})
    assert erasing.sweep(now=later) == 0
    with pytest.raises(PlayerRefused, match="Nothing of it is kept"):
        reading.read(part_id=part.pk, reason="Order 18", by=house.dana, now=later)


def test_a_file_of_a_note_for_compliance_alone_is_kept_until_its_day_and_others_go_with_the_key(house: SimpleNamespace) -> None:
    player = somebody(house)
    ours, theirs = (Attachment.objects.get(note__visibility=which) for which in (Visibility.NORMAL, Visibility.COMPLIANCE))
    player = closed(house, player)
    assert "with their files: kept under seal until" in next(
        one.words for one in retention.plan(player, now=timezone.now()) if one.holding.key == "players.compliance_notes"
    )
    player = erased(house, player)
    for row in (ours, theirs):
        with pytest.raises(files.Missing, match="was erased"):
            files.read(row)
    part = Erasure.objects.get(player=player, kind="players.compliance_notes")
    (piece,) = Kept.objects.filter(erasure=part)
    apart = files.Apart(**json.loads(piece.lines)["_apart"][str(theirs.pk)])
    with files.storage().open(apart.stored, "rb") as file:
        assert b"paid in cash" not in file.read()
    client, address = signed_in(house.dana), reverse("players:kept-file", args=[part.pk, theirs.pk])
    shown = client.post(reverse("players:kept", args=[part.pk]), {"reason": "Order 17"}).text
    assert (address in shown, "report-on-quorlwyn.txt" in shown, apart.key in shown, apart.stored in shown) == (True, True, False, False)
    before = Event.objects.filter(type="player.kept_read").count()
    assert client.post(address, {"reason": " "}).status_code == 422  # noqa: PLR2004
    assert client.post(reverse("players:kept-file", args=[part.pk, ours.pk]), {"reason": "Order 17"}).status_code == 422  # noqa: PLR2004
    assert signed_in(house.sofia).post(address, {"reason": "Order 17"}).status_code == 403  # noqa: PLR2004
    elsewhere = make_person("compliance", brands=[make_brand("fjord", market="SE")])
    assert signed_in(elsewhere).post(address, {"reason": "Order 17"}).status_code == 404  # noqa: PLR2004
    assert Event.objects.filter(type="player.kept_read").count() == before
    answer = client.post(address, {"reason": "Order 17"})
    assert (answer.content, answer["Cache-Control"], answer["Content-Type"]) == (REPORT, "no-store", "text/plain")
    assert answer["Content-Disposition"] == "attachment; filename*=UTF-8''report-on-quorlwyn.txt"
    fact = Event.objects.filter(type="player.kept_read").latest("id")
    assert (fact.reason, json.loads(fact.after)) == ("Order 17", {"kind": "players.compliance_notes", "file": theirs.pk})
    later = timezone.now() + timedelta(days=5 * 366 + 2)
    while erasing.sweep(now=later):
        pass
    assert not files.storage().exists(apart.stored)
    assert Kept.objects.count() == 0
    with pytest.raises(files.Missing):
        files.read_apart(apart, sha256=theirs.sha256)


def test_a_file_that_was_lost_before_is_said_to_be_lost_and_one_that_was_altered_is_not_handed_out(house: SimpleNamespace) -> None:
    player = somebody(house)
    theirs = Attachment.objects.get(note__visibility=Visibility.COMPLIANCE)
    files.storage().delete(theirs.stored)
    player = erased(house, closed(house, player))
    part = Erasure.objects.get(player=player, kind="players.compliance_notes")
    (row,) = reading.read(part_id=part.pk, reason="Order 17", by=house.dana, now=timezone.now())
    assert (row["files"][0]["gone"], "_apart" in row) == ("It is gone from the storage.", False)
    with pytest.raises(PlayerRefused, match="gone from the storage"):
        reading.read_file(part_id=part.pk, file=theirs.pk, reason="Order 17", by=house.dana, now=timezone.now())


def spent(player: Player, amount: str) -> None:
    """The cash is gone, so that nothing is in the way of an erasure."""
    with transaction.atomic():
        ledger.post(
            kind=TransactionKind.ADJUSTED, key=f"spent:{player.pk}", brand=player.brand_id, amount=Decimal(amount), currency="EUR", source=Cash(player.pk),
            target=House(AccountKind.ADJUSTMENTS),
        )  # fmt: skip


def test_what_providers_said_of_an_erased_player_is_emptied_and_kept_under_seal(house: SimpleNamespace) -> None:
    from payments.models import Deposit, ProviderCall, WebhookEvent

    player = somebody(house)
    with_money(player)
    paid_in(player, Instrument.objects.get(player=player), "50")
    deposit = Deposit.objects.get(player=player)
    spent(player, "50")
    now, said = timezone.now(), f'{{"payer": "{FIRST} {LAST}", "iban": "{IBAN}"}}'.encode()

    def news(event: str, reference: str, *, handled: bool) -> WebhookEvent:
        return WebhookEvent.objects.create(
            provider="nordpay", event_id=event, kind="deposit.captured", reference=reference, body=said, headers={}, received_at=now,
            handled_at=now if handled else None, next_attempt_at=None if handled else now,
        )  # fmt: skip

    mine, early, others = news("evt_1", deposit.reference, handled=True), news("evt_2", "DP-earlier", handled=True), news("evt_3", "DP-other", handled=True)
    call = ProviderCall.objects.create(
        payment_type="deposit", payment_id=deposit.pk, provider="nordpay", operation="charge", reference="DP-earlier", outcome="refused",
        detail=f"{FIRST} {LAST} is not the holder", started_at=now, ended_at=now,
    )  # fmt: skip
    player = erased(house, closed(house, player))
    while erasing.sweep(now=timezone.now()):
        pass
    for row in (mine, early, others, call):
        row.refresh_from_db()
    assert (bytes(mine.body), bytes(early.body), bytes(others.body), call.detail) == (b"", b"", said, "")
    part = Erasure.objects.get(player=player, kind="payments.news")
    rows = reading.read(part_id=part.pk, reason="Order 17", by=house.dana, now=timezone.now())
    assert {one["event"]: one["body"] for one in rows if one["event"].startswith("evt_")} == {"evt_1": said.decode(), "evt_2": said.decode()}
    part = Erasure.objects.get(player=player, kind="payments.calls")
    rows = reading.read(part_id=part.pk, reason="Order 17", by=house.dana, now=timezone.now())
    assert f"{FIRST} {LAST} is not the holder" in {one["detail"] for one in rows}


def test_a_sweep_that_dies_goes_on_where_it_was(house: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    player = somebody(house)
    for number in range(7):
        record_sign_in(player_id=player.pk, fingerprint="", device_label="", ip=f"198.51.100.{number + 1}", by=Actor.player(player.pk), now=timezone.now())
    monkeypatch.setattr(erasing, "CHUNK", 3)
    player = erased(house, closed(house, player))
    part = Erasure.objects.get(player=player, kind="players.sign_ins")
    assert erasing.step(part.pk, now=timezone.now())
    part.refresh_from_db()
    assert (part.state, part.rows, SignIn.objects.filter(player=player, ip="0.0.0.0").count()) == ("due", 3, 3)  # noqa: S104
    while erasing.sweep(now=timezone.now()):
        pass
    part.refresh_from_db()
    kept = [json.loads(line)["ip"] for piece in part.pieces.order_by("number") for line in piece.lines.splitlines()]
    assert (part.state, part.rows, kept) == ("kept", 8, [ADDRESS, *(f"198.51.100.{number + 1}" for number in range(7))])
    assert not erasing.step(part.pk, now=timezone.now())


def test_the_page_of_an_erased_player_opens_and_says_so(house: SimpleNamespace) -> None:
    player, client = erased(house, closed(house, somebody(house))), signed_in(house.dana)
    while erasing.sweep(now=timezone.now()):
        pass
    path = reverse("players:player", args=[player.pk])
    first = client.get(path).text
    assert "This player was erased" in first
    part = Erasure.objects.get(player=player, kind="players.profile")
    assert reverse("players:kept", args=[part.pk]) in first
    pages = [path, *(f"{path}?tab={tab}" for tab in ("timeline", "payments", "profile", "messages")), reverse("players:tickets", args=[player.pk])]
    pages += [reverse("players:ticket", args=[Ticket.objects.get().pk]), reverse("players:message", args=[Message.objects.get().pk])]
    pages += [reverse("work:note", args=[Note.objects.filter(visibility=0).get().pk]), reverse("players:erase", args=[player.pk])]
    for one in pages:
        answer = client.get(one)
        assert answer.status_code == 200, one  # noqa: PLR2004
        assert [word for word in NAMING if word in answer.text] == [], one
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    assert len(queries) <= 20  # noqa: PLR2004
    read = client.post(reverse("players:kept", args=[part.pk]), {"reason": "Order 17"})
    assert (FIRST in read.text, read["Cache-Control"]) == (True, "no-store")


def test_nothing_personal_is_written_about_an_erased_player(house: SimpleNamespace) -> None:
    player, now = erased(house, closed(house, somebody(house))), timezone.now()
    system = Actor.system("test")
    answer = record_sign_in(player_id=player.pk, fingerprint="new", device_label="iPhone", ip="192.0.2.1", by=system, now=now)
    assert (answer["admitted"], answer["refused"], player.devices.count()) == (False, "account_closed", 1)
    for write in (
        lambda: open_by_hand(player_id=player.pk, subject="S", text="T", key="x", by=house.sofia, now=now),
        lambda: ask_for_all(house, player, key="z"),
        lambda: add_instrument(player_id=player.pk, kind="card", label="Visa", provider="nordpay", token="t", last4="1", by=system, now=now),
    ):
        with pytest.raises(PlayerRefused) as refused:
            write()
        assert refused.value.code == "player_erased"
    with pytest.raises(NotPossible, match="erased"):
        notes.write(player_subject(player), text="Hello", by=house.sofia, now=now, key="later")
    count = Message.objects.count()
    queue_message(player=player, template="deposit_credited", key="late", context={}, now=now)
    assert Message.objects.count() == count
    with pytest.raises(NotAllowed, match="stays closed"):
        from players.profile.accounts import ask_to_reopen

        ask_to_reopen(player_id=player.pk, version=player.version, reason_code="MISTAKE", note="", key="r", by=house.dana, now=now)
    with pytest.raises(PlayerRefused, match="erased already"):
        kind.ask_to_erase(player_id=player.pk, reason="Again", key="e2", by=house.dana, now=now)


def test_a_restored_backup_is_erased_again_whatever_it_had(house: SimpleNamespace) -> None:
    """As `restore` does: the file of erasures names a player who stands whole in the backup, account open."""
    player = somebody(house)
    with_money(player)
    noted = personal.Noted(player.pk, timezone.now() - timedelta(days=3), "GDPR art. 17")
    assert personal.reapply_erasures([noted]) == 1
    assert traces(everywhere()) == []
    gone = Player.objects.get(pk=player.pk)
    assert (gone.state, gone.erased_at is not None, set(gone.erasures.values_list("state", flat=True))) == ("closed", True, {"kept", "gone"})
    before = everywhere()
    assert personal.reapply_erasures([noted]) == 0
    assert everywhere() == before


def test_the_record_of_an_erased_player_still_verifies(own_cluster: OwnCluster) -> None:
    nova = open_casino()
    house = SimpleNamespace(brand=nova, dana=make_person("compliance", brands=[nova]), vera=make_person("compliance", brands=[nova]), sofia=None)
    player = new_player(nova)
    sequencer.catch_up()
    erased(house, closed(house, player))
    while erasing.sweep(now=timezone.now()):
        pass
    sequencer.catch_up()
    report = verify.run()
    assert (report.findings, report.checked["record"] > 10) == ([], True)  # noqa: PLR2004
    assert Player.objects.get(pk=player.pk).name == "Erased player"
