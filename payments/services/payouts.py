"""What workers do with an approved withdrawal: send it once, ask until the outcome is known, book what happened.

The committed row decides, a task is only a hint. Before the first call the row is `sent` with its reference; a worker that is killed
between the call and the answer leaves a row that the next sweep asks about. Nothing is ever sent again while it may have been taken.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from backoffice.operations import modes
from payments import locks
from payments.lifecycles import WITHDRAWAL
from payments.models import Withdrawal
from payments.models.exceptions import GIVEN_UP, RETURNED
from payments.providers import registry
from payments.providers.protocol import Found, Known, Method, Money, Payment, PayoutRequest, PayoutState
from payments.services import calls, exceptions
from players import messages
from wallet import counters, currencies, holds, ledger
from wallet.kinds import AccountKind, Reference, TransactionKind
from wallet.ledger import Cash, House

REQUEUE_AFTER = timedelta(seconds=15)  # a failed payout shows as failed for a moment, then waits for a new decision
SUBJECT = "payments.withdrawal"


def due(*, now: datetime, batch: int = 50) -> list[int]:
    """Withdrawals that a worker has something to do about, oldest first. While a mode holds money back, what would be sent waits in its row."""
    rows = Withdrawal.objects.filter(next_attempt_at__lte=now)
    if not modes.current().writes:
        rows = rows.exclude(state="approved").exclude(calls.NOT_TAKEN)
    return list(rows.order_by("next_attempt_at").values_list("pk", flat=True)[:batch])


def step(withdrawal_id: int) -> str:
    """Do the next thing about one withdrawal and return the state it is in then. Safe to call at any time, by any number of workers."""
    task = claim(withdrawal_id, now=timezone.now())
    if task is None:
        return Withdrawal.objects.values_list("state", flat=True).get(pk=withdrawal_id)
    withdrawal, action = task
    if action == "requeue":
        return withdrawal.state
    if action == "send":
        _send(withdrawal)
    else:
        _ask(withdrawal)
    return Withdrawal.objects.values_list("state", flat=True).get(pk=withdrawal_id)


@transaction.atomic
def claim(withdrawal_id: int, *, now: datetime) -> tuple[Withdrawal, str] | None:
    """Take the next step, committed before any call: what to do (`send`, `ask`, `requeue`), or None when nothing is due."""
    withdrawal = locks.player_then_withdrawal(withdrawal_id)
    if withdrawal.next_attempt_at is None or withdrawal.next_attempt_at > now:
        return None
    lease = {"next_attempt_at": now + calls.CALL_LEASE}
    if withdrawal.state == "approved":
        if withdrawal.dispatch_at is None or withdrawal.dispatch_at > now or not modes.hold():
            return None
        attempt = withdrawal.attempt + 1
        reference = calls.new_reference("WD", withdrawal.pk, attempt)
        WITHDRAWAL.move(
            withdrawal, to="sent", by=calls.house(), now=now, evidence={"reference": reference, "provider": withdrawal.provider},
            also={"attempt": attempt, "reference": reference, "sent_at": now, "provider_id": "", "provider_sequence": 0,
                  "failure": "", "tries": 0, "last_call_ended_at": None, **lease},
        )  # fmt: skip
        return withdrawal, "send"
    if withdrawal.state == "failed":
        WITHDRAWAL.move(
            withdrawal, to="requested", by=calls.house(), now=now, fact="withdrawal.back_in_queue",
            also={"next_attempt_at": None, "decided_at": None, "decided_by_kind": "", "decided_by_id": None, "dispatch_at": None, "reason_code": "",
                  "first_by_id": None, "first_at": None, "needs_second": False},
        )  # fmt: skip
        return withdrawal, "requeue"
    if withdrawal.state == "settled":  # its provider hinted at news
        Withdrawal.objects.filter(pk=withdrawal.pk).update(**lease)
        return withdrawal, "ask"
    if withdrawal.state in {"sent", "unknown"}:
        again = calls.not_taken(withdrawal)
        if again and not modes.hold():
            return None
        Withdrawal.objects.filter(pk=withdrawal.pk).update(**lease)
        return withdrawal, "send" if again else "ask"
    Withdrawal.objects.filter(pk=withdrawal.pk).update(next_attempt_at=None)
    return None


def _send(withdrawal: Withdrawal) -> None:
    request = PayoutRequest(
        reference=withdrawal.reference, key=withdrawal.reference, money=Money(amount=withdrawal.amount, currency=withdrawal.currency),
        method=Method(withdrawal.instrument.kind), beneficiary_token=withdrawal.instrument.token, beneficiary_name=withdrawal.instrument.holder_name,
    )  # fmt: skip
    # Money that may have left is marked as such before a byte is sent: a worker that dies now leaves a row to be asked about.
    Withdrawal.objects.filter(pk=withdrawal.pk, reference=withdrawal.reference).update(failure="", last_call_ended_at=None)
    outcome = calls.call(withdrawal, operation="payout", make=lambda: registry.get(withdrawal.provider).send_payout(request))
    with transaction.atomic():
        now = timezone.now()
        current = locks.player_then_withdrawal(withdrawal.pk)
        if current.reference != withdrawal.reference or current.state not in {"sent", "unknown"}:
            return
        if outcome.word == "answered":
            _apply(current, outcome.answer.state, provider_id=outcome.answer.provider_id, now=now)
        elif outcome.word == "refused":
            _fail(current, outcome.detail, now=now)
        elif outcome.word == "unavailable":
            calls.unavailable(current, now=now)
        else:
            calls.unknown(current, WITHDRAWAL, outcome.detail, now=now)


def _ask(withdrawal: Withdrawal) -> None:
    known = Known(provider_id=withdrawal.provider_id, since=withdrawal.sent_at)
    outcome = calls.call(withdrawal, operation="ask", make=lambda: registry.get(withdrawal.provider).ask(withdrawal.reference, known=known))
    with transaction.atomic():
        now = timezone.now()
        current = locks.player_then_withdrawal(withdrawal.pk)
        if current.reference == withdrawal.reference and current.state == "settled":
            _look_back(current, outcome, now=now)
            return
        if current.reference != withdrawal.reference or current.state not in {"sent", "unknown"}:
            return
        if outcome.word != "answered":
            if current.state == "sent" and not current.provider_id:
                calls.unknown(current, WITHDRAWAL, outcome.detail, now=now)
            else:
                calls.later(current, now=now)
            return
        status = outcome.answer
        if status.found is Found.FOUND:
            payment: Payment = status.payment
            _apply(current, payment.state, provider_id=payment.provider_id, now=now, sequence=payment.sequence, fee=payment.fee)  # type: ignore[arg-type]
            return
        ended = current.last_call_ended_at or current.sent_at or now
        if now - ended < registry.get(withdrawal.provider).capabilities.not_found_final_after:
            # It may still be on its way to them: an early "not found" decides nothing.
            if current.state == "sent":
                calls.unknown(current, WITHDRAWAL, "The provider does not know it yet.", now=now)
            else:
                calls.later(current, now=now)
            return
        _fail(current, "It never reached the provider.", now=now)


def _look_back(withdrawal: Withdrawal, outcome: calls.Outcome, *, now: datetime) -> None:
    """One that was paid was asked about: what the provider says counts (a bank may have sent it back), and then there is nothing more to ask."""
    if outcome.word != "answered":
        calls.later(withdrawal, now=now)
        return
    payment = outcome.answer.payment
    Withdrawal.objects.filter(pk=withdrawal.pk).update(next_attempt_at=None)
    if payment is not None:
        _apply(withdrawal, payment.state, provider_id=payment.provider_id, now=now, sequence=payment.sequence, fee=payment.fee)


def _fail(withdrawal: Withdrawal, why: str, *, now: datetime) -> None:
    WITHDRAWAL.move(
        withdrawal, to="failed", by=calls.house(), now=now, evidence={"why": why[:200], "reference": withdrawal.reference},
        also={"failure": why[:120], "next_attempt_at": now + REQUEUE_AFTER, "tries": 0},
    )  # fmt: skip


def _apply(withdrawal: Withdrawal, state: PayoutState, *, provider_id: str, now: datetime, sequence: int = 0, fee: Money | None = None) -> None:
    """Bring a locked withdrawal to what the provider says. Old news changes nothing."""
    if sequence and sequence <= withdrawal.provider_sequence:
        return
    known = {"provider_id": provider_id, "provider_sequence": max(sequence, withdrawal.provider_sequence), "tries": 0, "failure": ""}
    if state in {PayoutState.ACCEPTED, PayoutState.SENT}:
        if withdrawal.state == "unknown":
            WITHDRAWAL.move(
                withdrawal, to="sent", by=calls.house(), now=now, fact="withdrawal.found_at_provider", evidence={"provider_id": provider_id},
                also={**known, "next_attempt_at": now + calls.SILENCE},
            )  # fmt: skip
        else:
            # Webhooks tell the rest; ask if they stay away.
            Withdrawal.objects.filter(pk=withdrawal.pk).update(**known, next_attempt_at=now + calls.SILENCE)
    elif state is PayoutState.PAID:
        _settle(withdrawal, known, fee=fee, now=now)
    elif state is PayoutState.RETURNED:
        _come_back(withdrawal, known, fee=fee, now=now)
    elif withdrawal.state in {"sent", "unknown"}:
        _fail(withdrawal, "The provider could not pay it out.", now=now)


def _book_payout(withdrawal: Withdrawal, *, fee: Money | None, now: datetime) -> None:
    reference = (Reference.WITHDRAWAL, withdrawal.pk)
    clearing = House(AccountKind.PSP_CLEARING, withdrawal.provider)
    holds.capture(hold_id=withdrawal.hold_id, target=clearing, key=f"withdrawal:{withdrawal.pk}:paid", now=now, reference=reference)
    if fee is not None and fee.amount > 0:
        ledger.post(
            kind=TransactionKind.PAYOUT_FEE, key=f"withdrawal:{withdrawal.pk}:fee", brand=withdrawal.brand_id, amount=fee.amount, currency=fee.currency,
            source=House(AccountKind.PSP_FEES, withdrawal.provider), target=clearing, effective_at=now, reference=reference,
        )  # fmt: skip
        Withdrawal.objects.filter(pk=withdrawal.pk).update(fee=fee.amount)
    counters.add(player_id=withdrawal.player_id, measure="withdrawal.paid", currency=withdrawal.currency, amount=withdrawal.amount, at=now)


def _settle(withdrawal: Withdrawal, known: dict[str, object], *, fee: Money | None, now: datetime) -> None:
    if withdrawal.state not in {"sent", "unknown"}:
        return
    WITHDRAWAL.move(withdrawal, to="settled", by=calls.house(), now=now, also={**known, "settled_at": now, "next_attempt_at": None})
    _book_payout(withdrawal, fee=fee, now=now)
    messages.queue(
        player=withdrawal.player, template="withdrawal_paid", key=f"withdrawal:{withdrawal.pk}:paid", now=now,
        context={"name": withdrawal.name, "amount": currencies.text(withdrawal.amount, withdrawal.currency), "currency": withdrawal.currency},
    )  # fmt: skip


def _come_back(withdrawal: Withdrawal, known: dict[str, object], *, fee: Money | None, now: datetime) -> None:
    if withdrawal.state not in {"sent", "unknown", "settled"}:
        return
    paid_before = withdrawal.state == "settled"
    WITHDRAWAL.move(withdrawal, to="returned", by=calls.house(), now=now, also={**known, "next_attempt_at": None})
    if not paid_before:
        _book_payout(withdrawal, fee=fee, now=now)
    ledger.post(
        kind=TransactionKind.PAYOUT_RETURNED, key=f"withdrawal:{withdrawal.pk}:returned", brand=withdrawal.brand_id, amount=withdrawal.amount,
        currency=withdrawal.currency, source=House(AccountKind.PSP_CLEARING, withdrawal.provider), target=Cash(withdrawal.player_id),
        effective_at=now, reference=(Reference.WITHDRAWAL, withdrawal.pk),
    )  # fmt: skip
    exceptions.raise_for(withdrawal, RETURNED, detail="The amount is back on the player's cash.", now=now)
    messages.queue(
        player=withdrawal.player, template="withdrawal_returned", key=f"withdrawal:{withdrawal.pk}:returned", now=now,
        context={"name": withdrawal.name, "amount": currencies.text(withdrawal.amount, withdrawal.currency), "currency": withdrawal.currency},
    )  # fmt: skip


def _late_news(withdrawal: Withdrawal, reference: str, state: PayoutState, *, now: datetime) -> None:
    record(
        "withdrawal.late_news", actor=Actor.integration(withdrawal.provider), at=now, brand_id=withdrawal.brand_id, player_id=withdrawal.player_id,
        subject=(SUBJECT, withdrawal.pk), after={"reference": reference, "state": str(state)},
    )  # fmt: skip


@transaction.atomic
def told(*, withdrawal_id: int, reference: str, state: PayoutState, provider_id: str, sequence: int, fee: Money | None, now: datetime) -> str:
    """A webhook's news about a payout. Returns what came of it, for the event's line."""
    withdrawal = locks.player_then_withdrawal(withdrawal_id)
    if withdrawal.reference != reference:
        _late_news(withdrawal, reference, state, now=now)
        return "about an earlier attempt"
    before = withdrawal.state
    if before not in {"sent", "unknown", "settled", "returned"} and state is not PayoutState.FAILED:
        # It was given up as never taken, and has left after all. Whoever decides about it again must see that first.
        _late_news(withdrawal, reference, state, now=now)
        Withdrawal.objects.filter(pk=withdrawal.pk).update(failure=f"Given up too early: the provider has it as {state}.")
        exceptions.raise_for(withdrawal, GIVEN_UP, detail=f"{reference} was given up as never taken; {withdrawal.provider} has it as {state}.", now=now)
        return "about an attempt that was given up"
    if before == "unknown":
        # Left only by asking: the news is a reason to ask at once.
        Withdrawal.objects.filter(pk=withdrawal.pk).update(next_attempt_at=now)
        return "unknown: asking now"
    _apply(withdrawal, state, provider_id=provider_id, now=now, sequence=sequence, fee=fee)
    return f"{before} to {withdrawal.state}" if before != withdrawal.state else "nothing new"


@transaction.atomic
def ask_soon(*, withdrawal_id: int, now: datetime) -> str:
    """News that is only a reason to ask."""
    withdrawal = locks.player_then_withdrawal(withdrawal_id)
    Withdrawal.objects.filter(pk=withdrawal.pk, state__in=["sent", "unknown", "settled"]).update(next_attempt_at=now)
    return "asking now"
