"""A small casino to measure on: one brand, some players with plenty of cash, and the processes beside them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from backoffice.runtime.throwaway import ThrowawayPostgres
from bench.clients import Call, Clients, Prepare
from bench.harness import ROOT, point_at

CLIENTS = 8
PLENTY = Decimal("1000000000.00")

_PLAYERS = """
INSERT INTO players_player (brand_id, jurisdiction_id, external_id, state, version, first_name, last_name, birth_date, country, language, currency,
    email_cipher, email_digest, phone_cipher, phone_digest, is_test, registered_at)
SELECT %s, %s, 'bench-' || n, 'active', 1, 'Player', n::text, '1990-01-01', 'MT', 'en', 'EUR', '', '', '', '', false, now()
FROM generate_series(1, %s) n RETURNING id
"""


def open_house(players: int) -> tuple[int, list[int]]:
    """Currencies, a brand, and players. Returns the brand's id and theirs."""
    from django.db import connection, connections

    from backoffice.scope.models import Brand, Jurisdiction
    from wallet import currencies

    for code, name, exponent, kind in currencies.SHIPPED:
        currencies.add(code=code, name=name, exponent=exponent, kind=kind)
    law, _ = Jurisdiction.objects.get_or_create(code="MT", defaults={"name": "Malta", "regulator": "MGA"})
    brand, _ = Brand.objects.get_or_create(code="bench", defaults={"name": "Bench", "timezone": "Europe/Malta", "base_currency": "EUR"})
    brand.jurisdictions.add(law)
    with connection.cursor() as cursor:
        cursor.execute(_PLAYERS, [brand.pk, law.pk, players])
        made = [row[0] for row in cursor.fetchall()]
    connections.close_all()
    return brand.pk, made


def fund(brand: int, players: list[int], *, currency: str = "EUR") -> Prepare:
    """Each client gives its share of the players plenty of cash."""

    def prepare(number: int) -> Call:
        from wallet.kinds import AccountKind, TransactionKind
        from wallet.ledger import Cash, House, post

        mine = players[number::CLIENTS]
        bank = House(AccountKind.PSP_CLEARING, "bench")

        def call(place: int) -> None:
            player = mine[place % len(mine)]
            post(kind=TransactionKind.DEPOSIT_CREDITED, key=f"fund:{currency}:{player}", brand=brand, amount=PLENTY, currency=currency, source=bank,
                 target=Cash(player))  # fmt: skip

        return call

    return prepare


def give_everybody_cash(database: str, brand: int, players: list[int]) -> None:
    clients = Clients(CLIENTS, database, {"fund": fund(brand, players)})
    clients.measure("fund", seconds=600, limit=-(-len(players) // CLIENTS))
    clients.end()


@contextmanager
def recorder(server: ThrowawayPostgres, database: str) -> Iterator[None]:
    """The process that sequences and seals, as it runs in production."""
    point_at(server, database)
    process = subprocess.Popen([sys.executable, "manage.py", "recorder"], cwd=ROOT, env=dict(os.environ), stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


class TpcB:
    """pgbench's TPC-B-like transaction on the same cluster: the yardstick that everybody can reproduce."""

    SCALE = 10

    def __init__(self, server: ThrowawayPostgres) -> None:
        ours = server.cluster.binaries.bin / "pgbench"
        found = ours if ours.exists() else shutil.which("pgbench")
        if found is None:
            raise SystemExit("pgbench is neither beside the server's programs nor on the PATH.")
        self.program = Path(found)
        with server.cluster.connect("owner", "postgres") as connection:
            connection.execute("CREATE DATABASE tpcb")
        self.url = server.cluster.url("owner", "tpcb")
        self._run("-i", "-q", "-s", str(self.SCALE))

    def _run(self, *arguments: str) -> str:
        done = subprocess.run([self.program, *arguments, self.url], capture_output=True, text=True, check=True, env=self._environment())
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "LC_ALL": "C"}

    def per_second(self, seconds: float) -> float:
        """Transactions per second of the same number of clients, over whole seconds as pgbench takes them."""
        said = self._run("-n", "-c", str(CLIENTS), "-j", "2", "-T", str(max(1, round(seconds))))
        return float(next(line.split("=")[1].split()[0] for line in said.splitlines() if line.startswith("tps")))


def sizes(server: ThrowawayPostgres, database: str, tables: list[str]) -> dict[str, int]:
    """Bytes of tables with their indexes, TOAST and partitions."""
    with server.cluster.connect("super", database) as connection:
        rows: list[Any] = connection.execute(
            "SELECT t, coalesce((SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree(t::regclass)), pg_total_relation_size(t::regclass))"
            " FROM unnest(%s::text[]) t",
            [tables],
        ).fetchall()
    return {table: int(size) for table, size in rows}
