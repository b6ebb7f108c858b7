"""Markets that ship with a pack, and the only writes to jurisdictions and brands. A real operator takes those that it is licensed in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from backoffice.scope import packs, zones
from backoffice.scope.models import Brand, Jurisdiction


@dataclass(frozen=True)
class Market:
    code: str
    name: str
    regulator: str


SHIPPED = (
    Market("MT", "Malta", "MGA"),
    Market("SE", "Sweden", "Spelinspektionen"),
    Market("GB", "Great Britain", "UKGC"),
    Market("DE", "Germany", "GGL"),
    Market("CA-ON", "Ontario", "AGCO"),
)


class BrandDiffers(ValueError):
    """A brand of this code is there already, and is not the same."""


@transaction.atomic
def open_market(code: str, *, now: datetime) -> Jurisdiction:
    """Set up a shipped market and load its pack. Again, it changes nothing. Raises ValueError for a market without a shipped pack."""
    market = next((one for one in SHIPPED if one.code == code), None)
    if market is None:
        raise ValueError(f"{code} has no shipped pack. Shipped are {', '.join(one.code for one in SHIPPED)}; load others with manage.py load_pack.")
    jurisdiction, _ = Jurisdiction.objects.get_or_create(code=code, defaults={"name": market.name, "regulator": market.regulator})
    if not jurisdiction.packs.exists():
        packs.load((packs.SHIPPED / f"{code}.toml").read_text(), now=now)
    return jurisdiction


@transaction.atomic
def open_brand(*, code: str, name: str, timezone: str, base_currency: str, jurisdictions: Iterable[str], now: datetime) -> tuple[Brand, bool]:
    """Open a brand in shipped markets; whether it is new. More markets may be added to one that is there.

    Raises BrandDiffers when its name, clock or currency is another: those change by approval, never by set-up. ValueError for a bad time zone.
    """
    if timezone not in zones.known():
        raise ValueError(f"{timezone} is not a time zone. Use a name such as Europe/Malta.")
    brand, made = Brand.objects.get_or_create(code=code, defaults={"name": name, "timezone": timezone, "base_currency": base_currency})
    if (brand.name, brand.timezone, brand.base_currency) != (name, timezone, base_currency):
        raise BrandDiffers(f"The brand {code} is {brand.name}, {brand.timezone}, {brand.base_currency}. Set-up does not change it.")
    brand.jurisdictions.add(*[open_market(one, now=now) for one in jurisdictions])
    return brand, made
