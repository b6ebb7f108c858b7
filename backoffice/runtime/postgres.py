"""An embedded PostgreSQL: made, started, recovered and ended by us, never by the wheel's own Python layer.

That one, as root, adds a system user, opens every parent folder to everybody, waits 10 s at most for a start, and ends
processes by a path in their command line. Here root works as `nobody` in a folder under /var/tmp, nothing else changes
its permissions, and a process is ended by its pid and start time. The server listens on a Unix socket only.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from backoffice.runtime import identity, postgres_config
from backoffice.runtime.binaries import Binaries, embedded_binaries, given_binaries
from backoffice.runtime.child import Child, ProcessSpec, nothing, running, wait_until
from backoffice.runtime.errors import RuntimeProblem
from backoffice.runtime.home import CHECKOUT, MEMORY_ROOT, Home, own_folder
from backoffice.runtime.ready import CallReady, Watched

if TYPE_CHECKING:
    import psycopg

OWNER, APP, SUPER = "countroom_owner", "countroom_app", "countroom_super"
SHORT_NAMES = {"owner": OWNER, "app": APP, "super": SUPER}
PASSWORDS = "postgres.json"
SOCKET_NUMBER = 5432  # only a part of the socket's file name: nothing listens on a port
MEMORY_WANTED = 4 << 30  # bytes free, so that tests never fill the machine's memory
START_SECONDS = 300.0  # recovery after a crash replays the log, which can be long


class Cluster:
    """One PostgreSQL server of a checkout, known by its name. `durable=False` is for throwaway data only."""

    def __init__(self, name: str, checkout: Path = CHECKOUT, *, bin_dir: Path | None = None, durable: bool = True) -> None:
        self.home = Home(name, checkout)
        self.durable = durable
        self.user = _unprivileged() if os.geteuid() == 0 else None
        self._given = bin_dir
        self._binaries: Binaries | None = None
        self._child: Child | None = None
        on_disk = self.home.shared if self.user else self.home.root / "postgres"
        self.folder = self.home.memory if not durable and _memory_has_room() else on_disk
        """Where its configuration and data are: a private folder of ours, or one that `nobody` may enter; throwaway data in memory."""

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def binaries(self) -> Binaries:
        """The programs (`.bin` holds initdb, pg_dump, ...) in a place where the server's user can run them."""
        if self._binaries is None:
            self._binaries = given_binaries(self._given) if self._given else embedded_binaries(copy=self.user is not None)
        return self._binaries

    @property
    def socket_folder(self) -> Path:
        if self.user:
            return own_folder(self.folder / "s", uid=self.user[0])
        return self.home.short_folder(f".s.PGSQL.{SOCKET_NUMBER}")

    @property
    def running(self) -> bool:
        return running(self.home, "postgres")

    def prepare(self) -> None:
        """Everything before the server can start: folders, programs, an initialised data folder, its configuration.

        Raises RuntimeProblem.
        """
        self.home.make()
        own_folder(self.folder, mode=0o711 if self.user else 0o700)
        self._passwords()
        if not self.data.exists():
            self._initialise()
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != str(self.binaries.version):
            raise RuntimeProblem(
                f"The data in {self.data} was made by PostgreSQL {made_by}, and this is {self.binaries.version}. "
                f"Take a backup with the old version, or start over with RESET=1."
            )
        self._end_stray_server()
        postgres_config.write(self.folder, sockets=self.socket_folder, number=SOCKET_NUMBER, durable=self.durable)

    def spec(self, order: int = 1) -> ProcessSpec:
        """How to start the prepared server."""
        argv = [str(self.binaries.bin / "postgres"), "-D", str(self.data)]
        argv += ["-c", f"config_file={self.folder / postgres_config.MAIN}", "-c", f"hba_file={self.folder / postgres_config.HBA}"]
        return ProcessSpec(
            name="postgres",
            argv=argv,
            env=self._environment(),
            user=self.user,
            ready=CallReady(self._is_ready, timeout=START_SECONDS),
            order=order,
            stop_signal=signal.SIGINT,  # fast shutdown: sessions are ended, the data is flushed
            stop_seconds=60,
            start_tries=8,  # the backends of a killed server take a moment to notice
            max_restarts=8,
        )

    def start(self) -> None:
        """Start the server, whatever happened to it before, and wait until it works. Raises RuntimeProblem."""
        if self.running:
            raise RuntimeProblem(f"PostgreSQL already runs in {self.data}.")
        self.prepare()
        self._child = child = Child(self.spec(), self.home)
        for tries_left in reversed(range(child.spec.start_tries)):
            child.start()
            try:
                child.wait_ready()
                break
            except RuntimeProblem:
                ended = not child.alive
                child.stop()
                if not (ended and tries_left):
                    raise
                wait_until(lambda: False, 0.5)
        self.bootstrap()

    def stop(self) -> None:
        """End the server that this object started; the data stays."""
        if self._child:
            self._child.stop()
            self._child = None

    def remove(self) -> None:
        """Stop it and remove the whole home with its data."""
        self.stop()
        self.home.remove()

    def bootstrap(self) -> None:
        """Make the two roles with their remembered passwords. Running it again changes nothing."""
        from psycopg import sql

        with self.connect("super", "postgres") as connection:
            for role, rights in ((OWNER, "LOGIN CREATEDB NOSUPERUSER NOCREATEROLE"), (APP, "LOGIN NOCREATEDB NOSUPERUSER NOCREATEROLE")):
                known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
                if known is None:
                    statement = sql.SQL("CREATE ROLE {} " + rights + " PASSWORD {}")
                    connection.execute(statement.format(sql.Identifier(role), sql.Literal(self._passwords()[role])))

    def create_database(self, name: str, *, owner: str = OWNER, app_roles: Sequence[str] = (APP,)) -> None:
        """Make a database if it is not there: `owner` may change its schema, `app_roles` may only connect and look.

        What an app role may do to each table is granted by the migrations, which know the tables.
        """
        from psycopg import sql

        database, owning = sql.Identifier(name), sql.Identifier(owner)
        with self.connect("super", "postgres") as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, owning))
        with self.connect("super", name) as connection:
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
            connection.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(owning))
            connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
            for role in app_roles:
                connection.execute(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(database, sql.Identifier(role)))
                connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(role)))

    def url(self, role: str = "app", database: str = "countroom") -> str:
        """The address for `role` ("owner", "app", "super"), with its password."""
        user = SHORT_NAMES.get(role, role)
        where = urlencode({"host": self.socket_folder, "port": SOCKET_NUMBER})
        return f"postgresql://{user}:{quote(self._passwords()[user], safe='')}@/{quote(database)}?{where}"

    def connect(self, role: str, database: str) -> "psycopg.Connection[Any]":
        """A connection that commits each statement."""
        import psycopg

        return psycopg.connect(self.url(role, database), autocommit=True, connect_timeout=10)

    def _passwords(self) -> dict[str, str]:
        known = self.home.read(PASSWORDS)
        missing = {role: secrets.token_urlsafe(24) for role in SHORT_NAMES.values() if role not in known}
        if missing and self.data.exists():
            raise RuntimeProblem(f"{self.home.root / PASSWORDS} is gone, and with it the way into {self.data}. Start over with RESET=1.")
        if missing:
            self.home.remember(PASSWORDS, **missing)
        return {**known, **missing}

    def _environment(self) -> dict[str, str]:
        return {"LC_ALL": "C", "PATH": f"{self.binaries.bin}:/usr/bin:/bin"}

    def _initialise(self) -> None:
        """Run initdb beside the final place and move the result there, so that a kill never leaves half a cluster."""
        uid = self.user[0] if self.user else None
        fresh, password_file = self.folder / "data.new", self.folder / "password"
        if fresh.exists():
            shutil.rmtree(fresh)
        own_folder(fresh, uid=uid)
        password_file.unlink(missing_ok=True)
        password_file.touch(mode=0o600)
        password_file.write_text(self._passwords()[SUPER])
        if self.user:
            os.chown(password_file, *self.user)
        argv = [str(self.binaries.bin / "initdb"), "-D", str(fresh), "-U", SUPER, f"--pwfile={password_file}", "-A", "scram-sha-256"]
        argv += ["--encoding=UTF8", *postgres_config.locale_arguments(self.binaries.version), *([] if self.durable else ["--no-sync"])]
        try:
            made = subprocess.run(
                argv,
                env=self._environment(),
                cwd="/",
                capture_output=True,
                text=True,
                check=False,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                user=uid,
                group=self.user[1] if self.user else None,
                extra_groups=[] if self.user else None,
            )
        except OSError as failed:
            raise RuntimeProblem(f"{argv[0]} cannot be run: {failed.strerror}. Is the file system mounted noexec?") from failed
        finally:
            password_file.unlink()
        if made.returncode:
            raise RuntimeProblem(f"PostgreSQL could not make its data folder:\n{made.stdout}{made.stderr}")
        fresh.rename(self.data)

    def _is_ready(self, process: Watched) -> bool:
        """PostgreSQL writes its state into the eighth line of its pid file; connections are not needed to ask."""
        lines = self._pid_lines()
        return len(lines) >= 8 and lines[0].strip() == str(process.pid) and lines[7].strip() == "ready"

    def _pid_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, PermissionError):
            return []

    def _end_stray_server(self, check: Callable[[], None] = nothing) -> None:
        """Deal with the pid file that a kill or a restart of the machine left.

        A server that works in our data folder is ours and is ended (we hold no record of it, so it is a leftover). A pid
        that meanwhile belongs to another program would make PostgreSQL refuse to start, so that pid file is removed.
        """
        lines = self._pid_lines()
        pid = int(lines[0]) if lines and lines[0].strip().lstrip("-").isdigit() else 0
        if pid <= 0 or identity.start_of(pid) is None:
            return
        if pid in identity.working_in(self.data):
            stray = identity.of(pid)
            os.kill(pid, signal.SIGINT)
            if not wait_until(lambda: not stray.alive, 60, check):
                os.kill(pid, signal.SIGKILL)
                wait_until(lambda: not stray.alive, 5, check)
        elif wait_until(lambda: not identity.working_in(self.data), 10, check):
            (self.data / "postmaster.pid").unlink(missing_ok=True)


def _memory_has_room() -> bool:
    """Tests make and drop hundreds of small databases, a thousand files each: in memory that takes a tenth of the time."""
    try:
        return os.access(MEMORY_ROOT, os.W_OK) and shutil.disk_usage(MEMORY_ROOT).free > MEMORY_WANTED
    except OSError:
        return False


def _unprivileged() -> tuple[int, int]:
    """PostgreSQL refuses to work as root, and initdb wants a user with a passwd entry: `nobody` has one everywhere."""
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise RuntimeProblem("This runs as root, PostgreSQL must not, and there is no user `nobody`. Run as another user.") from None
    return entry.pw_uid, entry.pw_gid
