"""`manage.py recorder`: sequence and seal the record and the ledger, make partitions ahead. Runs for as long as the installation does."""

import time
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, close_old_connections, connection, transaction

from backoffice.audit import sequencer, streams
from backoffice.runtime import pulses, timeouts, watching

log = structlog.get_logger(__name__)
PARTITIONS_EVERY = 3600.0
SEAL_EVERY = 2.0


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="Catch up with the horizon, seal, and end.")
        parser.add_argument("--interval", type=float, default=0.5, help="Seconds between two looks, unless more waits than one pass takes.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            self.stdout.write(f"{sequencer.catch_up()} rows sequenced and sealed.")
            return
        self.stdout.write("Recorder: sequencing and sealing.")
        watching.start()
        sealed_at = partitions_at = 0.0
        while True:
            try:
                close_old_connections()
                if time.monotonic() - partitions_at > PARTITIONS_EVERY or not partitions_at:
                    partitions_at = time.monotonic()  # also when it fails: a year is made ahead, so an hour later is early enough
                    make_partitions()
                if not timeouts.ends_them_itself(connection) and (ended := timeouts.end_overlong()):
                    log.warning("overlong_transactions_ended", count=ended)
                found = sum(sequencer.pass_once(stream) for stream in streams.every())
                if time.monotonic() - sealed_at > SEAL_EVERY:
                    for stream in streams.every():
                        sequencer.seal_once(stream)
                    sealed_at = time.monotonic()
                pulses.give(pulses.RECORDER)
            except Error as wrong:
                log.warning("recorder_waits", error=str(wrong).splitlines()[0] if str(wrong) else type(wrong).__name__)
                connection.close()
                time.sleep(1)
                continue
            # A look at every commit would cost each of them as much as itself: a batch a look costs little, and waits half a second.
            if found < sequencer.CHUNK:
                time.sleep(options["interval"])


def make_partitions() -> None:
    for table in ("audit_event", "wallet_entry"):
        with transaction.atomic(), connection.cursor() as cursor:
            # A new month locks the whole table. Waiting for a long reader, such as a backup, would make every posting wait behind it.
            cursor.execute("SET LOCAL lock_timeout = '200ms'")
            cursor.execute("SELECT make_partitions(%s::regclass, 12)", [table])
