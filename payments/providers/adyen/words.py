"""Adyen's words in ours: amounts, answers, notifications, transfers. Whatever does not fit raises ValueError."""

from __future__ import annotations

import dataclasses
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

from .currencies import EXPONENTS

_LARGEST = 10**15  # minor units

RESULTS: Mapping[str, DepositState] = {
    "Authorised": DepositState.AUTHORISED,
    "RedirectShopper": DepositState.PENDING,
    "Pending": DepositState.PENDING,
    "Received": DepositState.PENDING,
    "PresentToShopper": DepositState.PENDING,
    "Refused": DepositState.FAILED,
    "Cancelled": DepositState.FAILED,
    "Error": DepositState.FAILED,
}

TRANSFERS: Mapping[str, PayoutState] = {
    "received": PayoutState.ACCEPTED,
    "pending": PayoutState.ACCEPTED,
    "pendingApproval": PayoutState.ACCEPTED,
    "approvalPending": PayoutState.ACCEPTED,
    "pendingExecution": PayoutState.ACCEPTED,
    "authorised": PayoutState.SENT,
    "bookingPending": PayoutState.SENT,
    "booked": PayoutState.PAID,
    "credited": PayoutState.PAID,
    "refused": PayoutState.FAILED,
    "rejected": PayoutState.FAILED,
    "cancelled": PayoutState.FAILED,
    "expired": PayoutState.FAILED,
    "error": PayoutState.FAILED,
    "failed": PayoutState.FAILED,
    "returned": PayoutState.RETURNED,
}
_PAYOUT_EVENTS = {
    PayoutState.SENT: EventKind.PAYOUT_SENT,
    PayoutState.PAID: EventKind.PAYOUT_PAID,
    PayoutState.FAILED: EventKind.PAYOUT_FAILED,
    PayoutState.RETURNED: EventKind.PAYOUT_RETURNED,
}

# eventCode: the state of the dispute, and whether it is the second one about this payment, which is a dispute of its own.
DISPUTES: Mapping[str, tuple[DisputeState, bool]] = {
    "REQUEST_FOR_INFORMATION": (DisputeState.INQUIRY, False),
    "NOTIFICATION_OF_CHARGEBACK": (DisputeState.INQUIRY, False),
    "CHARGEBACK": (DisputeState.OPENED, False),
    "CHARGEBACK_REVERSED": (DisputeState.WON, False),
    "PREARBITRATION_OPEN": (DisputeState.INQUIRY, True),
    "SECOND_CHARGEBACK": (DisputeState.OPENED, True),
    "PREARBITRATION_WON": (DisputeState.WON, True),
    "PREARBITRATION_LOST": (DisputeState.LOST, True),
    "SCHEME_ARBITRATION_WON": (DisputeState.WON, True),
    "SCHEME_ARBITRATION_LOST": (DisputeState.LOST, True),
}
SECOND = "-2"  # follows Adyen's reference of a dispute in ours of its second round
_DISPUTE_EVENTS = {
    DisputeState.INQUIRY: EventKind.DISPUTE_INQUIRY,
    DisputeState.OPENED: EventKind.DISPUTE_OPENED,
    DisputeState.WON: EventKind.DISPUTE_WON,
    DisputeState.LOST: EventKind.DISPUTE_LOST,
}

_GONE = {"CANCELLATION": "cancelled", "TECHNICAL_CANCEL": "cancelled", "EXPIRE": "expired", "CAPTURE_FAILED": "capture failed"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose notifications are ours, and whether an authorisation is a capture there."""

    merchant: str
    captured_at_once: bool


# ---- amounts ----


def minor_units(money: Money, *, currencies: Mapping[str, int] = EXPONENTS) -> int:
    """`money` in Adyen's minor units. Raises ValueError when it is zero, too large, too precise or in a currency that Adyen lacks."""
    exponent = currencies.get(money.currency)
    if exponent is None:
        raise ValueError(f"Adyen has no {money.currency} here")
    if not 0 < money.amount < _LARGEST:
        raise ValueError(f"{money} is not an amount that can be paid")
    _, _, decimals = f"{money.amount:f}".partition(".")
    if len(decimals.rstrip("0")) > exponent:
        raise ValueError(f"{money} has more than {exponent} decimals, which is what Adyen takes in {money.currency}")
    units = int(money.amount.scaleb(exponent))
    if units >= _LARGEST:
        raise ValueError(f"{money} is not an amount that can be paid")
    return units


def units_to_money(value: object, currency: object) -> Money:
    """An amount from Adyen. Raises ValueError for anything but whole, positive minor units of a currency that it has."""
    if not isinstance(currency, str) or currency not in EXPONENTS:
        raise ValueError("unknown currency")
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST:
        raise ValueError("not an amount")
    return Money(amount=Decimal(value).scaleb(-EXPONENTS[currency]), currency=currency)


def money(raw: object) -> Money:
    """`{"value", "currency"}`. Raises ValueError."""
    fields = mapping(raw)
    return units_to_money(fields.get("value"), fields.get("currency"))


# ---- transfers ----


def transfer(raw: object) -> Payment:
    """A payout from the Transfers API or its webhook. Raises ValueError."""
    fields = mapping(raw)
    status = text(fields, "status")
    state = TRANSFERS.get(status)
    if state is None:
        raise ValueError("unknown status of a transfer")
    sequence = count(fields, "sequenceNumber") if "sequenceNumber" in fields else 0
    reason = fields.get("reason")
    return Payment(
        reference=text(fields, "reference"),
        provider_id=text(fields, "id"),
        kind=PaymentKind.PAYOUT,
        state=state,
        money=money(fields.get("amount")),
        fee=None,
        sequence=sequence,
        changed_at=moment(fields.get("updatedAt", fields.get("creationDate", fields.get("createdAt")))),
        decline=reason if state is PayoutState.FAILED and isinstance(reason, str) else "",
    )


def transfer_event(raw: Mapping[str, Any]) -> ProviderEvent:
    """A webhook of the balance platform. What is no outgoing transfer to a bank or a card is of kind UNKNOWN. Raises ValueError."""
    fields = mapping(raw.get("data"))
    occurred_at = moment(raw.get("timestamp", fields.get("updatedAt", fields.get("creationDate"))))
    kind, payment = EventKind.UNKNOWN, None
    ours = str(raw.get("type", "")).startswith("balancePlatform.transfer.") and fields.get("direction", "outgoing") == "outgoing"
    if ours and fields.get("category") in ("bank", "card") and str(fields.get("status")) in TRANSFERS:
        payment = transfer(fields)
        kind = _PAYOUT_EVENTS.get(PayoutState(payment.state), EventKind.UNKNOWN)
    name = f"{text(fields, 'id')}:{fields.get('sequenceNumber', '')}:{fields.get('status', '')}"
    return ProviderEvent(
        event_id=f"{raw.get('type', '')}:{name}",
        kind=kind,
        occurred_at=occurred_at,
        reference=payment.reference if payment else "",
        provider_id=payment.provider_id if payment else "",
        sequence=payment.sequence if payment else 0,
        money=payment.money if payment else None,
        fee=None,
        payment=payment if kind is not EventKind.UNKNOWN else None,
        raw=raw,
    )


# ---- standard notifications ----


def items(raw: object) -> list[object]:
    """What is in `notificationItems`. Raises ValueError."""
    if not isinstance(raw, list):
        raise ValueError("notificationItems is no list")
    return [mapping(wrapped).get("NotificationRequestItem") for wrapped in raw]


def item_event(raw: object, *, account: Account) -> ProviderEvent:
    """One NotificationRequestItem. A code that moves nothing, or that is not known yet, is of kind UNKNOWN. Raises ValueError."""
    item = mapping(raw)
    code, success = text(item, "eventCode"), _truth(item.get("success"))
    psp = text(item, "pspReference")
    event = ProviderEvent(
        event_id=f"{psp}:{code}:{'true' if success else 'false'}",
        kind=EventKind.UNKNOWN,
        occurred_at=moment(item.get("eventDate")),
        reference=_optional(item, "merchantReference"),
        provider_id=_optional(item, "originalReference") or psp,
        sequence=0,
        money=None,
        fee=None,
        payment=None,
        raw=item,
    )
    if item.get("merchantAccountCode") != account.merchant:
        return event  # another account of the company, whose references are not ours
    if code in DISPUTES or (code == "DISPUTE_DEFENSE_PERIOD_ENDED" and _extra(item).get("disputeStatus") == "Lost"):
        return _dispute(event, item, psp=psp) if success else event
    if code == "CANCEL_OR_REFUND":
        code = {"refund": "REFUND", "cancel": "CANCELLATION"}.get(str(_extra(item).get("modification.action")), code)
    if code in ("REFUND", "REFUND_WITH_DATA", "REFUND_FAILED", "REFUNDED_REVERSED"):
        if code in ("REFUND_FAILED", "REFUNDED_REVERSED") and not success:
            return event
        paid = success and code in ("REFUND", "REFUND_WITH_DATA")
        return _told(
            event, item, EventKind.REFUND_PAID if paid else EventKind.REFUND_FAILED, PaymentKind.REFUND,
            RefundState.PAID if paid else RefundState.FAILED, provider_id=psp,
        )  # fmt: skip
    found = _deposit_state(code, success=success, account=account)
    return event if found is None else _told(event, item, *found[:1], PaymentKind.DEPOSIT, found[1])


def _deposit_state(code: str, *, success: bool, account: Account) -> tuple[EventKind, DepositState] | None:
    """What a code says about a deposit; None when it says nothing that counts."""
    if code == "AUTHORISATION" and success and account.captured_at_once:
        return EventKind.DEPOSIT_CAPTURED, DepositState.CAPTURED
    if code == "AUTHORISATION" and success:
        return EventKind.DEPOSIT_AUTHORISED, DepositState.AUTHORISED
    if code == "CAPTURE" and success:
        return EventKind.DEPOSIT_CAPTURED, DepositState.CAPTURED
    if code == "AUTHORISATION":
        return EventKind.DEPOSIT_FAILED, DepositState.FAILED
    if code == "CAPTURE":
        # Told as captured already by its authorisation, the money goes again; otherwise it never came.
        return (EventKind.DEPOSIT_REVERSED, DepositState.REVERSED) if account.captured_at_once else (EventKind.DEPOSIT_FAILED, DepositState.FAILED)
    if code in _GONE and success:
        if account.captured_at_once or code == "CAPTURE_FAILED":
            return EventKind.DEPOSIT_REVERSED, DepositState.REVERSED
        return (EventKind.DEPOSIT_EXPIRED, DepositState.EXPIRED) if code == "EXPIRE" else (EventKind.DEPOSIT_FAILED, DepositState.FAILED)
    return None


def _told(event: ProviderEvent, item: Mapping[str, Any], kind: EventKind, of: PaymentKind, state: State, *, provider_id: str = "") -> ProviderEvent:
    amount = money(item.get("amount"))
    reason = item.get("reason")
    failed = kind in (EventKind.DEPOSIT_FAILED, EventKind.REFUND_FAILED, EventKind.DEPOSIT_REVERSED)
    payment = Payment(
        reference=text(item, "merchantReference"),
        provider_id=provider_id or event.provider_id,
        kind=of,
        state=state,
        money=amount,
        fee=None,
        sequence=0,
        changed_at=event.occurred_at,
        decline=reason if failed and isinstance(reason, str) else "",
        deposit_id=_optional(item, "originalReference") if of is PaymentKind.REFUND else "",
    )
    return dataclasses.replace(event, kind=kind, provider_id=payment.provider_id, money=amount, payment=payment)


def _dispute(event: ProviderEvent, item: Mapping[str, Any], *, psp: str) -> ProviderEvent:
    state, second = DISPUTES.get(text(item, "eventCode"), (DisputeState.LOST, False))
    extra, amount = _extra(item), money(item.get("amount"))
    reason = extra.get("chargebackReasonCode") or extra.get("rfiReasonCode") or ""
    due = extra.get("defensePeriodEndsAt")
    dispute = Dispute(
        dispute_id=psp + SECOND if second else psp,
        state=state,
        money=amount,
        reason=reason.strip() if isinstance(reason, str) else "",
        evidence_due_at=moment(due) if due and extra.get("defendable", "true") != "false" else None,
    )
    original = _optional(item, "originalReference")
    return dataclasses.replace(event, kind=_DISPUTE_EVENTS[state], provider_id=original, money=amount, dispute=dispute)


# ---- fields ----


def _optional(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _extra(item: Mapping[str, Any]) -> Mapping[str, Any]:
    extra = item.get("additionalData")
    return extra if isinstance(extra, dict) else {}


def _truth(value: object) -> bool:
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise ValueError("success is neither true nor false")
