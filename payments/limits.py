"""Numbers of the withdrawal decision that staff set per brand and currency."""

from decimal import Decimal

from payments.models import FourEyesLimit


def four_eyes(*, brand_id: int, currency: str) -> Decimal:
    """Above this amount (units of `currency`) a second person is needed. A currency without a limit needs one for any amount."""
    found = FourEyesLimit.objects.filter(brand_id=brand_id, currency=currency).values_list("amount", flat=True).first()
    return found if found is not None else Decimal(0)
