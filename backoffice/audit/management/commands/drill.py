"""`manage.py drill`: prove the backup. Back up, restore into a scratch server, start a new epoch, erase again, verify; remove it all.

Nothing of the running installation is touched: the scratch server has its own folder, socket and life.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from backoffice.runtime.errors import RuntimeProblem
from backoffice.runtime.throwaway import ThrowawayPostgres

DATABASE = "countroom"


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--backup", type=Path, help="Drill with this backup instead of a fresh one.")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        # On disk, as the real thing: the data of a casino may not fit into memory. The backup lies in the same home, which the next
        # drill removes if this one is killed.
        scratch = ThrowawayPostgres("drill", durable=True)
        folder = options["backup"].resolve() if options["backup"] else scratch.home.root / "backup"
        try:
            self.stdout.write("Starting a scratch server.")
            with scratch:
                scratch.cluster.create_database(DATABASE)
                if options["backup"] is None:
                    self._step("Backing up", ["backup", str(folder)], {})
                target = {"DATABASE_URL": scratch.cluster.url("app", DATABASE), "DATABASE_OWNER_URL": scratch.cluster.url("owner", DATABASE)}
                # PG_BIN is for the installation's server; the scratch server has its own programs.
                self._step("Restoring", ["restore", str(folder), "--note", "A drill"], {**target, "PG_BIN": ""})
                self._step("Verifying as the app's login", ["verify"], target)
        except RuntimeProblem as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"The drill went well, {time.monotonic() - began:.0f} s.")

    def _step(self, what: str, command: list[str], env: dict[str, str]) -> None:
        """A command in a process of its own, with the login that manage.py gives it."""
        self.stdout.write(f"{what}.")
        whole = {**os.environ, "COUNTROOM_DB_ROLE": "", **env}
        done = subprocess.run([sys.executable, "manage.py", *command], env=whole, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
        for line in done.stdout.splitlines():
            self.stdout.write(f"  {line}")
        if done.returncode:
            raise CommandError(f"{what} failed: {done.stderr.strip().removeprefix('CommandError: ')[-800:]}", returncode=done.returncode)
