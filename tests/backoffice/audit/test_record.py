"""The record: written with what it tells of, in order, sealed, and found out when somebody touched it."""

import os
import threading
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from backoffice.audit import canonical, merkle, personal, sequencer, streams, verify
from backoffice.audit.actors import Actor
from backoffice.audit.models import Event, PersonalKey, Seal
from backoffice.audit.personal import Personal
from backoffice.audit.record import record
from tests import databases
from tests.casino import open_casino
from tests.wallet.test_ledger import credit, new_player
from wallet.models import Transaction


def tell(subject: int = 1, *, type: str = "test.happened", **more: Any) -> int:
    return record(type, actor=Actor.system("test"), at=timezone.now(), subject=("test.thing", subject), **more)


def forge(database: str, *statements: str) -> None:
    """What a superuser can do: change rows with the triggers off."""
    with psycopg.connect(databases.at(os.environ["DATABASE_SUPER_URL"], database), autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        for statement in statements:
            superuser.execute(statement)


def found() -> set[tuple[str, str, str]]:
    return {(finding.stream, finding.kind, finding.row) for finding in verify.run().findings}


def test_a_float_cannot_stand_in_the_record(committed_db):
    with pytest.raises(TypeError, match="float"):
        tell(after={"amount": 1.5})
    assert tell(after={"amount": Decimal("1.50"), "count": 2}) > 0
    assert Event.objects.get().after == '{"amount":"1.50","count":2}'


def test_a_fact_is_gone_with_the_change_that_was_rolled_back(committed_db):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        tell()
        1 / 0  # noqa: B018
    assert not Event.objects.exists()


def test_the_leaf_in_python_is_the_leaf_in_sql(committed_db):
    tell(7, brand_id=None, before={"é": "ü"}, after=None, reason="because: 3:x")
    sequencer.catch_up()
    with connection.cursor() as cursor:
        cursor.execute("SELECT e.*, p.position, p.number, p.leaf FROM audit_event e JOIN audit_position p ON p.event_id = e.id")
        columns = [column.name for column in cursor.description]
        row = dict(zip(columns, cursor.fetchone(), strict=True))
    assert canonical.leaf(row, position=row["position"], number=row["number"]) == bytes(row["leaf"])


def test_positions_follow_commits_and_not_ids(committed_db):
    early, go = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            tell(1, type="test.took_its_id_early")
            early.set()
            go.wait(20)
        connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    assert early.wait(20)
    tell(2, type="test.committed_first")
    sequencer.catch_up()
    assert sequencer.place(connection.cursor(), "record").position == 0  # the horizon stands at the running transaction
    go.set()
    thread.join()
    sequencer.catch_up()
    with connection.cursor() as cursor:
        cursor.execute("SELECT p.position, p.number, e.type FROM audit_position p JOIN audit_event e ON e.id = p.event_id ORDER BY 1")
        assert cursor.fetchall() == [(1, 1, "test.took_its_id_early"), (2, 1, "test.committed_first")]
    assert verify.run().clean


def test_numbers_count_within_a_subject_and_its_visibility(committed_db):
    for subject, visibility in ((1, 0), (1, 0), (2, 0), (1, 1), (1, 0)):
        tell(subject, visibility=visibility)
    sequencer.catch_up()
    with connection.cursor() as cursor:
        cursor.execute("SELECT p.position, p.number FROM audit_position p ORDER BY 1")
        assert cursor.fetchall() == [(1, 1), (2, 2), (3, 1), (4, 1), (5, 3)]


@pytest.fixture
def sealed(committed_db: str) -> str:
    """Facts and postings under several seals. Returns the database's name."""
    player = new_player(open_casino())
    for number in range(4):
        credit(player, "10.00", key=f"k{number}")
        tell(number, after={"n": number})
        sequencer.catch_up()
    assert verify.run().clean
    assert Seal.objects.filter(stream="record").count() >= 4
    return committed_db


def last_fact() -> int:
    return Event.objects.filter(type="test.happened").latest("id").pk


def test_verify_names_an_altered_fact(sealed):
    fact = last_fact()
    forge(sealed, f"UPDATE audit_event SET reason = 'forged' WHERE id = {fact}")
    assert found() == {("record", "altered", f"audit_event:{fact}")}


def test_verify_names_a_missing_fact(sealed):
    fact = last_fact()
    forge(sealed, f"DELETE FROM audit_event WHERE id = {fact}")
    assert ("record", "missing", f"audit_event:{fact}") in found()


def test_verify_names_an_inserted_fact(sealed):
    fact = last_fact()
    columns = ", ".join(name for name, _kind in canonical.FIELDS if name != "id")
    forge(sealed, f"INSERT INTO audit_event (id, {columns}) SELECT 999999, {columns} FROM audit_event WHERE id = {fact}")
    assert found() == {("record", "inserted", "audit_event:999999")}


def test_verify_finds_a_fact_that_was_rewritten_together_with_its_leaf(sealed):
    fact = last_fact()
    leaf = canonical.leaf_sql("e", position="p.position", number="p.number")
    forge(
        sealed,
        f"UPDATE audit_event SET reason = 'forged' WHERE id = {fact}",
        f"UPDATE audit_position p SET leaf = {leaf} FROM audit_event e WHERE e.id = p.event_id AND e.id = {fact}",
    )
    assert {(stream, kind) for stream, kind, _row in found()} == {("record", "seal")}


def test_verify_finds_a_reordered_pair(sealed):
    forge(
        sealed,
        "UPDATE audit_position SET position = -1 WHERE position = 2", "UPDATE audit_position SET position = 2 WHERE position = 3",
        "UPDATE audit_position SET position = 3 WHERE position = -1",
    )  # fmt: skip
    assert {"reordered", "altered", "seal"} <= {kind for _stream, kind, _row in found()}


def test_verify_names_what_was_done_to_the_ledger(sealed):
    posted = Transaction.objects.latest("id").pk
    forge(sealed, f"UPDATE wallet_entry SET amount = amount + 1 WHERE transaction_id = {posted} AND leg = 2")
    kinds = found()
    assert ("ledger", "altered", f"wallet_transaction:{posted}") in kinds
    assert ("ledger", "unbalanced", f"wallet_transaction:{posted}") in kinds
    assert any(kind == "balance" for _stream, kind, _row in kinds)


def test_a_seal_that_was_kept_elsewhere_is_held_against_the_chain(sealed):
    seal = Seal.objects.filter(stream="record").latest("number")
    assert verify.run(known={("record", seal.number): bytes(seal.seal).hex()}).clean
    assert not verify.run(known={("record", seal.number): "00" * 32}).clean


def test_what_is_younger_than_the_last_seal_is_reported_as_a_tail(sealed):
    tell(9)
    report = verify.run()
    assert (report.clean, report.tail["record"]) == (True, 1)


def test_personal_values_are_ciphertext_open_with_the_key_and_gone_without_it(committed_db, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    tell(1, player_id=5, after={"email": Personal("mia@mail.example"), "country": "PL"})
    fact = Event.objects.get()
    assert "mia@" not in (fact.after or "")
    import json

    values = json.loads(fact.after or "{}")
    assert personal.open_values(values, player_id=5) == {"email": "mia@mail.example", "country": "PL"}
    sequencer.catch_up()
    key = bytes(PersonalKey.objects.get().wrapped)
    personal.erase(player_id=5, reason="asked", now=timezone.now())
    assert personal.open_values(values, player_id=5) == {"email": None, "country": "PL"}
    assert verify.run().clean
    with pytest.raises(personal.Erased):
        tell(1, player_id=5, after={"email": Personal("again")})
    # A restored backup brings the key back; the list of erasures takes it away again.
    PersonalKey.objects.update(wrapped=key, destroyed_at=None)
    assert personal.reapply_erasures() == 1
    assert personal.open_values(values, player_id=5)["email"] is None
    assert "asked" in (tmp_path / "erasures.jsonl").read_text()


def test_a_new_master_key_wraps_every_key_again(committed_db, settings):
    tell(1, player_id=5, after={"email": Personal("mia@mail.example")})
    settings.MASTER_KEYS = {**settings.MASTER_KEYS, 2: b"another-master-key-of-32-bytes!!"}
    assert (personal.rewrap(), personal.rewrap()) == (1, 0)
    settings.MASTER_KEYS = {2: settings.MASTER_KEYS[2]}
    import json

    fact = Event.objects.get()
    assert personal.open_values(json.loads(fact.after or "{}"), player_id=5) == {"email": "mia@mail.example"}


def test_a_merkle_path_leads_from_every_leaf_to_the_root():
    for size in (1, 2, 3, 5, 8, 13):
        leaves = [merkle.leaf(bytes([number])) for number in range(size)]
        for index, leaf in enumerate(leaves):
            assert merkle.climb(leaf, merkle.path(leaves, index)) == merkle.root(leaves)
            assert merkle.climb(merkle.leaf(b"other"), merkle.path(leaves, index)) != merkle.root(leaves)


def test_two_sequencers_at_once_give_each_row_one_position(committed_db):
    for number in range(50):
        tell(number)
    threads = [threading.Thread(target=lambda: (sequencer.catch_up(), connections.close_all())) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sequencer.catch_up()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), min(position), max(position) FROM audit_position")
        assert cursor.fetchone() == (50, 1, 50)
    assert verify.run().clean
    assert {stream.name for stream in streams.every()} == {"record", "ledger"}


def test_a_filled_default_partition_becomes_the_range_that_it_covers(committed_db):
    forge(
        committed_db,
        "ALTER SEQUENCE audit_event_id_seq RESTART WITH 500",
        "INSERT INTO audit_event (happened_at, recorded_at, subject_id, visibility, type, subject_type, actor_kind, actor_label, ip, session, request_id,"
        " reason) VALUES (now(), now() + interval '3 years', 1, 0, 'test.far', 'test.thing', 'system', 'x', '', '', '', '')",
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'audit_event\\_2%%\\_to\\_%%'")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT make_partitions('audit_event'::regclass, 12)")
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'audit_event\\_2%%\\_to\\_%%' AND relkind = 'r'")
        assert cursor.fetchone() == (1,)
    assert Event.objects.get(type="test.far").pk == 500
    with psycopg.connect(databases.at(os.environ["DATABASE_OWNER_URL"], committed_db)) as owner, pytest.raises(psycopg.Error, match="never change"):
        owner.execute("DELETE FROM audit_event")
