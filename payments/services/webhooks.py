"""Webhooks of providers: kept byte for byte first, handled by a worker afterwards. Duplicates and disorder are normal."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from payments.models import Deposit, WebhookEvent, Withdrawal
from payments.providers import registry
from payments.providers.protocol import BadWebhook, DepositState, EventKind, PayoutState, ProviderEvent
from payments.services import calls, deposits, payouts

KEPT_HEADERS = {"content-type", "user-agent", "nordpay-signature"}


def receive(*, provider: str, headers: Mapping[str, str], body: bytes, now: datetime) -> list[int]:
    """Check the signature and keep the events. Returns the ids of those that are new; the same event again is no new row.

    Raises UnknownProvider, BadSignature, StaleSignature, BadWebhook.
    """
    kept = {name: value for name, value in headers.items() if name.lower() in KEPT_HEADERS}
    try:
        events = registry.get(provider).parse_webhook(headers, body)
    except BadWebhook as wrong:
        _keep_for_a_person(provider, kept, body, why=str(wrong), now=now)
        raise
    rows = [
        WebhookEvent(
            provider=provider, event_id=event.event_id, kind=str(event.kind), reference=event.reference, body=body, headers=kept,
            received_at=now, next_attempt_at=now,
        )
        for event in events
    ]  # fmt: skip
    WebhookEvent.objects.bulk_create(rows, ignore_conflicts=True)
    waiting = WebhookEvent.objects.filter(provider=provider, event_id__in=[row.event_id for row in rows], handled_at=None)
    return list(waiting.values_list("pk", flat=True))


def _keep_for_a_person(provider: str, headers: Mapping[str, str], body: bytes, *, why: str, now: datetime) -> None:
    """Signed rightly, but not understood: nothing acts on it, and somebody can still read it. The same bytes are kept once."""
    row = WebhookEvent(
        provider=provider, event_id=f"unread-{hashlib.sha256(body).hexdigest()}", kind="unread", body=body, headers=dict(headers), received_at=now,
        handled_at=now, outcome=f"not understood: {why}"[:200],
    )  # fmt: skip
    WebhookEvent.objects.bulk_create([row], ignore_conflicts=True)


def due(*, now: datetime, batch: int = 100) -> list[int]:
    """Events that wait to be handled, oldest first."""
    return list(WebhookEvent.objects.filter(handled_at=None, next_attempt_at__lte=now).order_by("next_attempt_at", "pk").values_list("pk", flat=True)[:batch])


def handle(event_pk: int, *, now: datetime) -> str:
    """Act on one event, once. Returns what came of it. One that fails is put off, longer each time, and the failure raised."""
    try:
        return _handle(event_pk, now=now)
    except Exception as failed:
        tries = WebhookEvent.objects.filter(pk=event_pk).values_list("tries", flat=True).first() or 0
        WebhookEvent.objects.filter(pk=event_pk, handled_at=None).update(
            tries=tries + 1, next_attempt_at=now + calls.backoff(tries + 1), outcome=f"failed: {type(failed).__name__}"
        )
        raise


@transaction.atomic
def _handle(event_pk: int, *, now: datetime) -> str:
    row = WebhookEvent.objects.select_for_update(skip_locked=True).filter(pk=event_pk, handled_at=None).first()
    if row is None:
        return "handled before"
    event = _again(row)
    payment = _payment_of(event) if event is not None else None
    outcome = "not understood" if event is None else _dispatch(event, payment, now=now)
    if outcome is None:
        # Its payment is not here: another system's reference, or one that is being committed right now.
        row.tries += 1
        row.next_attempt_at = now + calls.backoff(row.tries)
        row.outcome = "no payment with this reference yet"
        if row.tries >= 8:
            row.handled_at, row.next_attempt_at, row.outcome = now, None, "no payment with this reference"
        row.save(update_fields=["tries", "next_attempt_at", "outcome", "handled_at"])
        return row.outcome
    row.handled_at, row.next_attempt_at, row.outcome = now, None, outcome[:200]
    if payment is not None and payment.erased:  # it came after the player was erased: what it says of them goes as soon as it is acted on
        row.body = b""
    row.save(update_fields=["handled_at", "next_attempt_at", "outcome", "body"] if not row.body else ["handled_at", "next_attempt_at", "outcome"])
    return outcome


def _again(row: WebhookEvent) -> ProviderEvent | None:
    """The stored event, read from its bytes without looking at the signature's age: that was checked when it came in."""
    events = registry.get(row.provider).read_webhook(bytes(row.body))
    return next((event for event in events if event.event_id == row.event_id), None)


@dataclass(frozen=True)
class _Ours:
    """The payment that an event is about, and whether its player was erased."""

    pk: int
    erased: bool


def _payment_of(event: ProviderEvent) -> _Ours | None:
    payment = event.payment
    if isinstance(payment and payment.state, DepositState):
        return _ours(Deposit.objects.filter(reference=event.reference))
    return _withdrawal_of(event.reference) if isinstance(payment and payment.state, PayoutState) else None


def _ours(rows: "QuerySet[Deposit] | QuerySet[Withdrawal]") -> _Ours | None:
    found = rows.values_list("pk", "player__erased_at").first()
    return _Ours(found[0], found[1] is not None) if found is not None else None


def _dispatch(event: ProviderEvent, ours: _Ours | None, *, now: datetime) -> str | None:
    payment = event.payment
    if event.kind is EventKind.UNKNOWN or payment is None:
        return "a kind of news that we do not act on"
    if isinstance(payment.state, DepositState):
        if ours is None:
            return None
        return deposits.told(
            deposit_id=ours.pk, reference=event.reference, state=payment.state, provider_id=event.provider_id, sequence=event.sequence,
            fee=payment.fee, now=now,
        )  # fmt: skip
    if isinstance(payment.state, PayoutState):
        if ours is None:
            return None
        return payouts.told(
            withdrawal_id=ours.pk, reference=event.reference, state=payment.state, provider_id=event.provider_id, sequence=event.sequence,
            fee=payment.fee, now=now,
        )  # fmt: skip
    return "a refund, which nothing here asked for"


def _withdrawal_of(reference: str) -> _Ours | None:
    """By its current reference, or by the id inside an earlier attempt's."""
    found = _ours(Withdrawal.objects.filter(reference=reference))
    if found is not None:
        return found
    parts = reference.split("-")
    if len(parts) == 4 and parts[0] == "WD" and parts[1].isdigit():
        return _ours(Withdrawal.objects.filter(pk=int(parts[1])))
    return None
