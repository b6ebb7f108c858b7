"""Deposits: begun by the player, carried by the provider, credited when the money is captured."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from backoffice.work import idempotency
from payments import hints, locks
from payments.lifecycles import DEPOSIT
from payments.models import Deposit
from payments.models.exceptions import CONTRADICTED, LATE, MISMATCH
from payments.providers import registry
from payments.providers.protocol import DepositRequest, DepositState, Dispute, DisputeState, Found, Known, Method, Money, Payment
from payments.services import PaymentRefused, calls, chargebacks, exceptions, failed_transfers, refuse_blocked
from players import locks as player_locks
from players import messages
from players.blocks import DEPOSIT as DEPOSIT_BLOCK
from players.models import Instrument
from wallet import counters, currencies, ledger
from wallet.kinds import AccountKind, Reference, TransactionKind
from wallet.ledger import Cash, House, Place

SUBJECT = "payments.deposit"
EXPIRES_AFTER = timedelta(hours=1)  # a player who has not finished by then will not
OPEN = frozenset({"initiated", "unknown", "authorised"})
GIVEN_UP = frozenset({"failed", "expired"})
# What a deposit may be when the provider says so and nothing follows from it. Any other pair contradicts what we know.
FITS = {
    DepositState.PENDING: OPEN | GIVEN_UP,
    DepositState.AUTHORISED: OPEN | GIVEN_UP,
    DepositState.FAILED: OPEN | GIVEN_UP,
    DepositState.EXPIRED: OPEN | GIVEN_UP,
    DepositState.CAPTURED: {"credited", "charged_back", "captured"},
    DepositState.REVERSED: {"reversed"},
}
# Where a provider counts no changes, these come late as a matter of course.
OVERTAKEN = frozenset({DepositState.PENDING, DepositState.AUTHORISED, DepositState.CAPTURED})


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
        refuse_blocked(player_id, DEPOSIT_BLOCK, now=now)
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
        if deposit.next_attempt_at is None or deposit.next_attempt_at > now:
            return deposit.state
        never_sent = deposit.state == "initiated" and not deposit.provider_id and (deposit.tries == 0 or deposit.failure == "unavailable")
        Deposit.objects.filter(pk=deposit.pk).update(next_attempt_at=now + calls.CALL_LEASE, tries=deposit.tries + 1, failure="")
    if never_sent:
        _create(deposit)
    else:
        _ask(deposit)
    return Deposit.objects.values_list("state", flat=True).get(pk=deposit_id)


def _request(deposit: Deposit) -> DepositRequest:
    """What the provider is asked for; the same whenever it is made, so that a repeat under its key is a repeat."""
    instrument, player = deposit.instrument, deposit.player
    return DepositRequest(
        reference=deposit.reference, key=deposit.reference, money=Money(amount=deposit.amount, currency=deposit.currency),
        method=Method(instrument.kind), instrument_token=instrument.token, player=str(player.pk), country=player.country, language=player.language,
    )  # fmt: skip


def _create(deposit: Deposit) -> None:
    request = _request(deposit)
    outcome = calls.call(deposit, operation="deposit", make=lambda: registry.get(deposit.provider).create_deposit(request))
    with transaction.atomic():
        now = timezone.now()
        current = locks.player_then_deposit(deposit.pk)
        if current.state not in {"initiated", "unknown"}:
            return
        if outcome.word == "answered":
            answer = outcome.answer
            Deposit.objects.filter(pk=current.pk).update(redirect_url=answer.redirect_url[:500], last_call_ended_at=now)
            _apply(
                current, answer.state, provider_id=answer.provider_id, now=now, sequence=answer.sequence, fee=answer.fee, money=answer.money,
                decline=answer.decline,
            )  # fmt: skip
        elif outcome.word == "refused":
            _fail(current, outcome.detail, now=now)
        elif outcome.word == "unavailable" and now - current.requested_at > EXPIRES_AFTER:
            # Never taken, and the player has long gone.
            DEPOSIT.move(current, to="expired", by=calls.house(), now=now, also={"next_attempt_at": None, "failure": "The provider was not reached."})
        elif outcome.word == "unavailable":
            Deposit.objects.filter(pk=current.pk).update(failure="unavailable", last_call_ended_at=now, next_attempt_at=now + calls.backoff(current.tries))
        else:
            _unknown(current, outcome.detail, now=now)


def _ask(deposit: Deposit) -> None:
    known = Known(provider_id=deposit.provider_id, since=deposit.requested_at, again=_request(deposit))
    outcome = calls.call(deposit, operation="ask", make=lambda: registry.get(deposit.provider).ask(deposit.reference, known=known))
    with transaction.atomic():
        now = timezone.now()
        current = locks.player_then_deposit(deposit.pk)
        if current.state not in OPEN:
            _look_back(current, outcome, now=now)
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
            _hear(current, payment, now=now)
            return
        if current.provider_id:
            # It has told us of it before, so this is its fault, and no news about the money.
            Deposit.objects.filter(pk=current.pk).update(next_attempt_at=now + calls.backoff(current.tries))
            return
        if now - (current.last_call_ended_at or current.requested_at) < registry.get(deposit.provider).capabilities.not_found_final_after:
            if current.state == "initiated":
                _unknown(current, "The provider does not know it yet.", now=now)
            else:
                Deposit.objects.filter(pk=current.pk).update(next_attempt_at=now + calls.backoff(current.tries))
            return
        _fail(current, "It never reached the provider.", now=now)


def _look_back(deposit: Deposit, outcome: calls.Outcome, *, now: datetime) -> None:
    """A deposit that had ended was asked about, since its provider hinted at news: what it says counts, and then there is nothing more to ask."""
    if outcome.word != "answered":
        Deposit.objects.filter(pk=deposit.pk).update(next_attempt_at=now + calls.backoff(deposit.tries))
        return
    if outcome.answer.found is Found.FOUND:
        _hear(deposit, outcome.answer.payment, now=now)
    Deposit.objects.filter(pk=deposit.pk).update(next_attempt_at=None, tries=0)


def _unknown(deposit: Deposit, detail: str, *, now: datetime) -> None:
    wait = {"next_attempt_at": now + calls.backoff(deposit.tries)}
    if deposit.state == "unknown":
        Deposit.objects.filter(pk=deposit.pk).update(**wait)
        return
    DEPOSIT.move(
        deposit,
        to="unknown",
        by=calls.house(),
        now=now,
        evidence={"detail": detail[:200]},
        also={"last_call_ended_at": now, "tries": 1, **wait},
    )


def _fail(deposit: Deposit, why: str, *, now: datetime, known: Mapping[str, object] | None = None) -> None:
    DEPOSIT.move(
        deposit, to="failed", by=calls.house(), now=now, evidence={"why": why[:200]}, also={**(known or {}), "failure": why[:120], "next_attempt_at": None}
    )  # fmt: skip
    failed_transfers.count(deposit, now=now)


def _hear(deposit: Deposit, payment: Payment, *, now: datetime) -> None:
    _apply(
        deposit, payment.state, provider_id=payment.provider_id, now=now, sequence=payment.sequence, fee=payment.fee, money=payment.money,  # type: ignore[arg-type]
        decline=payment.decline, disputes=payment.disputes,
    )  # fmt: skip


def _apply(
    deposit: Deposit, state: DepositState, *, provider_id: str, now: datetime, sequence: int = 0, fee: Money | None = None, money: Money | None = None,
    decline: str = "", disputes: tuple[Dispute, ...] = (),
) -> None:  # fmt: skip
    """Bring a locked deposit to what the provider says. Old news changes nothing.

    The provider is believed about money: what it captured is credited also after we gave up, what it took back is taken back.
    """
    # The same number again is no old news: an answer that says that nothing has changed also says when to ask next.
    if sequence and sequence < deposit.provider_sequence:
        return
    # Kept with every piece of news, also with one that moves nothing: what comes later with a lower number is old.
    known = {"provider_id": provider_id, "provider_sequence": max(sequence, deposit.provider_sequence), "tries": 0}
    waiting = {**known, "failure": "", "next_attempt_at": now + calls.SILENCE}
    before = deposit.state
    if state is DepositState.PENDING and before in OPEN:
        _wait(deposit, waiting, now=now)
    elif state is DepositState.AUTHORISED and before in OPEN:
        if before == "authorised":
            _keep(deposit, waiting)
        else:
            DEPOSIT.move(deposit, to="authorised", by=calls.house(), now=now, also=waiting)
    elif state is DepositState.CAPTURED and before in OPEN | GIVEN_UP:
        _capture(deposit, known, now=now)
        gone = any(one.state in {DisputeState.OPENED, DisputeState.LOST} for one in disputes)
        _receive(deposit, money, fee=fee, now=now, tell=not gone)  # what has gone again is no arrival to tell of
    elif state is DepositState.FAILED and before in OPEN:
        _fail(deposit, decline or "The provider could not collect it.", now=now, known=known)
    elif state is DepositState.EXPIRED and before in OPEN:
        DEPOSIT.move(deposit, to="expired", by=calls.house(), now=now, also={**known, "failure": "", "next_attempt_at": None})
    elif state is DepositState.REVERSED and before in OPEN | GIVEN_UP:
        _capture(deposit, known, now=now)
        DEPOSIT.move(deposit, to="reversed", by=calls.house(), now=now)
    elif state is DepositState.REVERSED and before == "captured":
        exceptions.send_waiting_back(deposit, now=now)
        DEPOSIT.move(deposit, to="reversed", by=calls.house(), now=now, also=known)
    elif state is DepositState.REVERSED and before in {"credited", "charged_back"}:
        chargebacks.all_won(deposit, now=now)  # they must have been, since it can be reversed
        _reverse(deposit, known, now=now)
    else:
        _keep(deposit, known)
        _contradicted(deposit, state, ordered=bool(sequence), now=now)
    if disputes and deposit.state in {"credited", "charged_back"}:
        chargebacks.tell(deposit, disputes, now=now)
    elif disputes and deposit.state == "captured":
        exceptions.raise_for(deposit, CONTRADICTED, detail=f"{deposit.provider} tells of a dispute about money that waits to be allotted", now=now)
    # What is charged beyond the fee of the capture.
    _book_fee(deposit, fee, kind=TransactionKind.CHARGEBACK_FEE if disputes else TransactionKind.DEPOSIT_FEE, now=now)


def _keep(deposit: Deposit, columns: Mapping[str, object]) -> None:
    Deposit.objects.filter(pk=deposit.pk).update(**columns)
    for name, value in columns.items():
        setattr(deposit, name, value)


def _wait(deposit: Deposit, waiting: Mapping[str, object], *, now: datetime) -> None:
    """The provider has it and waits for the player, an hour at most."""
    if deposit.state != "authorised" and now - deposit.requested_at > EXPIRES_AFTER:
        DEPOSIT.move(deposit, to="expired", by=calls.house(), now=now, also={**waiting, "next_attempt_at": None})
    elif deposit.state == "unknown":
        DEPOSIT.move(deposit, to="initiated", by=calls.house(), now=now, fact="deposit.found_at_provider", also=waiting)
    else:
        _keep(deposit, waiting)


def _contradicted(deposit: Deposit, state: DepositState, *, ordered: bool, now: datetime) -> None:
    """News that no table foresees, such as `failed` about money that was captured: nothing is guessed, it stands on the record, and a person looks."""
    if deposit.state in FITS[state] or (state in OVERTAKEN and not ordered):
        return
    record(
        "deposit.contradicted", actor=Actor.integration(deposit.provider), at=now, brand_id=deposit.brand_id, player_id=deposit.player_id,
        subject=(SUBJECT, deposit.pk), before={"state": deposit.state}, after={"provider_says": str(state), "sequence": deposit.provider_sequence},
    )  # fmt: skip
    exceptions.raise_for(deposit, CONTRADICTED, detail=f"{deposit.state} here, {state} at {deposit.provider}", now=now)


def _clearing(deposit: Deposit) -> Place:
    return House(AccountKind.PSP_CLEARING, deposit.provider)


def _capture(deposit: Deposit, known: Mapping[str, object], *, now: datetime) -> None:
    late = deposit.state in GIVEN_UP
    DEPOSIT.move(
        deposit, to="captured", by=calls.house(), now=now, fact="deposit.captured_late" if late else "",
        also={**known, "failure": "", "next_attempt_at": None},
    )  # fmt: skip
    if late:
        exceptions.raise_for(deposit, LATE, detail="The provider took the money after the deposit had been given up; it was credited.", now=now)


def _receive(deposit: Deposit, money: Money | None, *, fee: Money | None, now: datetime, tell: bool) -> None:
    """Credit what was captured, when it is what was asked for. A coin is sent by the player, so what came in counts; anything else is for a person."""
    if money is None or (money.amount, money.currency) == (deposit.amount, deposit.currency):
        _credit(deposit, fee=fee, now=now, tell=tell)
    elif money.currency == deposit.currency and money.amount > 0 and deposit.instrument.kind == Instrument.CRYPTO:
        _keep(deposit, {"asked": deposit.amount, "amount": money.amount})
        _credit(deposit, fee=fee, now=now, tell=tell)
    else:
        came = money.amount if money.currency == deposit.currency else Decimal(0)
        if came:
            exceptions.suspend(deposit, came, key=f"deposit:{deposit.pk}:suspended", now=now)
        _book_fee(deposit, fee, kind=TransactionKind.DEPOSIT_FEE, now=now)
        exceptions.raise_for(deposit, MISMATCH, detail=f"{money} came in", amount=deposit.amount, waiting=came, now=now)


def credit_what_came(deposit: Deposit, amount: Decimal, *, now: datetime) -> None:
    """A person has decided that what came in, and waits to be allotted, is what a locked, captured deposit shall be."""
    if deposit.state != "captured":
        raise PaymentRefused(f"The deposit is {deposit.state}; nothing of it waits to be credited.", code="not_captured")
    if amount != deposit.amount:
        _keep(deposit, {"asked": deposit.amount, "amount": amount})
    _credit(deposit, fee=None, now=now, source=House(AccountKind.UNALLOTTED, deposit.provider))


def _credit(deposit: Deposit, *, fee: Money | None, now: datetime, tell: bool = True, source: Place | None = None) -> None:
    posted = ledger.post(
        kind=TransactionKind.DEPOSIT_CREDITED, key=f"deposit:{deposit.pk}:credited", brand=deposit.brand_id, amount=deposit.amount,
        currency=deposit.currency, source=source or _clearing(deposit), target=Cash(deposit.player_id), effective_at=now,
        reference=(Reference.DEPOSIT, deposit.pk),
    )  # fmt: skip
    _book_fee(deposit, fee, kind=TransactionKind.DEPOSIT_FEE, now=now)
    DEPOSIT.move(
        deposit, to="credited", by=calls.house(), now=now, evidence={"transaction": posted.id}, also={"credited_at": now, "credit_transaction": posted.id}
    )  # fmt: skip
    counters.add(player_id=deposit.player_id, measure="deposit.credited", currency=deposit.currency, amount=deposit.amount, at=now)
    if tell:
        messages.queue(
            player=deposit.player, template="deposit_credited", key=f"deposit:{deposit.pk}:credited", now=now,
            context={"name": deposit.name, "amount": currencies.text(deposit.amount, deposit.currency), "currency": deposit.currency},
        )  # fmt: skip


def _book_fee(deposit: Deposit, fee: Money | None, *, kind: TransactionKind, now: datetime) -> None:
    """What the provider has charged beyond what is booked. It tells the sum so far, so a missed piece of news is made up for."""
    more = (fee.amount if fee is not None else Decimal(0)) - deposit.fee
    if fee is None or more <= 0:
        return
    ledger.post(
        kind=kind, key=f"deposit:{deposit.pk}:fee:{fee.amount.normalize():f}", brand=deposit.brand_id, amount=more, currency=deposit.currency,
        source=House(AccountKind.PSP_FEES, deposit.provider), target=_clearing(deposit), effective_at=now, reference=(Reference.DEPOSIT, deposit.pk),
    )  # fmt: skip
    _keep(deposit, {"fee": fee.amount})


def _reverse(deposit: Deposit, known: Mapping[str, object], *, now: datetime) -> None:
    """Cash back to the provider. The money may be gone by now: this may push cash below zero, which is a significant event."""
    DEPOSIT.move(deposit, to="reversed", by=calls.house(), now=now, also=known)
    ledger.post(
        kind=TransactionKind.DEPOSIT_REVERSED, key=f"deposit:{deposit.pk}:reversed", brand=deposit.brand_id, amount=deposit.amount,
        currency=deposit.currency, source=Cash(deposit.player_id), target=_clearing(deposit), effective_at=now,
        reference=(Reference.DEPOSIT, deposit.pk), may_overdraw=True,
    )  # fmt: skip
    chargebacks.below_zero(deposit, now=now)


@transaction.atomic
def told(*, deposit_id: int, payment: Payment, now: datetime) -> str:
    """A webhook's news about a deposit. Returns what came of it, for the event's line."""
    deposit = locks.player_then_deposit(deposit_id)
    if deposit.reference != payment.reference:
        return "about another reference"
    before = deposit.state
    if before == "unknown":
        # Left only by asking: the news is a reason to ask at once.
        Deposit.objects.filter(pk=deposit.pk).update(next_attempt_at=now)
        return "unknown: asking now"
    _hear(deposit, payment, now=now)
    return f"{before} to {deposit.state}" if before != deposit.state else "nothing new"


@transaction.atomic
def disputed(*, deposit_id: int, dispute: Dispute, now: datetime) -> str:
    """A webhook's news about a dispute alone. One about a deposit that we have not credited yet is a reason to ask about the deposit first."""
    deposit = locks.player_then_deposit(deposit_id)
    if deposit.state not in {"credited", "charged_back"}:
        Deposit.objects.filter(pk=deposit.pk).update(next_attempt_at=now)
        return f"a dispute about a deposit that is {deposit.state}: asking now"
    before = deposit.state
    chargebacks.tell(deposit, (dispute,), now=now)
    if dispute.fee is not None and dispute.fee.currency == deposit.currency:
        chargebacks.book_fee(deposit, dispute, now=now)
    return f"{before} to {deposit.state}" if before != deposit.state else f"dispute {dispute.state}"


@transaction.atomic
def ask_soon(*, deposit_id: int, now: datetime) -> str:
    """News that is only a reason to ask: what the provider says of the deposit is asked at the next sweep."""
    deposit = locks.player_then_deposit(deposit_id)
    Deposit.objects.filter(pk=deposit.pk).update(next_attempt_at=now)
    return "asking now"
