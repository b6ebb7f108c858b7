"""`make demo`: from nothing to a living casino, and everything ended again on Ctrl-C.

The order is the story: services, schema, people and history, then web, worker and beat, then the outside world. Needs
Django from `_add_registered` on, since apps say there which processes the demo needs.
"""

import hashlib
import io
import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backoffice.runtime import registry
from backoffice.runtime.child import ProcessSpec
from backoffice.runtime.environment import LAST, inherited, kept_secret, project_environment
from backoffice.runtime.errors import AlreadyRuns, RuntimeProblem, StopRequested
from backoffice.runtime.home import CHECKOUT, Home
from backoffice.runtime.ports import kept_port, web_port
from backoffice.runtime.postgres import Cluster
from backoffice.runtime.processes import Supervisor, say
from backoffice.runtime.ready import HttpReady
from backoffice.runtime.valkey import Valkey

NAME, DATABASE = "demo", "countroom"
RULE = "─" * 78


class Demo:
    """One run of the demo."""

    def __init__(self, environ: Mapping[str, str], checkout: Path = CHECKOUT) -> None:
        self.environ = environ
        self.checkout = checkout
        self.home = Home(NAME, checkout)
        self.postgres = Cluster(NAME, checkout)
        self.valkey = Valkey(NAME, checkout)
        self.env: dict[str, str] = {}
        self.address = ""
        self._began = time.monotonic()

    def run(self) -> int:
        """Run until asked to stop; the exit code. Raises RuntimeProblem when the demo cannot start."""
        try:
            with Supervisor(self.home, "The demo of this checkout", self.tell) as supervisor:
                try:
                    self._start(supervisor)
                    supervisor.watch()
                except StopRequested:
                    say("")
                    self.tell("Stopping.")
            self.tell("Stopped. The data is kept: `make demo` goes on, `RESET=1 make demo` starts over.")
        except AlreadyRuns as other:
            address = self.home.read(LAST).get("PUBLIC_URL")
            where = f" Its address is {address} ." if address else ""
            raise RuntimeProblem(f"{other}{where} End it with `make stop`.") from None
        return 0

    def tell(self, text: str) -> None:
        """A progress line with the seconds since the start."""
        say(f"[{time.monotonic() - self._began:6.1f} s] {text}")

    def _start(self, supervisor: Supervisor) -> None:
        port = web_port(self.environ)
        self.address = f"http://127.0.0.1:{port}"
        if self.environ.get("RESET", "") not in {"", "0"}:
            self.home.remove(keep_run=True)
            self.home.make()
            self.tell("Removed the data of the earlier demo.")

        self._start_services(supervisor, port)
        self._add_registered()
        self.home.remember(LAST, **self._ours())
        shutil.rmtree(self.home.root / "metrics", ignore_errors=True)  # counters of processes that have ended
        self._manage(supervisor, "migrate", "--noinput", doing="Bringing the database's schema up to date.")
        self._manage(supervisor, "seed_demo", doing="Opening the casino.", stream=True)
        self._collect_static(supervisor)

        mine = self._own_processes(port)
        processes = sorted([*mine, *self._registered_specs()], key=lambda spec: spec.order)
        self.tell(f"Starting {', '.join(spec.name for spec in processes)}.")
        for spec in processes:
            if spec.order <= registry.WEB:
                supervisor.start(spec)
        sign_ins = self._sign_ins()  # while they start
        supervisor.wait_ready()
        for spec in processes:
            if spec.order > registry.WEB:
                supervisor.start(spec)
        self.tell("The casino is open.")
        self._print_welcome(sign_ins)

    def _start_services(self, supervisor: Supervisor, port: int) -> None:
        self.postgres.prepare()
        self.valkey.prepare()
        supervisor.start(self.postgres.spec())
        supervisor.start(self.valkey.spec())
        self.env = inherited(self.environ)
        self.env |= project_environment(self.home, "demo", self.postgres, self.valkey, DATABASE)
        self.env |= {"PORT": str(port), "PUBLIC_URL": self.address}
        supervisor.wait_ready()
        self.postgres.bootstrap()
        self.postgres.create_database(DATABASE)
        self.tell(f"PostgreSQL {self.postgres.binaries.version} and Valkey run. Data is in {self.postgres.folder}.")

    def _add_registered(self) -> None:
        """Load the apps, which register their processes, and give those their ports, secrets and shared variables."""
        os.environ.clear()
        os.environ.update(self.env)
        sys.path[:0] = [] if str(self.checkout) in sys.path else [str(self.checkout)]
        import django

        django.setup()
        for process in registry.demo_processes:
            if process.port:
                self.env[process.port] = str(kept_port(self.home, process.port))
            for name in process.secrets:
                self.env[name] = kept_secret(self.home, name)
        for process in registry.demo_processes:
            self.env.update({name: registry.fill(value, self.env) for name, value in process.exports.items()})

    def _ours(self) -> dict[str, str]:
        """The variables that other commands need to reach this demo; not what the shell gave us."""
        return {name: value for name, value in self.env.items() if self.environ.get(name) != value or name == "PORT"}

    def _spec(self, name: str, argv: list[str], **more: Any) -> ProcessSpec:
        return ProcessSpec(name=name, argv=argv, env=self.env, cwd=self.checkout, **more)

    def _manage(self, supervisor: Supervisor, *arguments: str, doing: str = "", stream: bool = False) -> None:
        if doing:
            self.tell(doing)
        spec = self._spec(arguments[0], [sys.executable, "manage.py", *arguments], order=15)
        supervisor.run(f"manage.py {arguments[0]}", spec, stream=stream)

    def _own_processes(self, port: int) -> list[ProcessSpec]:
        python = [sys.executable, "-m"]
        granian = [
            "granian",
            "--interface",
            "wsgi",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--workers",
            "2",
            "--blocking-threads",
            "4",
            "--no-ws",
        ]
        granian += ["--respawn-failed-workers", "backoffice.wsgi:application"]
        worker = ["celery", "-A", "backoffice", "worker", "-c", "2", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
        live = HttpReady(f"{self.address}/healthz", timeout=90)
        return [
            self._spec("web", [*python, *granian], ready=live, order=registry.WEB, stop_seconds=8.0),
            self._spec("worker", [*python, *worker], order=registry.WORKER, stop_seconds=15.0),
            self._spec("recorder", [sys.executable, "manage.py", "recorder"], order=registry.WORKER),
            self._spec("beat", [sys.executable, "manage.py", "beat"], order=registry.BEAT),
        ]

    def _registered_specs(self) -> list[ProcessSpec]:
        specs = []
        for process in registry.demo_processes:
            env = {**self.env, **{name: registry.fill(value, self.env) for name, value in process.env.items()}}
            argv = process.command(env)
            if argv[0] == "python":
                argv[0] = sys.executable
            ready = process.readiness(env)
            specs.append(ProcessSpec(name=process.name, argv=argv, env=env, cwd=self.checkout, ready=ready, order=process.order))
        return specs

    def _collect_static(self, supervisor: Supervisor) -> None:
        """Gather static files when one was added, changed or removed since the last time."""
        from django.conf import settings
        from django.contrib.staticfiles.finders import get_finders

        if not settings.STATIC_ROOT:
            return
        seen = hashlib.sha256(str(settings.STORAGES["staticfiles"]).encode())
        for finder in get_finders():
            for name, storage in finder.list([]):
                state = os.stat(storage.path(name))
                seen.update(f"{name}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
        mark = seen.hexdigest()
        if self.home.read("static.json").get("mark") == mark and Path(settings.STATIC_ROOT).is_dir():
            return
        self._manage(supervisor, "collectstatic", "--noinput", "--clear", doing="Gathering static files.")
        self.home.remember("static.json", mark=mark)

    def _sign_ins(self) -> list[dict[str, str]]:
        """Who can sign in, from the command that knows. A demo without the list is better than no demo."""
        from django.core.management import call_command
        from django.db import connections

        answer = io.StringIO()
        try:
            call_command("demo_signins", "--json", stdout=answer)
            return [dict(row) for row in json.loads(answer.getvalue())]
        except Exception as failed:
            self.tell(f"The sign-ins cannot be listed: {failed}")
            return []
        finally:
            connections.close_all()

    def _print_welcome(self, sign_ins: list[dict[str, str]]) -> None:
        lines = ["", RULE, f"  Countroom is open at {self.address}", ""]
        if sign_ins:
            role_width = max(len(row["role"]) for row in sign_ins)
            mail_width = max(len(row["email"]) for row in sign_ins)
            lines += [f"  {row['role']:<{role_width}}  {row['email']:<{mail_width}}  {row['password']}" for row in sign_ins]
            role = "payments-l1" if any(row["role"] == "payments-l1" for row in sign_ins) else sign_ins[0]["role"]
            lines += ["", "  Every sign-in asks for a code as well. In another terminal:", f"      make signin ROLE={role}"]
        lines += ["", f"  Database      {self.postgres.folder}", f"  All the rest  {self.home.root}", f"  Logs          {self.home.logs}"]
        lines += ["", "  Ctrl-C here, or `make stop` elsewhere, ends it and keeps the data.", RULE, ""]
        say("\n".join(lines))
