"""Stripe's words in ours: amounts, PaymentIntents, refunds, disputes, events. Whatever does not fit raises ValueError."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from payments.providers.fields import mapping, text
from payments.providers.protocol import (
    DepositState,
    Dispute,
    DisputeState,
    EventKind,
    Money,
    Payment,
    PaymentKind,
    ProviderEvent,
    RefundState,
)

from .currencies import EXPONENTS, WRITTEN

_LARGEST = 10**12  # minor units; Stripe takes twelve digits at most

INTENTS: Mapping[str, DepositState] = {
    "requires_confirmation": DepositState.PENDING,
    "requires_action": DepositState.PENDING,
    "processing": DepositState.PENDING,
    "requires_capture": DepositState.AUTHORISED,
    "succeeded": DepositState.CAPTURED,
    "canceled": DepositState.FAILED,
}
REFUNDS: Mapping[str, RefundState] = {
    "pending": RefundState.ACCEPTED,
    "requires_action": RefundState.ACCEPTED,
    "succeeded": RefundState.PAID,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
DISPUTES: Mapping[str, DisputeState] = {
    "warning_needs_response": DisputeState.INQUIRY,
    "warning_under_review": DisputeState.INQUIRY,
    "warning_closed": DisputeState.WON,  # nothing was taken, so nothing comes back; it is over
    "needs_response": DisputeState.OPENED,
    "under_review": DisputeState.OPENED,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
}
_WAITING = ("warning_needs_response", "needs_response")

_INTENT_EVENTS = {
    "payment_intent.amount_capturable_updated": EventKind.DEPOSIT_AUTHORISED,
    "payment_intent.succeeded": EventKind.DEPOSIT_CAPTURED,
    "payment_intent.payment_failed": EventKind.DEPOSIT_FAILED,
    "payment_intent.canceled": EventKind.DEPOSIT_FAILED,
}
_REFUND_EVENTS = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})
_REFUND_KINDS = {RefundState.PAID: EventKind.REFUND_PAID, RefundState.FAILED: EventKind.REFUND_FAILED}
_DISPUTE_EVENTS = frozenset(f"charge.dispute.{what}" for what in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated"))
_DISPUTE_KINDS = {
    DisputeState.INQUIRY: EventKind.DISPUTE_INQUIRY,
    DisputeState.OPENED: EventKind.DISPUTE_OPENED,
    DisputeState.WON: EventKind.DISPUTE_WON,
    DisputeState.LOST: EventKind.DISPUTE_LOST,
}


# ---- amounts and times ----


def minor_units(money: Money, *, currencies: Mapping[str, int] = EXPONENTS) -> int:
    """`money` as Stripe writes it. Raises ValueError when it is zero, too large, too precise or in a currency that is not there."""
    exponent = currencies.get(money.currency)
    if exponent is None:
        raise ValueError(f"Stripe has no {money.currency} here")
    if not 0 < money.amount < _LARGEST:
        raise ValueError(f"{money} is not an amount that can be paid")
    _, _, decimals = f"{money.amount:f}".partition(".")
    if len(decimals.rstrip("0")) > exponent:
        raise ValueError(f"{money} has more than {exponent} decimals, which is what Stripe takes in {money.currency}")
    units = int(money.amount.scaleb(WRITTEN[money.currency]))
    if units >= _LARGEST:
        raise ValueError(f"{money} is not an amount that can be paid")
    return units


def signed_units(value: object, currency: object) -> tuple[Decimal, str]:
    """An amount that may be below zero, and its currency in capitals. Raises ValueError."""
    code = currency.upper() if isinstance(currency, str) else ""
    if code not in WRITTEN:
        raise ValueError("unknown currency")
    if not isinstance(value, int) or isinstance(value, bool) or not -(10**18) < value < 10**18:
        raise ValueError("not an amount")
    return Decimal(value).scaleb(-WRITTEN[code]), code


def units_to_money(value: object, currency: object) -> Money:
    """An amount from Stripe. Raises ValueError for anything but whole units, not below zero, of a currency that it has."""
    amount, code = signed_units(value, currency)
    return Money(amount=amount, currency=code)


def moment(value: object) -> datetime:
    """Seconds since the epoch. Raises ValueError."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 10**11:
        raise ValueError("not a time")
    return datetime.fromtimestamp(value, UTC)


# ---- what is asked about ----


def intent(raw: object, *, disputes: tuple[Dispute, ...] = ()) -> Payment:
    """A deposit from a PaymentIntent, its charge read along. Raises ValueError."""
    fields = mapping(raw)
    status = text(fields, "status")
    charge, error = fields.get("latest_charge"), fields.get("last_payment_error")
    if status == "requires_payment_method":
        state = DepositState.FAILED if isinstance(error, dict) else DepositState.PENDING  # unconfirmed yet, or declined
    elif status in INTENTS:
        state = INTENTS[status]
    else:
        raise ValueError("unknown status of a PaymentIntent")
    decline = ""
    if state is DepositState.FAILED:
        decline = why(error) if isinstance(error, dict) else str(fields.get("cancellation_reason") or status)
    captured = state is DepositState.CAPTURED
    return Payment(
        reference=reference(fields),
        provider_id=text(fields, "id"),
        kind=PaymentKind.DEPOSIT,
        state=state,
        money=units_to_money(fields["amount_received" if captured and "amount_received" in fields else "amount"], fields.get("currency")),
        fee=_fee(charge.get("balance_transaction"), currency=fields.get("currency")) if captured and isinstance(charge, dict) else None,
        sequence=0,
        changed_at=moment(charge.get("created") if isinstance(charge, dict) else fields.get("created")),
        decline=decline,
        disputes=disputes,
    )


def refund(raw: object) -> Payment:
    """A refund; its reference is empty when somebody made it in Stripe's Dashboard. Raises ValueError."""
    fields = mapping(raw)
    state = REFUNDS.get(text(fields, "status"))
    if state is None:
        raise ValueError("unknown status of a refund")
    reason = fields.get("failure_reason")
    return Payment(
        reference=_reference(fields),
        provider_id=text(fields, "id"),
        kind=PaymentKind.REFUND,
        state=state,
        money=units_to_money(fields.get("amount"), fields.get("currency")),
        fee=None,
        sequence=0,
        changed_at=moment(fields.get("created")),
        decline=reason if state is RefundState.FAILED and isinstance(reason, str) else "",
        deposit_id=_optional(fields, "payment_intent"),
    )


def dispute(raw: object) -> Dispute | None:
    """A dispute; None for one whose status is not ours to follow, such as one that was prevented. Raises ValueError."""
    fields = mapping(raw)
    status = text(fields, "status")
    state = DISPUTES.get(status)
    if state is None:
        return None
    moved = fields.get("balance_transactions")
    if state is DisputeState.OPENED and moved == []:
        state = DisputeState.INQUIRY  # it will be opened when the money is taken
    due = mapping(fields.get("evidence_details") or {}).get("due_by")
    return Dispute(
        dispute_id=text(fields, "id"),
        state=state,
        money=units_to_money(fields.get("amount"), fields.get("currency")),
        reason=_network_reason(fields) or _optional(fields, "reason"),
        evidence_due_at=moment(due) if due and status in _WAITING else None,
        fee=_fees(moved, currency=fields.get("currency")),
    )


# ---- events ----


def event(raw: Mapping[str, Any]) -> ProviderEvent:
    """One event. It holds a snapshot that may be old, so it is a reason to ask; only what stays so is told from it, and disputes. Raises ValueError."""
    kind = text(raw, "type")
    plain = ProviderEvent(
        event_id=text(raw, "id"),
        kind=EventKind.UNKNOWN,
        occurred_at=moment(raw.get("created")),
        reference="",
        provider_id="",
        sequence=0,
        money=None,
        fee=None,
        payment=None,
        raw=raw,
    )
    thing = mapping(mapping(raw.get("data")).get("object"))
    if kind in _DISPUTE_EVENTS:
        return _dispute_event(plain, thing)
    if kind not in _INTENT_EVENTS and kind not in _REFUND_EVENTS:
        return plain
    payment_reference = _reference(thing)
    told = dataclasses.replace(
        plain, reference=payment_reference, provider_id=text(thing, "id"), money=units_to_money(thing.get("amount"), thing.get("currency"))
    )
    if kind in _INTENT_EVENTS:
        if not payment_reference:
            return plain  # made by something else in the same account
        # Nothing follows success: a PaymentIntent that came late, after we had given it up, is told so without a question.
        paid = intent(thing) if kind == "payment_intent.succeeded" else None
        return dataclasses.replace(told, kind=_INTENT_EVENTS[kind], money=paid.money if paid else told.money, payment=paid)
    found = _REFUND_KINDS.get(REFUNDS.get(_optional(thing, "status"), RefundState.ACCEPTED))
    if found is None:
        return told
    # Without a reference of ours there is nothing to ask about: what it says of its deposit is all that is known.
    return dataclasses.replace(told, kind=found, payment=None if payment_reference else refund(thing))


def _dispute_event(plain: ProviderEvent, thing: Mapping[str, Any]) -> ProviderEvent:
    found, about = dispute(thing), thing.get("payment_intent")
    if found is None or not isinstance(about, str) or not about:
        return plain
    return dataclasses.replace(plain, kind=_DISPUTE_KINDS[found.state], provider_id=about, money=found.money, fee=found.fee, dispute=found)


# ---- fields ----


def reference(fields: Mapping[str, Any]) -> str:
    """Our reference, which Stripe keeps for us. Raises ValueError."""
    return text(mapping(fields.get("metadata")), "reference")


def _reference(fields: Mapping[str, Any]) -> str:
    """Our reference, or nothing."""
    return _optional(mapping(fields.get("metadata") or {}), "reference")


def why(error: Mapping[str, Any]) -> str:
    """Why a payment was declined: the bank's code where there is one, else Stripe's."""
    return _optional(error, "decline_code") or _optional(error, "code") or _optional(error, "type")


def _optional(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _network_reason(fields: Mapping[str, Any]) -> str:
    details = fields.get("payment_method_details")
    card = details.get("card") if isinstance(details, dict) else None
    return _optional(card, "network_reason_code") if isinstance(card, dict) else _optional(fields, "network_reason_code")


def _fee(raw: object, *, currency: object) -> Money | None:
    """What Stripe charged; None while the balance transaction is not there, and where Stripe settles in another currency than the payment's."""
    return units_to_money(raw.get("fee"), currency) if isinstance(raw, dict) and raw.get("currency") == currency else None


def _fees(raw: object, *, currency: object) -> Money | None:
    """What a dispute costs so far: the fees of its transactions together, where Stripe settles in the dispute's currency."""
    lines = [mapping(each) for each in raw] if isinstance(raw, list) else []
    if not lines or any(line.get("currency") != currency for line in lines):
        return None
    total = sum((signed_units(line.get("fee"), currency)[0] for line in lines), Decimal(0))
    return Money(amount=total, currency=signed_units(0, currency)[1]) if total >= 0 else None
