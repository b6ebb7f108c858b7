import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from backoffice.scope import packs
from backoffice.scope.models import Jurisdiction


class Command(BaseCommand):
    help = "Load a jurisdiction's pack as its next version, in force from its own date. The same file again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="+", help="a TOML file; - reads standard input")
        parser.add_argument("--check", action="store_true", help="only say what is wrong with it")
        parser.add_argument("--name", help="the jurisdiction's name, when it is not set up yet")
        parser.add_argument("--regulator", help="its regulator, when it is not set up yet")

    def handle(self, *args: Any, file: list[str], **options: Any) -> None:
        for name in file:
            try:
                text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as wrong:
                raise CommandError(f"{name} cannot be read: {wrong}") from wrong
            try:
                self._one(name, text, **options)
            except packs.BadPack as bad:
                raise CommandError("\n".join([f"{name} is not a pack that can be loaded:", *(f"  {problem}" for problem in bad.problems)])) from bad

    def _one(self, source: str, text: str, **options: Any) -> None:
        pack = packs.parse(text)
        if options["check"]:
            self.stdout.write(f"{source}: {pack.jurisdiction} {pack.version}, in force from {pack.effective_from}. Nothing was loaded.")
            return
        if options["name"] and options["regulator"]:
            Jurisdiction.objects.get_or_create(code=pack.jurisdiction, defaults={"name": options["name"], "regulator": options["regulator"]})
        now = timezone.now()
        row = packs.load(text, now=now)
        news = "loaded" if row.loaded_at == now else f"was loaded on {row.loaded_at:%Y-%m-%d}"
        self.stdout.write(f"{source}: {pack.jurisdiction} {pack.version} {news}, in force from {pack.effective_from}.")
