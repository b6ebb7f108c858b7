"""An embedded Valkey, the broker. It listens on a free port of this machine alone and asks for a password.

A port rather than a socket: Django's cache, Celery and kombu agree on one form of `redis://` address only for a port.
Its append-only file keeps messages over a restart; they are hints, but a kept hint is a quicker one.
"""

import secrets
import socket
from pathlib import Path

from backoffice.runtime.binaries import valkey_server
from backoffice.runtime.child import Child, ProcessSpec, running
from backoffice.runtime.errors import RuntimeProblem
from backoffice.runtime.home import CHECKOUT, Home, own_folder, write_private
from backoffice.runtime.ports import free_port, is_free
from backoffice.runtime.ready import CallReady, Watched

STATE = "valkey.json"


class Valkey:
    """One Valkey server of a checkout, known by its name. `durable=False` is for throwaway data only."""

    def __init__(self, name: str, checkout: Path = CHECKOUT, *, durable: bool = True) -> None:
        self.home = Home(name, checkout)
        self.durable = durable
        self._child: Child | None = None

    @property
    def folder(self) -> Path:
        return self.home.root / "valkey"

    @property
    def running(self) -> bool:
        return running(self.home, "valkey")

    @property
    def url(self) -> str:
        """The address, for Django, Celery and kombu alike. Raises RuntimeProblem before `prepare`."""
        known = self.home.read(STATE)
        if not known:
            raise RuntimeProblem(f"Valkey was never started in {self.home.root}.")
        return f"redis://:{known['password']}@127.0.0.1:{known['port']}/0"

    def prepare(self) -> None:
        """Choose the port and the password (kept while the port is free) and write the configuration."""
        self.home.make()
        own_folder(self.folder)
        known = self.home.read(STATE)
        password = known.get("password") or secrets.token_urlsafe(24)
        port = known.get("port")
        if not isinstance(port, int) or not is_free(port):
            port = free_port()
        self.home.remember(STATE, password=password, port=port)
        lines = ["bind 127.0.0.1", f"port {port}", f"requirepass {password}", f'dir "{self.folder}"', "daemonize no", 'save ""']
        lines += ["maxmemory-policy noeviction", "appendfsync everysec", f"appendonly {'yes' if self.durable else 'no'}"]
        write_private(self.folder / "valkey.conf", "\n".join(lines) + "\n")

    def spec(self, order: int = 2) -> ProcessSpec:
        """How to start the prepared server."""
        return ProcessSpec(
            name="valkey",
            argv=[str(valkey_server()), str(self.folder / "valkey.conf")],
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            cwd=self.folder,
            ready=CallReady(self._is_ready, timeout=60),
            order=order,
        )

    def start(self) -> None:
        """Start it and wait until it answers. Raises RuntimeProblem."""
        if self.running:
            raise RuntimeProblem(f"Valkey already runs in {self.folder}.")
        for tries_left in (2, 1, 0):
            self.prepare()
            self._child = Child(self.spec(), self.home)
            self._child.start()
            try:
                self._child.wait_ready()
                break
            except RuntimeProblem:
                self._child.stop()
                if not tries_left or is_free(int(self.home.read(STATE)["port"])):
                    raise  # else somebody took the port between choosing and using it

    def stop(self) -> None:
        """End the server that this object started; the data stays."""
        if self._child:
            self._child.stop()
            self._child = None

    def _is_ready(self, process: Watched) -> bool:
        known = self.home.read(STATE)
        try:
            with socket.create_connection(("127.0.0.1", known["port"]), timeout=1) as connection:
                connection.sendall(f"AUTH {known['password']}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2:
                    part = connection.recv(200)
                    if not part:
                        return False
                    answer += part
                return answer.endswith(b"+PONG\r\n")
        except OSError:
            return False
