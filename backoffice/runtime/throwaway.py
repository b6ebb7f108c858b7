"""A PostgreSQL of its own for one run: benchmarks measure it, tests freeze, kill and restore it, and nobody will miss it."""

import os
import secrets
from pathlib import Path
from typing import Self

from backoffice.runtime.home import CHECKOUT, Home, Lock
from backoffice.runtime.postgres import Cluster
from backoffice.runtime.services import sweep


class ThrowawayPostgres:
    """A cluster in a home of its own that is removed at the end; a run that was killed leaves it, and the next one removes it.

    `durable` keeps fsync on, for figures that mean something.
    """

    def __init__(self, name: str, checkout: Path = CHECKOUT, *, bin_dir: Path | None = None, durable: bool = False) -> None:
        sweep(checkout, name)
        self.cluster = Cluster(f"{name}-{os.getpid()}-{secrets.token_hex(3)}", checkout, bin_dir=bin_dir, durable=durable)
        self.home = Home(self.cluster.home.name, checkout)
        self._lock = Lock(self.home)
        self._held = False

    def start(self) -> None:
        """Start it, for the first time or after it was killed. Raises RuntimeProblem."""
        if not self._held:
            self.home.make()
            self._lock.acquire(f"The home {self.home.name}")
            self._held = True
        try:
            self.cluster.start()
        except BaseException:
            self.remove()
            raise

    def remove(self) -> None:
        """Stop it and remove everything it kept."""
        if self._held:
            self._held = False
            self.cluster.stop()
            self.home.remove()
            self._lock.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()
