"""Read-only and maintenance: who gets in, what is refused and how, that no money leaves, and that a mode can always be left."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import InternalError, ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backoffice.access.decorators import NotPermitted
from backoffice.access.models import Lockout, Staff
from backoffice.audit.actors import Actor
from backoffice.audit.models import Event
from backoffice.integrations import keys, scopes
from backoffice.operations import modes
from backoffice.operations.models import Mode
from backoffice.scope.models import Brand
from payments.models import Withdrawal
from payments.services import payouts
from tests.api import FrontEnd, problem
from tests.casino import everything, new_withdrawal, open_casino
from tests.people import PASSWORD, code_of, make_person, signed_in
from tests.races import race, raised

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


@pytest.fixture
def house(db, opened):
    nova = open_casino()
    make_person("owner", name="Olga Own")
    make_person("payments-l1", brands=[nova], name="Ana Novak")
    make_person("head-of-payments", brands=[nova], name="Ines Camilleri")
    return nova


def person(name: str) -> Staff:
    return Staff.objects.get(name=name)


def put(mode: str, reason: str = "Provider audit", **more: object) -> Mode:
    return modes.put(**{"mode": mode, "reason": reason, "now": timezone.now(), "by": None, **more})


def front_end(brand: Brand) -> FrontEnd:
    new = keys.create_key(brand=brand, name="web", scopes=list(scopes.known()), by=Actor.system("Test"), now=timezone.now())
    return FrontEnd(brand, new.key, new.secret)


def facts() -> list[tuple[str, str, str]]:
    return list(Event.objects.filter(type="house.mode_set").order_by("id").values_list("actor_label", "reason", "after"))


# --- setting it ---


def test_setting_a_mode_is_a_fact_with_reason_and_end(house):
    ines = person("Ines Camilleri")
    row = modes.put(mode="read-only", reason=" Provider  audit ", now=NOW, by=ines, version=1, expected_end=NOW + timedelta(hours=1))
    assert (row.mode, row.reason, row.set_by, row.set_at, row.version) == ("read-only", "Provider audit", ines, NOW, 2)
    assert facts() == [("Ines Camilleri", "Provider audit", '{"expected_end":"2026-11-25T10:00:00+00:00","mode":"read-only"}')]
    modes.put(mode="normal", reason="Done", now=NOW + timedelta(minutes=5), by=ines, version=2)
    row = Mode.objects.get()
    assert (row.mode, row.reason, row.expected_end) == ("normal", "", None)
    assert facts()[1][1:] == ("Done", '{"expected_end":null,"mode":"normal"}')


def test_who_may_not_set_it_changes_nothing(house):
    with pytest.raises(NotPermitted):
        modes.put(mode="maintenance", reason="Fun", now=NOW, by=person("Ana Novak"))
    assert (Mode.objects.get().mode, facts()) == ("normal", [])


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"mode": "holiday"}, "no such mode"),
        ({"reason": "  "}, "Say why"),
        ({"expected_end": NOW}, "passed already"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, why, house):
    with pytest.raises(modes.ModeRefused, match=why):
        modes.put(**{"mode": "read-only", "reason": "x", "now": NOW, "by": None, **wrong})
    assert (Mode.objects.get().mode, facts()) == ("normal", [])


def test_somebody_who_saw_an_older_mode_is_told_and_a_double_click_is_harmless(house):
    ines = person("Ines Camilleri")
    wanted = {"mode": "read-only", "reason": "Audit", "by": ines, "version": 1, "expected_end": NOW + timedelta(hours=1)}
    modes.put(**wanted, now=NOW)
    modes.put(**{**wanted, "expected_end": NOW + timedelta(hours=1, seconds=1)}, now=NOW + timedelta(seconds=1))  # the second click
    assert len(facts()) == 1
    with pytest.raises(modes.ModeStale):
        modes.put(mode="maintenance", reason="Mine", now=NOW, by=person("Olga Own"), version=1)
    assert (Mode.objects.get().mode, len(facts())) == ("read-only", 1)


def test_of_two_people_at_once_one_sets_it_and_the_other_is_told(committed_db):
    open_casino()
    one, other = make_person("owner"), make_person("head-of-payments")
    answers = race(
        lambda: modes.put(mode="read-only", reason="One", now=timezone.now(), by=one, version=1),
        lambda: modes.put(mode="maintenance", reason="Other", now=timezone.now(), by=other, version=1),
    )
    assert raised(answers, modes.ModeStale) == 1
    assert len(facts()) == 1


def test_the_row_can_be_neither_added_nor_removed_by_the_app(house):
    for statement in ("DELETE FROM operations_mode", "INSERT INTO operations_mode (id, mode, reason, version) VALUES (2, 'normal', '', 1)"):
        with pytest.raises((ProgrammingError, InternalError), match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


# --- read-only ---


def test_read_only_lets_everybody_look_and_nobody_write(house):
    withdrawal = new_withdrawal(house)
    client = signed_in(person("Ana Novak"))
    url = reverse("payments:withdrawal", args=[withdrawal.pk])
    put("read-only", expected_end=timezone.now() + timedelta(minutes=30))
    before = everything(withdrawal)
    for address in ("/", reverse("payments:withdrawals"), url):
        page = client.get(address)
        assert page.status_code == 200
        assert "Read-only." in page.content.decode()
        assert "Provider audit" in page.content.decode()
    data = {"outcome": "approved", "reason_code": "CHECKS_OK", "version": withdrawal.version, "key": "k", "note": ""}
    refused = client.post(reverse("payments:withdrawal-decide", args=[withdrawal.pk]), data)
    assert refused.status_code == 503
    assert 1_700 <= int(refused["Retry-After"]) <= 1_800
    assert "This was not saved" in refused.content.decode()
    assert everything(withdrawal) == before
    fragment = client.post(reverse("payments:withdrawal-claim", args=[withdrawal.pk]), headers={"HX-Request": "true"})
    assert (fragment.status_code, "not saved" in fragment["HX-Trigger"], fragment.content) == (503, True, b"")
    put("normal")
    assert client.post(reverse("payments:withdrawal-decide", args=[withdrawal.pk]), data).status_code == 303


def test_holders_of_the_permission_write_nothing_either_but_the_mode(house):
    put("read-only")
    client = signed_in(person("Olga Own"))
    assert client.post(reverse("access:add-person"), {"name": "x"}).status_code == 503
    assert Staff.objects.filter(name="x").count() == 0
    form = {"mode": "normal", "reason": "Done", "version": Mode.objects.get().version, "minutes": ""}
    assert client.post(reverse("operations:mode"), form).status_code == 302
    assert Mode.objects.get().mode == "normal"


def test_signing_in_and_out_works_while_read_only(house):
    put("read-only")
    ana, client = person("Ana Novak"), Client()
    assert "Read-only." in client.get("/sign-in/").content.decode()
    client.post("/sign-in/", {"login": ana.email, "password": "wrong"})
    assert Lockout.objects.get().failures == 1  # a guesser is counted in any mode
    client.post("/sign-in/", {"login": ana.email, "password": PASSWORD})
    client.post("/sign-in/code/", {"code": code_of(ana)})
    assert client.get("/").status_code == 200
    assert Event.objects.filter(type="staff.signed_in", subject_id=ana.pk).count() == 1
    assert client.post("/scope/", {"brand": house.code}).status_code == 302  # only what this browser looks at
    assert client.post("/preferences/", {"theme": "dark"}).status_code == 503
    assert client.post("/sign-out/").status_code == 302
    assert client.get("/").status_code == 302


def test_machines_may_read_and_get_a_problem_with_retry_after_for_writes(house):
    machine = front_end(house)
    withdrawal = new_withdrawal(house, deposit="300.00")
    put("read-only", expected_end=timezone.now() + timedelta(seconds=90))
    assert machine.get(f"/withdrawals/{withdrawal.pk}").status_code == 200
    body = {"player_id": withdrawal.player_id, "instrument_id": withdrawal.instrument_id, "money": {"amount": "20.00", "currency": "EUR"}}
    refused = machine.post("/withdrawals", body, key="again")
    problem(refused, 503, "closed")
    assert 80 <= int(refused["Retry-After"]) <= 90
    webhook = Client().post("/api/providers/nordpay/webhooks", b"{}", content_type="application/json")
    problem(webhook, 503, "closed")
    count = Withdrawal.objects.count()
    put("normal")
    modes.forget()
    assert machine.post("/withdrawals", body, key="again").status_code == 201  # the refusal was not remembered under the key
    assert Withdrawal.objects.count() == count + 1


# --- maintenance ---


def test_in_maintenance_only_holders_of_the_permission_come_in(house):
    put("maintenance", expected_end=timezone.now() + timedelta(hours=10))
    page = Client().get("/")
    assert (page.status_code, page["Retry-After"]) == (503, "3600")
    assert "Countroom is being maintained" in page.content.decode()
    ana = signed_in(person("Ana Novak"))
    for answer in (ana.get("/"), ana.post("/preferences/", {"theme": "dark"}), ana.get(reverse("payments:withdrawals"))):
        assert answer.status_code == 503
    assert ana.post("/sign-out/").status_code == 302
    ines = signed_in(person("Ines Camilleri"))
    assert "Maintenance." in ines.get("/").content.decode()
    assert ines.post("/preferences/", {"density": "compact"}).status_code == 302
    problem(front_end(house).get("/withdrawals"), 503, "closed")


def test_machines_that_watch_are_answered_in_any_mode(house):
    put("maintenance")
    assert [Client().get(address).status_code for address in ("/healthz", "/readyz")] == [200, 200]


def test_who_maintains_the_house_can_sign_in_and_end_it(house):
    put("maintenance")
    ines, client = person("Ines Camilleri"), Client()
    assert client.get("/sign-in/").status_code == 200
    client.post("/sign-in/", {"login": ines.email, "password": PASSWORD})
    client.post("/sign-in/code/", {"code": code_of(ines)})
    form = {"mode": "normal", "reason": "Done", "version": Mode.objects.get().version, "minutes": ""}
    assert client.post(reverse("operations:mode"), form).status_code == 302
    modes.forget()  # a transaction of a test never commits
    assert Client().get("/").status_code == 302  # to the sign-in again


# --- the page ---


def test_the_page_keeps_what_was_typed_when_somebody_else_was_faster(house):
    client = signed_in(person("Ines Camilleri"))
    page = client.get(reverse("operations:mode"))
    assert "No mode was ever set" in page.content.decode()
    put("read-only", "Faster")
    refused = client.post(reverse("operations:mode"), {"mode": "maintenance", "reason": "Mine", "version": 1, "minutes": "30"})
    assert refused.status_code == 409
    assert "Somebody else set the mode meanwhile" in refused.content.decode()
    assert 'value="Mine"' in refused.content.decode()
    assert Mode.objects.get().reason == "Faster"
    assert client.post(reverse("operations:mode"), {"mode": "maintenance", "reason": "", "version": 2}).status_code == 422
    again = client.post(reverse("operations:mode"), {"mode": "maintenance", "reason": "Mine", "version": 2, "minutes": "30"}, follow=True)
    assert "Ines Camilleri" in again.content.decode()
    assert 29 <= (Mode.objects.get().expected_end - timezone.now()).total_seconds() / 60 <= 30


def test_who_sees_the_page_but_may_not_set_the_mode_is_refused(house):
    make_person("auditor", name="Aud Itor")
    client = signed_in(person("Aud Itor"))
    assert "Setting it needs another permission" in client.get(reverse("operations:mode")).content.decode()
    assert client.post(reverse("operations:mode"), {"mode": "maintenance", "reason": "x", "version": 1}).status_code == 403
    assert (Mode.objects.get().mode, facts()) == ("normal", [])


def test_a_mode_that_should_have_ended_says_so(house):
    put("read-only", expected_end=timezone.now() + timedelta(minutes=1))
    Mode.objects.update(expected_end=timezone.now() - timedelta(minutes=3))
    assert "It was expected to end 3 m ago." in signed_in(person("Ana Novak")).get("/").content.decode()
    from backoffice.operations import reading
    from backoffice.runtime import probes

    assert reading.read(probes.get("safety.mode")).state == "warning"


# --- the command line ---


def test_the_command_line_says_and_sets_the_mode_without_the_web(house):
    out = StringIO()
    call_command("mode", "maintenance", "--reason", "Upgrade", "--minutes", "20", stdout=out)
    assert out.getvalue().startswith("maintenance, Upgrade, expected to end 20")
    assert facts()[0][0].startswith("Command line (")
    with pytest.raises(CommandError, match="Say why"):
        call_command("mode", "normal")
    out = StringIO()
    call_command("mode", "normal", "--reason", "Done", stdout=out)
    assert out.getvalue() == "normal\n"


def test_another_process_knows_within_two_seconds(committed_db):
    open_casino()
    import os

    code = (
        "import django, sys, time; django.setup()\n"
        "from backoffice.operations import modes\n"
        "print(modes.current().mode, flush=True); sys.stdin.readline()\n"
        "began = time.monotonic()\n"
        "while modes.current().mode == 'normal' and time.monotonic() - began < 30: time.sleep(0.05)\n"
        "print(modes.current().mode, modes.REMEMBERED, flush=True)\n"
    )
    env = {**os.environ, **committed_db.environment(), "DJANGO_SETTINGS_MODULE": "backoffice.settings"}
    other = subprocess.Popen([sys.executable, "-c", code], env=env, cwd=settings.BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout.readline() == "normal\n"
    put("read-only")
    out, _err = other.communicate("\n", timeout=60)
    assert out == "read-only 1.0\n"  # it asks again after a second, so two are enough


def test_while_the_database_is_away_the_last_known_mode_holds(house, monkeypatch):
    from django.db import OperationalError

    put("read-only")
    modes.forget()
    assert modes.current().mode == "read-only"

    def away():
        raise OperationalError("gone")

    monkeypatch.setattr(modes, "_read", away)
    monkeypatch.setattr(modes.time, "monotonic", lambda: time.perf_counter() + 1e9)
    assert modes.current().mode == "read-only"


# --- money ---


def approved(brand: Brand) -> Withdrawal:
    withdrawal = new_withdrawal(brand)
    past = timezone.now() - timedelta(seconds=1)
    Withdrawal.objects.filter(pk=withdrawal.pk).update(state="approved", decided_at=past, decided_by_kind="system", dispatch_at=past, next_attempt_at=past)
    return Withdrawal.objects.get(pk=withdrawal.pk)


@pytest.mark.parametrize("mode", ["read-only", "maintenance"])
def test_no_payout_leaves_while_a_mode_holds_and_what_was_sent_is_still_asked_about(mode, house):
    waiting, sent, again = approved(house), approved(house), approved(house)
    now = timezone.now()
    Withdrawal.objects.filter(pk=sent.pk).update(state="sent", reference="WD-1", sent_at=now, next_attempt_at=now)
    Withdrawal.objects.filter(pk=again.pk).update(
        state="sent", reference="WD-2", sent_at=now, last_call_ended_at=now, failure="unavailable", next_attempt_at=now
    )
    put(mode)
    modes.forget()
    before = everything(waiting)
    assert payouts.due(now=timezone.now()) == [sent.pk]
    assert payouts.claim(waiting.pk, now=timezone.now()) is None
    assert payouts.claim(again.pk, now=timezone.now()) is None
    assert everything(waiting) == before
    assert payouts.claim(sent.pk, now=timezone.now())[1] == "ask"
    put("normal")
    modes.forget()
    assert set(payouts.due(now=timezone.now())) == {waiting.pk, again.pk}
    assert payouts.claim(waiting.pk, now=timezone.now())[1] == "send"
    assert payouts.claim(again.pk, now=timezone.now())[1] == "send"


def test_once_a_mode_is_set_no_payout_is_taken_up_any_more(committed_db):
    """Workers take payouts up while somebody sets the mode: whatever was taken up after it stands in no row."""
    nova = open_casino()
    rows = [approved(nova) for _ in range(12)]
    ended: list[float] = []

    def stop() -> None:
        put("read-only")
        ended.append(time.monotonic())

    def take(some: list[Withdrawal]) -> list[float]:
        taken = []
        for row in some:
            began = time.monotonic()
            if payouts.claim(row.pk, now=timezone.now()):
                taken.append(began)
        return taken

    answers = race(lambda: take(rows[:6]), lambda: take(rows[6:]), stop)
    for began in [*answers[0], *answers[1]]:
        assert began < ended[0], "a payout was begun after the mode was set"
    taken = Withdrawal.objects.filter(state="sent").count()
    assert taken == len(answers[0]) + len(answers[1])
    for row in rows:
        payouts.claim(row.pk, now=timezone.now())
    assert Withdrawal.objects.filter(state="sent").count() == taken
