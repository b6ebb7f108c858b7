import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from backoffice.access import demo


class Command(BaseCommand):
    help = "List the sign-ins of the demo's people. Each asks for a code too: manage.py signin ROLE. Refused in production."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        demo.refuse_in_production()
        rows = [{"role": one.known_as, "name": one.name, "email": one.email, "password": demo.PASSWORD} for one in demo.PEOPLE]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        wide = max(len(row["role"]) for row in rows)
        for row in rows:
            self.stdout.write(f"{row['role']:<{wide}}  {row['email']:<36}  {row['password']}")
