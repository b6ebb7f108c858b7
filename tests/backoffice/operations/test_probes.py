"""Reading probes: what a value means, what a probe that fails, hangs or raises becomes, and what the shipped ones measure."""

import datetime as dt
import socket
import ssl
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.db import connection
from django.utils import timezone

from backoffice.audit import sequencer
from backoffice.operations import pulses, reading
from backoffice.operations.models import Pulse
from backoffice.operations.probes import certificates, machine
from backoffice.operations.reading import Reading
from backoffice.runtime import probes
from backoffice.runtime import pulses as signs
from backoffice.runtime.probes import FAILING, OK, UNKNOWN, WARNING, Fails, Found, NotKnown, Probe
from players.models import Message
from tests.casino import new_player, new_withdrawal, open_casino


@pytest.mark.parametrize(("value", "state"), [(4.9, OK), (5, WARNING), (9.9, WARNING), (10, FAILING), (11, FAILING)])
def test_a_value_is_judged_by_its_lines(value, state, only):
    assert reading.read(only(lambda: Found(value))) == Reading(state, value)


@pytest.mark.parametrize(("value", "state"), [(11, OK), (10, WARNING), (5, FAILING), (0, FAILING)])
def test_what_may_not_fall_is_judged_from_above(value, state, only):
    assert reading.read(only(lambda: Found(value), warning=10, failing=5, below=True)).state == state


def test_a_probe_without_lines_is_well_whatever_it_says(only):
    assert reading.read(only(lambda: Found(1e9), warning=None, failing=None)).state == OK


def test_a_probe_can_say_that_it_fails_or_does_not_know(only):
    def fails():
        raise Fails("It does not answer %(who)s.", who="us")

    def silent():
        raise NotKnown("Nobody can see it.")

    assert reading.read(only(fails)) == Reading(FAILING, None, "It does not answer %(who)s.", {"who": "us"})
    assert reading.read(only(silent)) == Reading(UNKNOWN, None, "Nobody can see it.")


def test_whatever_else_a_probe_raises_is_unknown_and_its_message_stays_out(only):
    def surprise():
        raise ConnectionResetError("redis://:secret@10.0.0.1 mia@mail.example")

    found = reading.read(only(surprise))
    assert found == Reading(UNKNOWN, None, "It could not be read: %(error)s.", {"error": "ConnectionResetError"})


@pytest.mark.django_db
def test_a_probe_that_hangs_is_unknown_and_the_others_are_read(only):
    go_on, asked = threading.Event(), []

    def hangs():
        asked.append(1)
        go_on.wait(30)
        return Found(1)

    first, stuck, last = only(lambda: Found(1), "a.first"), only(hangs, "b.stuck", patience=0.2), only(lambda: Found(7), "c.last")
    try:
        found = reading.run([first, stuck, last])
        assert {code: one.state for code, one in found.items()} == {"a.first": OK, "b.stuck": UNKNOWN, "c.last": WARNING}
        assert found["b.stuck"].params == {"seconds": "0.2"}
        again = reading.run([first, stuck, last])  # it still hangs: it is not asked again, so no thread is added
        assert again["b.stuck"].note == "It still hangs since it was asked before."
        assert again["c.last"].value == 7
        assert asked == [1]
    finally:
        go_on.set()
    reading._hanging["b.stuck"].join(30)
    assert reading.run([stuck])["b.stuck"].state == OK
    assert asked == [1, 1]


@pytest.mark.django_db
def test_a_query_that_takes_too_long_is_ended_by_the_database(only):
    def slow():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(20)")
        return Found(1)

    found = reading.run([only(slow, "a.slow", patience=0.5), only(lambda: Found(1), "b.next")])
    assert (found["a.slow"].state, found["b.next"].state) == (UNKNOWN, OK)
    thread = reading._hanging.get("a.slow")
    if thread is not None:  # the patience ended before the server's limit: the server ended the query all the same
        thread.join(10)
        assert not thread.is_alive()


def test_a_code_or_group_that_is_none_is_refused(only):
    with pytest.raises(ValueError, match="is not a probe's code"):
        only(lambda: Found(1), "Bad Code")
    with pytest.raises(ValueError, match="weather is not a group of probes"):
        only(lambda: Found(1), group="weather")


# --- the shipped ones ---


def read(code: str) -> Reading:
    probe = probes.get(code)
    assert probe is not None
    return reading.read(probe)


def test_every_probe_says_what_it_means_and_what_to_do_and_stands_in_the_docs():
    docs = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
    assert {one.code for one in probes.every()} == {
        "broker.answer", "broker.messages", "certificates.days", "database.answer", "database.clock", "database.connections",
        "database.oldest_transaction", "disk.data", "disk.exports", "processes.beat", "processes.recorder", "processes.workers", "queue.alerts",
        "queue.changes", "queue.deposits", "queue.instructions", "queue.jobs", "queue.messages", "queue.notices", "queue.payouts", "queue.personal_data",
        "queue.provider_webhooks",
        "queue.webhooks", "record.horizon", "record.partitions", "record.sealing", "safety.backup", "safety.mode", "safety.verify",
        "webhooks.incoming", "webhooks.out",
    }  # fmt: skip
    for probe in probes.every():
        assert str(probe.means).endswith("."), probe.code
        assert str(probe.advice).endswith("."), probe.code
        assert f"`{probe.code}`" in docs, f"docs/operations.md does not say what {probe.code} means"


@pytest.mark.django_db
def test_every_probe_can_be_read_by_the_apps_own_login():
    for probe in probes.every():
        found = reading.read(probe)
        assert "could not be read" not in found.note, (probe.code, found)
        assert found.note % dict(found.params) is not None


@pytest.mark.django_db
def test_the_age_of_a_queue_is_of_its_oldest_row_that_is_due():
    open_casino()
    from backoffice.scope.models import Brand

    player = new_player(Brand.objects.get(code="nova"))
    Message.objects.update(state="sent", next_attempt_at=None)
    assert (read("queue.messages").value, read("queue.messages").note) == (0, "Nothing waits.")
    now = timezone.now()
    common = {"brand": player.brand, "player": player, "template": "withdrawal_paid", "context": {}, "queued_at": now}
    Message.objects.create(**common, key="old", next_attempt_at=now - timedelta(seconds=90))
    Message.objects.create(**common, key="new", next_attempt_at=now - timedelta(seconds=5))
    Message.objects.create(**common, key="later", next_attempt_at=now + timedelta(hours=1))
    Message.objects.create(**common, key="sent", next_attempt_at=None, state="sent")
    found = read("queue.messages")
    assert found.state == WARNING
    assert 90 <= found.value < 120
    assert found.params == {"count": "2"}
    Message.objects.filter(key="old").update(next_attempt_at=now - timedelta(seconds=300))
    assert read("queue.messages").state == FAILING


@pytest.mark.django_db
def test_payouts_that_a_mode_holds_back_are_not_late():
    from backoffice.operations.models import Mode
    from payments.models import Withdrawal

    withdrawal = new_withdrawal(open_casino())
    late = timezone.now() - timedelta(minutes=10)
    Withdrawal.objects.filter(pk=withdrawal.pk).update(state="approved", dispatch_at=late, next_attempt_at=late)
    assert read("queue.payouts").state == FAILING
    Mode.objects.update(mode="read-only", reason="Test")
    assert read("queue.payouts").state == OK


@pytest.mark.django_db
def test_no_workers_is_a_failure_and_so_is_a_beat_that_stopped():
    assert read("processes.workers") == Reading(FAILING, None, "No worker has ever given a sign of life.")
    signs.give(signs.WORKER, "worker@one", always=True)
    signs.give(signs.WORKER, "worker@two", always=True)
    assert (read("processes.workers").state, read("processes.workers").value) == (OK, 2)
    Pulse.objects.filter(name="worker@one").update(at=timezone.now() - timedelta(seconds=31))
    assert read("processes.workers").value == 1
    Pulse.objects.update(at=timezone.now() - timedelta(minutes=5))
    gone = read("processes.workers")
    assert (gone.state, gone.value) == (FAILING, 0)

    signs.give(signs.BEAT, "beat@one", always=True)
    assert read("processes.beat").state == OK
    Pulse.objects.filter(kind="beat").update(at=timezone.now() - timedelta(seconds=45))
    assert read("processes.beat").state == WARNING
    Pulse.objects.filter(kind="beat").update(at=timezone.now() - timedelta(seconds=121))
    assert read("processes.beat").state == FAILING


@pytest.mark.django_db
def test_signs_of_one_process_are_kept_every_five_seconds_and_as_one_row():
    signs.give(signs.RECORDER, "recorder@once-only")
    before = Pulse.objects.get(name="recorder@once-only").at
    signs.give(signs.RECORDER, "recorder@once-only")
    assert Pulse.objects.get(name="recorder@once-only").at == before
    signs.give(signs.RECORDER, "recorder@once-only", always=True)
    assert Pulse.objects.filter(name="recorder@once-only").count() == 1


@pytest.mark.django_db
def test_a_process_that_is_long_gone_is_forgotten_and_a_backup_never():
    now = timezone.now()
    for kind in ("worker", "backup"):
        Pulse.objects.create(kind=kind, name=kind, at=now - timedelta(days=2))
    assert pulses.forget_gone(now=now) == 1
    assert list(Pulse.objects.values_list("kind", flat=True)) == ["backup"]


@pytest.mark.django_db
def test_backups_are_known_by_their_command_alone():
    assert read("safety.backup").state == UNKNOWN
    signs.give(signs.BACKUP, signs.BACKUP, always=True)
    assert read("safety.backup").state == OK
    Pulse.objects.update(at=timezone.now() - timedelta(hours=27))
    assert read("safety.backup").state == WARNING
    Pulse.objects.update(at=timezone.now() - timedelta(days=3, seconds=1))
    assert read("safety.backup").state == FAILING
    signs.give(signs.BACKUP, signs.BACKUP, well=False, always=True)
    assert read("safety.backup").note == "The run of %(ran_at)s did not end well."


def test_verifying_gives_a_sign_and_a_finding_a_bad_one(own_cluster):
    from django.core.management import CommandError, call_command

    new_withdrawal(open_casino())
    sequencer.catch_up()
    call_command("verify")
    assert read("safety.verify").state == OK
    with own_cluster.tampering() as server:
        server.execute("UPDATE audit_event SET reason = 'another' WHERE id = (SELECT max(id) FROM audit_event)")
    with pytest.raises(CommandError):
        call_command("verify")
    assert read("safety.verify").state == FAILING


@pytest.mark.django_db
def test_months_ahead_are_counted_and_a_filled_default_partition_fails(monkeypatch):
    found = read("record.partitions")
    assert (found.state, found.value) == (OK, 12)


def test_months_that_nobody_makes_run_out(committed_db):
    with committed_db.connect("super") as server:
        names = server.execute(
            "SELECT c.relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = 'wallet_entry'::regclass"
            " AND c.relname ~ '\\d$' ORDER BY c.relname"
        ).fetchall()
        for (name,) in names[2:]:
            server.execute(f"DROP TABLE {name}")
    assert read("record.partitions") == Reading(FAILING, 1.0, "%(table)s has the fewest.", {"table": "wallet_entry"})


@pytest.mark.django_db
def test_the_clock_of_the_database_is_held_against_ours(monkeypatch):
    import time

    from backoffice.operations.probes import database

    assert database.clock().value < 1
    ours = time.time
    monkeypatch.setattr(database.time, "time", lambda: ours() - 7)
    assert read("database.clock").state == FAILING


@pytest.mark.django_db
def test_a_broker_that_is_away_fails(settings):
    assert read("broker.answer").state == OK
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings.REDIS_URL = f"redis://127.0.0.1:{taken.getsockname()[1]}/0"
        assert read("broker.answer") == Reading(FAILING, None, "It does not answer.")
        assert read("broker.messages").state == UNKNOWN


def test_free_room_is_of_the_disk_even_before_the_folder_is_made(tmp_path, monkeypatch):
    usage = machine.shutil.disk_usage(tmp_path)
    assert machine.room(tmp_path / "not" / "yet").value == pytest.approx(usage.free * 100 / usage.total, abs=1)
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: type(usage)(100 * machine.GB, 96 * machine.GB, 4 * machine.GB))
    found = machine.room(tmp_path)
    assert (found.value, found.params["free"], found.params["total"]) == (4, "4.0", "100.0")
    assert probes.get("disk.data").judge(found.value) == FAILING


# --- certificates, of a real server ---


class Secured:
    """A TLS server on this machine with a certificate of so many days, signed by itself."""

    def __init__(self, folder: Path, days: float) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{days} days")])
        now = dt.datetime.now(dt.UTC)
        end = now + timedelta(days=days)
        made = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
            .not_valid_before(min(now, end) - timedelta(days=1)).not_valid_after(end)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )  # fmt: skip
        self.file = folder / f"{days}.pem"
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.file)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _address = self.socket.accept()
            except OSError:
                return
            try:
                self.context.wrap_socket(plain, server_side=True).close()
            except OSError:
                plain.close()


@pytest.fixture
def watched(monkeypatch):
    found: list[str] = []
    monkeypatch.setattr(certificates, "_watched", [lambda: found])
    return found


def test_the_certificate_that_ends_first_counts(tmp_path, watched, monkeypatch):
    soon, later = Secured(tmp_path, 10), Secured(tmp_path, 90)
    both = tmp_path / "trusted.pem"
    both.write_bytes(soon.file.read_bytes() + later.file.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(both))
    watched.append(later.url)
    assert read("certificates.days").value == pytest.approx(90, abs=0.1)
    assert read("certificates.days").state == OK
    watched.append(soon.url)
    assert read("certificates.days").value == pytest.approx(10, abs=0.1)
    assert read("certificates.days").state == WARNING


def test_a_certificate_that_clients_refuse_fails(tmp_path, watched, monkeypatch):
    over = Secured(tmp_path, -1)
    monkeypatch.setenv("SSL_CERT_FILE", str(over.file))
    watched.append(over.url)
    assert read("certificates.days") == Reading(FAILING, None, "%(host)s: %(why)s.", {"host": "localhost", "why": "certificate has expired"})


def test_who_cannot_be_asked_about_a_certificate_is_unknown_unless_another_is_bad(tmp_path, watched, monkeypatch):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        watched.append(f"https://127.0.0.1:{silent.getsockname()[1]}")
        assert read("certificates.days") == Reading(UNKNOWN, None, "%(hosts)s did not answer.", {"hosts": "127.0.0.1"})
        soon = Secured(tmp_path, 3)
        monkeypatch.setenv("SSL_CERT_FILE", str(soon.file))
        watched.append(soon.url)
        assert read("certificates.days").state == FAILING


def test_what_is_not_https_has_no_certificate(watched):
    watched.append("http://127.0.0.1:8000")
    assert read("certificates.days") == Reading(UNKNOWN, None, "Nothing here is reached by https.")


def test_certificates_of_providers_are_watched(settings):
    settings.PUBLIC_URL = "https://office.casino.example"
    settings.PAYMENT_PROVIDERS = {"nordpay": {"class": "x", "url": "https://api.nordpay.example:8443/v1"}}
    assert certificates.places() == [("api.nordpay.example", 8443), ("office.casino.example", 443)]


def test_a_probe_needs_a_code_of_words():
    with pytest.raises(ValueError, match="thing.what"):
        Probe("database", "x", "database", probes.COUNT, lambda: Found(1), "x", "x")
