import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from backoffice.access import demo


class Command(BaseCommand):
    help = "Print the current second-factor code of the demo person with a role. Refused in production."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", help="such as payments-l1")
        parser.add_argument("--code-only", action="store_true", help="only the six digits, for programs")

    def handle(self, *args: Any, role: str, **options: Any) -> None:
        staff = demo.find(role)
        code = demo.code(staff)
        if options["code_only"]:
            self.stdout.write(code)
            return
        left = 30 - int(time.time()) % 30
        self.stdout.write(f"{staff.email}  {demo.PASSWORD}  {code}  (a new code comes in {left} s)")
