"""Nordpay's words in ours: amounts, payments and events. Whatever does not fit raises ValueError."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from payments.providers.fields import count, mapping, moment, text
from payments.providers.protocol import (
    DepositState,
    Dispute,
    DisputeState,
    EventKind,
    Money,
    Payment,
    PaymentKind,
    PayoutState,
    ProviderEvent,
    RefundState,
    State,
)

EXPONENTS: Mapping[str, int] = {"JPY": 0, "CAD": 2, "EUR": 2, "GBP": 2, "SEK": 2, "KWD": 3, "BTC": 8, "ETH": 18}

_AMOUNT = re.compile(r"(?:0|[1-9][0-9]{0,19})(?:\.([0-9]{1,18}))?")
_LARGEST = Decimal(10) ** 20

_STATES: Mapping[PaymentKind, Mapping[str, State]] = {
    PaymentKind.DEPOSIT: {
        "pending": DepositState.PENDING,
        "authorised": DepositState.AUTHORISED,
        "captured": DepositState.CAPTURED,
        "failed": DepositState.FAILED,
        "expired": DepositState.EXPIRED,
        "reversed": DepositState.REVERSED,
        "charged_back": DepositState.CAPTURED,  # it came; what the bank took back is the dispute
    },
    PaymentKind.PAYOUT: {
        "accepted": PayoutState.ACCEPTED,
        "sent": PayoutState.SENT,
        "paid": PayoutState.PAID,
        "failed": PayoutState.FAILED,
        "returned": PayoutState.RETURNED,
    },
    PaymentKind.REFUND: {
        "accepted": RefundState.ACCEPTED,
        "paid": RefundState.PAID,
        "failed": RefundState.FAILED,
    },
}
_EVENTS: Mapping[str, EventKind] = {
    **{kind.value: kind for kind in EventKind if kind is not EventKind.UNKNOWN and not kind.value.startswith("dispute.")},
    "deposit.charged_back": EventKind.DISPUTE_OPENED, "deposit.charge_back_won": EventKind.DISPUTE_WON,
}  # fmt: skip


def amount_text(money: Money) -> str:
    """`money` as Nordpay reads it. Raises ValueError when it is zero, too large, too precise or in a currency that Nordpay lacks."""
    exponent = EXPONENTS.get(money.currency)
    if exponent is None:
        raise ValueError(f"Nordpay has no {money.currency}")
    if not 0 < money.amount < _LARGEST:
        raise ValueError(f"{money} is not an amount that can be paid")
    whole, _, decimals = f"{money.amount:f}".partition(".")
    decimals = decimals.rstrip("0")
    if len(decimals) > exponent:
        raise ValueError(f"{money} has more than {exponent} decimals")
    return f"{whole}.{decimals.ljust(exponent, '0')}" if exponent else whole


def money(amount: object, currency: object) -> Money:
    """An amount from Nordpay. Raises ValueError for a JSON number, and for anything that its currency cannot hold."""
    if not isinstance(currency, str) or currency not in EXPONENTS:
        raise ValueError("unknown currency")
    found = _AMOUNT.fullmatch(amount) if isinstance(amount, str) else None
    if found is None or len(found.group(1) or "") > EXPONENTS[currency]:
        raise ValueError("not an amount")
    return Money(amount=Decimal(found.group()), currency=currency)


def payment(raw: object) -> Payment:
    """A payment from Nordpay. Raises ValueError."""
    fields = mapping(raw)
    kind = PaymentKind(text(fields, "kind"))
    state = _STATES[kind].get(text(fields, "status"))
    if state is None:
        raise ValueError("unknown status")
    currency = fields.get("currency")
    return Payment(
        reference=text(fields, "reference"),
        provider_id=text(fields, "id"),
        kind=kind,
        state=state,
        money=money(fields.get("amount"), currency),
        fee=money(fields.get("fee"), currency),
        sequence=count(fields, "sequence"),
        changed_at=moment(fields.get("changed")),
        deposit_id=text(fields, "payment") if kind is PaymentKind.REFUND else "",
        disputes=tuple(dispute(one) for one in _list(fields, "disputes")),
    )


def dispute(raw: object) -> Dispute:
    """A dispute from Nordpay. Raises ValueError."""
    fields = mapping(raw)
    currency = fields.get("currency")
    return Dispute(
        dispute_id=text(fields, "id"),
        state=DisputeState(text(fields, "status")),
        money=money(fields.get("amount"), currency),
        reason=text(fields, "reason"),
        evidence_due_at=moment(fields.get("evidence_due")),
        fee=money(fields.get("fee"), currency),
    )


def event(raw: Mapping[str, Any]) -> ProviderEvent:
    """An event from Nordpay. A type that is not known yet gives an event of kind UNKNOWN. Raises ValueError."""
    event_id, occurred_at, told = text(raw, "id"), moment(raw.get("created")), text(raw, "type")
    kind = _EVENTS.get(told, EventKind.UNKNOWN)
    if kind is EventKind.UNKNOWN:
        return ProviderEvent(
            event_id=event_id,
            kind=kind,
            occurred_at=occurred_at,
            reference="",
            provider_id="",
            sequence=0,
            money=None,
            fee=None,
            payment=None,
            raw=raw,
        )
    about = payment(raw.get("payment"))
    if about.kind != told.partition(".")[0] or raw.get("currency") != about.money.currency:
        raise ValueError("the event does not fit its payment")
    return ProviderEvent(
        event_id=event_id,
        kind=kind,
        occurred_at=occurred_at,
        reference=about.reference,
        provider_id=about.provider_id,
        sequence=count(raw, "sequence"),
        money=money(raw.get("amount"), raw.get("currency")),
        fee=money(raw.get("fee"), raw.get("currency")),
        payment=about,
        raw=raw,
        dispute=about.disputes[-1] if kind.value.startswith("dispute.") and about.disputes else None,
    )


def _list(fields: Mapping[str, Any], name: str) -> list[Any]:
    value = fields.get(name, [])
    if not isinstance(value, list):
        raise ValueError(f"{name} is no list")
    return value
