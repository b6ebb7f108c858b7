import multiprocessing
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from backoffice.runtime import timeouts
from payments.history.life import Tally
from payments.history.play import History, NobodyDecides


class Command(BaseCommand):
    help = "Play a plausible past through the services. An interrupted run goes on where it stopped; refused in production."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=365, help="how far back it reaches")
        parser.add_argument("--players", type=int, default=400)
        parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same people and sums")
        parser.add_argument("--scale", type=int, default=1, help="so many times the players")
        parser.add_argument("--jobs", type=int, default=1, help="processes at once; about as many as processor cores")
        parser.add_argument("--until", help="the moment at which it ends, ISO 8601 with zone; now when left out")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("An invented past is not for production.")
        until = parse_datetime(options["until"]) if options["until"] else timezone.now()
        if until is None or until.tzinfo is None or until > timezone.now():
            raise CommandError("--until is a moment in the past with its zone, such as 2026-01-01T00:00:00Z.")
        if min(options["days"], options["players"], options["scale"], options["jobs"]) < 1:
            raise CommandError("--days, --players, --scale and --jobs are 1 or more.")
        wanted = {"players": options["players"] * options["scale"], "days": options["days"], "seed": options["seed"], "now": until}
        connections.close_all()  # a connection does not survive a fork
        jobs = options["jobs"]
        try:
            with multiprocessing.get_context("fork").Pool(jobs) as pool:
                tallies = pool.map(_part, [(wanted, number, jobs) for number in range(jobs)], chunksize=1)
        except (NobodyDecides, LookupError) as missing:
            raise CommandError(str(missing)) from missing
        total = Tally()
        for tally in tallies:
            total.add(tally)
        self.stdout.write(f"{total}" if total.players else "nothing is missing")


def _part(asked: tuple[dict[str, Any], int, int]) -> Tally:
    wanted, number, jobs = asked
    timeouts.lift()  # a year of history is worth waiting for on a machine that does other things as well
    return History(**wanted, share=(number, jobs), tell=_tell if number == 0 else None).run()


def _tell(text: str) -> None:
    sys.stdout.write(f"  {text}\n")
    sys.stdout.flush()
