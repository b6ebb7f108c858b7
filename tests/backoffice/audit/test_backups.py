"""A backup is the whole casino at one moment; restored, it is the same casino in a new epoch, held against what stood when it was made."""

import io
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from backoffice import settings as project
from backoffice.audit import backups, personal, sequencer, verify
from backoffice.audit.management.commands import drill
from backoffice.audit.models import Erasure, Event
from backoffice.audit.personal import Erased, Personal
from backoffice.runtime.throwaway import ThrowawayPostgres
from players.models import Player
from tests import casino
from tests.backoffice.audit.tools import NOW, fact, rows
from tests.databases import ROOT, Database, OwnCluster, Server, Servers, forget_everything
from tests.races import Background
from tests.wallet.tools import bet, sound
from wallet import balances, ledger
from wallet.models import Account

MAIL = "mia@mail.example"
SEQUENCING = {"audit_epoch", "audit_range"}  # what a restore adds when nothing waited for its position
NewDatabase = Callable[[], Database]


def use_up(connection: psycopg.Connection[Any], count: int) -> None:
    """Transaction ids of the server: each block takes one of its own."""
    connection.execute(f"""DO $$ BEGIN
        CREATE TEMP TABLE used_up (id int) ON COMMIT DROP;
        FOR i IN 1..{count} LOOP BEGIN INSERT INTO used_up VALUES (i); EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP;
    END $$""")


@pytest.fixture(scope="module")
def model(server: Server, servers: Servers, django_db_blocker: Any) -> Database:
    """A casino with money in it, all of it sequenced and sealed; the tests work with copies."""
    database = servers.own(server.version).server.clone()
    with database.connect("owner") as owner:
        use_up(owner, 20_000)
    with django_db_blocker.unblock():
        database.use()
        nova = casino.open_casino()
        for amount in ("250.00", "80.00"):
            casino.new_withdrawal(nova, amount, deposit="400.00")
            sequencer.catch_up()
        for player in Player.objects.order_by("pk"):
            bet(player, "1.25", key=f"bet-{player.pk}")
            fact(subject=player.pk, player_id=player.pk, after={"email": Personal(MAIL)})
        sequencer.catch_up()
        connections["default"].close()
    return database


@pytest.fixture(scope="module")
def elsewhere(server: Server, servers: Servers) -> Iterator[Server]:
    """Another server of the same version, whose transaction ids lie far below those of the casino's."""
    with ThrowawayPostgres("test", bin_dir=servers.own(server.version).bin) as postgres:
        yield Server(server.version, postgres.cluster.url)


@pytest.fixture
def source(own_cluster: OwnCluster, model: Database, tmp_path: Path, settings: Any) -> Database:
    """The casino of this test, in its own server."""
    settings.DATA_DIR = tmp_path / "data"
    own_cluster.database.drop()
    with own_cluster.server.connect("owner", "postgres") as connection:
        connection.execute(f"CREATE DATABASE {own_cluster.database.name} TEMPLATE {model.name} STRATEGY FILE_COPY")
    own_cluster.database.use()
    return own_cluster.database


@pytest.fixture
def new_database(elsewhere: Server) -> Iterator[NewDatabase]:
    """Makes empty databases on the other server."""
    made: list[Database] = []

    def make() -> Database:
        made.append(empty_database(elsewhere, f"target_{len(made)}"))
        return made[-1]

    yield make
    connections["default"].close()
    for database in made:
        database.drop()


def empty_database(server: Server, name: str) -> Database:
    with server.connect("super", "postgres") as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER countroom_owner")
    return Database(server, name)


@contextmanager
def as_owner(database: Database) -> Iterator[None]:
    """As `manage.py` runs backup and restore."""
    wrapper = connections["default"]
    before = dict(wrapper.settings_dict)
    wrapper.close()
    wrapper.settings_dict.update(project.database(database.url("owner")))
    try:
        yield
    finally:
        wrapper.close()
        wrapper.settings_dict.update(before)
        forget_everything()


def back_up(database: Database, folder: Path) -> Path:
    with as_owner(database):
        call_command("backup", folder, stdout=io.StringIO())
    return folder


def restore(folder: Path, into: Database, **options: Any) -> str:
    """What the command said. Django is left with the app's login in the restored database."""
    out = io.StringIO()
    try:
        with as_owner(into):
            call_command("restore", folder, stdout=out, **options)
    except CommandError as failed:
        failed.add_note(out.getvalue())
        raise
    finally:
        into.use()
    return out.getvalue()


def refused(folder: Path, into: Database, match: str, **options: Any) -> None:
    """The restore is refused, and nothing has happened to the target."""
    before = content(into)
    with pytest.raises(CommandError, match=match):
        restore(folder, into, **options)
    assert content(into) == before


def named(folder: Path, into: Database) -> list[str]:
    """Restore, which must fail: the rows that it named."""
    with pytest.raises(CommandError, match="not as it was written") as failed:
        restore(folder, into)
    assert failed.value.returncode == 3
    return failed.value.__notes__[0].splitlines()


def content(database: Database) -> dict[str, tuple[Any, ...]]:
    """Of every table: how many rows, and one hash of all. That a backup was made is the one thing that making it leaves behind."""
    with database.connect("super") as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'operations_pulse' ORDER BY 1"
        ).fetchall()
        return {
            table: connection.execute(f"SELECT count(*), md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {table} t").fetchone() or () for (table,) in tables
        }


def manifest_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "manifest.json").read_text()))


def change_manifest(folder: Path, **changes: Any) -> None:
    (folder / "manifest.json").write_text(json.dumps({**manifest_of(folder), **changes}))


def fake_programs(folder: Path, script: str) -> Path:
    folder.mkdir()
    for name in ("pg_dump", "pg_restore"):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


# --- the backup ---


def test_a_backup_is_a_dump_and_a_manifest_that_commits_to_it_and_to_the_heads(source: Database, tmp_path: Path) -> None:
    out = io.StringIO()
    with as_owner(source):
        call_command("backup", tmp_path / "new" / "folder", stdout=out)
    folder = tmp_path / "new" / "folder"

    report = verify.run()
    assert sorted(path.name for path in folder.iterdir()) == ["database.dump", "manifest.json"]
    manifest = manifest_of(folder)
    assert manifest["sha256"] == subprocess.run(["sha256sum", folder / "database.dump"], capture_output=True, text=True, check=True).stdout[:64]
    assert manifest["bytes"] == (folder / "database.dump").stat().st_size > 10_000
    assert {stream: (number, seal) for stream, (number, _, seal) in manifest["heads"].items()} == report.heads
    assert {stream: position for stream, (_, position, _) in manifest["heads"].items()} == report.checked
    for stream, (number, seal) in report.heads.items():
        assert f"{stream}:{number}:{seal}" in out.getvalue()


def test_nobody_else_can_read_a_backup(source: Database, tmp_path: Path) -> None:
    folder = back_up(source, tmp_path / "backup")

    assert [path.stat().st_mode & 0o077 for path in (folder, folder / "database.dump")] == [0, 0]


def test_a_folder_that_is_not_empty_is_refused_and_left_as_it_was(source: Database, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note").write_text("mine")
    (tmp_path / "file").write_text("mine")

    with pytest.raises(CommandError, match="is not empty. Choose a new folder"):
        back_up(source, tmp_path / "full")
    with pytest.raises(CommandError, match="cannot be used: File exists. Choose a new folder"):
        back_up(source, tmp_path / "file")

    assert [path.name for path in (tmp_path / "full").iterdir()] == ["note"]
    assert (tmp_path / "file").read_text() == "mine"


def test_a_backup_that_fails_leaves_no_half_of_it(source: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = 'for a in "$@"; do case $a in --version) echo "pg_dump (PostgreSQL) VERSION"; exit 0;; --file=*) echo half > "${a#--file=}";; esac; done'
    programs = fake_programs(tmp_path / "bin", script.replace("VERSION", source.server.version) + "\necho 'no room left' >&2; exit 1")
    monkeypatch.setenv("PG_BIN", str(programs))

    with pytest.raises(CommandError, match="pg_dump failed: no room left"):
        back_up(source, tmp_path / "backup")

    assert list((tmp_path / "backup").iterdir()) == []


def test_the_apps_login_is_told_to_let_the_owner_do_it(source: Database, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Set DATABASE_OWNER_URL to the owner's address"):
        call_command("backup", tmp_path / "backup")

    assert not (tmp_path / "backup").exists()


def test_a_database_that_is_not_countrooms_is_refused(source: Database, new_database: NewDatabase, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="target_0 is not Countroom's"):
        back_up(new_database(), tmp_path / "backup")

    assert not (tmp_path / "backup").exists()


def test_no_password_stands_in_a_command_line(source: Database, new_database: NewDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = new_database()
    lines: list[str] = []
    really = subprocess.run
    monkeypatch.setattr(backups.subprocess, "run", lambda arguments, **more: (lines.append(" ".join(map(str, arguments))), really(arguments, **more))[1])

    restore(back_up(source, tmp_path / "backup"), target)

    assert [line.split()[0].rpartition("/")[2] for line in lines if "--version" not in line] == ["pg_dump", "pg_restore"]
    for database in (source, target):
        password = project.database(database.url("owner"))["PASSWORD"]
        assert len(password) > 20
        assert not [line for line in lines if password in line]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda dump: dump.write_bytes(dump.read_bytes()[:-1]), r"database\.dump has .* bytes, and its manifest says"),
        (lambda dump: dump.write_bytes(dump.read_bytes()[:5_000] + b"?" + dump.read_bytes()[5_001:]), r"database\.dump is damaged"),
        (lambda dump: dump.unlink(), r"database\.dump is missing"),
        (lambda dump: (dump.parent / "manifest.json").unlink(), r"holds no backup: manifest\.json is not there"),
        (lambda dump: (dump.parent / "manifest.json").write_text('{"format": 1'), r"holds no backup: manifest\.json"),
        (lambda dump: change_manifest(dump.parent, heads=None), r"holds no backup: manifest\.json"),
        (lambda dump: change_manifest(dump.parent, format=9), r"has format 9, and this version reads 1"),
    ],
    ids=["cut off", "altered", "dump missing", "manifest missing", "manifest cut off", "no heads", "other format"],
)
def test_a_damaged_backup_is_refused_by_name_before_anything_is_touched(
    source: Database, new_database: NewDatabase, tmp_path: Path, damage: Callable[[Path], Any], reason: str
) -> None:
    folder = back_up(source, tmp_path / "backup")
    damage(folder / "database.dump")

    refused(folder, new_database(), reason)


def test_a_dump_that_cannot_be_read_to_its_end_leaves_the_target_empty(source: Database, new_database: NewDatabase, tmp_path: Path) -> None:
    """Somebody who damages a dump can write its manifest anew."""
    dump = back_up(source, tmp_path / "backup") / "database.dump"
    dump.write_bytes(dump.read_bytes()[:-100])  # within the rows, which come after the tables
    change_manifest(tmp_path / "backup", sha256=backups._digest(dump), bytes=dump.stat().st_size)

    refused(tmp_path / "backup", new_database(), "pg_restore failed: ")


def test_a_backup_taken_while_money_moves_is_one_moment(source: Database, new_database: NewDatabase, tmp_path: Path) -> None:
    player = Player.objects.order_by("pk")[0]
    stop = threading.Event()

    def play() -> int:
        played = 0
        while not stop.is_set():
            played += 1
            bet(player, "0.01", key=f"live-{played}")
            fact("test.played", player_id=player.pk)
            if played % 10 == 0:
                sequencer.catch_up()
        return played

    playing = Background(play)
    try:
        manage("backup", str(tmp_path / "backup"), environment=source.environment())
    finally:
        stop.set()
        played = playing.join()

    assert "Clean." in restore(tmp_path / "backup", new_database())
    sound()
    kept = len(rows("SELECT 1 FROM wallet_transaction WHERE key LIKE 'live-%%'"))
    assert 0 < kept < played
    assert len(rows("SELECT 1 FROM audit_event WHERE type = 'test.played'")) in {kept - 1, kept}


def manage(*command: str, environment: dict[str, str], ok: bool = True) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, as an operator types it."""
    done = subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is ok, done.stdout + done.stderr
    return done


# --- the restored casino ---


def test_a_restored_casino_has_the_same_rows_and_balances_and_verifies(source: Database, new_database: NewDatabase, tmp_path: Path) -> None:
    players = list(Player.objects.order_by("pk").values_list("pk", flat=True))
    before, money = content(source), (house(), [balances.of_player(player) for player in players])
    target = new_database()

    said = restore(back_up(source, tmp_path / "backup"), target, note="The disk broke")

    after = content(target)
    assert {table for table in after if after[table] != before.get(table)} == SEQUENCING
    assert before.keys() == after.keys()
    assert (house(), [balances.of_player(player) for player in players]) == money
    assert rows("SELECT id, note FROM audit_epoch ORDER BY id") == [(1, "The beginning"), (2, "The disk broke")]
    assert "Restored. Epoch 2; 0 erasures applied again; checked " in said
    assert said.endswith("Clean.\n")
    assert verify.run().clean  # as the app


def house() -> dict[int, Decimal]:
    return balances.of_accounts(list(Account.objects.values_list("pk", flat=True)))


def test_what_comes_after_a_restore_goes_on_in_a_new_epoch_after_the_old_rows(source: Database, new_database: NewDatabase, tmp_path: Path) -> None:
    restore(back_up(source, tmp_path / "backup"), new_database())
    old = verify.run()
    highest = rows("SELECT max(xid::text::bigint) FROM audit_event")[0][0]

    player = casino.new_player(casino.Brand.objects.get(code="nova"))
    instrument = casino.new_instrument(player)
    casino.paid_in(player, instrument, "120.00")
    casino.asked(player, instrument, "70.00")
    first = Player.objects.order_by("pk")[0]
    mail = fact(subject=first.pk, player_id=first.pk, after={"email": Personal("new@mail.example")})
    sequencer.catch_up()

    new = verify.run()
    assert new.findings == []
    assert rows("SELECT max(xid::text::bigint) < %s FROM audit_event WHERE epoch = 2", [highest]) == [(True,)]  # ids alone would have put them first
    for stream in ("record", "ledger"):
        assert new.checked[stream] > old.checked[stream]
        assert new.heads[stream][0] == old.heads[stream][0] + 1
        assert new.tail[stream] == 0
    epochs = rows("SELECT e.epoch FROM audit_position p JOIN audit_event e ON e.id = p.event_id ORDER BY p.position")
    assert epochs == [(1,)] * old.checked["record"] + [(2,)] * (new.checked["record"] - old.checked["record"])
    assert rows("SELECT p.number FROM audit_position p JOIN audit_event e ON e.id = p.event_id WHERE e.subject_type = 'tests.thing' AND e.id = %s", [mail]) == [
        (2,)
    ]
    assert casino.held(player) == {"cash": Decimal("50.00"), "held": Decimal("70.00")}
    sound()


def test_a_posting_from_before_the_backup_is_still_known_by_its_key(source: Database, new_database: NewDatabase, tmp_path: Path) -> None:
    player = Player.objects.order_by("pk")[0]
    restore(back_up(source, tmp_path / "backup"), new_database())

    assert bet(player, "1.25", key=f"bet-{player.pk}").replayed
    with pytest.raises(ledger.KeyReused):
        bet(player, "9.99", key=f"bet-{player.pk}")
    sound()


def test_a_restored_casino_can_be_backed_up_and_restored_again(source: Database, new_database: NewDatabase, tmp_path: Path) -> None:
    once, twice = new_database(), new_database()
    restore(back_up(source, tmp_path / "one"), once)
    fact()

    said = restore(back_up(once, tmp_path / "two"), twice)

    assert "Epoch 3;" in said
    fact()
    sequencer.catch_up()
    assert verify.run().findings == []
    assert rows("SELECT epoch, count(*) FROM audit_event WHERE epoch > 1 GROUP BY 1 ORDER BY 1") == [(2, 1), (3, 1)]


def test_a_backup_can_be_restored_beside_the_casino_in_the_same_server(source: Database, tmp_path: Path) -> None:
    before = content(source)
    target = empty_database(source.server, f"{source.name}_again")
    try:
        assert "Clean." in restore(back_up(source, tmp_path / "backup"), target)
        fact()
        sequencer.catch_up()
        assert verify.run().clean
    finally:
        connections["default"].close()
        target.drop()
    assert content(source) == before


_RIGHTS = """
SELECT c.relname, r, has_table_privilege('countroom_app', c.oid, r) FROM pg_class c,
    unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) r
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') UNION ALL
SELECT c.relname || '.' || a.attname, r, has_column_privilege('countroom_app', c.oid, a.attnum, r) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid,
    unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) r
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped UNION ALL
SELECT c.relname, r, has_sequence_privilege('countroom_app', c.oid, r) FROM pg_class c, unnest(ARRAY['USAGE', 'SELECT', 'UPDATE']) r
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'S' UNION ALL
SELECT p.oid::regprocedure::text, who, has_function_privilege(who, p.oid, 'EXECUTE') FROM pg_proc p, unnest(ARRAY['countroom_app', 'public']) who
WHERE p.pronamespace = 'public'::regnamespace UNION ALL
SELECT 'schema', r, has_schema_privilege('countroom_app', 'public', r) FROM unnest(ARRAY['CREATE', 'USAGE']) r
ORDER BY 1, 2
"""
_OWNERS = "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S')"
_TRIGGERS = "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid), tgenabled, pg_get_functiondef(tgfoid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"
_FUNCTIONS = "SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE pronamespace = 'public'::regnamespace AND prolang <> 13 ORDER BY 1"
# Without casts and brackets: PostgreSQL spells a constraint differently each time that it reads its own spelling.
_CONSTRAINTS = r"""
SELECT conrelid::regclass::text, conname, regexp_replace(pg_get_constraintdef(oid), '::[a-z ]+(\[\])?|[() ]', '', 'g') FROM pg_constraint
WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2, 3
"""


def test_rights_triggers_functions_and_constraints_are_those_of_the_original(source: Database, new_database: NewDatabase, tmp_path: Path) -> None:
    target = new_database()
    restore(back_up(source, tmp_path / "backup"), target)

    with source.connect("super") as one, target.connect("super") as other:
        for statement in (_RIGHTS, _OWNERS, _TRIGGERS, _FUNCTIONS, _CONSTRAINTS):
            expected, found = one.execute(statement).fetchall(), other.execute(statement).fetchall()
            assert found == expected
            assert found
        assert other.execute(_OWNERS).fetchall() == [("countroom_owner",)]


def partition(table: str) -> str:
    return str(rows("SELECT tableoid::regclass::text FROM audit_event LIMIT 1")[0][0]).replace("audit_event", table)


def test_the_apps_login_can_write_no_history_after_a_restore(source: Database, new_database: NewDatabase, tmp_path: Path) -> None:
    target = new_database()
    restore(back_up(source, tmp_path / "backup"), target)
    entry = "INSERT INTO {} (transaction_id, account_id, recorded_at, leg, currency_id, amount) VALUES (1, 1, now(), 9, 1, 5)"
    statements = [
        *(entry.format(table) for table in ("wallet_entry", partition("wallet_entry"), "wallet_entry_default")),
        *(f"UPDATE {table} SET reason = 'x'" for table in ("audit_event", partition("audit_event"), "audit_event_default")),
        *(f"DELETE FROM {table}" for table in ("audit_event", partition("audit_event"), partition("wallet_entry"), "audit_seal", "wallet_sequence")),
        f"SELECT * FROM {partition('audit_event')}",
        "UPDATE wallet_account SET balance = 1000000",
        "TRUNCATE wallet_entry",
        "INSERT INTO audit_epoch (id) VALUES (9)",
        "CREATE TABLE mine (id int)",
    ]
    before = content(target)

    with target.connect("app") as app:
        for statement in statements:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement)

    assert content(target) == before


def test_the_triggers_stop_even_the_owner_after_a_restore(source: Database, new_database: NewDatabase, tmp_path: Path) -> None:
    target = new_database()
    restore(back_up(source, tmp_path / "backup"), target)
    header = "INSERT INTO wallet_transaction (brand_id, effective_at, kind, key, digest) VALUES (1, now(), 30, 'forged', '') RETURNING recorded_at"
    old = (
        "INSERT INTO {} (transaction_id, account_id, recorded_at, leg, currency_id, amount) SELECT id, 1, recorded_at, 9, 1, 5 FROM wallet_transaction LIMIT 1"
    )
    statements = [
        ("CR001", "UPDATE audit_event SET reason = 'x'"),
        ("CR001", f"DELETE FROM {partition('audit_event')}"),
        ("CR001", f"TRUNCATE {partition('wallet_entry')}"),
        ("CR001", "UPDATE wallet_transaction SET kind = 1"),
        ("CR001", "DELETE FROM audit_seal"),
        ("CR001", "UPDATE audit_epoch SET note = 'x'"),
        ("LG010", old.format("wallet_entry")),
        ("LG010", old.format(partition("wallet_entry"))),
        ("LG012", header),
    ]
    before = content(target)

    with target.connect("owner") as owner:
        for code, statement in statements:
            with pytest.raises(psycopg.Error) as refusal:
                owner.execute(statement)
            assert refusal.value.sqlstate == code, statement

    assert content(target) == before


def test_a_transaction_id_that_comes_a_second_time_opens_no_old_posting(source: Database, new_database: NewDatabase, tmp_path: Path) -> None:
    target = new_database()
    restore(back_up(source, tmp_path / "backup"), target)
    [(posting, xid)] = rows("SELECT id, xid::text::bigint FROM wallet_transaction ORDER BY id LIMIT 1")
    again = (
        "INSERT INTO wallet_entry (transaction_id, account_id, recorded_at, leg, currency_id, amount)"
        " SELECT transaction_id, account_id, recorded_at, leg + 5, currency_id, amount FROM wallet_entry WHERE transaction_id = %s"
    )
    with target.connect("super") as superuser:  # as if the backup were older than it can be in a test
        superuser.execute("SET session_replication_role = replica")
        for table in ("wallet_transaction", "wallet_entry"):
            superuser.execute(f"UPDATE {table} SET recorded_at = recorded_at - interval '2 minutes'")
    before = content(target)

    with target.connect("owner") as owner:
        while (left := xid - int((owner.execute("SELECT pg_current_xact_id()::text").fetchone() or (0,))[0])) > 1:
            if left > 100:
                use_up(owner, left - 50)
        owner.execute("BEGIN")
        assert owner.execute("SELECT pg_current_xact_id()::text").fetchone() == (str(xid),)
        with pytest.raises(psycopg.Error) as refusal:
            owner.execute(again, [posting])
        owner.execute("ROLLBACK")

    assert refusal.value.sqlstate == "LG010"
    assert content(target) == before


@pytest.mark.parametrize("there", ["CREATE TABLE mine AS SELECT 5 AS id", "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 5'"])
def test_a_database_that_is_not_empty_is_refused_and_left_as_it_was(source: Database, new_database: NewDatabase, tmp_path: Path, there: str) -> None:
    folder, target = back_up(source, tmp_path / "backup"), new_database()
    with target.connect("owner") as owner:
        owner.execute(there)

    refused(folder, target, "target_0 is not empty: it has mine. Restore into a new one")
    refused(folder, source, "is not empty: it has ")


def test_a_login_that_is_missing_or_the_wrong_one_is_said_before_anything_is_touched(
    source: Database, new_database: NewDatabase, tmp_path: Path, settings: Any
) -> None:
    folder, target = back_up(source, tmp_path / "backup"), new_database()

    settings.APP_ROLE = "nobody_here"
    refused(folder, target, "The server has no role nobody_here, the app's login of DATABASE_URL. Create it first")
    settings.APP_ROLE = "countroom_owner"
    refused(folder, target, "countroom_owner is the app's login, which owns nothing. Set DATABASE_OWNER_URL")


def test_a_server_that_cannot_be_reached_is_said_without_a_traceback(source: Database, tmp_path: Path) -> None:
    folder, gone = back_up(source, tmp_path / "backup"), "postgresql://nobody:secret@127.0.0.1:1/gone"

    for command in (["backup", str(tmp_path / "another")], ["restore", str(folder)]):
        said = manage(*command, environment={"DATABASE_URL": gone, "DATABASE_OWNER_URL": gone}, ok=False).stderr
        assert said.startswith("CommandError: connection")
        assert "Traceback" not in said
        assert "secret" not in said


# --- erasures ---


def mails() -> dict[int, Any]:
    """What each player's fact says their address is."""
    facts = Event.objects.filter(subject_type="tests.thing", player_id__isnull=False).order_by("player_id")
    return {fact.player_id: personal.open_values(json.loads(fact.after or "{}"), player_id=fact.player_id)["email"] for fact in facts if fact.player_id}


def test_who_was_erased_before_or_after_the_backup_stays_erased(source: Database, new_database: NewDatabase, tmp_path: Path) -> None:
    before, after = Player.objects.order_by("pk").values_list("pk", flat=True)[:2]
    assert mails() == {before: MAIL, after: MAIL}
    personal.erase(player_id=before, reason="GDPR art. 17", now=NOW)
    folder = back_up(source, tmp_path / "backup")
    personal.erase(player_id=after, reason="Asked by mail", now=NOW)
    noted = personal.erasures_file().read_text()

    said = restore(folder, new_database())

    assert "1 erasures applied again" in said
    assert mails() == {before: None, after: None}
    assert list(Erasure.objects.order_by("id").values_list("player_id", "erased_at", "reason")) == [
        (before, NOW, "GDPR art. 17"),
        (after, NOW, "Asked by mail"),
    ]
    for player in (before, after):
        with pytest.raises(Erased):
            fact(player_id=player, after={"email": Personal("again@mail.example")})
    assert verify.run().clean
    assert personal.erasures_file().read_text() == noted  # a restore tells nothing new


def test_a_file_of_erasures_that_is_named_is_the_one_that_counts(source: Database, new_database: NewDatabase, tmp_path: Path) -> None:
    folder = back_up(source, tmp_path / "backup")
    player = Player.objects.order_by("pk")[0]
    personal.erase(player_id=player.pk, reason="GDPR", now=NOW)
    kept = personal.erasures_file().rename(tmp_path / "kept.jsonl")

    without = restore(folder, new_database())
    assert "only erasures inside the backup hold" in without
    assert mails()[player.pk] == MAIL
    said = restore(folder, new_database(), erasures=kept)

    assert "1 erasures applied again" in said
    assert mails()[player.pk] is None


def test_a_file_of_erasures_that_cannot_be_read_stops_the_restore(source: Database, new_database: NewDatabase, tmp_path: Path) -> None:
    folder, target, file = back_up(source, tmp_path / "backup"), new_database(), tmp_path / "erasures.jsonl"

    refused(folder, target, "No such file", erasures=file)
    file.write_text('{"player_id": 5, "erased_at": "2026-03-14T15:09:26+00:00", "reason": "GDPR"}\n{"player_id": 6, "era')
    refused(folder, target, "line 2 cannot be read", erasures=file)


# --- tampering ---

_TAMPERED = {
    "an altered fact": ("UPDATE audit_event SET reason = 'x' WHERE id = 4", ["altered: audit_event:4: "]),
    "a missing fact": ("DELETE FROM audit_event WHERE id = 4", ["missing: audit_event:4: "]),
    "an altered posting": ("UPDATE wallet_transaction SET brand_id = 2 WHERE id = 1", ["altered: wallet_transaction:1: "]),
    "an altered entry": (
        "UPDATE wallet_entry SET amount = amount * 2 WHERE transaction_id = 1 AND leg = 1",
        ["altered: wallet_transaction:1: ", "unbalanced: wallet_transaction:1: "],
    ),
    "a raised balance": ("UPDATE wallet_account SET balance = balance + 100 WHERE id = 2", ["balance: wallet_account:2: "]),
    "a seal": ("UPDATE audit_seal SET root = sha256('x') WHERE id = 1", ["seal: audit_seal:1: "]),
}


@contextmanager
def tampering(database: Database) -> Iterator[psycopg.Connection[Any]]:
    with database.connect("super") as superuser:
        superuser.execute("SET session_replication_role = replica")
        yield superuser


@pytest.mark.parametrize("change", _TAMPERED)
def test_what_was_tampered_with_before_the_backup_is_named_by_the_restore(source: Database, new_database: NewDatabase, tmp_path: Path, change: str) -> None:
    statement, expected = _TAMPERED[change]
    with tampering(source) as superuser:
        assert superuser.execute(statement).rowcount == 1

    lines = named(back_up(source, tmp_path / "backup"), new_database())

    for row in expected:
        assert [line for line in lines if line.startswith(f"  {row}")], lines


@pytest.mark.parametrize("change", _TAMPERED)
def test_what_was_tampered_with_after_the_restore_is_named_by_verify(source: Database, new_database: NewDatabase, tmp_path: Path, change: str) -> None:
    target = new_database()
    restore(back_up(source, tmp_path / "backup"), target)
    statement, expected = _TAMPERED[change]
    with tampering(target) as superuser:
        assert superuser.execute(statement).rowcount == 1

    found = [f"{finding.kind}: {finding.row}: " for finding in verify.run().findings]

    assert set(expected) <= set(found)


def test_a_dump_without_the_facts_that_its_manifest_commits_to_is_found(source: Database, new_database: NewDatabase, tmp_path: Path) -> None:
    older = back_up(source, tmp_path / "older")
    fact()
    bet(Player.objects.order_by("pk")[0], "1.00", key="later")
    sequencer.catch_up()
    newer = back_up(source, tmp_path / "newer")
    (newer / "database.dump").write_bytes((older / "database.dump").read_bytes())
    refused(newer, new_database(), "database.dump")
    change_manifest(newer, sha256=manifest_of(older)["sha256"], bytes=manifest_of(older)["bytes"])

    lines = named(newer, new_database())

    for stream in ("record", "ledger"):
        number = manifest_of(newer)["heads"][stream][0]
        assert f"  seal: seal {number}: the chain does not hold the seal that was kept elsewhere" in lines


def test_a_history_made_anew_before_it_was_dumped_is_found_by_a_manifest_that_was_kept(source: Database, new_database: NewDatabase, tmp_path: Path) -> None:
    """The dump is sound in itself; the heads that stood before say that it is another history."""
    kept = back_up(source, tmp_path / "kept")
    with tampering(source) as superuser:  # the record is wiped, and what is left sealed once more
        for table in ("audit_position", "audit_subject", "audit_sealsubject"):
            superuser.execute(f"DELETE FROM {table}")
        superuser.execute("DELETE FROM audit_seal WHERE stream = 'record'")
        superuser.execute("DELETE FROM audit_range WHERE stream = 'record'")
        superuser.execute("DELETE FROM audit_event WHERE id = 4")
    sequencer.catch_up()
    assert verify.run().findings == []
    forged = back_up(source, tmp_path / "forged")
    change_manifest(forged, heads=manifest_of(kept)["heads"])

    assert any("the chain does not hold the seal" in line for line in named(forged, new_database()))


# --- the tail ---


def test_rows_without_a_position_get_theirs_in_the_old_epoch_after_the_restore(source: Database, new_database: NewDatabase, tmp_path: Path) -> None:
    sealed = verify.run()
    player = Player.objects.order_by("pk")[0]
    sequenced = fact("test.not_sealed")
    bet(player, "2.00", key="not sealed")
    sequencer.catch_up(seal=False)
    waiting = [fact("test.waiting") for _ in range(3)]
    bet(player, "3.00", key="waiting")
    money = house()

    said = restore(back_up(source, tmp_path / "backup"), new_database())

    assert said.endswith("Clean.\n")
    report = verify.run()
    assert report.findings == []
    assert report.checked == {"record": sealed.checked["record"] + 4, "ledger": sealed.checked["ledger"] + 2}
    assert report.tail == {"record": 0, "ledger": 0}
    young = "SELECT p.event_id, e.epoch FROM audit_position p JOIN audit_event e ON e.id = p.event_id WHERE p.position > %s ORDER BY p.position"
    assert rows(young, [sealed.checked["record"]]) == [(event, 1) for event in (sequenced, *waiting)]
    assert rows("SELECT DISTINCT epoch FROM wallet_transaction") == [(1,)]
    assert house() == money
    sound()
    after = fact()
    sequencer.catch_up()
    assert rows(young, [report.checked["record"]]) == [(after, 2)]
    assert verify.run().findings == []


def test_a_casino_that_was_never_sequenced_is_restored_whole(source: Database, own_cluster: OwnCluster, new_database: NewDatabase, tmp_path: Path) -> None:
    young = own_cluster.server.clone()
    try:
        young.use()
        events = [fact() for _ in range(3)]

        said = restore(back_up(young, tmp_path / "backup"), new_database())

        assert "checked ledger 0, record 3 rows" in said
        assert rows("SELECT event_id FROM audit_position ORDER BY position") == [(event,) for event in events]
    finally:
        connections["default"].close()
        young.drop()


# --- programs and time ---


def program_of(folder: Path, version: str) -> Path:
    return fake_programs(folder, f'echo "pg_dump (PostgreSQL) {version}"')


def test_programs_that_are_older_than_the_server_are_said_with_what_to_do(
    source: Database, new_database: NewDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, server = back_up(source, tmp_path / "backup"), source.server.version
    monkeypatch.setenv("PG_BIN", str(program_of(tmp_path / "old", "14.9 (Debian 14.9-0+deb12u1)")))

    with pytest.raises(
        CommandError, match=rf"The server is PostgreSQL {server} and needs pg_dump {server}.*old/pg_dump is 14\. .*postgresql-client-{server}.*PG_BIN"
    ):
        back_up(source, tmp_path / "another")
    refused(folder, new_database(), rf"needs pg_restore {server}.*old/pg_restore is 14\. .*PG_BIN")
    monkeypatch.setenv("PG_BIN", str(tmp_path / "nothing"))
    with pytest.raises(CommandError, match=rf"needs pg_dump {server}.*none was found.*PG_BIN"):
        back_up(source, tmp_path / "another")

    assert not (tmp_path / "another").exists()


def test_each_server_gets_programs_that_suit_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [program_of(tmp_path / version, f"{version}.3") for version in ("18", "17", "16", "15")]
    monkeypatch.setattr(backups, "_folders", lambda: iter(folders))

    def chosen(server: int, made_with: int | None = None) -> int:
        return backups.program("pg_dump", server=server, oldest=made_with or server)[1]

    assert [chosen(server) for server in (18, 17, 16, 15)] == [18, 17, 16, 15]
    assert [chosen(18, made_with) for made_with in (15, 16, 17)] == [18, 18, 18]
    assert (chosen(16, 15), chosen(15, 16)) == (16, 16)
    folders[2:] = []
    with pytest.raises(backups.BackupProblem, match=r"PostgreSQL 15 and needs pg_dump 15 to 16; .*postgresql-client-15"):
        chosen(15)
    with pytest.raises(backups.BackupProblem, match=r"made with PostgreSQL 18 and does not fit into 15\. Restore into PostgreSQL 18"):
        chosen(15, 18)


def test_neither_backup_nor_restore_is_ended_by_the_limit_of_transactions(source: Database, new_database: NewDatabase, tmp_path: Path) -> None:
    """One second is allowed here. The dump waits for a lock, the restore for a slow check, both for longer."""
    short = {"TRANSACTION_SECONDS": "1"}
    with source.connect("owner") as owner:
        owner.execute("CREATE FUNCTION slowly(seconds float) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT pg_sleep(seconds) IS NOT NULL'")
        owner.execute("CREATE TABLE slow (seconds float CHECK (slowly(seconds)))")
        owner.execute("INSERT INTO slow VALUES (2)")
        owner.execute("BEGIN")
        owner.execute("LOCK TABLE slow")
        dumping = Background(lambda: manage("backup", str(tmp_path / "backup"), environment={**source.environment(), **short}))
        with source.connect("super") as superuser:
            waiting = "SELECT clock_timestamp() - min(xact_start) > interval '2 s' FROM pg_stat_activity WHERE application_name = 'pg_dump'"
            while (superuser.execute(waiting).fetchone() or (None,))[0] is not True:
                assert dumping.running
        owner.execute("COMMIT")
        dumping.join()
    target = new_database()

    done = manage("restore", str(tmp_path / "backup"), environment={**target.environment(), **short})

    assert "Clean." in done.stdout
    target.use()
    assert rows("SELECT seconds FROM slow") == [(2.0,)]


# --- the drill ---


def drill_environment(database: Database, data: Path, temporary: Path) -> dict[str, str]:
    temporary.mkdir()
    return {**database.environment(), "COUNTROOM_DATA_DIR": str(data), "TMPDIR": str(temporary)}


def drills() -> list[str]:
    return [path.name for path in (ROOT / ".countroom").glob("drill-*")]


def test_a_drill_proves_the_backup_of_a_running_casino_and_leaves_nothing_behind(source: Database, tmp_path: Path) -> None:
    player = Player.objects.order_by("pk")[0]
    fact("test.waiting")
    personal.erase(player_id=player.pk, reason="GDPR", now=NOW)
    before, noted = content(source), personal.erasures_file().read_text()

    done = manage("drill", environment=drill_environment(source, tmp_path / "data", tmp_path / "tmp"))

    said = done.stdout.splitlines()
    assert [line for line in said if not line.startswith("  ")][:-1] == [
        "Starting a scratch server.", "Backing up.", "Restoring.", "Verifying as the app's login.",
    ]  # fmt: skip
    assert said[-1].startswith("The drill went well, ")
    assert any("Restored. Epoch 2; 0 erasures applied again" in line for line in said)
    assert sum("Clean" in line for line in said) == 2
    assert content(source) == before
    assert personal.erasures_file().read_text() == noted
    assert drills() == []
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.fixture
def scratches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[ThrowawayPostgres]:
    """The scratch servers of drills in this process; temporary files go where they can be seen."""
    made: list[ThrowawayPostgres] = []

    class Noticed(ThrowawayPostgres):
        def __init__(self, *arguments: Any, **more: Any) -> None:
            super().__init__(*arguments, **more)
            made.append(self)

    monkeypatch.setattr(drill, "ThrowawayPostgres", Noticed)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return made


def failing_drill(folder: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> CommandError:
    for name, value in database.environment().items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CommandError) as failed:
        call_command("drill", backup=folder, stdout=io.StringIO())
    return failed.value


def left_behind(scratch: ThrowawayPostgres, tmp_path: Path) -> list[Path]:
    home = scratch.home
    return [*(path for path in (home.root, home.shared, home.memory) if path.exists()), *(tmp_path / "tmp").iterdir()]


def test_a_drill_whose_restore_fails_says_why_and_leaves_nothing_behind(
    source: Database, tmp_path: Path, scratches: list[ThrowawayPostgres], monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = back_up(source, tmp_path / "damaged")
    (damaged / "database.dump").write_bytes(b"?" * manifest_of(damaged)["bytes"])
    with tampering(source) as superuser:
        superuser.execute("UPDATE audit_event SET reason = 'x' WHERE id = 4")
    forged = back_up(source, tmp_path / "forged")

    first, second = failing_drill(damaged, source, monkeypatch), failing_drill(forged, source, monkeypatch)

    assert first.returncode == 1
    assert str(first).startswith(f"Restoring failed: {damaged / 'database.dump'} is damaged")
    assert second.returncode == 3
    assert str(second) == "Restoring failed: The restored record or ledger is not as it was written."
    assert [left_behind(scratch, tmp_path) for scratch in scratches] == [[], []]
    assert drills() == []
