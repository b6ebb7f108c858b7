"""Deposits: begun by the player, carried by the provider, credited when the money is captured."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from backoffice.audit.actors import Actor
from backoffice.audit.record import machine, record
from backoffice.work import idempotency
from payments import hints, locks
from payments.lifecycles import DEPOSIT
from payments.models import Deposit
from payments.providers import registry
from payments.providers.protocol import DepositRequest, DepositState, Found, Method, Money, Payment
from payments.services import PaymentRefused, calls
from players import locks as player_locks
from players import messages
from players.models import Instrument
from wallet import balances, counters, currencies, ledger
from wallet.kinds import AccountKind, Reference, TransactionKind
from wallet.ledger import Cash, House

SUBJECT = "payments.deposit"
CALL_LEASE = timedelta(seconds=45)
EXPIRES_AFTER = timedelta(hours=1)  # a player who has not finished by then will not


def _system() -> Actor:
    return Actor.system(machine())


def start_deposit(*, player_id: int, instrument_id: int, amount: Decimal, currency: str, key: str, by: Actor, now: datetime) -> Deposit:
    """A player pays in `amount` (units of `currency`) with an instrument; a worker takes it to the provider.

    The same key again gives the same deposit. Raises PaymentRefused (account, instrument, amount), KeyReused.
    """
    content = {"player": player_id, "instrument": instrument_id, "amount": format(amount, "f"), "currency": currency}
    with idempotency.once(scope=f"deposit.start:{player_id}", key=key, content=content, now=now) as slot:
        if slot.replayed:
            return Deposit.objects.get(pk=slot.answer["deposit"])
        player = player_locks.player(player_id)
        if player.state != "active":
            raise PaymentRefused(f"The account is {player.state}; it cannot deposit.", code="account_not_active")
        instrument = Instrument.objects.filter(pk=instrument_id, player_id=player_id, removed_at=None).first()
        if instrument is None:
            raise PaymentRefused("The player has no such instrument. Add it first.", code="instrument_unknown")
        try:
            exact = currencies.parse(format(amount, "f"), currency)
        except (currencies.WrongAmount, currencies.UnknownCurrency) as wrong:
            raise PaymentRefused(str(wrong), code="bad_amount") from wrong
        deposit = Deposit.objects.create(
            brand_id=player.brand_id, player=player, instrument=instrument, currency=currency, amount=exact, requested_at=now,
            provider=instrument.provider, attempt=1, next_attempt_at=now,
        )  # fmt: skip
        deposit.reference = calls.new_reference("DP", deposit.pk, 1)
        deposit.save(update_fields=["reference"])
        record(
            "deposit.initiated", actor=by, at=now, brand_id=player.brand_id, player_id=player_id, subject=(SUBJECT, deposit.pk),
            after={"state": "initiated", "version": 1, "amount": exact, "currency": currency, "instrument": instrument.pk},
        )  # fmt: skip
        slot.answer = {"deposit": deposit.pk}
        hints.deposit(deposit.pk)
        return deposit


def due(*, now: datetime, batch: int = 50) -> list[int]:
    """Deposits that a worker has something to do about, oldest first."""
    return list(Deposit.objects.filter(next_attempt_at__lte=now).order_by("next_attempt_at").values_list("pk", flat=True)[:batch])


def step(deposit_id: int) -> str:
    """Do the next thing about one deposit and return the state it is in then. Safe at any time, for any number of workers."""
    now = timezone.now()
    with transaction.atomic():
        deposit = locks.player_then_deposit(deposit_id)
        if deposit.next_attempt_at is None or deposit.next_attempt_at > now or deposit.state not in {"initiated", "unknown", "authorised"}:
            return deposit.state
        never_sent = deposit.state == "initiated" and not deposit.provider_id and (deposit.tries == 0 or deposit.failure == "unavailable")
        Deposit.objects.filter(pk=deposit.pk).update(next_attempt_at=now + CALL_LEASE, tries=deposit.tries + 1, failure="")
    if never_sent:
        _create(deposit)
    else:
        _ask(deposit)
    return Deposit.objects.values_list("state", flat=True).get(pk=deposit_id)


def _create(deposit: Deposit) -> None:
    instrument = deposit.instrument
    request = DepositRequest(
        reference=deposit.reference, key=deposit.reference, money=Money(amount=deposit.amount, currency=deposit.currency),
        method=Method(instrument.kind), instrument_token=instrument.token,
    )  # fmt: skip
    outcome = calls.call(deposit, operation="deposit", make=lambda: registry.get(deposit.provider).create_deposit(request))
    with transaction.atomic():
        now = timezone.now()
        current = locks.player_then_deposit(deposit.pk)
        if current.state not in {"initiated", "unknown"}:
            return
        if outcome.word == "answered":
            answer = outcome.answer
            Deposit.objects.filter(pk=current.pk).update(redirect_url=answer.redirect_url[:500], last_call_ended_at=now)
            _apply(current, answer.state, provider_id=answer.provider_id, now=now)
        elif outcome.word == "refused":
            _fail(current, outcome.detail, now=now)
        elif outcome.word == "unavailable" and now - current.requested_at > EXPIRES_AFTER:
            # Never taken, and the player has long gone.
            DEPOSIT.move(current, to="expired", by=_system(), now=now, also={"next_attempt_at": None, "failure": "The provider was not reached."})
        elif outcome.word == "unavailable":
            Deposit.objects.filter(pk=current.pk).update(failure="unavailable", last_call_ended_at=now, next_attempt_at=now + calls.backoff(current.tries))
        else:
            _unknown(current, outcome.detail, now=now)


def _ask(deposit: Deposit) -> None:
    outcome = calls.call(deposit, operation="ask", make=lambda: registry.get(deposit.provider).ask(deposit.reference))
    with transaction.atomic():
        now = timezone.now()
        current = locks.player_then_deposit(deposit.pk)
        if current.state not in {"initiated", "unknown", "authorised"}:
            return
        if outcome.word != "answered":
            if current.state == "initiated" and not current.provider_id:
                _unknown(current, outcome.detail, now=now)
            else:
                Deposit.objects.filter(pk=current.pk).update(next_attempt_at=now + calls.backoff(current.tries))
            return
        status = outcome.answer
        if status.found is Found.FOUND:
            payment: Payment = status.payment
            _apply(current, payment.state, provider_id=payment.provider_id, now=now, sequence=payment.sequence, fee=payment.fee)  # type: ignore[arg-type]
            return
        if now - (current.last_call_ended_at or current.requested_at) < registry.get(deposit.provider).capabilities.not_found_final_after:
            if current.state == "initiated":
                _unknown(current, "The provider does not know it yet.", now=now)
            else:
                Deposit.objects.filter(pk=current.pk).update(next_attempt_at=now + calls.backoff(current.tries))
            return
        _fail(current, "It never reached the provider.", now=now)


def _unknown(deposit: Deposit, detail: str, *, now: datetime) -> None:
    wait = {"next_attempt_at": now + calls.backoff(deposit.tries)}
    if deposit.state == "unknown":
        Deposit.objects.filter(pk=deposit.pk).update(**wait)
        return
    DEPOSIT.move(
        deposit,
        to="unknown",
        by=_system(),
        now=now,
        evidence={"detail": detail[:200]},
        also={"last_call_ended_at": now, "tries": 1, **wait},
    )


def _fail(deposit: Deposit, why: str, *, now: datetime) -> None:
    DEPOSIT.move(deposit, to="failed", by=_system(), now=now, evidence={"why": why[:200]}, also={"failure": why[:120], "next_attempt_at": None})


def _apply(deposit: Deposit, state: DepositState, *, provider_id: str, now: datetime, sequence: int = 0, fee: Money | None = None) -> None:
    """Bring a locked deposit to what the provider says. Old news changes nothing."""
    if sequence and sequence <= deposit.provider_sequence:
        return
    known = {"provider_id": provider_id, "provider_sequence": max(sequence, deposit.provider_sequence), "failure": ""}
    waiting = {**known, "next_attempt_at": now + timedelta(minutes=10)}
    open_states = {"initiated", "unknown", "authorised"}
    if state is DepositState.PENDING:
        if deposit.state in open_states:
            if now - deposit.requested_at > EXPIRES_AFTER:
                DEPOSIT.move(deposit, to="expired", by=_system(), now=now, also={**known, "next_attempt_at": None})
            else:
                Deposit.objects.filter(pk=deposit.pk).update(**waiting)
    elif state is DepositState.AUTHORISED:
        if deposit.state in {"initiated", "unknown"}:
            DEPOSIT.move(deposit, to="authorised", by=_system(), now=now, also=waiting)
    elif state is DepositState.CAPTURED:
        if deposit.state in open_states:
            _capture_and_credit(deposit, known, fee=fee, now=now)
        elif deposit.state == "charged_back":
            _win_back(deposit, known, now=now)
    elif state in {DepositState.FAILED, DepositState.EXPIRED}:
        if deposit.state in open_states:
            DEPOSIT.move(deposit, to=str(state), by=_system(), now=now, also={**known, "next_attempt_at": None})
    elif state is DepositState.REVERSED:
        if deposit.state in open_states:
            _capture_and_credit(deposit, known, fee=fee, now=now)
        _reverse(deposit, known, now=now)
    elif state is DepositState.CHARGED_BACK:
        if deposit.state in open_states:
            _capture_and_credit(deposit, known, fee=fee, now=now)
        _charge_back(deposit, known, now=now)


def _capture_and_credit(deposit: Deposit, known: dict[str, object], *, fee: Money | None, now: datetime) -> None:
    DEPOSIT.move(deposit, to="captured", by=_system(), now=now, also={**known, "next_attempt_at": None})
    reference = (Reference.DEPOSIT, deposit.pk)
    clearing = House(AccountKind.PSP_CLEARING, deposit.provider)
    posted = ledger.post(
        kind=TransactionKind.DEPOSIT_CREDITED, key=f"deposit:{deposit.pk}:credited", brand=deposit.brand_id, amount=deposit.amount,
        currency=deposit.currency, source=clearing, target=Cash(deposit.player_id), effective_at=now, reference=reference,
    )  # fmt: skip
    charged = fee.amount if fee is not None else Decimal(0)
    if charged > 0:
        ledger.post(
            kind=TransactionKind.DEPOSIT_FEE, key=f"deposit:{deposit.pk}:fee", brand=deposit.brand_id, amount=charged, currency=deposit.currency,
            source=House(AccountKind.PSP_FEES, deposit.provider), target=clearing, effective_at=now, reference=reference,
        )  # fmt: skip
    DEPOSIT.move(
        deposit, to="credited", by=_system(), now=now, evidence={"transaction": posted.id},
        also={"credited_at": now, "credit_transaction": posted.id, "fee": charged},
    )  # fmt: skip
    counters.add(player_id=deposit.player_id, measure="deposit.credited", currency=deposit.currency, amount=deposit.amount, at=now)
    messages.queue(
        player=deposit.player, template="deposit_credited", key=f"deposit:{deposit.pk}:credited", now=now,
        context={"name": deposit.name, "amount": currencies.text(deposit.amount, deposit.currency), "currency": deposit.currency},
    )  # fmt: skip


def _take_back(deposit: Deposit, *, kind: TransactionKind, key: str, now: datetime) -> None:
    """Cash back to the provider. The money may be gone by now: this alone may push cash below zero, which is a significant event."""
    ledger.post(
        kind=kind, key=key, brand=deposit.brand_id, amount=deposit.amount, currency=deposit.currency, source=Cash(deposit.player_id),
        target=House(AccountKind.PSP_CLEARING, deposit.provider), effective_at=now, reference=(Reference.DEPOSIT, deposit.pk), may_overdraw=True,
    )  # fmt: skip
    left = balances.cash(deposit.player_id, deposit.currency)
    if left < 0:
        record(
            "player.cash_below_zero", actor=_system(), at=now, brand_id=deposit.brand_id, player_id=deposit.player_id, subject=(SUBJECT, deposit.pk),
            after={"cash": left, "currency": deposit.currency},
        )  # fmt: skip


def _reverse(deposit: Deposit, known: dict[str, object], *, now: datetime) -> None:
    if deposit.state == "credited":
        DEPOSIT.move(deposit, to="reversed", by=_system(), now=now, also={**known, "next_attempt_at": None})
        _take_back(deposit, kind=TransactionKind.DEPOSIT_REVERSED, key=f"deposit:{deposit.pk}:reversed", now=now)


def _charge_back(deposit: Deposit, known: dict[str, object], *, now: datetime) -> None:
    if deposit.state == "credited":
        DEPOSIT.move(deposit, to="charged_back", by=_system(), now=now, also={**known, "next_attempt_at": None})
        _take_back(deposit, kind=TransactionKind.CHARGED_BACK, key=f"deposit:{deposit.pk}:charged_back:{deposit.version}", now=now)


def _win_back(deposit: Deposit, known: dict[str, object], *, now: datetime) -> None:
    DEPOSIT.move(deposit, to="credited", by=_system(), now=now, fact="deposit.chargeback_won", also=known)
    ledger.post(
        kind=TransactionKind.CHARGEBACK_REVERSED, key=f"deposit:{deposit.pk}:chargeback_won:{deposit.version}", brand=deposit.brand_id,
        amount=deposit.amount, currency=deposit.currency, source=House(AccountKind.PSP_CLEARING, deposit.provider), target=Cash(deposit.player_id),
        effective_at=now, reference=(Reference.DEPOSIT, deposit.pk),
    )  # fmt: skip


@transaction.atomic
def told(*, deposit_id: int, reference: str, state: DepositState, provider_id: str, sequence: int, fee: Money | None, now: datetime) -> str:
    """A webhook's news about a deposit. Returns what came of it, for the event's line."""
    deposit = locks.player_then_deposit(deposit_id)
    if deposit.reference != reference:
        return "about another reference"
    before = deposit.state
    if before == "unknown":
        # Left only by asking: the news is a reason to ask at once.
        Deposit.objects.filter(pk=deposit.pk).update(next_attempt_at=now)
        return "unknown: asking now"
    _apply(deposit, state, provider_id=provider_id, now=now, sequence=sequence, fee=fee)
    return f"{before} to {deposit.state}" if before != deposit.state else "nothing new"
