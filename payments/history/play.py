"""Plays a past for many players: one transaction each, so that an interrupted run goes on where it stopped."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db import connection, transaction

from backoffice.access.models import Staff
from backoffice.scope.models import Brand
from payments import hints
from payments.history.life import Desk, Life, Tally
from payments.sandboxes.traffic.people import MARKETS
from players import messages
from players.models import Player

SHARES = {"nova": 58, "fjord": 42}  # of a hundred players
Tell = Callable[[str], None]


@contextmanager
def _in_a_hurry() -> Iterator[None]:
    """No waiting for the disk, since a lost tail is played again; no savepoints, since a player is played as a whole or not at all."""
    connection.ensure_connection()
    features: Any = connection.features
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    features.uses_savepoints = False
    try:
        yield
    finally:
        features.uses_savepoints = True
        with connection.cursor() as cursor:
            cursor.execute("RESET synchronous_commit")


class NobodyDecides(Exception):
    """There is no staff who could have decided the past's withdrawals."""


class History:
    """`players` people over the last `days` days; the same seed and moment give the same past."""

    def __init__(self, *, players: int, days: int, seed: int, now: datetime, share: tuple[int, int] = (0, 1), tell: Tell | None = None) -> None:
        """`share` (n, of) plays only every `of`-th player from the n-th on, for several processes at once."""
        self.players, self.days, self.seed, self.now, self.share = players, days, seed, now, share
        self.tell = tell or (lambda text: None)
        self.tally = Tally()

    def run(self) -> Tally:
        """Play what is not there yet. Raises NobodyDecides, LookupError without the demo's brands."""
        missing = self._missing()
        if not missing:
            return self.tally
        desks = self._desks()
        began = told = time.monotonic()
        with _in_a_hurry():
            for done, number in enumerate(missing, start=1):
                self._one(number, desks)
                if time.monotonic() - told > 2:
                    told = time.monotonic()
                    self.tell(f"{done} of {len(missing)} players, {done / (told - began):.0f} a second")
        return self.tally

    def _tag(self, number: int) -> str:
        return f"past-{self.seed}-{number}"

    def _missing(self) -> list[int]:
        offset, of = self.share
        wanted = range(offset, self.players, of)
        there = set(Player.objects.filter(external_id__startswith=f"past-{self.seed}-").values_list("external_id", flat=True))
        return [number for number in wanted if self._tag(number) not in there]

    def _one(self, number: int, desks: list[Desk]) -> None:
        draw = Random(f"{self.seed}:{number}")  # noqa: S311  (plausible, not secret)
        desk = draw.choices(desks, weights=[SHARES.get(desk.brand.code, 50) for desk in desks])[0]
        # More and more people come: the share of the time that has passed is the root of an even draw.
        starts = self.now - timedelta(days=self.days) * (1 - draw.random() ** 0.7)
        starts = min(starts, self.now - timedelta(hours=1))
        life = Life(desk=desk, draw=draw, tag=self._tag(number), starts=starts, until=self.now, tally=self.tally)
        with hints.quiet(), transaction.atomic():
            life.play()
            messages.assume_sent(player_id=life.player.pk)

    @staticmethod
    def _desks() -> list[Desk]:
        staff = list(Staff.objects.filter(is_demo=True, is_active=True).with_roles().order_by("pk"))
        desks = []
        for brand in Brand.objects.filter(code__in=MARKETS).order_by("pk"):
            reaching = [one for one in staff if brand.pk in one.reach()]
            first = [one for one in reaching if "payments-l1" in one.role_codes]
            second = [one for one in reaching if "payments-l2" in one.role_codes]
            if not first or not second:
                raise NobodyDecides(f"{brand.name} has no demo people for payments. Run first: manage.py seed_staff")
            desks.append(Desk(brand, first, second))
        if not desks:
            raise LookupError("The demo's brands are not here. Run first: manage.py seed_demo")
        return desks
