"""`manage.py restore FOLDER`: restore a backup into the empty database of DATABASE_OWNER_URL, start a new epoch, erase again, verify.

Stop web, workers, beat and recorder first. The target is never overwritten: point DATABASE_URL and DATABASE_OWNER_URL at a new database.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from backoffice.audit import backups, personal


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--erasures", type=Path, help="The file of erasures; by default erasures.jsonl in the data folder.")
        parser.add_argument("--note", default="Restored from a backup", help="Why; kept with the new epoch.")

    def handle(self, *args: Any, **options: Any) -> None:
        # A file that was named must be there. Without one, nobody may have been erased yet, so the default is taken if it is there.
        erasures: Path | None = options["erasures"] or personal.erasures_file()
        if not options["erasures"] and not personal.erasures_file().exists():
            self.stdout.write(f"There is no {erasures}: only erasures inside the backup hold. Is there a copy elsewhere? Then name it with --erasures.")
            erasures = None
        try:
            done = backups.restore(options["folder"], erasures=erasures, note=options["note"])
        except (backups.BackupProblem, Error) as problem:
            raise CommandError(str(problem).strip()) from problem
        checked = ", ".join(f"{stream} {count:,}" for stream, count in done.checked.items())
        self.stdout.write(f"Restored. Epoch {done.epoch}; {done.erased_again} erasures applied again; checked {checked} rows.")
        for finding in done.findings:
            self.stdout.write(f"  {finding.kind}: {finding.row}: {finding.detail}")
        if done.findings:
            raise CommandError("The restored record or ledger is not as it was written.", returncode=3)
        self.stdout.write("Clean.")
