"""Numbers of the withdrawal decision that staff set per brand and currency."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from payments.models import FourEyesLimit
from wallet import currencies


def four_eyes(*, brand_id: int, currency: str) -> Decimal:
    """Above this amount (units of `currency`) a second person is needed. A currency without a limit needs one for any amount."""
    found = FourEyesLimit.objects.filter(brand_id=brand_id, currency=currency).values_list("amount", flat=True).first()
    return found if found is not None else Decimal(0)


@transaction.atomic
def set_four_eyes(*, brand_id: int, currency: str, amount: Decimal, by: Actor, now: datetime) -> FourEyesLimit:
    """Set the limit of a brand and currency; the same one again changes nothing. Raises UnknownCurrency, ValueError below zero."""
    code = currencies.get(currency).code
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"A limit is zero or more, not {amount}.")
    limit, made = FourEyesLimit.objects.select_for_update().get_or_create(brand_id=brand_id, currency=code, defaults={"amount": amount})
    before = None if made else limit.amount
    if made or before != amount:
        limit.amount = amount
        limit.save(update_fields=["amount"])
        record(
            "payments.four_eyes_set", actor=by, at=now, brand_id=brand_id, subject=limit, before=None if made else {"amount": before},
            after={"currency": code, "amount": amount},
        )  # fmt: skip
    return limit
