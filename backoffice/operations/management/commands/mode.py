"""`manage.py mode`: which mode the house is in, and setting it while the web is down.

manage.py mode
manage.py mode read-only --reason "Provider audit" --minutes 30
manage.py mode normal --reason "Done"
"""

import getpass
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from backoffice.operations import modes
from backoffice.operations.models import Mode


class Command(BaseCommand):
    help = "Say which mode the house is in, or set it: normal, read-only or maintenance."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("mode", nargs="?", choices=Mode.MODES)
        parser.add_argument("--reason", default="", help="Why, for the record and the banner.")
        parser.add_argument("--minutes", type=int, help="In how many minutes it is expected to end.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["mode"]:
            now = timezone.now()
            end = now + timedelta(minutes=options["minutes"]) if options["minutes"] else None
            try:
                modes.put(mode=options["mode"], reason=options["reason"], now=now, by=None, expected_end=end, label=f"Command line ({_login()})")
            except modes.ModeRefused as refused:
                raise CommandError(f"{refused} Example: manage.py mode {options['mode']} --reason 'Why'") from refused
        row = Mode.objects.get(pk=1)
        parts = [row.mode, row.reason, f"expected to end {row.expected_end:%Y-%m-%d %H:%M} UTC" if row.expected_end else ""]
        self.stdout.write(", ".join(part for part in parts if part))


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown login"
