"""Webhooks of providers: kept byte for byte first, handled by a worker afterwards. Duplicates and disorder are normal."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from backoffice.work.items import NotPossible
from payments import hints, locks
from payments.models import Deposit, Refund, WebhookEvent, Withdrawal
from payments.providers import registry
from payments.providers.protocol import BadWebhook, EventKind, ProviderEvent
from payments.services import calls, deposits, payouts, refunds

SUBJECT = "payments.webhookevent"
NOT_KEPT = {"cookie", "authorization", "host", "connection", "content-length", "accept-encoding"}  # says nothing of the provider, or is a secret


def receive(*, provider: str, headers: Mapping[str, str], body: bytes, now: datetime) -> list[int]:
    """Check the signature and keep the events. Returns the ids of those that are new; the same event again is no new row.

    Raises UnknownProvider, BadSignature, StaleSignature, BadWebhook.
    """
    kept = {name: value[:1_000] for name, value in headers.items() if name.lower() not in NOT_KEPT}
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


@transaction.atomic
def again(*, event_pk: int, by: Staff, now: datetime) -> WebhookEvent:
    """Act on a message once more, from the bytes that came. What it told already changes nothing; what could not be acted on then may be now.

    Raises NotPossible for one that is being handled, was never understood, or was emptied with an erased player.
    """
    row = WebhookEvent.objects.select_for_update(of=("self",)).get(pk=event_pk)
    if row.handled_at is None:
        raise NotPossible(_("It waits to be handled already."))
    if row.kind == "unread" or not row.body:
        raise NotPossible(_("Nothing can be read of it any more, or nothing could."))
    record(
        "provider.news_again", actor=Actor.staff(by), at=now, brand_id=row.brand_id, subject=(SUBJECT, row.pk), before={"outcome": row.outcome},
        after={"provider": row.provider, "event": row.event_id},
    )  # fmt: skip
    row.handled_at, row.next_attempt_at, row.tries = None, now, 0
    row.save(update_fields=["handled_at", "next_attempt_at", "tries"])
    hints.webhook(row.pk)
    return row


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
    outcome = "not understood" if event is None else _dispatch(event, row, now=now)
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
    columns = ["handled_at", "next_attempt_at", "outcome", "payment_type", "payment_id", "brand_id"]
    if _erased(row):  # it came after the player was erased: what it says of them goes as soon as it is acted on
        row.body = b""
        columns.append("body")
    row.save(update_fields=columns)
    return outcome


def _erased(row: WebhookEvent) -> bool:
    model = calls.MODELS.get(row.payment_type)
    return model is not None and model._default_manager.filter(pk=row.payment_id, player__erased_at__isnull=False).exists()


def _again(row: WebhookEvent) -> ProviderEvent | None:
    """The stored event, read from its bytes without looking at the signature's age: that was checked when it came in."""
    events = registry.get(row.provider).read_webhook(bytes(row.body))
    return next((event for event in events if event.event_id == row.event_id), None)


def _dispatch(event: ProviderEvent, row: WebhookEvent, *, now: datetime) -> str | None:
    """What came of the news, with the payment that it is about written into the row; None when that is not here."""
    if event.kind is EventKind.UNKNOWN:
        return "a kind of news that we do not act on"
    if event.kind.startswith("payout."):
        return _of_withdrawal(event, row, now=now)
    if event.kind.startswith("refund."):
        return _of_refund(event, row, now=now)
    return _of_deposit(event, row, now=now)


def _found(row: WebhookEvent, kind: str, found: tuple[int, int] | None) -> int | None:
    """Write into the row which payment (number, brand) it is about."""
    if found is None:
        return None
    row.payment_type, row.payment_id, row.brand_id = kind, *found
    return found[0]


def _of_withdrawal(event: ProviderEvent, row: WebhookEvent, *, now: datetime) -> str | None:
    payment, withdrawal_id = event.payment, _found(row, "withdrawal", _withdrawal_of(event.reference))
    if withdrawal_id is None:
        return None
    if payment is None:
        return payouts.ask_soon(withdrawal_id=withdrawal_id, now=now)
    return payouts.told(
        withdrawal_id=withdrawal_id, reference=event.reference, state=payment.state, provider_id=event.provider_id, sequence=event.sequence,  # type: ignore[arg-type]
        fee=payment.fee, now=now,
    )  # fmt: skip


def _of_refund(event: ProviderEvent, row: WebhookEvent, *, now: datetime) -> str | None:
    payment = event.payment
    known = Refund.objects.filter(reference=event.reference).values_list("pk", "brand_id").first() if event.reference else None
    refund_id = _found(row, "refund", known)
    if refund_id is not None:
        return refunds.ask_soon(refund_id=refund_id, now=now) if payment is None else refunds.told(refund_id=refund_id, payment=payment, now=now)
    of = _by_provider_id(row.provider, payment.deposit_id) if payment is not None and payment.deposit_id else None
    deposit_id = _found(row, "deposit", of)
    if payment is None or deposit_id is None:
        return None
    return refunds.unasked(locks.player_then_deposit(deposit_id), payment, now=now)


def _of_deposit(event: ProviderEvent, row: WebhookEvent, *, now: datetime) -> str | None:
    of = Deposit.objects.filter(reference=event.reference).values_list("pk", "brand_id").first() if event.reference else None
    deposit_id = _found(row, "deposit", of if of is not None else _by_provider_id(row.provider, event.provider_id))
    if deposit_id is None:
        return None
    if event.dispute is not None and event.payment is None:
        return deposits.disputed(deposit_id=deposit_id, dispute=event.dispute, now=now)
    if event.payment is None:
        return deposits.ask_soon(deposit_id=deposit_id, now=now)
    return deposits.told(deposit_id=deposit_id, payment=event.payment, now=now)


def _by_provider_id(provider: str, provider_id: str) -> tuple[int, int] | None:
    rows = Deposit.objects.filter(provider=provider, provider_id=provider_id) if provider_id else Deposit.objects.none()
    return rows.values_list("pk", "brand_id").first()


def _withdrawal_of(reference: str) -> tuple[int, int] | None:
    """By its current reference, or by the id inside an earlier attempt's."""
    found = Withdrawal.objects.filter(reference=reference).values_list("pk", "brand_id").first()
    if found is not None:
        return found
    parts = reference.split("-")
    if len(parts) == 4 and parts[0] == "WD" and parts[1].isdigit():
        return Withdrawal.objects.filter(pk=int(parts[1])).values_list("pk", "brand_id").first()
    return None
