"""`manage.py verify`: has anything in the record or the ledger been altered, removed, inserted or reordered? Names the row."""

import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backoffice.audit import verify
from backoffice.runtime import pulses, timeouts


def known_seal(text: str) -> tuple[tuple[str, int], str]:
    stream, number, value = text.split(":")
    return (stream, int(number)), value


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seal", action="append", type=known_seal, default=[], metavar="STREAM:NUMBER:HEX", help="A seal that was kept elsewhere.")
        parser.add_argument("--json", action="store_true", help="One JSON object instead of lines.")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        timeouts.lift()
        report = verify.run(known=dict(options["seal"]))
        seconds = time.monotonic() - began
        pulses.give(pulses.VERIFY, pulses.VERIFY, well=report.clean, always=True)
        if options["json"]:
            findings = [vars(finding) for finding in report.findings]
            self.stdout.write(
                json.dumps(
                    {
                        "checked": report.checked,
                        "heads": report.heads,
                        "tail": report.tail,
                        "findings": findings,
                        "seconds": round(seconds, 3),
                    }
                )
            )
        else:
            for stream, count in report.checked.items():
                number, head = report.heads[stream]
                self.stdout.write(f"{stream}: {count:,} rows checked, seal {number} {head[:16]}..., {report.tail[stream]:,} rows not sealed yet")
            for finding in report.findings:
                self.stdout.write(f"  {finding.kind}: {finding.row}: {finding.detail}")
            self.stdout.write(f"{'Clean' if report.clean else f'{len(report.findings)} findings'}, {seconds:.1f} s")
        if not report.clean:
            raise CommandError("The record or the ledger is not as it was written.", returncode=3)
