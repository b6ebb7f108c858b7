"""What the demo mailed: its e-mails go to files under the data directory instead of the world."""

import email
import email.policy
import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "Show the newest e-mails that were caught instead of sent (demo and development)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", default="", help="Only to addresses that contain this.")
        parser.add_argument("--count", type=int, default=5)

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
            raise CommandError("E-mails are sent here, not caught.")
        shown = 0
        for message in caught(Path(settings.EMAIL_FILE_PATH)):
            if options["to"].lower() in str(message["To"]).lower():
                self.stdout.write(
                    f"{message['Date']}  To: {message['To']}\nSubject: {str(message['Subject']).strip()}\n\n{message.get_content().strip()}\n{'-' * 79}\n"
                )
                shown += 1
            if shown >= options["count"]:
                return
        if not shown:
            self.stdout.write("No e-mail was caught.")


def caught(folder: Path) -> Any:
    """The e-mails in a folder of Django's file backend, newest first."""
    files = sorted(folder.glob("*.log"), key=lambda file: file.stat().st_mtime, reverse=True) if folder.is_dir() else []
    for file in files:
        for part in reversed(re.split(rb"(?m)^-{79}\n", file.read_bytes())):
            if part.strip():
                yield email.message_from_bytes(part, policy=email.policy.default)
