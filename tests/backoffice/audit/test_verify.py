"""`verify` names what was altered, lost, added or moved by somebody whom no right and no trigger stops."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from backoffice.audit import canonical, merkle, sequencer, streams, verify
from backoffice.audit.models import Seal
from tests.backoffice.audit.tools import fact, findings, positions, rows
from tests.databases import OwnCluster

CHANGES = [
    "type = 'test.other'", "happened_at = happened_at + interval '1 microsecond'", "brand_id = 9", "player_id = NULL", "subject_id = 99",
    "subject_type = 'tests.other'", "actor_kind = 'player'", "actor_id = 1", "actor_label = 'somebody else'", "authorised_by_id = 4", "visibility = 1",
    "ip = '192.0.2.1'", "session = 'x'", "request_id = 'x'", "reason = 'BECAUSE'", "before = NULL", "after = '{}'", "epoch = 2",
]  # fmt: skip


@pytest.fixture
def sealed(own_cluster: OwnCluster) -> list[int]:
    """Nine facts of three subjects under three seals, in the order of their positions."""
    for number in range(9):
        fact(subject=number % 3, player_id=5, before={"n": number}, after={"n": number + 1})
        if number % 3 == 2:
            sequencer.catch_up()
    assert findings() == []
    return [event for _, event, _ in positions()]


def seal_row(number: int) -> str:
    return f"audit_seal:{Seal.objects.get(stream='record', number=number).pk}"


def test_an_untouched_record_is_clean_and_says_how_far_it_was_checked(own_cluster: OwnCluster, sealed: list[int]) -> None:
    report = verify.run()

    assert (report.clean, report.checked["record"], report.tail["record"]) == (True, 9, 0)
    assert report.heads["record"] == (3, Seal.objects.get(stream="record", number=3).seal.hex())


@pytest.mark.parametrize("change", CHANGES)
def test_an_altered_fact_is_named_and_nothing_else(own_cluster: OwnCluster, sealed: list[int], change: str) -> None:
    with own_cluster.tampering() as superuser:
        superuser.execute(f"UPDATE audit_event SET {change} WHERE id = %s", [sealed[4]])

    found = findings()
    assert ("altered", f"audit_event:{sealed[4]}") in found
    assert {row for kind, row in found if kind == "altered"} == {f"audit_event:{sealed[4]}"}


def test_a_missing_fact_is_named(own_cluster: OwnCluster, sealed: list[int]) -> None:
    with own_cluster.tampering() as superuser:
        superuser.execute("DELETE FROM audit_event WHERE id = %s", [sealed[4]])

    assert findings() == [("missing", f"audit_event:{sealed[4]}")]


def test_an_inserted_fact_is_named(own_cluster: OwnCluster, sealed: list[int]) -> None:
    columns = [name for (name,) in rows("SELECT attname FROM pg_attribute WHERE attrelid = 'audit_event'::regclass AND attnum > 0 ORDER BY attnum")]
    copied = ", ".join({"id": "9000"}.get(name, name) for name in columns)
    with own_cluster.tampering() as superuser:
        superuser.execute(f"INSERT INTO audit_event SELECT {copied} FROM audit_event WHERE id = %s", [sealed[4]])

    assert findings() == [("inserted", "audit_event:9000")]


def test_one_lost_and_one_added_are_both_named(own_cluster: OwnCluster, sealed: list[int]) -> None:
    with own_cluster.tampering() as superuser:
        superuser.execute("UPDATE audit_event SET id = 9000 WHERE id = %s", [sealed[4]])

    assert sorted(findings()) == [("inserted", "audit_event:9000"), ("missing", f"audit_event:{sealed[4]}")]


def test_a_lost_position_is_named_with_its_fact(own_cluster: OwnCluster, sealed: list[int]) -> None:
    with own_cluster.tampering() as superuser:
        superuser.execute("DELETE FROM audit_position WHERE position = 5")

    assert sorted(findings()) == sorted([("missing", "record:5-5"), ("inserted", f"audit_event:{sealed[4]}"), ("seal", seal_row(2))])


def test_a_fact_cut_out_with_its_position_and_the_rest_moved_up_is_caught(own_cluster: OwnCluster, sealed: list[int]) -> None:
    with own_cluster.tampering() as superuser:
        superuser.execute("DELETE FROM audit_event WHERE id = %s", [sealed[4]])
        superuser.execute("DELETE FROM audit_position WHERE position = 5")
        for position in range(6, 10):
            superuser.execute("UPDATE audit_position SET position = position - 1 WHERE position = %s", [position])

    found = findings()
    assert ("altered", f"audit_event:{sealed[5]}") in found  # its leaf says where it stood
    assert ("seal", seal_row(2)) in found
    assert ("missing", "record:9-9") in found


def test_two_facts_that_change_places_are_named_though_their_leaves_were_made_anew(own_cluster: OwnCluster, sealed: list[int]) -> None:
    with own_cluster.tampering() as superuser:
        superuser.execute("DROP INDEX audit_position_event")
        superuser.execute("UPDATE audit_position SET event_id = CASE position WHEN 4 THEN %s ELSE %s END WHERE position IN (4, 5)", [sealed[4], sealed[3]])
        superuser.execute("UPDATE audit_position p SET recorded_at = e.recorded_at FROM audit_event e WHERE e.id = p.event_id")
        remake(superuser, 4, 5)

    found = findings()
    assert ("reordered", f"audit_event:{sealed[3]}") in found
    assert ("seal", seal_row(2)) in found
    assert not any(kind == "altered" for kind, _ in found)


def remake(superuser: Any, first: int, last: int) -> None:
    """Write the leaves that the rows as they stand now would have."""
    for position, _, _, body in streams.get("record").rows(first, last):
        if body is not None:
            superuser.execute("UPDATE audit_position SET leaf = %s WHERE position = %s", [merkle.leaf(canonical.VERSION.encode() + body), position])


def test_a_fact_rewritten_together_with_its_leaf_is_caught_by_the_seal(own_cluster: OwnCluster, sealed: list[int]) -> None:
    with own_cluster.tampering() as superuser:
        superuser.execute("UPDATE audit_event SET reason = 'BECAUSE' WHERE id = %s", [sealed[4]])
        remake(superuser, 5, 5)

    assert findings() == [("seal", seal_row(2))]


def test_a_seal_made_anew_after_that_breaks_the_chain(own_cluster: OwnCluster, sealed: list[int]) -> None:
    with own_cluster.tampering() as superuser:
        superuser.execute("UPDATE audit_event SET reason = 'BECAUSE' WHERE id = %s", [sealed[4]])
        remake(superuser, 5, 5)
        reseal(superuser, 2)

    assert findings() == [("seal", seal_row(3))]


def reseal(superuser: Any, number: int) -> None:
    """Make a seal again over what its range holds now, after the one before it."""
    seal = Seal.objects.get(stream="record", number=number)
    before = Seal.objects.filter(stream="record", number=number - 1).first()
    with transaction.atomic():
        values = {
            "stream": "record", "number": number, "first": seal.first_position, "last": seal.last_position,
            "root": merkle.root(streams.get("record").leaves(_Cursor(), seal.first_position, seal.last_position)),
            "subjects_root": bytes(seal.subjects_root), "previous": bytes(before.seal) if before else bytes(32),
        }  # fmt: skip
    superuser.execute(
        "UPDATE audit_seal SET root = %s, previous = %s, seal = %s WHERE id = %s",
        [values["root"], values["previous"], sequencer.seal_bytes(**values), seal.pk],  # type: ignore[arg-type]
    )


class _Cursor:
    def execute(self, statement: str, arguments: list[Any]) -> None:
        self._rows = rows(statement, arguments)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows


def test_the_whole_chain_made_anew_is_caught_by_a_seal_that_was_printed(own_cluster: OwnCluster, sealed: list[int]) -> None:
    printed = {("record", number): Seal.objects.get(stream="record", number=number).seal.hex() for number in (1, 2, 3)}
    assert verify.run(known=printed).clean
    with own_cluster.tampering() as superuser:
        superuser.execute("UPDATE audit_event SET reason = 'BECAUSE' WHERE id = %s", [sealed[4]])
        remake(superuser, 5, 5)
        reseal(superuser, 2)
        reseal(superuser, 3)

    assert findings() == []  # nothing inside the database can tell
    report = verify.run(known=printed)
    assert [(found.kind, found.row) for found in report.findings] == [("seal", "seal 2"), ("seal", "seal 3")]


def test_a_history_cut_off_at_its_end_is_caught_by_a_seal_that_was_printed(own_cluster: OwnCluster, sealed: list[int]) -> None:
    printed = {("record", 3): Seal.objects.get(stream="record", number=3).seal.hex().upper()}
    assert verify.run(known=printed).clean
    with own_cluster.tampering() as superuser:
        superuser.execute("DELETE FROM audit_event WHERE id = ANY (%s)", [sealed[6:]])
        superuser.execute("DELETE FROM audit_position WHERE position > 6")
        superuser.execute("DELETE FROM audit_seal WHERE number = 3")
        superuser.execute("DELETE FROM audit_range WHERE last_position > 6")

    assert verify.run().clean
    assert [(found.kind, found.row) for found in verify.run(known=printed).findings] == [("seal", "seal 3")]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE audit_seal SET root = sha256('x') WHERE number = 2", 2),
        ("UPDATE audit_seal SET subjects_root = sha256('x') WHERE number = 2", 2),
        ("UPDATE audit_seal SET previous = sha256('x') WHERE number = 2", 2),
        ("UPDATE audit_seal SET seal = sha256('x') WHERE number = 2", 2),
        ("UPDATE audit_seal SET last_position = 5 WHERE number = 2", 2),
        ("UPDATE audit_sealsubject SET last_number = last_number + 1 WHERE seal_id = (SELECT id FROM audit_seal WHERE stream = 'record' AND number = 2)", 2),
        ("DELETE FROM audit_sealsubject WHERE seal_id = (SELECT id FROM audit_seal WHERE stream = 'record' AND number = 2) AND subject_id = 1", 2),
        ("DELETE FROM audit_seal WHERE number = 2", 3),
    ],
)
def test_a_seal_that_was_touched_is_named(own_cluster: OwnCluster, sealed: list[int], statement: str, expected: int) -> None:
    row = seal_row(expected)
    with own_cluster.tampering() as superuser:
        superuser.execute(statement)

    assert ("seal", row) in findings()


def test_facts_younger_than_the_last_seal_are_the_tail(own_cluster: OwnCluster, sealed: list[int]) -> None:
    for _ in range(2):
        fact()
    sequencer.catch_up(seal=False)
    for _ in range(3):
        fact()

    report = verify.run()

    assert (report.clean, report.checked["record"], report.tail["record"]) == (True, 11, 5)
    assert report.heads["record"][0] == 3


def test_an_altered_fact_of_the_tail_is_named_too(own_cluster: OwnCluster, sealed: list[int]) -> None:
    young = fact()
    sequencer.catch_up(seal=False)
    with own_cluster.tampering() as superuser:
        superuser.execute("UPDATE audit_event SET reason = 'x' WHERE id = %s", [young])

    assert findings() == [("altered", f"audit_event:{young}")]


def test_an_empty_record_is_clean(own_cluster: OwnCluster) -> None:
    report = verify.run()

    assert (report.clean, report.checked["record"], report.heads["record"]) == (True, 0, (0, ""))


@pytest.mark.parametrize("chunk", [1, 2, 4, 5])
def test_seals_and_order_are_checked_over_the_edges_of_chunks(own_cluster: OwnCluster, sealed: list[int], monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(verify, "CHUNK", chunk)
    assert findings() == []

    with own_cluster.tampering() as superuser:
        superuser.execute("UPDATE audit_event SET reason = 'x' WHERE id = ANY (%s)", [[sealed[3], sealed[8]]])
        remake(superuser, 9, 9)

    assert sorted(findings()) == sorted([("altered", f"audit_event:{sealed[3]}"), ("seal", seal_row(3))])


def test_what_goes_wrong_while_rows_are_fetched_is_raised(own_cluster: OwnCluster, sealed: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "CHUNK", 2)
    with own_cluster.tampering() as superuser:
        superuser.execute("ALTER TABLE audit_position RENAME COLUMN leaf TO gone")

    with pytest.raises(Exception, match="leaf"):
        findings()


def test_rows_that_take_long_to_fetch_are_not_ended_by_the_limit_of_transactions(
    own_cluster: OwnCluster, sealed: list[int], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(verify, "CHUNK", 5)
    settings.TRANSACTION_SECONDS = 1
    record = streams.get("record")

    def slowly(first: int, last: int) -> list[streams.Row]:
        streams.fetch("SELECT pg_sleep(1.2)::text", [])
        return record.rows(first, last)

    assert verify.run(of=[replace(record, rows=slowly)]).clean


def test_it_can_run_inside_a_transaction_that_wrote(own_cluster: OwnCluster, sealed: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "CHUNK", 2)

    with transaction.atomic():
        fact()
        report = verify.run()

    assert (report.clean, report.checked["record"], report.tail["record"]) == (True, 9, 1)


def test_the_command_says_what_it_found_and_fails(own_cluster: OwnCluster, sealed: list[int]) -> None:
    out = io.StringIO()
    call_command("verify", stdout=out)
    assert "record: 9 rows checked, seal 3" in out.getvalue()
    assert "Clean" in out.getvalue()
    with own_cluster.tampering() as superuser:
        superuser.execute("UPDATE audit_event SET reason = 'x' WHERE id = %s", [sealed[4]])

    out = io.StringIO()
    with pytest.raises(CommandError) as failed:
        call_command("verify", stdout=out)
    assert failed.value.returncode == 3
    assert f"altered: audit_event:{sealed[4]}" in out.getvalue()
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("verify", "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert [finding["row"] for finding in said["findings"]] == [f"audit_event:{sealed[4]}"]
    assert said["checked"]["record"] == 9


def test_the_command_takes_seals_that_were_kept_elsewhere(own_cluster: OwnCluster, sealed: list[int]) -> None:
    head = Seal.objects.get(stream="record", number=3).seal.hex()

    call_command("verify", "--seal", f"record:3:{head}", stdout=io.StringIO())
    with pytest.raises(CommandError):
        call_command("verify", "--seal", f"record:2:{head}", stdout=io.StringIO())
