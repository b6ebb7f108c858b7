"""`manage.py drill`: prove the backup. Back up, restore into a scratch server, start a new epoch, erase again, verify; remove it all.

Nothing of the running installation is touched: the scratch server has its own folder, socket and life.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from backoffice.audit import backups, personal
from backoffice.runtime.postgres import Cluster


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--backup", type=Path, help="Drill with this backup instead of a fresh one.")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        work = Path(tempfile.mkdtemp(prefix="countroom-drill-"))
        scratch = Cluster(f"drill-{os.getpid()}", settings.BASE_DIR)
        try:
            folder = options["backup"] or work / "backup"
            if options["backup"] is None:
                self._step("Backing up", [sys.executable, "manage.py", "backup", str(folder)], dict(os.environ))
            self.stdout.write("Starting a scratch server.")
            scratch.start()
            scratch.create_database("countroom")
            target = {
                "DATABASE_URL": scratch.url("app", "countroom"), "DATABASE_OWNER_URL": scratch.url("owner", "countroom"), "COUNTROOM_DB_ROLE": "owner",
            }  # fmt: skip
            erasures = ["--erasures", str(personal.erasures_file())]
            self._step("Restoring", [sys.executable, "manage.py", "restore", str(folder), *erasures, "--note", "A drill"], {**os.environ, **target})
            self._step("Verifying as the app's login", [sys.executable, "manage.py", "verify"], {**os.environ, **target, "COUNTROOM_DB_ROLE": ""})
        except backups.BackupProblem as problem:
            raise CommandError(str(problem)) from problem
        finally:
            scratch.stop()
            scratch.remove()
            shutil.rmtree(work, ignore_errors=True)
        self.stdout.write(f"The drill went well, {time.monotonic() - began:.0f} s.")

    def _step(self, what: str, command: list[str], env: dict[str, str]) -> None:
        self.stdout.write(f"{what}.")
        done = subprocess.run(command, env=env, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
        for line in done.stdout.splitlines():
            self.stdout.write(f"  {line}")
        if done.returncode:
            raise CommandError(f"{what} failed: {done.stderr.strip()[-800:]}", returncode=done.returncode)
