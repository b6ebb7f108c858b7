"""The canonical form in SQL and in Python are the same bytes, whatever a fact holds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.audit import canonical, streams
from backoffice.audit.actors import Actor
from tests.backoffice.audit.tools import NOW, fact, rows
from wallet import stream as ledger_stream

NAMES = [name for name, _ in canonical.FIELDS]


def row_of(event: int) -> dict[str, Any]:
    (values,) = rows(f"SELECT {', '.join(f'{name}::text::bigint' if name == 'xid' else name for name in NAMES)} FROM audit_event WHERE id = %s", [event])
    return dict(zip(NAMES, values, strict=True))


def in_sql(event: int, position: int, number: int) -> tuple[bytes, bytes]:
    ((body, leaf),) = streams.fetch(
        f"SELECT {canonical.body_sql('e', position='%s', number='%s')}, {canonical.leaf_sql('e', position='%s', number='%s')} FROM audit_event e WHERE id = %s",
        [position, number, position, number, event],
    )
    return body, leaf


def same(event: int, position: int = 7, number: int = 3) -> bytes:
    row = row_of(event)
    body, leaf = in_sql(event, position, number)
    assert canonical.body(row, position=position, number=number) == body
    assert canonical.leaf(row, position=position, number=number) == leaf
    return leaf


def test_a_full_fact_and_an_empty_one_have_the_same_leaf_in_both(db: None) -> None:
    full = fact("a.b", brand_id=1, player_id=2, reason="Gründe", authorised_by_id=3, visibility=1, before={"é": "ß€😀"}, after={"n": 10**30})

    assert same(full) != same(fact())


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
numbers = st.none() | st.integers(-(2**63), 2**63 - 1)


@given(
    kind=texts, reason=texts, subject=st.integers(-(2**63), 2**63 - 1), brand=numbers, player=numbers, after=st.none() | st.dictionaries(texts, texts),
    at=st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2300, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    position=st.integers(1, 2**62), number=st.integers(1, 2**62),
)  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_fact_has_the_same_leaf_in_both(
    db: None, position: int, number: int, kind: str, subject: int, brand: int, player: int, at: datetime, **more: Any
) -> None:
    same(fact(kind, subject=subject, brand_id=brand, player_id=player, at=at, **more), position, number)


@pytest.mark.parametrize("field", [name for name, _ in canonical.FIELDS])
def test_every_field_counts(db: None, field: str) -> None:
    row = row_of(fact(actor=Actor("staff", 7, "L1"), brand_id=1, player_id=2, authorised_by_id=3, before={"a": 1}, after={"a": 2}))
    changed = {
        "int": lambda value: value + 1, "xid": lambda value: value + 1, "text": lambda value: value + "x",
        "time": lambda value: value + timedelta(microseconds=1),
    }[dict(canonical.FIELDS)[field]]  # fmt: skip

    leaf = canonical.leaf(row, position=1, number=1)

    assert canonical.leaf({**row, field: changed(row[field])}, position=1, number=1) != leaf
    if field in {"brand_id", "player_id", "actor_id", "authorised_by_id", "before", "after"}:
        assert canonical.leaf({**row, field: None}, position=1, number=1) != leaf


def test_position_and_number_count(db: None) -> None:
    row = row_of(fact())

    assert len({canonical.leaf(row, position=p, number=n) for p, n in ((1, 1), (1, 2), (2, 1))}) == 3


def test_where_one_field_ends_and_the_next_begins_counts(db: None) -> None:
    row = row_of(fact())

    one = canonical.body({**row, "ip": "ab", "session": "c"}, position=1, number=1)
    other = canonical.body({**row, "ip": "a", "session": "bc"}, position=1, number=1)
    nothing = canonical.body({**row, "before": None, "after": ""}, position=1, number=1)

    assert len({one, other, nothing, canonical.body({**row, "before": "", "after": None}, position=1, number=1)}) == 4


def test_the_form_is_written_down_to_the_byte() -> None:
    """A published example: who checks a proof by other means can start here."""
    row = dict.fromkeys(NAMES) | {"id": 5, "epoch": 1, "xid": 770, "happened_at": NOW, "recorded_at": NOW, "type": "a.b"}

    body = canonical.body(row, position=9, number=2)

    assert body[:4] == (23).to_bytes(4)
    assert body[4:20].hex() == "00000014000000080000000000000009"
    assert body[20:36].hex() == "00000014000000080000000000000002"
    assert body[84:100].hex() == "000004a000000008" + int((NOW - datetime(2000, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)).to_bytes(8).hex()
    assert body[116:127].hex() == "0000001900000003" + b"a.b".hex()
    assert body[127:135].hex() == "00000014ffffffff"
    assert canonical.place(body) == ((1).to_bytes(8), (770).to_bytes(8), (5).to_bytes(8))
    assert canonical.leaf(row, position=9, number=2).hex() == "7b18cc576dab238c499a10f4078ccc2df9832d651e4c3be9ad6528e9b7e7a63f"


def test_the_ledgers_form_is_the_same_in_both(committed_db: Any) -> None:
    from tests import factories
    from tests.wallet.tools import bet

    posted = bet(factories.player(cash="10.00"), "1.00", key="bet", meta={"round": 7})
    fields = [name for name, _ in ledger_stream.FIELDS]
    (values,) = streams.fetch(
        f"SELECT {', '.join({'xid': 'xid::text::bigint', 'meta': 'meta::text', 'legs': ledger_stream._LEGS}.get(name, name) for name in fields)}"
        " FROM wallet_transaction t WHERE id = %s",
        [posted.id],
    )
    row = dict(zip(fields, values, strict=True))

    ((leaf,),) = streams.fetch(
        f"SELECT {ledger_stream._leaf('t', '4')} FROM (SELECT t.*, {ledger_stream._LEGS} AS legs FROM wallet_transaction t WHERE id = %s) t", [posted.id]
    )

    assert canonical.leaf(row, position=4, number=0, fields=ledger_stream.FIELDS, version=ledger_stream.VERSION) == leaf


def test_neither_depends_on_how_the_session_shows_things(db: None) -> None:
    number = fact(brand_id=1, after={"a": "ü"})
    leaf = same(number)

    with connection.cursor() as cursor:
        for statement in ("SET timezone = 'Asia/Tokyo'", "SET datestyle = 'German'", "SET bytea_output = 'escape'", "SET extra_float_digits = 0"):
            cursor.execute(statement)
            assert in_sql(number, 7, 3)[1] == leaf
