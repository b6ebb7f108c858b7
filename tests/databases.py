"""Databases for tests: one migrated template on each server, and copies of it that cost less than a tenth of a second.

The app's restricted login is what Django connects with, always. The owner's and the superuser's addresses are there for what only
they may do: migrating, and proving that even they are refused.
"""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from backoffice.runtime import identity
from backoffice.runtime.child import wait_until
from backoffice.runtime.throwaway import ThrowawayPostgres

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = f"template_{os.getpid()}"
Address = Callable[[str, str], str]
"""(role, database) -> address, for the roles "app", "owner" and "super"."""


def address_from_environment(role: str, database: str) -> str:
    """The servers that the plugin started (tests/services.py)."""
    variable = {"app": "DATABASE_URL", "owner": "DATABASE_OWNER_URL", "super": "DATABASE_SUPER_URL"}[role]
    return urlunsplit(urlsplit(os.environ[variable])._replace(path=f"/{database}"))


def forget_everything() -> None:
    """What processes remember about a database."""
    from django.core.cache import cache

    from backoffice.approvals import rules
    from backoffice.operations import modes
    from backoffice.scope import packs
    from backoffice.work import canned
    from payments import queues
    from payments.selectors import decision
    from players.blocks import reasons
    from players.messages import composing
    from players.segments import kind as segments
    from wallet import currencies, rates

    cache.clear()
    for remembered in (currencies, packs, rates, rules, modes):
        remembered.forget()
    decision.reasons.forget()
    reasons.forget()
    canned.offered.forget()
    composing.templates.forget()
    segments.in_use.forget()
    queues.forget()


@dataclass
class Server:
    """A PostgreSQL with a migrated template."""

    version: str
    address: Address
    _migrated: bool = False
    _opened: "Database | None" = None
    _workers: "dict[bool, Database]" = field(default_factory=dict)

    def connect(self, role: str, database: str) -> psycopg.Connection[Any]:
        """A connection that commits each statement."""
        return psycopg.connect(self.address(role, database), autocommit=True)

    def template(self) -> str:
        """The name of the migrated database; made once, by the owner, as an installation makes it."""
        if not self._migrated:
            with self.connect("owner", "postgres") as connection:
                connection.execute(f"CREATE DATABASE {TEMPLATE}")
            database = Database(self, TEMPLATE)
            done = subprocess.run(
                [sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env={**os.environ, **database.environment()}, capture_output=True,
                text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                raise RuntimeError(f"The template could not be migrated on PostgreSQL {self.version}:\n{done.stdout}{done.stderr}")
            self._migrated = True
        return TEMPLATE

    def opened(self) -> str:
        """The name of a copy in which the casino of tests/casino.py is open: made once, by the services, as a test would make it."""
        from django.db import connections

        from tests.casino import open_casino

        if self._opened is None:
            database = self.clone()
            database.use()
            open_casino()
            connections["default"].close()  # nobody may be connected to what is copied
            self._opened = database
        return self._opened.name

    def clone(self, *, opened: bool = False) -> "Database":
        """A new copy of the template; `opened`: with the casino. Django's connection may be closed meanwhile."""
        name = f"copy_{secrets.token_hex(4)}"
        template = self.opened() if opened else self.template()
        with self.connect("owner", "postgres") as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return Database(self, name)

    def worker(self, *, opened: bool = False) -> "Database":
        """The copy in which the tests roll back what they do: an empty one, or one with the casino."""
        if opened not in self._workers:
            database = self.clone(opened=opened)
            database.facts = database.last_fact()
            self._workers[opened] = database
        return self._workers[opened]

    def replace_worker(self, *, opened: bool = False) -> None:
        """Somebody committed into it: the next test gets a new one."""
        if replaced := self._workers.pop(opened, None):
            replaced.drop()


@dataclass
class Database:
    """One database of a server, and how to reach it."""

    server: Server
    name: str
    facts: int = field(default=0, compare=False)

    def url(self, role: str = "app") -> str:
        return self.server.address(role, self.name)

    def connect(self, role: str = "app") -> psycopg.Connection[Any]:
        """A connection beside Django's, that commits each statement; the caller closes it."""
        return self.server.connect(role, self.name)

    def environment(self) -> dict[str, str]:
        """For a process of its own: `manage.py` commands, workers."""
        return {"DATABASE_URL": self.url("app"), "DATABASE_OWNER_URL": self.url("owner"), "DATABASE_SUPER_URL": self.url("super")}

    def last_fact(self) -> int:
        with self.connect("owner") as connection:
            row = connection.execute("SELECT coalesce(max(id), 0) FROM audit_event").fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def as_owner(self) -> Iterator[None]:
        """Django works as the owner meanwhile, as in the commands that only the owner may run (manage.py)."""
        self.use("owner")
        try:
            yield
        finally:
            self.use()

    def use(self, role: str = "app") -> None:
        """Point Django at it, in this thread and in those that start later; forget what was remembered of another database."""
        from django.db import connections

        from backoffice.settings import database

        wrapper = connections["default"]
        settings = database(self.url(role))
        if any(wrapper.settings_dict[name] != settings[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")):
            wrapper.close()
            wrapper.settings_dict.update(settings)
            wrapper.__dict__.pop("pg_version", None)  # the next server may be another version
            for name in [name for name in vars(wrapper.features) if name.startswith("is_postgresql_")]:
                delattr(wrapper.features, name)
        forget_everything()

    def drop(self) -> None:
        # The owner may not end what another login left connected.
        with self.server.connect("super", "postgres") as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")


class OwnCluster:
    """A server for one test at a time: what holds for a whole cluster (the horizon, a kill, a restore) disturbs nobody there."""

    def __init__(self, version: str, bin_dir: Path | None) -> None:
        self._postgres = ThrowawayPostgres("test", bin_dir=bin_dir)
        self.server = Server(version, self._postgres.cluster.url)
        self.database = Database(self.server, "")

    @property
    def bin(self) -> Path:
        """The programs of this version: pg_dump, pg_restore, initdb ..."""
        return self._postgres.cluster.binaries.bin

    def start(self) -> None:
        """Start it if it does not run, also after a kill."""
        if not self._postgres.cluster.running:
            self._postgres.start()

    def open(self) -> None:
        """A new database for a test."""
        self.start()
        self.database = self.server.clone()

    def close(self) -> None:
        """End whatever the test left open."""
        self.start()
        self.database.drop()

    def kill(self) -> None:
        """SIGKILL the server and every process of it, as the kernel does when memory runs out. `start` brings it back."""
        master = int((self._postgres.cluster.data / "postmaster.pid").read_text().splitlines()[0])
        backends = identity.working_in(self._postgres.cluster.data)
        for pid in [master, *(pid for pid in backends if pid != master)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        # A process that is ending leaves its folder before it is gone; on a busy machine somebody could look in between.
        gone = lambda: not identity.working_in(self._postgres.cluster.data) and not self._postgres.cluster.running  # noqa: E731
        if not wait_until(gone, 30):
            raise RuntimeError("PostgreSQL did not end after a kill")

    def restart(self) -> None:
        self._postgres.cluster.stop()
        self._postgres.start()

    def connect(self, role: str = "app") -> psycopg.Connection[Any]:
        return self.database.connect(role)

    @contextmanager
    def tampering(self) -> Iterator[psycopg.Connection[Any]]:
        """A superuser with triggers off: what nothing inside the database can stop, and `verify` must find."""
        with self.connect("super") as connection:
            connection.execute("SET session_replication_role = replica")
            yield connection

    def remove(self) -> None:
        self._postgres.remove()


class Servers:
    """Every server of a run, started when a test first asks for it."""

    def __init__(self, main: str, bin_of: Callable[[str], Path | None]) -> None:
        self.main = main
        self._bin_of = bin_of
        self._servers = {main: Server(main, address_from_environment)}
        self._own: dict[str, OwnCluster] = {}

    def get(self, version: str) -> Server:
        """The server for `db` and `committed_db`. Another version than the main one lives in its own cluster alone."""
        return self._servers[version] if version in self._servers else self.own(version).server

    def own(self, version: str) -> OwnCluster:
        if version not in self._own:
            cluster = OwnCluster(version, self._bin_of(version))
            cluster.start()
            self._own[version] = cluster
        self._own[version].start()
        return self._own[version]

    def remove(self) -> None:
        for cluster in self._own.values():
            cluster.remove()
