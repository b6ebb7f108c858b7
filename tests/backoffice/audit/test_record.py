"""`record()`: a fact in the transaction that makes it true, in one spelling, with personal values closed."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from backoffice.audit.actors import Actor, Origin, origin
from backoffice.audit.models import Event, PersonalKey, Visibility
from backoffice.audit.personal import MARK, Personal
from backoffice.audit.record import canonical, record_apart, subject_of
from tests import factories
from tests.backoffice.audit.tools import NOW, SYSTEM, fact, facts, rows
from tests.databases import Database


def test_a_fact_keeps_who_what_when_why_and_from_where(db: None) -> None:
    token = origin.set(Origin(ip="192.0.2.7", session="a1b2c3", request_id="req-9"))
    try:
        number = fact(
            "withdrawal.approved", actor=Actor("staff", 7, "Payments L1"), subject=42, of="payments.withdrawal", brand_id=3, player_id=5,
            reason="CHECKS_OK", authorised_by_id=8, visibility=Visibility.COMPLIANCE, before={"state": "requested"},
            after={"state": "approved", "amount": Decimal("250.00")},
        )  # fmt: skip
        from_here = fact(actor=Actor.player(5, ip="198.51.100.4"))
    finally:
        origin.reset(token)

    row = Event.objects.get(pk=number)
    assert (row.type, row.actor_kind, row.actor_id, row.actor_label, row.authorised_by_id) == ("withdrawal.approved", "staff", 7, "Payments L1", 8)
    assert (row.subject_type, row.subject_id, row.brand_id, row.player_id, row.visibility) == ("payments.withdrawal", 42, 3, 5, 1)
    assert (row.happened_at, row.reason, row.epoch) == (NOW, "CHECKS_OK", 1)
    assert (row.before, row.after) == ('{"state":"requested"}', '{"amount":"250.00","state":"approved"}')
    assert (row.ip, row.session, row.request_id) == ("", "", "")  # this actor was made without a request
    row = Event.objects.get(pk=from_here)
    assert (row.ip, row.session, row.request_id) == ("198.51.100.4", "a1b2c3", "req-9")


def test_when_it_was_recorded_is_the_databases_word(db: None) -> None:
    row = Event.objects.get(pk=fact(at=datetime(1999, 1, 1, tzinfo=UTC)))

    assert row.happened_at == datetime(1999, 1, 1, tzinfo=UTC)
    assert row.recorded_at > datetime.now(UTC) - timedelta(minutes=1)


def test_a_fact_disappears_with_the_change_that_it_tells_of(db: None) -> None:
    before = facts()

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        fact()
        raise ZeroDivisionError

    assert facts() == before


def test_a_fact_recorded_apart_stays(committed_db: Database) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        fact("test.undone")
        record_apart("test.refused", actor=SYSTEM, at=NOW, subject=("tests.thing", 1))
        raise ZeroDivisionError

    assert list(Event.objects.values_list("type", flat=True)) == ["test.refused"]


@pytest.mark.parametrize("value", [1.5, {"deep": [1, (2, 0.1)]}, [float("nan")], float("inf")])
def test_floats_are_refused_however_deep(db: None, value: Any) -> None:
    before = facts()

    for side in ("before", "after"):
        with pytest.raises(TypeError, match="float"):
            fact(**{side: {"amount": value}})

    assert facts() == before


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", Decimal("NaN"), Decimal("Infinity"), timedelta(1), {"deep": Personal("x")}])
def test_what_has_no_exact_text_is_refused(db: None, value: Any) -> None:
    before = facts()

    with pytest.raises(TypeError):
        fact(after={"value": value}, player_id=1)

    assert facts() == before


def test_a_time_without_zone_is_refused(db: None) -> None:
    before = facts()

    with pytest.raises(ValueError, match="time zone"):
        fact(at=datetime(2026, 1, 1))  # noqa: DTZ001

    assert facts() == before


def test_an_actor_of_no_kind_is_refused_by_the_database(db: None) -> None:
    before = facts()

    with pytest.raises(Exception, match="actor_kind"), transaction.atomic():
        fact(actor=Actor("robot", None, "x"))

    assert facts() == before


def test_there_is_one_spelling(db: None) -> None:
    assert canonical({"b": Decimal("1E+2"), "a": date(2026, 1, 2), "é": "ü", "n": None, "t": True, "l": [1, Decimal("0.10")]}) == (
        '{"a":"2026-01-02","b":"100","l":[1,"0.10"],"n":null,"t":true,"é":"ü"}'
    )
    assert canonical({"a": 1, "b": 2}) == canonical({"b": 2, "a": 1})


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=8), plain, max_size=5))
def test_what_is_spelled_reads_back_the_same(values: dict[str, Any]) -> None:
    assert json.loads(canonical(values)) == values


def test_subjects_are_named_by_model_and_id(db: None) -> None:
    player = factories.player()

    assert subject_of(player) == ("players.player", player.pk)
    assert subject_of(("payments.deposit", 7)) == ("payments.deposit", 7)


def test_personal_values_are_closed_and_the_rest_can_be_read(db: None) -> None:
    row = Event.objects.get(pk=fact(player_id=5, after={"email": Personal("mia@example.com"), "country": "PL"}))

    stored = json.loads(row.after or "")
    assert stored["country"] == "PL"
    assert stored["email"].startswith(MARK)
    assert "mia" not in (row.after or "")
    assert PersonalKey.objects.filter(pk=5).count() == 1


def test_a_personal_value_of_nobody_is_refused(db: None) -> None:
    before = facts()

    with pytest.raises(ValueError, match="needs the player"):
        fact(after={"email": Personal("mia@example.com")})

    assert facts() == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET type = 'x'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "INSERT INTO audit_event (id, happened_at, subject_id, visibility, type, subject_type, actor_kind, actor_label, ip, session, request_id, reason)"
        " VALUES (99, now(), 1, 0, 'x', 'x', 'system', 'x', '', '', '', '')",
        "INSERT INTO audit_event (recorded_at, happened_at, subject_id, visibility, type, subject_type, actor_kind, actor_label, ip, session, request_id,"
        " reason) VALUES (now(), now(), 1, 0, 'x', 'x', 'system', 'x', '', '', '', '')",
        "UPDATE audit_position SET leaf = ''",
        "DELETE FROM audit_position",
        "UPDATE audit_seal SET seal = ''",
        "DELETE FROM audit_seal",
        "UPDATE audit_sealsubject SET last_number = 0",
        "DELETE FROM audit_range",
        "INSERT INTO audit_epoch (id) VALUES (2)",
        "DELETE FROM audit_erasure",
        "SELECT 1 FROM audit_event_default",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
    ],
)
def test_the_app_can_only_add_facts_and_never_say_when_they_were_recorded(committed_db: Database, statement: str) -> None:
    fact()
    before = facts()

    with committed_db.connect("app") as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement)

    assert facts() == before


@pytest.mark.parametrize("table", ["audit_event", "audit_position", "audit_range", "audit_seal", "audit_epoch"])
def test_even_the_owner_cannot_change_history(own_cluster: Any, table: str) -> None:
    from backoffice.audit import sequencer

    fact()
    sequencer.catch_up()
    before = rows(f"SELECT * FROM {table}")
    column = {"audit_event": "type", "audit_position": "leaf", "audit_range": "stream", "audit_seal": "seal", "audit_epoch": "note"}[table]
    assert before

    with own_cluster.connect("owner") as owner:
        for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with pytest.raises(psycopg.Error) as refusal:
                owner.execute(statement)
            assert refusal.value.sqlstate == "CR001"

    assert rows(f"SELECT * FROM {table}") == before
