import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils.module_loading import autodiscover_modules

from backoffice.runtime.seeders import setup_steps


class Command(BaseCommand):
    help = (
        "First set-up of a real casino: its markets with their law, a brand, currencies, and the owner's account. What is not given as an option "
        "is asked. Everything is checked before anything is written; a second run changes nothing and may add another brand."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-input", action="store_true", help="ask nothing: what is missing is an error")
        autodiscover_modules("setting_up")
        for step in setup_steps:
            step.options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError("The database's schema is not up to date. Run first: manage.py migrate")
        asks = not options["no_input"] and sys.stdin.isatty()
        for step in setup_steps:
            step.ask(options, self._ask if asks else self._missing)
        with transaction.atomic():
            said = [(step.name, step.run(options)) for step in setup_steps]
        for name, line in said:
            self.stdout.write(f"{name}: {line}")

    @staticmethod
    def _ask(option: str, question: str) -> str:
        while True:
            answer = input(f"{question}: ").strip()
            if answer:
                return answer

    @staticmethod
    def _missing(option: str, question: str) -> str:
        raise CommandError(f"{option} is missing: {question}.")
