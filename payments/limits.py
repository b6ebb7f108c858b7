"""Who else has to agree before a withdrawal is paid: the policies "Withdrawals above a limit", kept by backoffice.approvals."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from backoffice.approvals import rules
from backoffice.approvals.models import Policy
from backoffice.approvals.services.applying import enact
from backoffice.scope.models import Brand
from payments.models import Withdrawal
from wallet import currencies

ACT = "payments.withdrawal"
SECOND = "payments.approve_second"


def four_eyes(*, brand_id: int, currency: str, fresh: bool = False) -> Decimal:
    """Above this amount (units of `currency`) a second person is needed. A currency without a limit needs one for any amount."""
    return rules.threshold(ACT, brand_id=brand_id, currency=currency, fresh=fresh)


def rule_of(withdrawal: Withdrawal, *, fresh: bool = False) -> rules.Rule:
    """The policy that speaks about this withdrawal: how many others have to agree, and who may. `fresh` for those who decide."""
    return rules.resolve(ACT, brand_id=withdrawal.brand_id, amount=withdrawal.amount, currency=withdrawal.currency, fresh=fresh)


def set_four_eyes(
    *, brand_id: int, amounts: Mapping[str, Decimal], now: datetime, roles: Sequence[str] = (), substitutes: Sequence[str] = (),
    night: tuple[str, str, str] = ("", "", "UTC"), reason: str = "Set-up",
) -> Policy:  # fmt: skip
    """The house sets a brand's limits: one further person above each amount. The same ones again change nothing.

    Raises UnknownCurrency, ValueError below zero. People change them by proposing another policy.
    """
    for code, amount in amounts.items():
        currencies.get(code)
        if not amount.is_finite() or amount < 0:
            raise ValueError(f"A limit is zero or more, not {amount}.")
    own = Policy.objects.filter(kind=ACT, brand_id=brand_id, active=True).order_by("position", "pk").first()
    values = {
        "kind": ACT, "brand": Brand.objects.get(pk=brand_id).code, "amounts": {code: format(amount, "f") for code, amount in amounts.items()}, "approvals": 1,
        "roles": list(roles), "substitutes": list(substitutes), "night_from": night[0], "night_until": night[1], "timezone": night[2], "position": 0,
        "active": True,
    }  # fmt: skip
    made = enact(kind="approvals.policy", subject=str(own.pk) if own else "", values=values, reason=reason, now=now)
    return Policy.objects.get(pk=made.subject if made else own.pk)  # type: ignore[union-attr]
