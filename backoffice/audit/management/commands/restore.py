"""`manage.py restore FOLDER`: restore a backup into the empty database of DATABASE_OWNER_URL, start a new epoch, erase again, verify.

Stop web, workers, beat and recorder first. The target is never overwritten: point DATABASE_URL and DATABASE_OWNER_URL at a new database.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backoffice.audit import backups, personal


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--erasures", type=Path, help="The file of erasures; by default erasures.jsonl in the data folder.")
        parser.add_argument("--note", default="Restored from a backup", help="Why; kept with the new epoch.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = backups.restore(options["folder"], erasures=options["erasures"] or personal.erasures_file(), note=options["note"])
        except backups.BackupProblem as problem:
            raise CommandError(str(problem)) from problem
        checked = ", ".join(f"{stream} {count:,}" for stream, count in done["checked"].items())
        self.stdout.write(f"Restored. Epoch {done['epoch']}; {done['erased_again']} erasures applied again; checked {checked} rows.")
        for finding in done["findings"]:
            self.stdout.write(f"  {finding['kind']}: {finding['row']}: {finding['detail']}")
        if done["findings"]:
            raise CommandError("The restored record or ledger is not as it was written.", returncode=3)
        self.stdout.write("Clean.")
