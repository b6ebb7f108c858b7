"""What a real operator says about the casino: its brand and its markets."""

import re
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from backoffice.runtime.seeders import SetupStep, setup_steps
from backoffice.scope import markets, zones

_CODES = ", ".join(market.code for market in markets.SHIPPED)


def options(parser: CommandParser) -> None:
    parser.add_argument("--brand-code", help="short name in small letters, such as nova")
    parser.add_argument("--brand-name", help="as players know it")
    parser.add_argument("--timezone", help="the clock of its accounting day, such as Europe/Malta")
    parser.add_argument("--currency", help="the currency of its reports, such as EUR")
    parser.add_argument("--jurisdiction", action="append", default=[], help=f"may be given several times; shipped are {_CODES}")


def ask(given: dict[str, Any], question: Callable[[str, str], str]) -> None:
    given["brand_code"] = given["brand_code"] or question("--brand-code", "The brand's short name, such as nova")
    given["brand_name"] = given["brand_name"] or question("--brand-name", "The brand's name, as players know it")
    given["timezone"] = given["timezone"] or question("--timezone", "The clock of its accounting day, such as Europe/Malta")
    given["currency"] = (given["currency"] or question("--currency", "The currency of its reports, such as EUR")).upper()
    given["jurisdiction"] = given["jurisdiction"] or re.split(r"[,\s]+", question("--jurisdiction", f"Its licences, any of {_CODES}"))
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,31}", given["brand_code"]):
        raise CommandError(f"--brand-code: {given['brand_code']!r} is not a short name in small letters, such as nova.")
    if given["timezone"] not in zones.known():
        raise CommandError(f"--timezone: {given['timezone']!r} is not a time zone. Use a name such as Europe/Malta.")
    if unknown := [code for code in given["jurisdiction"] if code not in {market.code for market in markets.SHIPPED}]:
        raise CommandError(f"--jurisdiction: {', '.join(unknown)} is not shipped. Shipped are {_CODES}.")


def run(given: dict[str, Any]) -> str:
    try:
        brand, made = markets.open_brand(
            code=given["brand_code"], name=given["brand_name"], timezone=given["timezone"], base_currency=given["currency"],
            jurisdictions=given["jurisdiction"], now=timezone.now(),
        )  # fmt: skip
    except markets.BrandDiffers as differs:
        raise CommandError(str(differs)) from differs
    return f"{brand.name} {'is open' if made else 'was open before'}, licensed in {', '.join(brand.jurisdictions.values_list('code', flat=True))}"


setup_steps.register(SetupStep("Brand", 10, options, ask, run))
