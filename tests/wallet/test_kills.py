"""Nothing is half-posted, whenever a client or the whole server is killed."""

import os
import random
import signal
import time
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections, transaction

from backoffice.audit import sequencer, verify
from tests import factories
from tests.databases import OwnCluster
from tests.wallet.tools import bet, rows, sound, win
from wallet import balances
from wallet.models import Transaction


class Client:
    """A process of its own that posts a stake of 2.00 and a win of 1.00 in one database transaction, says so once it is committed, and goes on."""

    def __init__(self, player: Any, name: str) -> None:
        connections.close_all()
        self.name = name
        self._reads, writes = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._run(player, writes)
            finally:
                os._exit(1)
        os.close(writes)
        assert os.read(self._reads, 1) == b"0"  # it is under way

    def _run(self, player: Any, writes: int) -> None:
        number = 0
        while True:
            with transaction.atomic():
                bet(player, "2.00", key=f"{self.name}:{number}:bet")
                win(player, "1.00", key=f"{self.name}:{number}:win")
            os.write(writes, b"0")
            number += 1

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def told(self) -> int:
        """How many pairs it has told us were committed, once it has ended."""
        count = 1
        while more := os.read(self._reads, 65536):
            count += len(more)
        os.close(self._reads)
        os.waitpid(self.pid, 0)
        return count


def whole(player: Any, told: dict[str, int]) -> int:
    """Every pair stands or none of it does; what was told stands. Gives the number of pairs."""
    kept = 0
    for name, count in told.items():
        stakes, wins = (
            sorted(int(key.split(":")[1]) for (key,) in rows("SELECT key FROM wallet_transaction WHERE key LIKE %s", [f"{name}:%:{kind}"]))
            for kind in ("bet", "win")
        )
        assert stakes == wins == list(range(len(stakes)))
        assert count <= len(stakes) <= count + 1  # a commit whose answer the kill swallowed
        kept += len(stakes)
    assert balances.cash(player.pk, "EUR") == Decimal(1_000_000) - kept
    sound()
    return kept


def test_a_client_killed_in_the_middle_leaves_whole_postings_only(own_cluster: OwnCluster) -> None:
    player, chance = factories.player(cash="1000000.00"), random.Random(1)
    told: dict[str, int] = {}

    for number in range(8):
        clients = [Client(player, f"{number}a"), Client(player, f"{number}b")]
        for client in clients:
            time.sleep(chance.uniform(0.001, 0.06))
            client.kill()
        told |= {client.name: client.told() for client in clients}
        wait_for_no_writer()

    assert whole(player, told) >= 16


def wait_for_no_writer() -> None:
    """The server notices a killed client at its next word; until then its transaction is open and locks the player."""
    end = time.monotonic() + 20
    while rows("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL"):
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_server_comes_back_with_whole_postings_only(own_cluster: OwnCluster, seed: int) -> None:
    player, chance = factories.player(cash="1000000.00"), random.Random(seed)
    clients = [Client(player, "a"), Client(player, "b")]
    time.sleep(chance.uniform(0.02, 0.2))
    sequencer.catch_up()
    time.sleep(chance.uniform(0.001, 0.1))

    own_cluster.kill()
    told = {client.name: client.told() for client in clients}
    connections["default"].close()
    own_cluster.start()

    assert whole(player, told) >= 2
    sequencer.catch_up()
    assert verify.run().findings == []
    bet(player, "1.00", key="life goes on")


def test_a_posting_cut_off_before_its_commit_is_as_if_it_had_never_been(own_cluster: OwnCluster) -> None:
    """Its key is free again, and its money never moved."""
    player = factories.player(cash="10.00")
    bet(player, "1.00", key="kept")
    writer = own_cluster.connect()
    writer.execute("BEGIN")
    writer.execute(
        "SELECT wallet_post(30::smallint, 'lost', %s, %s, (SELECT id FROM wallet_currency WHERE code = 'EUR'), 5, 1::smallint, '', 14::smallint,"
        " 'studio', NULL, NULL, false, NULL, NULL, false, NULL)",
        [player.brand_id, player.pk],
    )

    own_cluster.kill()
    writer.close()
    connections["default"].close()
    own_cluster.start()

    assert list(Transaction.objects.order_by("id").values_list("key", flat=True)[1:]) == ["kept"]
    assert bet(player, "5.00", key="lost").replayed is False
    assert balances.cash(player.pk, "EUR") == Decimal("4.00")
    sound()
