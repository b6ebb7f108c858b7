import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from payments.sandboxes.traffic.__main__ import add_options, start


class Command(BaseCommand):
    help = "Play the casino's front ends and their players through the public HTTP interface. Refused in production."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_options(parser, folder=Path(settings.DATA_DIR))

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("Invented players are not for production.")
        wanted = {name: options[name] for name in ("url", "rate", "seed", "duration", "keys", "state")}
        if code := start(**wanted):
            sys.exit(code)
