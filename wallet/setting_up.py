"""What a real operator says about money: the currencies that players may use."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError, transaction

from backoffice.runtime.seeders import SetupStep, setup_steps
from wallet import currencies

SHIPPED = {code: (code, name, exponent, kind) for code, name, exponent, kind in currencies.SHIPPED}


def options(parser: CommandParser) -> None:
    parser.add_argument(
        "--with-currency", action="append", default=[], metavar="CODE",
        help=f"besides that of the reports; may be given several times. Known are {', '.join(SHIPPED)}; others as NOK:2:fiat:Norwegian krone",
    )  # fmt: skip


def _read(text: str) -> tuple[str, str, int, str]:
    """Code, name, number of decimals, kind. Raises CommandError."""
    if text.upper() in SHIPPED:
        return SHIPPED[text.upper()]
    parts = text.split(":", 3)
    if len(parts) != 4 or not parts[1].isdigit() or int(parts[1]) > 18 or parts[2] not in {"fiat", "crypto"} or not parts[3].strip():
        raise CommandError(f"{text!r} is not a known currency. Known are {', '.join(SHIPPED)}; write others as NOK:2:fiat:Norwegian krone.")
    return parts[0].upper(), parts[3].strip(), int(parts[1]), parts[2]


def ask(given: dict[str, Any], question: Callable[[str, str], str]) -> None:
    wanted = [_read(text) for text in [given["currency"], *given["with_currency"]]]
    given["currencies"] = list(dict.fromkeys(wanted))
    given["currency"] = wanted[0][0]


def run(given: dict[str, Any]) -> str:
    for code, name, exponent, kind in given["currencies"]:
        try:
            with transaction.atomic():
                currencies.add(code=code, name=name, exponent=exponent, kind=kind)
        except DatabaseError as refused:
            raise CommandError(str(refused).splitlines()[0]) from refused
    return ", ".join(code for code, *_ in given["currencies"])


setup_steps.register(SetupStep("Currencies", 20, options, ask, run))
