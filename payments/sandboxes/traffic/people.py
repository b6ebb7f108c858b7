"""People who might play: plausible names by country, birth dates, addresses that belong to nobody, and how they pay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Final


@dataclass(frozen=True)
class Market:
    """Where players of a brand come from: under which licence, in which currency, how many in a hundred."""

    jurisdiction: str
    country: str
    currency: str
    language: str
    share: int


MARKETS: Final[dict[str, tuple[Market, ...]]] = {
    "nova": (
        Market("MT", "MT", "EUR", "en", 22), Market("MT", "FI", "EUR", "en", 26), Market("MT", "NO", "EUR", "en", 8),
        Market("DE", "DE", "EUR", "de", 26), Market("CA-ON", "CA", "CAD", "en", 18),
    ),
    "fjord": (Market("SE", "SE", "SEK", "sv", 58), Market("GB", "GB", "GBP", "en", 42)),
}  # fmt: skip

FIRST: Final[dict[str, str]] = {
    "MT": "Maria Joseph Rita Carmen Luke Daniela Mark Claire Keith Elena Ryan Francesca Nicholas Martina Clayton Graziella",
    "FI": "Aino Mika Helmi Jari Eero Sanna Timo Kaisa Juho Emilia Antti Laura Veikko Noora Pekka Outi",
    "NO": "Ingrid Lars Nora Kjetil Silje Magnus Astrid Jonas Solveig Henrik Marte Sindre Tuva Eirik Hanne Odd",
    "DE": "Anna Lukas Katharina Felix Sabine Jürgen Lea Moritz Heike Tobias Greta Stefan Nele Matthias Ute Björn",
    "CA": "Emma Liam Chloe Noah Sophie Ethan Grace Mason Amélie Lucas Zoe Owen Priya Jacob Mei Tyler",
    "SE": "Maja Erik Elsa Oskar Linnea Nils Alma Gustav Saga Viktor Ebba Anton Karin Björn Åsa Johan",
    "GB": "Olivia George Amelia Harry Isla Jack Freya Callum Poppy Alfie Niamh Rhys Zara Owen Imogen Dev",
}
LAST: Final[dict[str, str]] = {
    "MT": "Borg Camilleri Vella Farrugia Zammit Galea Micallef Grech Attard Spiteri Azzopardi Mifsud Cassar Sammut Debono Caruana",
    "FI": "Korhonen Virtanen Mäkinen Nieminen Mäkelä Hämäläinen Laine Heikkinen Koskinen Järvinen Lehtonen Saarinen Salminen Niemi",
    "NO": "Hansen Johansen Olsen Larsen Andersen Pedersen Nilsen Kristiansen Jensen Karlsen Bakken Haugen Solberg Strand Moen Lie",
    "DE": "Müller Schmidt Schneider Fischer Weber Wagner Becker Hoffmann Schäfer Koch Richter Wolf Neumann Zimmermann Krüger Vogel",
    "CA": "Smith Tremblay Brown Roy Martin Gagnon Wilson Chen Macdonald Singh Campbell Bouchard Nguyen Taylor Reid Leblanc",
    "SE": "Andersson Johansson Karlsson Nilsson Eriksson Larsson Olsson Persson Lindberg Lindqvist Bergström Sandberg Holm Nyström Åkesson Ek",
    "GB": "Taylor Jones Williams Davies Evans Thomas Roberts Walker Wright Robinson Hughes Patel Green Clarke Murphy Khan",
}
DIAL: Final = {"MT": "+356 99", "FI": "+358 40", "NO": "+47 9", "DE": "+49 151", "CA": "+1 416", "SE": "+46 70", "GB": "+44 77"}
DEVICES: Final = (
    "iPhone, Safari", "Android, Chrome", "Windows, Chrome", "Windows, Edge", "macOS, Safari", "iPad, Safari", "Android, Samsung Internet",
    "Linux, Firefox", "Windows, Firefox",
)  # fmt: skip
ABROAD: Final = ("ES", "PT", "TH", "NL", "CY", "PL", "RO", "AE")

# What somebody typically pays in: the median in units of the currency, and how finely people round it.
TYPICAL: Final[dict[str, tuple[str, str]]] = {
    "EUR": ("55", "5"), "GBP": ("45", "5"), "SEK": ("500", "50"), "CAD": ("80", "5"), "JPY": ("8000", "500"), "KWD": ("18", "0.500"),
    "BTC": ("0.0015", "0.0001"), "ETH": ("0.04", "0.001"),
}  # fmt: skip
BANKS: Final = {"SE": "Bankgirot", "GB": "Faster Payments", "CA": "Interac", "NO": "SEPA"}


@dataclass(frozen=True)
class Person:
    """Somebody who registers."""

    brand: str
    market: Market
    first_name: str
    last_name: str
    birth_date: date
    email: str
    phone: str

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True)
class Means:
    """A way to pay, as a provider's front end would hand it over: a token, never a card number."""

    kind: str
    label: str
    token: str
    last4: str
    holder_name: str
    detail: str
    country: str
    currency: str


def person(draw: Random, *, brand: str, tag: str, today: date) -> Person:
    """A new person; `tag` makes the address unique. Everybody is of age everywhere."""
    market = draw.choices(MARKETS[brand], weights=[one.share for one in MARKETS[brand]])[0]
    first, last = draw.choice(FIRST[market.country].split()), draw.choice(LAST[market.country].split())
    years = min(78.0, max(19.5, draw.gauss(38, 12)))
    plain = f"{first}.{last}".lower().translate(str.maketrans("äöüåéø", "aouaeo"))
    return Person(
        brand=brand, market=market, first_name=first, last_name=last, birth_date=today - timedelta(days=int(years * 365.25)),
        email=f"{plain}.{tag}@mail.example", phone=f"{DIAL[market.country]}{draw.randrange(10**6, 10**7)}",
    )  # fmt: skip


def kind_of_means(draw: Random) -> str:
    return draw.choices(("card", "bank", "wallet", "BTC", "ETH"), weights=(50, 24, 18, 5, 3))[0]


def means(draw: Random, who: Person, kind: str, *, holder: str = "") -> Means:
    """A way to pay of `kind` (card, bank, wallet, BTC, ETH), in somebody else's name when `holder` says so."""
    name, country, number = holder or who.name, who.market.country, f"{draw.randrange(10**10):010d}"
    token = f"tok_{draw.getrandbits(64):016x}"
    if kind == "card":
        return Means("card", draw.choice(("Visa", "Mastercard", "Visa")), token, number[-4:], name, "", country, who.market.currency)
    if kind == "bank":
        label, detail = BANKS.get(country, "SEPA"), f"{country}{draw.randrange(10, 98)}{draw.randrange(10**15, 10**16)}"
        return Means("bank", label, token, detail[-4:], name, detail, country, who.market.currency)
    if kind == "wallet":
        label = draw.choice(("Trustly", "Skrill", "Neteller", "Trustly"))
        return Means("wallet", label, token, number[-4:], name, "", country, who.market.currency)
    if kind == "BTC":
        detail = "bc1q" + "".join(draw.choices("023456789acdefghjklmnpqrstuvwxyz", k=38))
        return Means("crypto", "Bitcoin", token, detail[-4:], "", detail, "", "BTC")
    detail = f"0x{draw.getrandbits(160):040x}"
    return Means("crypto", "Ethereum", token, detail[-4:], "", detail, "", "ETH")


def amount(draw: Random, currency: str, *, times: float = 1.0) -> Decimal:
    """What somebody pays in, log-normal around the typical amount (`times` it), rounded as people do; in units of the currency."""
    median, step = (Decimal(text) for text in TYPICAL[currency])
    drawn = Decimal(f"{draw.lognormvariate(0.0, 0.85) * times:.4f}") * median
    return rounded(drawn, step)


def rounded(value: Decimal, step: Decimal) -> Decimal:
    """To a multiple of `step`, one at least."""
    return max(Decimal(1), (value / step).to_integral_value()) * step


def share_of(draw: Random, balance: Decimal, currency: str) -> Decimal:
    """What somebody takes out of a balance: often all of it, otherwise a round part. Never more than there is."""
    if draw.random() < 0.45:
        return balance
    step = Decimal(TYPICAL[currency][1])
    return min(balance, rounded(balance * Decimal(f"{draw.uniform(0.3, 0.9):.3f}"), step))


def address(draw: Random) -> str:
    """An address from the ranges that belong to nobody (RFC 5737)."""
    return f"{draw.choice(('192.0.2', '198.51.100', '203.0.113'))}.{draw.randrange(1, 255)}"
