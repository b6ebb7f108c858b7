"""Refunds: a credited deposit goes back to where it came from, in whole or in part, once.

The money is held while it is on its way, so that it is neither played nor refunded twice. As with payouts the committed row decides: it is `sent` with its
reference before the first call, and an outcome that nobody knows is resolved by asking, never by sending again.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from backoffice.operations import modes
from payments import hints, locks
from payments.lifecycles import REFUND
from payments.models import Chargeback, Deposit, Refund
from payments.models.exceptions import REFUND_FAILED, UNASKED
from payments.providers import registry
from payments.providers.protocol import Found, Known, Method, Money, Operation, Payment, RefundRequest, RefundState
from payments.services import PaymentRefused, calls, chargebacks, exceptions
from wallet import currencies, holds, ledger
from wallet.currencies import EXACT
from wallet.kinds import AccountKind, Reference, TransactionKind
from wallet.ledger import Cash, House

SUBJECT = "payments.refund"
_ALIVE = ("approved", "sent", "unknown", "paid")


def left(deposit: Deposit) -> Decimal:
    """What of a deposit may still be refunded, units of its currency: neither refunded nor taken back by the bank."""
    gone = Refund.objects.filter(deposit=deposit, state__in=_ALIVE).aggregate(total=Sum("amount"))["total"] or Decimal(0)
    taken = Chargeback.objects.filter(deposit=deposit, taken=True).aggregate(total=Sum("amount"))["total"] or Decimal(0)
    return EXACT.subtract(EXACT.subtract(Decimal(deposit.amount), gone), taken)


def why_not(deposit: Deposit) -> str:
    """Why nothing of a deposit can be refunded now, or ""."""
    if deposit.state != "credited":
        return _("Only a credited deposit is refunded.")
    if not deposit.provider_id:
        return _("The provider has no number for it.")
    try:
        provider = registry.get(deposit.provider)
    except registry.UnknownProvider:
        return _("Its provider is not connected any more.")
    if not provider.capabilities.supports(operation=Operation.REFUND, method=Method(deposit.instrument.kind), currency=deposit.currency):
        return _("Its provider gives nothing back by this method.")
    return "" if left(deposit) > 0 else _("All of it has gone back already.")


def begin(deposit: Deposit, amount: Decimal, *, reason: str, waiting: bool = False, by: Actor, now: datetime) -> Refund:
    """Refund `amount` of a locked deposit, from the player's cash, or from money that waits to be allotted.

    Raises PaymentRefused: bad_amount, not_refundable, refund_too_large; InsufficientFunds when the player has spent it.
    """
    try:
        exact = currencies.parse(format(amount, "f"), deposit.currency)
    except (currencies.WrongAmount, currencies.UnknownCurrency) as wrong:
        raise PaymentRefused(str(wrong), code="bad_amount") from wrong
    if not waiting:
        if why := why_not(deposit):
            raise PaymentRefused(why, code="not_refundable")
        if exact > left(deposit):
            most = currencies.text(left(deposit), deposit.currency)
            raise PaymentRefused(
                _("At most %(most)s %(currency)s of it can be refunded.") % {"most": most, "currency": deposit.currency}, code="refund_too_large"
            )
    row = Refund.objects.create(
        brand_id=deposit.brand_id, player_id=deposit.player_id, instrument_id=deposit.instrument_id, deposit=deposit, currency=deposit.currency, amount=exact,
        provider=deposit.provider, requested_at=now, reason=reason.strip()[:400], requested_by_id=by.id if by.kind == "staff" else None, next_attempt_at=now,
        waiting=waiting,
    )  # fmt: skip
    if not waiting:
        row.hold = holds.place(
            player_id=row.player_id, brand_id=row.brand_id, currency=row.currency, amount=exact, key=f"refund:{row.pk}", now=now,
            reference=(Reference.REFUND, row.pk),
        )  # fmt: skip
        row.save(update_fields=["hold"])
    record(
        "refund.approved", actor=by, at=now, brand_id=row.brand_id, player_id=row.player_id, subject=(SUBJECT, row.pk),
        after={"state": "approved", "version": 1, "deposit": deposit.name, "amount": exact, "currency": row.currency, "note": row.reason},
    )  # fmt: skip
    hints.refund(row.pk)
    return row


def due(*, now: datetime, batch: int = 50) -> list[int]:
    """Refunds that a worker has something to do about, oldest first. While a mode holds money back, what would be sent waits in its row."""
    rows = Refund.objects.filter(next_attempt_at__lte=now)
    if not modes.current().writes:
        rows = rows.exclude(state="approved").exclude(calls.NOT_TAKEN)
    return list(rows.order_by("next_attempt_at").values_list("pk", flat=True)[:batch])


def step(refund_id: int) -> str:
    """Do the next thing about one refund and return the state it is in then. Safe at any time, for any number of workers."""
    task = _claim(refund_id, now=timezone.now())
    if task is not None:
        refund, send = task
        if send:
            _send(refund)
        else:
            _ask(refund)
    return Refund.objects.values_list("state", flat=True).get(pk=refund_id)


@transaction.atomic
def _claim(refund_id: int, *, now: datetime) -> tuple[Refund, bool] | None:
    refund = locks.player_then_refund(refund_id)
    if refund.next_attempt_at is None or refund.next_attempt_at > now:
        return None
    lease = {"next_attempt_at": now + calls.CALL_LEASE}
    if refund.state == "approved":
        if not modes.hold():
            return None
        reference = calls.new_reference("RF", refund.pk, 1)
        REFUND.move(
            refund, to="sent", by=calls.house(), now=now, evidence={"reference": reference, "provider": refund.provider},
            also={"attempt": 1, "reference": reference, "sent_at": now, "failure": "", "tries": 0, "last_call_ended_at": None, **lease},
        )  # fmt: skip
        return refund, True
    if refund.state in {"sent", "unknown"}:
        again = calls.not_taken(refund)
        if again and not modes.hold():
            return None
        Refund.objects.filter(pk=refund.pk).update(**lease)
        return refund, again
    Refund.objects.filter(pk=refund.pk).update(next_attempt_at=None)
    return None


def _request(refund: Refund) -> RefundRequest:
    return RefundRequest(
        reference=refund.reference, key=refund.reference, deposit_id=refund.deposit.provider_id, money=Money(amount=refund.amount, currency=refund.currency)
    )


def _send(refund: Refund) -> None:
    Refund.objects.filter(pk=refund.pk, reference=refund.reference).update(failure="", last_call_ended_at=None)
    outcome = calls.call(refund, operation="refund", make=lambda: registry.get(refund.provider).refund(_request(refund)))
    with transaction.atomic():
        now, current = timezone.now(), locks.player_then_refund(refund.pk)
        if current.state not in {"sent", "unknown"}:
            return
        if outcome.word == "answered":
            _apply(current, outcome.answer.state, provider_id=outcome.answer.provider_id, now=now)
        elif outcome.word == "refused":
            _fail(current, outcome.detail, now=now)
        elif outcome.word == "unavailable":
            calls.unavailable(current, now=now)
        else:
            calls.unknown(current, REFUND, outcome.detail, now=now)


def _ask(refund: Refund) -> None:
    known = Known(provider_id=refund.provider_id, since=refund.sent_at, again=_request(refund))
    outcome = calls.call(refund, operation="ask", make=lambda: registry.get(refund.provider).ask(refund.reference, known=known))
    with transaction.atomic():
        now, current = timezone.now(), locks.player_then_refund(refund.pk)
        if current.state not in {"sent", "unknown"}:
            return
        if outcome.word != "answered":
            if current.state == "sent" and not current.provider_id:
                calls.unknown(current, REFUND, outcome.detail, now=now)
            else:
                calls.later(current, now=now)
        elif outcome.answer.found is Found.FOUND:
            _hear(current, outcome.answer.payment, now=now)
        elif now - (current.last_call_ended_at or current.sent_at or now) < registry.get(refund.provider).capabilities.not_found_final_after:
            if current.state == "sent":
                calls.unknown(current, REFUND, "The provider does not know it yet.", now=now)
            else:
                calls.later(current, now=now)
        elif current.provider_id:
            calls.later(current, now=now)  # it has told us of it before, so this is its fault
        else:
            _fail(current, "It never reached the provider.", now=now)


def _hear(refund: Refund, payment: Payment, *, now: datetime) -> None:
    _apply(refund, payment.state, provider_id=payment.provider_id, now=now, sequence=payment.sequence, decline=payment.decline)  # type: ignore[arg-type]


def _apply(refund: Refund, state: RefundState, *, provider_id: str, now: datetime, sequence: int = 0, decline: str = "") -> None:
    """Bring a locked refund to what the provider says. Old news changes nothing."""
    if sequence and sequence < refund.provider_sequence:
        return
    known = {"provider_id": provider_id, "provider_sequence": max(sequence, refund.provider_sequence), "tries": 0, "failure": ""}
    if state is RefundState.PAID and refund.state in {"sent", "unknown"}:
        REFUND.move(refund, to="paid", by=calls.house(), now=now, also={**known, "paid_at": now, "next_attempt_at": None})
        _book(refund, now=now)
    elif state is RefundState.FAILED and refund.state in {"sent", "unknown", "paid"}:
        _fail(refund, decline or "The provider could not refund it.", now=now, known=known)
    elif state is RefundState.ACCEPTED and refund.state == "unknown":
        REFUND.move(refund, to="sent", by=calls.house(), now=now, fact="refund.found_at_provider", also={**known, "next_attempt_at": now + calls.SILENCE})
    elif refund.state == "sent":
        Refund.objects.filter(pk=refund.pk).update(**known, next_attempt_at=now + calls.SILENCE)


def _book(refund: Refund, *, now: datetime) -> None:
    clearing, reference = House(AccountKind.PSP_CLEARING, refund.provider), (Reference.DEPOSIT, refund.deposit_id)
    if refund.hold_id is not None:
        holds.capture(
            hold_id=refund.hold_id, target=clearing, key=f"refund:{refund.pk}:paid", now=now, reference=reference, kind=TransactionKind.DEPOSIT_REFUNDED
        )
        return
    ledger.post(
        kind=TransactionKind.DEPOSIT_REFUNDED, key=f"refund:{refund.pk}:paid", brand=refund.brand_id, amount=refund.amount, currency=refund.currency,
        source=House(AccountKind.UNALLOTTED, refund.provider), target=clearing, effective_at=now, reference=reference,
    )  # fmt: skip


def _fail(refund: Refund, why: str, *, now: datetime, known: dict[str, object] | None = None) -> None:
    """The money is the player's again, or waits to be allotted again."""
    was_paid = refund.state == "paid"
    REFUND.move(
        refund, to="failed", by=calls.house(), now=now, evidence={"why": why[:200], "reference": refund.reference},
        also={**(known or {}), "failure": why[:120], "next_attempt_at": None},
    )  # fmt: skip
    clearing, reference = House(AccountKind.PSP_CLEARING, refund.provider), (Reference.DEPOSIT, refund.deposit_id)
    if was_paid:
        ledger.post(
            kind=TransactionKind.DEPOSIT_REFUNDED, key=f"refund:{refund.pk}:came_back", brand=refund.brand_id, amount=refund.amount, currency=refund.currency,
            source=clearing, target=House(AccountKind.UNALLOTTED, refund.provider) if refund.waiting else Cash(refund.player_id), effective_at=now,
            reference=reference,
        )  # fmt: skip
    elif refund.hold_id is not None:
        holds.release(hold_id=refund.hold_id, key=f"refund:{refund.pk}:released", now=now, reference=reference)
    exceptions.raise_for(refund, REFUND_FAILED, detail=why, waiting=refund.amount if refund.waiting else Decimal(0), now=now)


def unasked(deposit: Deposit, payment: Payment, *, now: datetime) -> str:
    """The provider has refunded a locked deposit, and nobody here asked for it (its own portal, its own rules): it is booked, and a person looks."""
    if payment.state is not RefundState.PAID or payment.money.currency != deposit.currency or payment.money.amount <= 0:
        return f"a refund that nothing here asked for: {payment.state}"
    row, new = Refund.objects.get_or_create(
        provider=deposit.provider, provider_id=payment.provider_id,
        defaults={
            "brand_id": deposit.brand_id, "player_id": deposit.player_id, "instrument_id": deposit.instrument_id, "deposit": deposit, "state": "paid",
            "currency": deposit.currency, "amount": payment.money.amount, "requested_at": now, "sent_at": now, "paid_at": now, "attempt": 1,
            "reason": "Refunded at the provider", "waiting": deposit.state == "captured",
        },
    )  # fmt: skip
    if not new:
        return "nothing new"
    source = House(AccountKind.UNALLOTTED, row.provider) if row.waiting else Cash(row.player_id)
    ledger.post(
        kind=TransactionKind.DEPOSIT_REVERSED, key=f"refund:{row.pk}:paid", brand=row.brand_id, amount=row.amount, currency=row.currency, source=source,
        target=House(AccountKind.PSP_CLEARING, row.provider), effective_at=now, reference=(Reference.DEPOSIT, deposit.pk), may_overdraw=not row.waiting,
    )  # fmt: skip
    record(
        "refund.unasked", actor=Actor.integration(deposit.provider), at=now, brand_id=row.brand_id, player_id=row.player_id, subject=(SUBJECT, row.pk),
        after={"state": "paid", "version": 1, "deposit": deposit.name, "amount": row.amount, "currency": row.currency},
    )  # fmt: skip
    chargebacks.below_zero(deposit, now=now)
    exceptions.raise_for(row, UNASKED, detail=f"{payment.provider_id} at {deposit.provider}", now=now)
    return "a refund that nothing here asked for: booked"


@transaction.atomic
def told(*, refund_id: int, payment: Payment, now: datetime) -> str:
    """A webhook's news about a refund. Returns what came of it, for the event's line."""
    refund = locks.player_then_refund(refund_id)
    before = refund.state
    if before == "unknown":
        Refund.objects.filter(pk=refund.pk).update(next_attempt_at=now)
        return "unknown: asking now"
    _hear(refund, payment, now=now)
    return f"{before} to {refund.state}" if before != refund.state else "nothing new"


@transaction.atomic
def ask_soon(*, refund_id: int, now: datetime) -> str:
    """News that is only a reason to ask."""
    refund = locks.player_then_refund(refund_id)
    Refund.objects.filter(pk=refund.pk, state__in=["sent", "unknown"]).update(next_attempt_at=now)
    return "asking now"
