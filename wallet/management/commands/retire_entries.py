"""`manage.py retire_entries`: drop ledger entries older than every pack asks for, behind a sealed checkpoint that carries the balances forward."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from backoffice.audit.record import machine
from wallet import retention


class Command(BaseCommand):
    help = (
        "Drop ledger entries of whole months, older than every pack asks for, behind a sealed checkpoint that carries the balances forward. "
        "Without --yes it only says what would go and what stands in the way. Take a backup first. Interrupted, run it again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("through", type=retention.month, metavar="YYYY-MM", help="the last month to drop")
        parser.add_argument("--reason", default="", help="why, for the record")
        parser.add_argument("--yes", action="store_true", help="drop them; there is no way back but a backup")

    def handle(self, *args: Any, **options: Any) -> None:
        now, before = timezone.now(), options["through"]
        if options["yes"] and not options["reason"].strip():
            raise CommandError("Say why with --reason; it stands on the record.")
        try:
            if not options["yes"]:
                entries = retention.foreseen(before=before, on=now.date())
                self.stdout.write(
                    f"{entries:,} entries were recorded before {before:%Y-%m-%d}. Nothing stands in the way. Add --yes and --reason to drop them."
                )
                return
            done = retention.retire(before=before, reason=options["reason"].strip(), by=machine(), now=now)
        except retention.CannotRetire as why:
            raise CommandError("Nothing was dropped.\n" + "\n".join(f"- {one}" for one in why.reasons)) from why
        self.stdout.write(f"{done.entries:,} entries of {done.transactions:,} transactions are carried by checkpoint {done.id} and dropped.")
