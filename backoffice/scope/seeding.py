"""The demo's markets and brands."""

from django.utils import timezone

from backoffice.runtime.seeders import Seeder, seeders
from backoffice.scope import markets

# code, name, clock, currency of reports, markets
BRANDS = (
    ("nova", "Nova", "Europe/Malta", "EUR", ("MT", "DE", "CA-ON")),
    ("fjord", "Fjord", "Europe/Stockholm", "SEK", ("SE", "GB")),
)


def run() -> str:
    now = timezone.now()
    for code, name, clock, currency, licensed in BRANDS:
        markets.open_brand(code=code, name=name, timezone=clock, base_currency=currency, jurisdictions=licensed, now=now)
    return f"{len(markets.SHIPPED)} markets with their law, brands {' and '.join(name for _, name, *_ in BRANDS)}"


seeders.register(Seeder("Markets and brands", 10, run))
