"""`manage.py backup FOLDER`: a backup of the whole database with a manifest of the chains' heads. The casino goes on meanwhile."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from backoffice.audit import backups
from backoffice.runtime import pulses


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest = backups.backup(options["folder"])
        except (backups.BackupProblem, Error) as problem:
            if not isinstance(problem, Error):  # of a database that cannot be reached nothing can be kept in it
                pulses.give(pulses.BACKUP, pulses.BACKUP, well=False, always=True)
            raise CommandError(str(problem).strip()) from problem
        pulses.give(pulses.BACKUP, pulses.BACKUP, always=True)
        self.stdout.write(f"{manifest['bytes']:,} bytes in {options['folder']}, sha256 {manifest['sha256'][:16]}...")
        for stream, (number, position, seal) in manifest["heads"].items():
            self.stdout.write(f"  {stream}:{number}:{seal} over {position:,} rows")  # as `verify --seal` takes it
