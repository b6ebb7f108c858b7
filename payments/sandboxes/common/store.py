"""Storage of their own: one SQLite file, written under one lock, on disk before anybody hears of it."""

from __future__ import annotations

import fcntl
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS payments (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('deposit', 'payout', 'refund')),
    reference TEXT NOT NULL,
    status TEXT NOT NULL,
    amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    method TEXT NOT NULL,
    content TEXT NOT NULL,                          -- canonical JSON of the request, to tell a repeat from a conflict
    parent TEXT REFERENCES payments (id),           -- the refunded deposit
    plan TEXT NOT NULL,                             -- JSON list of [status, microseconds to wait before it]
    next_at INTEGER,                                -- microseconds; when the plan goes on by itself
    sequence INTEGER NOT NULL DEFAULT 0,            -- events so far
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    change INTEGER NOT NULL UNIQUE                  -- position of the last change, over all payments
) STRICT;
CREATE INDEX IF NOT EXISTS payments_due ON payments (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS payments_reference ON payments (reference);
CREATE INDEX IF NOT EXISTS payments_parent ON payments (parent) WHERE parent IS NOT NULL;

CREATE TABLE IF NOT EXISTS movements (              -- money that really moved; never changed
    id INTEGER PRIMARY KEY,
    payment_id TEXT NOT NULL REFERENCES payments (id),
    once TEXT NOT NULL UNIQUE,                      -- what makes a second one impossible
    kind TEXT NOT NULL,
    amount TEXT NOT NULL,
    fee TEXT NOT NULL,
    currency TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS movements_payment ON movements (payment_id);

CREATE TABLE IF NOT EXISTS answers (                -- first answer per idempotency key
    key TEXT PRIMARY KEY,
    content TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL REFERENCES payments (id),
    sequence INTEGER NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS events_payment ON events (payment_id, sequence);

CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL REFERENCES events (id),
    payment_id TEXT NOT NULL,
    copy INTEGER NOT NULL DEFAULT 0,                -- 1: a deliberate duplicate
    held INTEGER NOT NULL DEFAULT 0,                -- 1: waits for a later event of the payment to go first
    next_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_answer TEXT NOT NULL DEFAULT '',
    delivered_at INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (next_at, id) WHERE delivered_at IS NULL;
CREATE INDEX IF NOT EXISTS deliveries_payment ON deliveries (payment_id, id) WHERE delivered_at IS NULL;

CREATE TRIGGER IF NOT EXISTS movements_keep BEFORE UPDATE ON movements BEGIN SELECT RAISE(ABORT, 'movements are never changed'); END;
CREATE TRIGGER IF NOT EXISTS movements_stay BEFORE DELETE ON movements BEGIN SELECT RAISE(ABORT, 'movements are never deleted'); END;
"""


class DataInUse(Exception):
    """Another process works on this data folder."""


class Store:
    """The file, its lock, and a bell that rings after every change."""

    def __init__(self, folder: Path, *, name: str) -> None:
        """Open or create the storage of `name` in `folder`. Raises DataInUse when another process has it."""
        folder.mkdir(parents=True, exist_ok=True)
        self._claim = (folder / "lock").open("w")
        try:
            fcntl.flock(self._claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._claim.close()
            raise DataInUse(str(folder)) from None
        self._lock = threading.RLock()
        self._bells: list[threading.Event] = []
        self._db = sqlite3.connect(folder / f"{name}.sqlite3", check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 5000"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(SCHEMA)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: committed to disk when the block ends, undone when it raises."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        for bell in self._bells:
            bell.set()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The connection, with nobody writing meanwhile."""
        with self._lock:
            yield self._db

    def bell(self) -> threading.Event:
        """An event that is set after every committed change."""
        bell = threading.Event()
        self._bells.append(bell)
        return bell

    def get_meta(self, name: str) -> object:
        """A remembered setting, or None."""
        with self.read() as db:
            row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row["value"])

    def set_meta(self, name: str, value: object) -> None:
        """Remember a setting over restarts."""
        with self.write() as db:
            db.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, json.dumps(value)))

    def close(self) -> None:
        """Let go of the file; the data stays."""
        with self._lock:
            self._db.close()
            self._claim.close()
