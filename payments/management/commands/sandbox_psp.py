from decimal import Decimal, InvalidOperation
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from payments.demo import DEMO_BEHAVIOUR


class Command(BaseCommand):
    help = "Let the sandbox PSP have bad days, from now on: rates from 0 to 1. Without an option it says how it behaves. Refused in production."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--fail-rate", default="", help="Share of deposits and payouts that fail, such as 0.8.")
        parser.add_argument("--set", action="append", default=[], metavar="NAME=RATE", help="Any of its rates or seconds, such as timeout=0.3.")
        parser.add_argument("--as-usual", action="store_true", help="As the demo begins: an ordinary day.")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION or "nordpay" not in settings.PAYMENT_PROVIDERS:
            raise CommandError("There is no sandbox PSP here.")
        wanted: dict[str, str | bool] = {"reset": True, **DEMO_BEHAVIOUR} if options["as_usual"] else {}
        if options["fail_rate"]:
            wanted |= {"fail": _rate(options["fail_rate"]), "refuse": "0", "expire": "0"}
        for pair in options["set"]:
            name, equals, value = pair.partition("=")
            if not equals:
                raise CommandError(f"Write {pair} as NAME=RATE.")
            wanted[name] = value
        sandbox = settings.PAYMENT_PROVIDERS["nordpay"]
        call: dict[str, Any] = {"headers": {"Authorization": f"Bearer {sandbox['key']}"}, "timeout": 5}
        address = f"{sandbox['url']}/v1/test/behaviour"
        with httpx.Client(trust_env=False) as client:
            try:
                answer = client.post(address, json=wanted, **call) if wanted else client.get(address, **call)
            except httpx.HTTPError as away:
                raise CommandError(f"The sandbox PSP does not answer: {away}") from away
        if answer.status_code != httpx.codes.OK:
            raise CommandError(f"It refused: {answer.text}")
        said = {name: value for name, value in answer.json().items() if value not in ("0", 0)}
        self.stdout.write("\n".join(f"{name}: {value}" for name, value in sorted(said.items())))


def _rate(text: str) -> str:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        rate = Decimal(-1)
    if not 0 <= rate <= 1:
        raise CommandError("A rate lies between 0 and 1.")
    return format(rate, "f")
