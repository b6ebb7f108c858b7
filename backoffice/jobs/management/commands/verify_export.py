"""`manage.py verify_export FILE`: is this file what was exported?"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.jobs.exports.verify import NotAnExport, verify
from backoffice.jobs.models import Job


class Command(BaseCommand):
    help = "Hold an exported file against the checksum in its first row, and against what the house kept of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            found = verify(file)
        except (NotAnExport, OSError) as strange:
            raise CommandError(f"{file}: {strange}") from strange
        for name, value in found.mark.items():
            self.stdout.write(f"{name}: {value}")
        if not found.intact:
            raise CommandError(f"CHANGED: the content has sha256 {found.actual}, its first row says {found.stated}.", returncode=1)
        job = Job.objects.filter(pk=found.job_id or 0, kind="export").first()
        if job is None or job.sha256 != found.actual:
            raise CommandError("NOT OURS: the content fits its first row, but this house did not make such a file.", returncode=1)
        self.stdout.write(self.style.SUCCESS(f"Intact: {job.name} made it, and nothing after the first row has changed."))
