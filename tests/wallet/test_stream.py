"""The ledger is sequenced and sealed like the record: `verify` finds any edit, deletion, insertion or reordering, and names the row."""

from decimal import Decimal

import pytest

from backoffice.audit import merkle, sequencer, streams, verify
from backoffice.audit.models import Seal
from tests import factories
from tests.databases import OwnCluster
from tests.races import race
from tests.wallet.tools import GAME, bet, rows, sound
from wallet import ledger
from wallet import stream as ledger_stream
from wallet.kinds import AccountKind, TransactionKind
from wallet.ledger import Cash, House, Leg

POST = (
    "SELECT (wallet_post(30::smallint, %s, %s, %s, (SELECT id FROM wallet_currency WHERE code = 'EUR'), 1, 1::smallint, '', 14::smallint, 'studio',"
    " NULL, NULL, false, NULL, NULL, false, NULL)).id"
)


def order() -> list[int]:
    """Transactions by their position."""
    return [row[1] for row in ledger_stream._rows(1, 10**9)]


def findings() -> list[tuple[str, str]]:
    return [(found.kind, found.row) for found in verify.run().findings if found.stream == "ledger"]


@pytest.fixture
def sealed(own_cluster: OwnCluster) -> list[int]:
    """A deposit, five stakes and a posting of three legs in three seals; gives the numbers of the transactions in order."""
    player = factories.player(cash="100.00")
    for number in range(5):
        bet(player, "1.00", key=f"bet-{number}", meta={"round": number})
        if number in {1, 3}:
            sequencer.catch_up()
    ledger.post_legs(
        kind=TransactionKind.BET, key="legs", brand=player.brand_id,
        legs=[Leg(Cash(player.pk), "EUR", Decimal(-2)), Leg(GAME, "EUR", Decimal(1)), Leg(House(AccountKind.JACKPOT_ACCRUAL), "EUR", Decimal(1))],
    )  # fmt: skip
    sequencer.catch_up()
    assert [(seal.first_position, seal.last_position) for seal in Seal.objects.filter(stream="ledger")] == [(1, 3), (4, 5), (6, 7)]
    assert findings() == []
    return order()


def test_positions_are_dense_and_follow_the_order_in_which_transactions_began_to_write(own_cluster: OwnCluster) -> None:
    """The one that took its id early and commits late is waited for, and stands before those that began after it."""
    early, late = factories.player(cash="10.00"), factories.player(cash="10.00")
    bet(late, "1.00", key="opens the account")
    sequencer.catch_up()

    with own_cluster.connect() as slow:
        slow.execute("BEGIN")
        (first,) = slow.execute(POST, ["early", early.brand_id, early.pk]).fetchone() or (0,)
        second = bet(late, "1.00", key="late").id
        assert sequencer.catch_up() == 0
        assert len(order()) == 3
        slow.execute("COMMIT")
    third = bet(late, "1.00", key="after").id
    sequencer.catch_up()

    assert order()[3:] == [first, second, third]
    assert findings() == []


def test_within_one_database_transaction_postings_keep_their_order(own_cluster: OwnCluster) -> None:
    from django.db import transaction

    player = factories.player(cash="10.00")
    with transaction.atomic():
        posted = [bet(player, "1.00", key=f"{n}").id for n in range(4)]
    sequencer.catch_up()

    assert order()[1:] == posted


def test_several_sequencers_at_once_place_everything_once(own_cluster: OwnCluster) -> None:
    players = [factories.player(cash="10.00") for _ in range(4)]

    def post(number: int) -> None:
        for step in range(25):
            bet(players[number], "0.01", key=f"{number}:{step}")

    answers = race(*[lambda n=n: post(n) for n in range(4)], *[sequencer.catch_up] * 4)  # type: ignore[misc]
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    sequencer.catch_up()

    placed = [(row[0], row[1]) for row in ledger_stream._rows(1, 10**9)]
    assert [position for position, _ in placed] == list(range(1, 105))
    assert sorted(transaction for _, transaction in placed) == [row[0] for row in rows("SELECT id FROM wallet_transaction ORDER BY id")]
    assert findings() == []
    sound()


def test_a_chunk_never_splits_a_database_transaction(own_cluster: OwnCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import transaction

    monkeypatch.setattr(sequencer, "CHUNK", 2)
    player = factories.player(cash="10.00")
    with transaction.atomic():
        for number in range(5):
            bet(player, "1.00", key=f"{number}")
    bet(player, "1.00", key="alone")

    passes = []
    while found := sequencer.pass_once(streams.get("ledger")):
        passes.append(found)

    assert passes == [6, 1]  # the deposit and the five in two database transactions, which two ids end
    assert findings() == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE wallet_transaction SET kind = 31 WHERE id = {id}",
        "UPDATE wallet_transaction SET effective_at = effective_at - interval '1 microsecond' WHERE id = {id}",
        "UPDATE wallet_transaction SET player_id = NULL WHERE id = {id}",
        "UPDATE wallet_transaction SET brand_id = brand_id + 1 WHERE id = {id}",
        "UPDATE wallet_transaction SET key = key || ' ' WHERE id = {id}",
        "UPDATE wallet_transaction SET digest = sha256('x') WHERE id = {id}",
        "UPDATE wallet_transaction SET meta = '{{\"round\": 99}}' WHERE id = {id}",
        "UPDATE wallet_transaction SET reference_id = 1, reference_type = 1 WHERE id = {id}",
        "UPDATE wallet_transaction SET reverses = 1 WHERE id = {id}",
        "UPDATE wallet_entry SET balance_after = balance_after + 1 WHERE transaction_id = {id} AND leg = 1",
        "UPDATE wallet_entry SET account_id = account_id + 100 WHERE transaction_id = {id} AND leg = 2",
        "UPDATE wallet_entry SET currency_id = 2 WHERE transaction_id = {id}",
        "UPDATE wallet_entry SET amount = amount * 2 WHERE transaction_id = {id}",  # still sums to zero
        "DELETE FROM wallet_entry WHERE transaction_id = {id}",
        "INSERT INTO wallet_entry SELECT transaction_id, account_id, recorded_at, 8, currency_id, amount * -1 FROM wallet_entry WHERE transaction_id = {id}",
    ],
)
def test_an_altered_posting_is_named(own_cluster: OwnCluster, sealed: list[int], change: str) -> None:
    victim = sealed[3]
    with own_cluster.tampering() as superuser:
        superuser.execute(change.format(id=victim))

    assert ("altered", f"wallet_transaction:{victim}") in findings()


def test_a_changed_amount_shows_in_the_sums_as_well(own_cluster: OwnCluster, sealed: list[int]) -> None:
    victim = sealed[3]
    with own_cluster.tampering() as superuser:
        superuser.execute("UPDATE wallet_entry SET amount = amount + 3 WHERE transaction_id = %s AND leg = 1", [victim])
        (account,) = superuser.execute("SELECT account_id FROM wallet_entry WHERE transaction_id = %s AND leg = 1", [victim]).fetchone() or (0,)

    assert set(findings()) == {
        ("altered", f"wallet_transaction:{victim}"), ("unbalanced", f"wallet_transaction:{victim}"), ("balance", f"wallet_account:{account}"),
    }  # fmt: skip


def test_a_changed_balance_is_named_although_no_posting_was_touched(own_cluster: OwnCluster, sealed: list[int]) -> None:
    with own_cluster.tampering() as superuser:
        changed = superuser.execute("UPDATE wallet_account SET balance = balance + 1 RETURNING id").fetchall()

    assert sorted(findings()) == sorted(("balance", f"wallet_account:{account}") for (account,) in changed)


def test_a_missing_posting_is_named(own_cluster: OwnCluster, sealed: list[int]) -> None:
    victim = sealed[3]
    with own_cluster.tampering() as superuser:
        superuser.execute("DELETE FROM wallet_entry WHERE transaction_id = %s", [victim])
        superuser.execute("DELETE FROM wallet_transaction WHERE id = %s", [victim])

    assert ("missing", f"wallet_transaction:{victim}") in findings()


def test_an_inserted_posting_is_named(own_cluster: OwnCluster, sealed: list[int]) -> None:
    with own_cluster.tampering() as superuser:
        superuser.execute(
            "INSERT INTO wallet_transaction (id, brand_id, effective_at, recorded_at, xid, kind, key, digest)"
            " SELECT 9000, brand_id, effective_at, recorded_at, xid, kind, 'forged', digest FROM wallet_transaction WHERE id = %s",
            [sealed[2]],
        )
        superuser.execute(
            "INSERT INTO wallet_entry SELECT 9000, account_id, recorded_at, leg, currency_id, amount, balance_after"
            " FROM wallet_entry WHERE transaction_id = %s",
            [sealed[2]],
        )

    assert ("inserted", "wallet_transaction:9000") in findings()


def test_an_entry_of_no_posting_is_named(own_cluster: OwnCluster, sealed: list[int]) -> None:
    with own_cluster.tampering() as superuser:
        superuser.execute("INSERT INTO wallet_entry VALUES (9000, 1, now(), 1, 1, 5, NULL), (9000, 1, now(), 2, 1, -5, NULL)")

    assert set(findings()) >= {("inserted", "wallet_entry:9000/1"), ("inserted", "wallet_entry:9000/2")}


def test_reordered_postings_are_named(own_cluster: OwnCluster, sealed: list[int]) -> None:
    """Two transactions change places, with their leaves made anew: the order says so, and so does the seal."""
    with own_cluster.tampering() as superuser:
        superuser.execute("UPDATE wallet_sequence SET ids = ARRAY[ids[2], ids[1]] WHERE cardinality(ids) = 2 AND first_position = 4")
        superuser.execute("UPDATE wallet_sequence SET leaves = %s WHERE first_position = 4", [remade(4, 5)])

    found = findings()
    assert ("reordered", f"wallet_transaction:{sealed[3]}") in found
    assert any(kind == "seal" for kind, _ in found)
    assert not any(kind == "altered" for kind, _ in found)


def remade(first: int, last: int) -> bytes:
    """The leaves that the rows as they stand now would have."""
    prefix = ledger_stream.VERSION.encode()
    return b"".join(merkle.leaf(prefix + body) for _, _, _, body in ledger_stream._rows(first, last) if body)


def test_a_posting_rewritten_together_with_its_leaf_is_caught_by_the_seal(own_cluster: OwnCluster, sealed: list[int]) -> None:
    with own_cluster.tampering() as superuser:
        superuser.execute("UPDATE wallet_transaction SET kind = 31 WHERE id = %s", [sealed[3]])
        superuser.execute("UPDATE wallet_sequence SET leaves = %s WHERE first_position = 4", [remade(4, 5)])

    seal = Seal.objects.get(stream="ledger", number=2)
    assert findings() == [("seal", f"audit_seal:{seal.pk}")]


def test_lost_positions_are_named(own_cluster: OwnCluster, sealed: list[int]) -> None:
    with own_cluster.tampering() as superuser:
        superuser.execute("DELETE FROM wallet_sequence WHERE first_position = 4")

    found = findings()
    assert ("missing", "ledger:4-5") in found
    assert {row for kind, row in found if kind == "inserted"} == {f"wallet_transaction:{number}" for number in sealed[3:5]}


def test_postings_younger_than_the_last_seal_are_reported_as_the_tail(own_cluster: OwnCluster, sealed: list[int]) -> None:
    player = factories.player(cash="5.00")
    sequencer.catch_up(seal=False)
    bet(player, "1.00", key="no position yet")

    report = verify.run()

    assert report.clean
    assert (report.checked["ledger"], report.heads["ledger"][0], report.tail["ledger"]) == (8, 3, 2)
