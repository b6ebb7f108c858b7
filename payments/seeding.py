"""The demo's four-eyes limits, and its past."""

import io
import os
from decimal import Decimal

from django.core.management import call_command
from django.utils import timezone

from backoffice.audit.actors import Actor
from backoffice.audit.record import machine
from backoffice.runtime.seeders import Seeder, seeders
from backoffice.scope.models import Brand
from payments import limits

# Units of the currency: about two thousand euro each.
FOUR_EYES = {
    "EUR": "2000", "GBP": "1750", "SEK": "22000", "CAD": "3200", "JPY": "320000", "KWD": "680", "BTC": "0.023", "ETH": "0.68",
}  # fmt: skip
PLAYERS = 240  # as many as the demo's start has time for


def set_limits() -> str:
    now = timezone.now()
    for brand in Brand.objects.all():
        for currency, amount in FOUR_EYES.items():
            limits.set_four_eyes(brand_id=brand.pk, currency=currency, amount=Decimal(amount), by=Actor.system(machine()), now=now)
    return f"{len(FOUR_EYES)} for each brand"


def play_history() -> str:
    said = io.StringIO()
    call_command("seed_history", players=PLAYERS, days=365, seed=1, jobs=min(4, os.cpu_count() or 1), stdout=said)
    return said.getvalue().strip()


seeders.register(Seeder("Four-eyes limits", 50, set_limits))
seeders.register(Seeder("History", 90, play_history))
