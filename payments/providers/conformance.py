"""What every adapter must get right, as plain functions: `check(provider, control)` raises AssertionError when one does not.

    @pytest.mark.parametrize("check", conformance.CHECKS, ids=lambda check: check.__name__)
    def test_conformance(check, provider, control):
        try:
            check(provider, control)
        except conformance.NotApplicable as reason:
            pytest.skip(str(reason))

`control` pulls the strings on the provider's side: its sandbox, or a recorded stand-in.
"""

# ruff: noqa: S101  asserting is what a check does

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, TypeVar

from .protocol import (
    NOTHING_KNOWN,
    BadSignature,
    DepositAnswer,
    DepositRequest,
    DepositState,
    EventKind,
    Found,
    Known,
    Method,
    Money,
    Operation,
    OutcomeUnknown,
    Payment,
    PayoutAnswer,
    PayoutRequest,
    PayoutState,
    Provider,
    ProviderError,
    ProviderEvent,
    ProviderRefused,
    ProviderUnavailable,
    ReferenceConflict,
    RefundRequest,
    RefundState,
    StaleSignature,
    State,
)

T = TypeVar("T")

PATIENCE = 20  # seconds until a state that must come is given up


class Fate(StrEnum):
    """What the provider's side shall do with a payment."""

    SUCCEED = "succeed"
    FAIL = "fail"
    REFUSE = "refuse"
    RETURN = "return"
    TAKE_AND_DROP = "take_and_drop"
    TAKE_AND_STAY_SILENT = "take_and_stay_silent"
    TAKE_AND_ANSWER_500 = "take_and_answer_500"
    TAKE_AND_TALK_NONSENSE = "take_and_talk_nonsense"
    DROP = "drop"
    STAY_SILENT = "stay_silent"
    ANSWER_500 = "answer_500"


TAKEN = (Fate.TAKE_AND_DROP, Fate.TAKE_AND_STAY_SILENT, Fate.TAKE_AND_ANSWER_500, Fate.TAKE_AND_TALK_NONSENSE)
NOT_TAKEN = (Fate.DROP, Fate.STAY_SILENT, Fate.ANSWER_500)


class NotApplicable(Exception):
    """The provider's sandbox cannot do this, so there is nothing to check."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A webhook as it came in."""

    headers: Mapping[str, str]
    body: bytes


class Control(Protocol):
    """The strings on the provider's side. `signs_time`: whether its signatures hold the time of signing, so that an old one can be told."""

    signs_time: bool

    def reference(self) -> str:
        """A reference never used before."""

    def method(self, currency: str) -> Method:
        """A method that deposits, pays out and refunds in this currency."""

    def token(self, fate: Fate) -> str:
        """An instrument that meets this fate. Raises NotApplicable."""

    def times(self, movement: str, reference: str) -> int:
        """How often money really moved for the reference at the provider: `taken`, `paid_out`, `returned` or `refunded`."""

    def webhooks(self) -> list[Delivery]:
        """Everything that came in so far."""

    def unreachable(self) -> Provider:
        """The same adapter, pointed at an address where nobody listens."""

    def with_clock(self, offset: int) -> Provider:
        """The same adapter, its clock off by `offset` seconds."""


def check_a_payout_is_paid_once(provider: Provider, control: Control) -> None:
    """Sent, paid, moved once, and told the same by asking."""
    request = payout(provider, control)
    answer = provider.send_payout(request)
    assert (answer.reference, answer.money) == (request.reference, request.money)
    paid = wait_for(provider, request.reference, PayoutState.PAID)
    assert (paid.provider_id, paid.money) == (answer.provider_id, request.money)
    assert control.times("paid_out", request.reference) == 1


def check_the_same_request_again_is_the_same_payout(provider: Provider, control: Control) -> None:
    """By key and by reference: a repeat, even with a new key, moves nothing more."""
    request = payout(provider, control)
    first = provider.send_payout(request)
    wait_for(provider, request.reference, PayoutState.PAID)
    assert provider.send_payout(request).provider_id == first.provider_id
    assert provider.send_payout(dataclasses.replace(request, key=request.key + "-again")).provider_id == first.provider_id
    assert control.times("paid_out", request.reference) == 1


def check_a_reference_stands_for_one_content(provider: Provider, control: Control) -> None:
    """Another amount under the same reference is a conflict, which is no refusal: money may be on its way."""
    request = payout(provider, control)
    provider.send_payout(request)
    more = Money(amount=request.money.amount * 2, currency=request.money.currency)
    _raises(ReferenceConflict, lambda: provider.send_payout(dataclasses.replace(request, key=request.key + "-other", money=more)))
    assert wait_for(provider, request.reference, PayoutState.PAID).money == request.money


def check_a_refused_payout_leaves_no_trace(provider: Provider, control: Control) -> None:
    """A definite no: with a code, and unknown to the provider afterwards."""
    request = payout(provider, control, Fate.REFUSE)
    refusal = _raises(ProviderRefused, lambda: provider.send_payout(request))
    assert isinstance(refusal, ProviderRefused)
    assert refusal.code
    assert provider.ask(request.reference).found is Found.NOT_FOUND
    assert control.times("paid_out", request.reference) == 0


def check_a_failed_payout_pays_nothing(provider: Provider, control: Control) -> None:
    """Accepted, then failed before it left."""
    request = payout(provider, control, Fate.FAIL)
    provider.send_payout(request)
    wait_for(provider, request.reference, PayoutState.FAILED)
    assert control.times("paid_out", request.reference) == 0


def check_a_returned_payout_comes_back_once(provider: Provider, control: Control) -> None:
    """Paid, then sent back by the bank."""
    request = payout(provider, control, Fate.RETURN)
    provider.send_payout(request)
    wait_for(provider, request.reference, PayoutState.RETURNED)
    assert (control.times("paid_out", request.reference), control.times("returned", request.reference)) == (1, 1)


def check_a_taken_payout_without_answer_is_found_by_asking(provider: Provider, control: Control) -> None:
    """Whatever swallowed the answer, it is an unknown outcome, and asking resolves it."""
    for request in _fated_payouts(provider, control, TAKEN):
        _raises(OutcomeUnknown, lambda request=request: provider.send_payout(request))  # type: ignore[misc]
        assert wait_for(provider, request.reference, PayoutState.PAID).money == request.money
        assert control.times("paid_out", request.reference) == 1


def check_an_untaken_payout_without_answer_is_not_found(provider: Provider, control: Control) -> None:
    """The same silence, but nothing happened: asking says so."""
    for request in _fated_payouts(provider, control, NOT_TAKEN):
        _raises(OutcomeUnknown, lambda request=request: provider.send_payout(request))  # type: ignore[misc]
        assert provider.ask(request.reference).found is Found.NOT_FOUND
        assert control.times("paid_out", request.reference) == 0


def check_nobody_listening_is_unavailable(provider: Provider, control: Control) -> None:
    """No connection is definitely not taken; but asking learnt nothing, which is not the same as not found."""
    nowhere = control.unreachable()
    if _pays_out(provider):
        _raises(ProviderUnavailable, lambda: nowhere.send_payout(payout(provider, control)))
    _raises(ProviderUnavailable, lambda: nowhere.create_deposit(deposit(provider, control)))
    _raises(OutcomeUnknown, lambda: nowhere.ask(control.reference()))


def check_an_unheard_reference_is_not_found(provider: Provider, control: Control) -> None:
    """A definite no to a question."""
    reference = control.reference()
    status = provider.ask(reference)
    assert (status.reference, status.found, status.payment) == (reference, Found.NOT_FOUND, None)


def check_a_deposit_is_captured_once(provider: Provider, control: Control) -> None:
    """Started, captured, moved once."""
    request = deposit(provider, control)
    answer = provider.create_deposit(request)
    assert (answer.reference, answer.money) == (request.reference, request.money)
    assert wait_for(provider, request.reference, DepositState.CAPTURED, known=_again(request)).provider_id == answer.provider_id
    assert control.times("taken", request.reference) == 1


def check_a_failed_deposit_takes_nothing(provider: Provider, control: Control) -> None:
    """A decline is a state, told by the answer or later."""
    request = deposit(provider, control, Fate.FAIL)
    provider.create_deposit(request)
    wait_for(provider, request.reference, DepositState.FAILED, known=_again(request))
    assert control.times("taken", request.reference) == 0


def check_a_deposit_is_refunded_once(provider: Provider, control: Control) -> None:
    """A whole refund is paid once, and there is nothing left for a second one."""
    request = deposit(provider, control)
    provider.create_deposit(request)
    captured = wait_for(provider, request.reference, DepositState.CAPTURED, known=_again(request))
    reference = control.reference()
    wanted = RefundRequest(reference=reference, key=reference, deposit_id=captured.provider_id, money=request.money)
    assert provider.refund(wanted).provider_id == provider.refund(wanted).provider_id
    _learn(provider, control, reference, RefundState.PAID, known=_again(wanted))
    assert control.times("refunded", reference) == 1
    another = control.reference()
    _raises(ProviderRefused, lambda: provider.refund(dataclasses.replace(wanted, reference=another, key=another)))


def check_money_is_exact_in_every_currency(provider: Provider, control: Control) -> None:
    """The smallest unit, and many digits, come back as they went out."""
    for currency, exponent in provider.capabilities.exponents.items():
        unit = Decimal(1).scaleb(-exponent)
        for amount in (unit, Decimal(1234567) + unit):
            wanted, answer, known = _sent(provider, control, currency=currency, amount=amount)
            assert answer.money == wanted.money
            status = provider.ask(wanted.reference, known=known)
            assert status.payment is not None
            assert status.payment.money == wanted.money


def check_an_amount_that_cannot_be_said_is_not_sent(provider: Provider, control: Control) -> None:
    """Too precise, zero, or in no currency of theirs: ValueError before anything leaves."""
    currency, exponent = next(iter(provider.capabilities.exponents.items()))
    finer = Money(amount=Decimal(1).scaleb(-exponent - 1), currency=currency)
    nothing = Money(amount=Decimal(0), currency=currency)
    foreign = Money(amount=Decimal(1), currency="XXX")
    for money in (finer, nothing, foreign):
        request, send = _to_send(provider, control, money=money)
        _raises(ValueError, send)
        assert provider.ask(request.reference).found is Found.NOT_FOUND


def check_webhooks_tell_what_asking_tells(provider: Provider, control: Control) -> None:
    """The last event of a payment has the state and the money that asking gives, and the place in order where the provider counts its news.

    An event that does not tell the payment is only a reason to ask.
    """
    request, _, known = _sent(provider, control)
    paid = wait_for(provider, request.reference, PayoutState.PAID if _pays_out(provider) else DepositState.CAPTURED, known=known)
    last = events(provider, control, request.reference, _last_kind(provider))[-1]
    assert last.money == request.money
    if last.payment is not None:
        assert (last.payment.state, last.payment.money, last.payment.provider_id) == (paid.state, paid.money, paid.provider_id)
    if paid.sequence:
        assert (last.payment, last.fee, last.sequence) == (paid, paid.fee, paid.sequence)


def check_only_genuine_webhooks_are_read(provider: Provider, control: Control) -> None:
    """Changed, unsigned, signed for something else or replayed later: never acted on."""
    request, _, _ = _sent(provider, control)
    events(provider, control, request.reference, _last_kind(provider))
    genuine = next(each for each in control.webhooks() if request.reference.encode() in each.body)
    other = next(each for each in control.webhooks() if each.body != genuine.body)
    assert provider.parse_webhook(genuine.headers, genuine.body)
    assert provider.parse_webhook({name.upper(): value for name, value in genuine.headers.items()}, genuine.body)
    for headers, body in (
        (genuine.headers, genuine.body + b" "),
        (genuine.headers, genuine.body.replace(request.reference.encode(), control.reference().encode())),
        (genuine.headers, other.body),
        ({}, genuine.body),
    ):
        _raises(BadSignature, lambda headers=headers, body=body: provider.parse_webhook(headers, body))  # type: ignore[misc]
    if not control.signs_time:
        return  # a replay is then told by its event's id alone
    for offset in (-86_400, 86_400):
        _raises(StaleSignature, lambda offset=offset: control.with_clock(offset).parse_webhook(genuine.headers, genuine.body))  # type: ignore[misc]


CHECKS: tuple[Callable[[Provider, Control], None], ...] = (
    check_a_payout_is_paid_once,
    check_the_same_request_again_is_the_same_payout,
    check_a_reference_stands_for_one_content,
    check_a_refused_payout_leaves_no_trace,
    check_a_failed_payout_pays_nothing,
    check_a_returned_payout_comes_back_once,
    check_a_taken_payout_without_answer_is_found_by_asking,
    check_an_untaken_payout_without_answer_is_not_found,
    check_nobody_listening_is_unavailable,
    check_an_unheard_reference_is_not_found,
    check_a_deposit_is_captured_once,
    check_a_failed_deposit_takes_nothing,
    check_a_deposit_is_refunded_once,
    check_money_is_exact_in_every_currency,
    check_an_amount_that_cannot_be_said_is_not_sent,
    check_webhooks_tell_what_asking_tells,
    check_only_genuine_webhooks_are_read,
)


# ---- for checks, and for tests of their own ----


def payout(provider: Provider, control: Control, fate: Fate = Fate.SUCCEED, *, currency: str = "", amount: Decimal = Decimal(25)) -> PayoutRequest:
    """A payout request that meets `fate`. Raises NotApplicable, also for a provider that pays nothing out."""
    if not _pays_out(provider):
        raise NotApplicable("it pays nothing out")
    currency = currency or next(iter(provider.capabilities.exponents))
    reference = control.reference()
    return PayoutRequest(
        reference=reference,
        key=reference,
        money=Money(amount=amount, currency=currency),
        method=control.method(currency),
        beneficiary_token=control.token(fate),
        beneficiary_name="Maja Lind",
    )


def deposit(provider: Provider, control: Control, fate: Fate = Fate.SUCCEED, *, currency: str = "", amount: Decimal = Decimal(40)) -> DepositRequest:
    """A deposit request that meets `fate`. Raises NotApplicable."""
    currency = currency or next(iter(provider.capabilities.exponents))
    reference = control.reference()
    return DepositRequest(
        reference=reference,
        key=reference,
        money=Money(amount=amount, currency=currency),
        method=control.method(currency),
        instrument_token=control.token(fate),
        return_url="https://casino.example/cashier",
        player="player-1",
    )


def wait_for(provider: Provider, reference: str, state: State, *, known: Known = NOTHING_KNOWN) -> Payment:
    """The payment once it has reached `state`. Raises AssertionError when it does not."""

    def reached() -> Payment | None:
        payment = provider.ask(reference, known=known).payment
        return payment if payment is not None and payment.state == state else None

    return eventually(reached, f"{reference} does not become {state}")


def _pays_out(provider: Provider) -> bool:
    return bool(provider.capabilities.methods.get(Operation.PAYOUT))


def _last_kind(provider: Provider) -> EventKind:
    return EventKind.PAYOUT_PAID if _pays_out(provider) else EventKind.DEPOSIT_CAPTURED


def _to_send(provider: Provider, control: Control, *, money: Money) -> tuple[PayoutRequest | DepositRequest, Callable[[], PayoutAnswer | DepositAnswer]]:
    """What is checked of either: a payout, or a deposit where nothing is paid out."""
    if _pays_out(provider):
        out = payout(provider, control, currency=money.currency, amount=money.amount)
        return out, lambda: provider.send_payout(out)
    into = deposit(provider, control, currency=money.currency, amount=money.amount)
    return into, lambda: provider.create_deposit(into)


def _sent(
    provider: Provider, control: Control, *, currency: str = "", amount: Decimal = Decimal(25)
) -> tuple[PayoutRequest | DepositRequest, PayoutAnswer | DepositAnswer, Known]:
    money = Money(amount=amount, currency=currency or next(iter(provider.capabilities.exponents)))
    request, send = _to_send(provider, control, money=money)
    known = NOTHING_KNOWN if isinstance(request, PayoutRequest) else _again(request)
    return request, send(), known


def _again(request: DepositRequest | RefundRequest) -> Known:
    return Known(since=datetime.now(UTC), again=request)


def _learn(provider: Provider, control: Control, reference: str, state: State, *, known: Known) -> None:
    """The state is told: by asking, or by an event where a repeat gives the first answer for ever."""

    def told() -> bool | None:
        asked = provider.ask(reference, known=known).payment
        if asked is not None and asked.state == state:
            return True
        for each in control.webhooks():
            for event in provider.parse_webhook(each.headers, each.body):
                if event.reference == reference and event.payment is not None and event.payment.state == state:
                    return True
        return None

    eventually(told, f"{reference} does not become {state}")


def events(provider: Provider, control: Control, reference: str, kind: EventKind) -> list[ProviderEvent]:
    """The payment's events in their order, once one of `kind` has come in. Raises AssertionError when none comes."""

    def arrived() -> list[ProviderEvent] | None:
        told = [event for each in control.webhooks() for event in provider.parse_webhook(each.headers, each.body)]
        about = sorted((event for event in told if event.reference == reference), key=lambda event: event.sequence)
        return about if any(event.kind is kind for event in about) else None

    return eventually(arrived, f"no {kind} comes in for {reference}")


def eventually(look: Callable[[], T | None], otherwise: str) -> T:
    """What `look` finds, as soon as it finds something."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = look()
        if found is not None:
            return found
        time.sleep(0.01)
    raise AssertionError(otherwise)


def _fated_payouts(provider: Provider, control: Control, fates: tuple[Fate, ...]) -> list[PayoutRequest]:
    requests = []
    for fate in fates:
        try:
            requests.append(payout(provider, control, fate))
        except NotApplicable:
            continue
    if not requests:
        raise NotApplicable(f"none of {', '.join(fates)}")
    return requests


def _raises(expected: type[Exception], call: Callable[[], object]) -> Exception:
    try:
        call()
    except expected as error:
        return error
    except ProviderError as error:
        raise AssertionError(f"{type(error).__name__} instead of {expected.__name__}") from error
    raise AssertionError(f"{expected.__name__} was not raised")
