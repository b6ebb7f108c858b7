"""The small things that most tests need. Each makes what is missing around it."""

import itertools
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone

from backoffice.scope import packs
from backoffice.scope.models import Brand, Jurisdiction
from players.models import Player
from wallet import currencies, ledger
from wallet.kinds import AccountKind, TransactionKind
from wallet.ledger import Cash, House, Posted

LAWS = {
    "MT": ("Malta", "MGA"), "GB": ("Great Britain", "UKGC"), "SE": ("Sweden", "Spelinspektionen"), "DE": ("Germany", "GGL"),
    "CA-ON": ("Ontario", "AGCO"),
}  # fmt: skip
PSP = House(AccountKind.PSP_CLEARING, "nordpay")
_count = itertools.count(1)


def shipped_currencies() -> None:
    for code, name, exponent, kind in currencies.SHIPPED:
        currencies.add(code=code, name=name, exponent=exponent, kind=kind)


def jurisdiction(code: str = "MT") -> Jurisdiction:
    """With its shipped pack in force."""
    name, regulator = LAWS[code]
    law, made = Jurisdiction.objects.get_or_create(code=code, defaults={"name": name, "regulator": regulator})
    if made:
        packs.load((packs.SHIPPED / f"{code}.toml").read_text(), now=timezone.now())
    return law


def brand(code: str = "nova", *, laws: tuple[str, ...] = ("MT",), timezone: str = "Europe/Malta", base_currency: str = "EUR") -> Brand:
    """With its jurisdictions, and every shipped currency set up."""
    found = Brand.objects.filter(code=code).first()
    if found is None:
        shipped_currencies()
        found = Brand.objects.create(code=code, name=code.title(), timezone=timezone, base_currency=base_currency)
        found.jurisdictions.set([jurisdiction(law) for law in laws])
    return found


def player(of: Brand | None = None, *, cash: str = "", currency: str = "EUR", **fields: Any) -> Player:
    """A player of `of` (the brand `nova` when absent), with `cash` in `currency` if any."""
    home = of or brand()
    number = next(_count)
    made = Player(
        brand=home,
        **{
            "jurisdiction": home.jurisdictions.order_by("code")[0],
            "external_id": f"player-{number}",
            "first_name": "Mia",
            "last_name": f"Kowalska {number}",
            "birth_date": date(1990, 5, 17),
            "country": "PL",
            "currency": currency,
            "registered_at": timezone.now(),
            **fields,
        },
    )
    made.save()
    if cash:
        deposit(made, cash, currency)
    return made


def deposit(to: Player, amount: str, currency: str = "EUR", *, key: str = "", **more: Any) -> Posted:
    """Cash from the payment provider's clearing account."""
    return ledger.post(
        kind=TransactionKind.DEPOSIT_CREDITED, key=key or f"deposit-{next(_count)}", brand=to.brand_id, amount=Decimal(amount), currency=currency,
        source=PSP, target=Cash(to.pk), **more,
    )  # fmt: skip
