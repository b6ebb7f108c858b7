"""Positions: dense, in the order in which transactions began to write, however they end and however many sequencers run."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from backoffice.audit import merkle, sequencer, streams
from backoffice.audit.models import Seal, SealSubject
from backoffice.audit.rights import EVENT_COLUMNS
from tests.backoffice.audit.tools import NOW, fact, findings, positions, rows
from tests.databases import OwnCluster
from tests.races import race

RECORD = "record"
INSERT = (
    f"INSERT INTO audit_event ({', '.join(EVENT_COLUMNS)}) VALUES (now(), NULL, NULL, 'tests.thing', %s, 'system', NULL, 'x', NULL, 0, %s, '', '', '', '',"
    " NULL, NULL) RETURNING id"
)


def add(connection: Any, kind: str, subject: int = 1) -> int:
    return int(connection.execute(INSERT, [subject, kind]).fetchone()[0])


def test_a_transaction_that_took_its_id_early_and_commits_late_is_waited_for(own_cluster: OwnCluster) -> None:
    with own_cluster.connect() as slow:
        slow.execute("BEGIN")
        early = add(slow, "early")
        late = [fact("late") for _ in range(3)]

        assert sequencer.catch_up() == 0
        assert positions() == []
        slow.execute("COMMIT")

    assert sequencer.catch_up() == 4
    assert [event for _, event, _ in positions()] == [early, *late]
    assert [(position, number) for position, _, number in positions()] == [(1, 1), (2, 2), (3, 3), (4, 4)]
    assert findings() == []


def test_one_that_began_to_write_later_comes_later_though_its_fact_has_the_lower_id(own_cluster: OwnCluster) -> None:
    """Ids do not order commits: a number drawn early can be used in a transaction that starts later."""
    with own_cluster.connect() as first, own_cluster.connect() as second, own_cluster.connect("owner") as owner:
        first.execute("BEGIN")
        second.execute("BEGIN")
        one = add(first, "first to write")
        two = add(second, "second to write")
        three = add(first, "written last by the first")
        second.execute("COMMIT")
        first.execute("COMMIT")
        assert owner.execute("SELECT count(*) FROM audit_event").fetchone() == (3,)
    sequencer.catch_up()

    assert [event for _, event, _ in positions()] == [one, three, two]
    assert findings() == []


def test_catching_up_ends_though_somebody_writes_as_fast_as_it_reads(own_cluster: OwnCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        fact("before")
    advance, writer = sequencer._advance, own_cluster.connect()

    def write_and_advance(*arguments: Any) -> None:
        assert len(during) < 20, "it chases a moving horizon"
        during.append(add(writer, "meanwhile"))
        advance(*arguments)

    during: list[int] = []
    monkeypatch.setattr(sequencer, "_advance", write_and_advance)

    assert sequencer.catch_up() == 3
    monkeypatch.undo()
    writer.close()
    assert sequencer.catch_up() == len(during) > 0
    assert findings() == []


def test_a_rolled_back_transaction_leaves_no_gap(own_cluster: OwnCluster) -> None:
    fact("kept")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        fact("lost")
        raise ZeroDivisionError
    fact("kept too")

    sequencer.catch_up()

    assert [position for position, _, _ in positions()] == [1, 2]
    assert findings() == []


def test_a_savepoint_counts_with_its_transaction(own_cluster: OwnCluster) -> None:
    with own_cluster.connect() as slow:
        slow.execute("BEGIN")
        outer = add(slow, "outer")
        slow.execute("SAVEPOINT a")
        inner = add(slow, "inner")
        other = fact("other")
        assert sequencer.catch_up() == 0
        slow.execute("COMMIT")
    sequencer.catch_up()

    assert [event for _, event, _ in positions()] == [outer, inner, other]


def test_a_prepared_transaction_holds_the_horizon_too(own_cluster: OwnCluster) -> None:
    with own_cluster.connect("super") as superuser:
        if superuser.execute("SHOW max_prepared_transactions").fetchone() == ("0",):
            superuser.execute("ALTER SYSTEM SET max_prepared_transactions = 4")
            own_cluster.restart()
    from django.db import connections

    connections["default"].close()
    with own_cluster.connect() as other:
        other.execute("BEGIN")
        early = add(other, "prepared")
        other.execute("PREPARE TRANSACTION 'held'")
        late = fact("late")
        assert sequencer.catch_up() == 0
        other.execute("COMMIT PREPARED 'held'")
    sequencer.catch_up()

    assert [event for _, event, _ in positions()] == [early, late]


def test_several_sequencers_at_once_place_every_fact_once(own_cluster: OwnCluster) -> None:
    def write(number: int) -> None:
        for _ in range(40):
            with transaction.atomic():
                fact(subject=number)
                fact(subject=99)

    answers = race(*[lambda n=n: write(n) for n in range(4)], *[sequencer.catch_up] * 4)  # type: ignore[misc]
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    sequencer.catch_up()

    placed = positions()
    assert [position for position, _, _ in placed] == list(range(1, 321))
    assert sorted(event for _, event, _ in placed) == [row[0] for row in rows("SELECT id FROM audit_event ORDER BY id")]
    of_99 = rows("SELECT p.number FROM audit_position p JOIN audit_event e ON e.id = p.event_id WHERE e.subject_id = 99 ORDER BY p.position")
    assert of_99 == [(number,) for number in range(1, 161)]
    assert findings() == []


def test_numbers_count_within_subject_and_visibility(own_cluster: OwnCluster) -> None:
    """Nobody learns from a gap that there is a fact which they may not see."""
    for subject, visibility in ((1, 0), (1, 1), (2, 0), (1, 0), (1, 1), (1, 0)):
        fact(subject=subject, visibility=visibility)
        if subject == 2:
            sequencer.catch_up()
    fact(subject=1, of="tests.other")
    sequencer.catch_up()

    assert [number for _, _, number in positions()] == [1, 1, 1, 2, 2, 3, 1]
    last = rows("SELECT subject_type, subject_id, visibility, last_number FROM audit_subject ORDER BY 1, 2, 3")
    assert last == [("tests.other", 1, 0, 1), ("tests.thing", 1, 0, 3), ("tests.thing", 1, 1, 2), ("tests.thing", 2, 0, 1)]


def test_chunks_do_not_split_a_transaction_and_numbers_go_on_between_them(own_cluster: OwnCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer, "CHUNK", 3)
    for size in (2, 4, 1, 1):
        with transaction.atomic():
            for _ in range(size):
                fact()

    passes = []
    while found := sequencer.pass_once(streams.get(RECORD)):
        passes.append(found)

    assert passes == [6, 2]  # the chunk of three ends within the four, which it takes whole
    assert [(position, number) for position, _, number in positions()] == [(n, n) for n in range(1, 9)]
    assert findings() == []


def test_a_pass_of_which_a_part_fails_is_done_again_in_whole(own_cluster: OwnCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    fact()
    with monkeypatch.context() as broken:
        broken.setattr(sequencer, "_advance", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sequencer.pass_once(streams.get(RECORD))
    assert (positions(), rows("SELECT * FROM audit_subject")) == ([], [])

    assert sequencer.pass_once(streams.get(RECORD)) == 1
    assert findings() == []


def test_one_sequencer_at_a_time(own_cluster: OwnCluster) -> None:
    fact()

    with own_cluster.connect() as other:
        other.execute("BEGIN")
        other.execute("SELECT pg_advisory_xact_lock(%s)", [sequencer.LOCK])
        assert sequencer.pass_once(streams.get(RECORD)) == 0
        other.execute("COMMIT")

    assert sequencer.pass_once(streams.get(RECORD)) == 1


def test_a_new_epoch_goes_on_where_the_old_one_ended(own_cluster: OwnCluster) -> None:
    """After a restore transaction ids begin again: the backup's facts come first, in their order, then those of the new cluster."""
    sequenced, waiting = fact("sequenced"), None
    sequencer.catch_up()
    waiting = fact("in the backup, not sequenced")
    with own_cluster.connect("owner") as owner:
        owner.execute("INSERT INTO audit_epoch (id, note) VALUES (2, 'Restored')")
    new = [fact("after the restore") for _ in range(2)]
    with own_cluster.tampering() as superuser:  # ids of the old cluster were far higher
        superuser.execute("UPDATE audit_event SET xid = ((xid::text::bigint) + 1000000)::text::xid8 WHERE id = %s", [waiting])

    sequencer.catch_up()

    assert [(position, event, number) for position, event, number in positions()] == [(1, sequenced, 1), (2, waiting, 2), (3, new[0], 3), (4, new[1], 4)]
    assert rows("SELECT DISTINCT epoch FROM audit_event ORDER BY 1") == [(1,), (2,)]
    assert findings() == []
    assert sequencer.catch_up() == 0


def test_the_ledger_goes_on_over_a_new_epoch_with_exact_balances(own_cluster: OwnCluster) -> None:
    from tests import factories
    from tests.wallet.tools import GAME, bet, held, sound

    player = factories.player(cash="10.00")
    bet(player, "1.00", key="before")
    sequencer.catch_up()
    bet(player, "2.00", key="in the backup, not sequenced")
    with own_cluster.connect("owner") as owner:
        owner.execute("INSERT INTO audit_epoch (id, note) VALUES (2, 'Restored')")
    assert held(GAME, brand=player.brand_id) == Decimal(3)
    bet(player, "3.00", key="after")
    assert held(GAME, brand=player.brand_id) == Decimal(6)

    sequencer.catch_up()

    assert held(GAME, brand=player.brand_id) == Decimal(6)
    assert findings("ledger") == []
    sound()


def test_seals_chain_over_ranges_and_commit_the_last_number_of_every_subject(own_cluster: OwnCluster) -> None:
    for batch in ((1, 1, 2), (1,), (3, 2, 2)):
        for subject in batch:
            fact(subject=subject)
        sequencer.catch_up()

    seals = list(Seal.objects.filter(stream=RECORD).order_by("number"))
    assert [(seal.number, seal.first_position, seal.last_position) for seal in seals] == [(1, 1, 3), (2, 4, 4), (3, 5, 7)]
    assert bytes(seals[0].previous) == bytes(32)
    assert [bytes(seal.previous) for seal in seals[1:]] == [bytes(seal.seal) for seal in seals[:-1]]
    leaves = [bytes(leaf) for (leaf,) in rows("SELECT leaf FROM audit_position ORDER BY position")]
    assert [bytes(seal.root) for seal in seals] == [merkle.root(leaves[:3]), merkle.root(leaves[3:4]), merkle.root(leaves[4:])]
    subjects = [
        [(row.subject_type, row.subject_id, row.visibility, row.last_number) for row in SealSubject.objects.filter(seal_id=seal.pk).order_by("subject_id")]
        for seal in seals
    ]
    assert [[(subject[1], subject[3]) for subject in touched] for touched in subjects] == [[(1, 2), (2, 1)], [(1, 3)], [(2, 3), (3, 1)]]
    for seal, touched in zip(seals, subjects, strict=True):
        assert bytes(seal.subjects_root) == merkle.root([sequencer.subject_leaf(subject) for subject in touched])
        made = sequencer.seal_bytes(
            stream=RECORD, number=seal.number, first=seal.first_position, last=seal.last_position, root=bytes(seal.root),
            subjects_root=bytes(seal.subjects_root), previous=bytes(seal.previous),
        )  # fmt: skip
        assert made == bytes(seal.seal)


def test_a_seal_covers_at_most_so_many(own_cluster: OwnCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer, "SEAL_AT_MOST", 2)
    for _ in range(5):
        fact()
    sequencer.catch_up()

    assert list(Seal.objects.filter(stream=RECORD).values_list("first_position", "last_position")) == [(1, 2), (3, 4), (5, 5)]
    assert findings() == []


def test_nothing_new_makes_no_seal(own_cluster: OwnCluster) -> None:
    fact()
    sequencer.catch_up()
    sequencer.catch_up()

    assert Seal.objects.count() == 1


def test_the_proof_of_one_subject_is_its_rows_numbers_and_paths(own_cluster: OwnCluster) -> None:
    """What an export holds is checked without the database: leaves from values, paths to sealed roots, numbers 1 to n, n committed."""
    from backoffice.audit import canonical
    from tests.backoffice.audit.test_canonical import row_of

    for subject in (1, 7, 1, 7, 7):
        fact("test.step", subject=subject, after={"n": subject})
    sequencer.catch_up()
    seal = Seal.objects.get(stream=RECORD)
    leaves = [bytes(leaf) for (leaf,) in rows("SELECT leaf FROM audit_position ORDER BY position")]
    mine = [(position, event, number) for position, event, number in positions() if row_of(event)["subject_id"] == 7]

    assert [number for _, _, number in mine] == [1, 2, 3]
    for position, event, number in mine:
        leaf = canonical.leaf(row_of(event), position=position, number=number)
        assert merkle.climb(leaf, merkle.path(leaves, position - seal.first_position)) == bytes(seal.root)
    touched = [("tests.thing", 1, 0, 2), ("tests.thing", 7, 0, 3)]
    committed = [sequencer.subject_leaf(subject) for subject in touched]
    assert merkle.climb(committed[1], merkle.path(committed, 1)) == bytes(seal.subjects_root)


def test_the_moment_that_a_fact_happened_orders_nothing(own_cluster: OwnCluster) -> None:
    first, second = fact(at=NOW), fact(at=NOW.replace(year=2000))
    sequencer.catch_up()

    assert [event for _, event, _ in positions()] == [first, second]
