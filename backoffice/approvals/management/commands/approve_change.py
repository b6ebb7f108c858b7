from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from backoffice.approvals.services import console


class Command(BaseCommand):
    help = (
        "Put a change into force that waits for an approver whom this house does not have: for a house with a single owner. Refused while "
        "somebody else may approve it. The record says that the house did it, at the console."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("change", type=int, help="the number of the change: 12 for CH-12")
        parser.add_argument("--reason", required=True, help="why nobody else can decide")

    def handle(self, *args: Any, change: int, reason: str, **options: Any) -> None:
        try:
            done = console.enact_waiting(change_id=change, reason=reason, now=timezone.now())
        except console.SomebodyMay as found:
            raise CommandError(str(found)) from found
        except LookupError as unknown:
            raise CommandError(str(unknown)) from unknown
        self.stdout.write(f"{done.name}: {done.get_state_display().lower()}. {done.title}")
