"""The players that the front ends know: bounded, and kept in a file so that a later run goes on with them."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

MOST = 400  # players of one brand; older ones stay away


@dataclass
class Known:
    """A player as the front end remembers them."""

    id: int
    brand: str
    name: str
    country: str
    currency: str
    may_cancel: bool
    devices: list[list[str]] = field(default_factory=list)  # fingerprint and words
    means: list[dict[str, Any]] = field(default_factory=list)  # id of the instrument, kind, currency


class Pool:
    """Players by brand. A player is out of the pool while a visit of theirs is under way."""

    def __init__(self, file: Path | None, *, seed: str) -> None:
        """Reads `file` when it is there and was written for the same seed."""
        self._file, self._seed = file, seed
        self._guard = threading.Lock()
        self._players: dict[str, list[Known]] = {}
        self.visits = 0
        if file is not None and file.is_file():
            self._read(file)

    def _read(self, file: Path) -> None:
        try:
            kept = json.loads(file.read_text(encoding="utf-8"))
            if kept["seed"] != self._seed:
                return
            self.visits = int(kept["visits"])
            for row in kept["players"]:
                self._players.setdefault(row["brand"], []).append(Known(**row))
        except (ValueError, KeyError, TypeError):
            self._players, self.visits = {}, 0  # half a file of another version: begin anew

    def next_visit(self) -> int:
        """The number of the next visit, over all runs of this seed."""
        with self._guard:
            self.visits += 1
            return self.visits

    def size(self, brand: str) -> int:
        with self._guard:
            return len(self._players.get(brand, []))

    def take(self, brand: str, draw: Random) -> Known | None:
        """Somebody who comes back, or None when nobody is free."""
        with self._guard:
            players = self._players.get(brand, [])
            return players.pop(draw.randrange(len(players))) if players else None

    def give(self, player: Known) -> None:
        """After a visit. The one who was in the pool longest leaves a full one."""
        with self._guard:
            players = self._players.setdefault(player.brand, [])
            players.append(player)
            if len(players) > MOST:
                players.pop(0)

    def save(self) -> None:
        """Write the file, whole or not at all, readable by us alone."""
        if self._file is None:
            return
        with self._guard:
            rows = [asdict(player) for players in self._players.values() for player in players]
            text = json.dumps({"seed": self._seed, "visits": self.visits, "players": rows})
        self._file.parent.mkdir(parents=True, exist_ok=True)
        part = self._file.with_name(self._file.name + ".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(text)
        part.replace(self._file)
