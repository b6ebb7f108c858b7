"""PostgreSQL and Valkey together, without the rest of the demo: throwaway for tests, kept for development."""

import atexit
import contextlib
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

from backoffice.runtime.child import end_leftover, leftovers
from backoffice.runtime.environment import project_environment
from backoffice.runtime.errors import AlreadyRuns
from backoffice.runtime.home import CHECKOUT, Home, Lock
from backoffice.runtime.postgres import Cluster
from backoffice.runtime.valkey import Valkey

DATABASE = "countroom"


class Services:
    """The two servers of one home."""

    def __init__(self, name: str, checkout: Path = CHECKOUT, *, durable: bool = True, bin_dir: Path | None = None) -> None:
        self.home = Home(name, checkout)
        self.postgres = Cluster(name, checkout, bin_dir=bin_dir, durable=durable)
        self.valkey = Valkey(name, checkout, durable=durable)

    @property
    def running(self) -> bool:
        return self.postgres.running and self.valkey.running

    def start(self) -> None:
        """Start both and make the database. Raises RuntimeProblem; then neither runs."""
        try:
            self.postgres.start()
            self.postgres.create_database(DATABASE)
            self.valkey.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End what this object started."""
        self.valkey.stop()
        self.postgres.stop()

    def environment(self, kind: str) -> dict[str, str]:
        """What the project reads from its environment, for `kind` of COUNTROOM_ENV."""
        return project_environment(self.home, kind, self.postgres, self.valkey, DATABASE)


class Throwaway:
    """Servers with data that nobody will miss: no flush to disk, a home of their own, removed at the end.

    Two runs share nothing. A run that was killed leaves its home; the next one finds its lock free and removes it.
    """

    def __init__(self, name: str, checkout: Path = CHECKOUT, *, bin_dir: Path | None = None) -> None:
        sweep(checkout, name)
        self.services = Services(f"{name}-{os.getpid()}-{secrets.token_hex(3)}", checkout, durable=False, bin_dir=bin_dir)
        self.home = self.services.home
        self._lock = Lock(self.home)
        self._up = False

    def start(self) -> dict[str, str]:
        self.home.make()
        self._lock.acquire(f"The home {self.home.name}")
        self._up = True
        try:
            self.services.start()
            env = self.services.environment("test")
        except BaseException:
            self.stop()
            raise
        return {**env, "DATABASE_SUPER_URL": self.services.postgres.url("super", DATABASE)}

    def stop(self) -> None:
        if self._up:
            self._up = False
            self.services.stop()
            self.home.remove()
            self._lock.release()


_throwaways: dict[str, Throwaway] = {}


def up(name: str = "test", *, checkout: Path = CHECKOUT, bin_dir: Path | None = None) -> dict[str, str]:
    """Start throwaway servers and give the environment that reaches them. `down`, or the end of this process, ends them.

    A second call with the same name in this process gives the environment of the servers that run already.
    """
    if name not in _throwaways:
        throwaway = Throwaway(name, checkout, bin_dir=bin_dir)
        throwaway.start()
        _throwaways[name] = throwaway
        atexit.register(_down_at_exit, name, os.getpid())
    throwaway = _throwaways[name]
    return {**throwaway.services.environment("test"), "DATABASE_SUPER_URL": throwaway.services.postgres.url("super", DATABASE)}


def down(name: str = "test") -> None:
    """End what `up` started under this name and remove its data."""
    throwaway = _throwaways.pop(name, None)
    if throwaway:
        throwaway.stop()


def _down_at_exit(name: str, pid: int) -> None:
    if os.getpid() == pid:  # a forked child inherits the hook, never the servers
        down(name)


def sweep(checkout: Path = CHECKOUT, prefix: str = "test") -> list[str]:
    """Remove homes of throwaway servers whose run is over, ending what they left running."""
    swept = []
    parent = checkout / ".countroom"
    for folder in sorted(parent.glob(f"{prefix}-*-*")) if parent.is_dir() else []:
        home = Home(folder.name, checkout)
        lock = Lock(home)
        if not folder.is_dir() or folder.is_symlink() or folder.stat().st_uid != os.geteuid() or not home.run.is_dir():
            continue
        if not lock.path.exists() or not lock.path.stat().st_size:
            continue  # just made: its run is about to take the lock and sign it
        try:
            lock.acquire(folder.name)
        except AlreadyRuns:
            continue
        for pid_file in leftovers(home):
            end_leftover(pid_file)
        with contextlib.suppress(OSError):
            home.remove()
        lock.release()
        swept.append(folder.name)
    return swept


def start_dev(tell: Callable[[str], None], checkout: Path = CHECKOUT) -> dict[str, str]:
    """Start the development servers unless they run, and leave them running. Their environment is given back."""
    services = Services("dev", checkout)
    services.home.make()
    lock = Lock(services.home)
    lock.acquire("Starting the development services")
    try:
        if not services.running:
            for pid_file in leftovers(services.home):
                end_leftover(pid_file)
            services.start()
            tell(f"PostgreSQL and Valkey run. Their data is in {services.home.root}. `make stop` ends them.")
    finally:
        lock.release()
    return services.environment("dev")


def to_stderr(text: str) -> None:
    """For commands whose standard output is read by a shell."""
    sys.stderr.write(text + "\n")
