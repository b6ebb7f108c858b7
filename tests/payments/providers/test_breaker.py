"""The circuit breaker, on a clock of its own."""

from __future__ import annotations

import threading

import pytest

from payments.providers.breaker import Breaker, BreakerState, CircuitOpen, MemoryStore, Record
from payments.providers.guarded import Guarded
from payments.providers.protocol import Operation, OutcomeUnknown, PaymentStatus, ProviderRefused, ProviderUnavailable


class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return Breaker(key="nordpay:payout", store=MemoryStore(), failures=3, percent=50, window=60, cool_off=30, successes=2, probe_lease=20, clock=clock)


def call(breaker, error=None):
    with breaker.call():
        if error is not None:
            raise error


def fail(breaker, times=1, error=None):
    for _ in range(times):
        with pytest.raises((OutcomeUnknown, ProviderUnavailable)):
            call(breaker, error or OutcomeUnknown("silence"))


def turned_away(breaker):
    try:
        breaker.enter()
    except CircuitOpen:
        return True
    return False


@pytest.mark.parametrize("error", [OutcomeUnknown("silence"), ProviderUnavailable("no connection")])
def test_enough_failures_open_it(breaker, error):
    fail(breaker, 2, error)
    assert breaker.state().state is BreakerState.CLOSED
    fail(breaker, 1, error)
    health = breaker.state()
    assert (health.state, health.failures, health.last_error) == (BreakerState.OPEN, 3, type(error).__name__)
    assert turned_away(breaker)


def test_an_open_circuit_is_definitely_not_taken(breaker):
    fail(breaker, 3)
    called = []
    with pytest.raises(ProviderUnavailable), breaker.call():
        called.append(True)
    assert called == []


def test_refusals_are_answers(breaker):
    for _ in range(10):
        with pytest.raises(ProviderRefused):
            call(breaker, ProviderRefused("declined", "no"))
    assert (breaker.state().state, breaker.state().calls, breaker.state().failures) == (BreakerState.CLOSED, 10, 0)


def test_our_own_mistakes_are_no_news(breaker):
    for _ in range(10):
        with pytest.raises(ZeroDivisionError):
            call(breaker, ZeroDivisionError())
    assert (breaker.state().state, breaker.state().calls) == (BreakerState.CLOSED, 0)


def test_a_small_share_of_failures_is_borne(breaker):
    for _ in range(10):
        call(breaker)
        call(breaker)
        fail(breaker)
    assert breaker.state().state is BreakerState.CLOSED


def test_failures_are_forgotten_with_the_window(breaker, clock):
    fail(breaker, 2)
    clock.now += 60
    assert breaker.state().failures == 0
    fail(breaker, 2)
    assert breaker.state().state is BreakerState.CLOSED


def test_after_the_cool_off_one_at_a_time_may_try(breaker, clock):
    fail(breaker, 3)
    clock.now += 29.9
    assert turned_away(breaker)
    assert breaker.state().retry_at == pytest.approx(clock.now + 0.1)
    clock.now += 0.1
    assert breaker.state().state is BreakerState.HALF_OPEN
    assert not turned_away(breaker)
    assert turned_away(breaker)


def test_successes_close_it(breaker, clock):
    fail(breaker, 3)
    clock.now += 30
    call(breaker)
    assert breaker.state().state is BreakerState.HALF_OPEN
    call(breaker)
    assert (breaker.state().state, breaker.state().failures) == (BreakerState.CLOSED, 0)


def test_one_failure_while_trying_opens_it_again(breaker, clock):
    fail(breaker, 3)
    clock.now += 30
    call(breaker)
    fail(breaker)
    assert turned_away(breaker)
    clock.now += 30
    call(breaker)
    assert breaker.state().state is BreakerState.HALF_OPEN  # the count starts over


def test_a_try_that_never_reports_back_gives_way(breaker, clock):
    fail(breaker, 3)
    clock.now += 30
    breaker.enter()
    clock.now += 19
    assert turned_away(breaker)
    clock.now += 1
    assert not turned_away(breaker)


def test_a_mistake_of_ours_while_trying_gives_the_turn_back(breaker, clock):
    fail(breaker, 3)
    clock.now += 30
    with pytest.raises(ZeroDivisionError):
        call(breaker, ZeroDivisionError())
    assert not turned_away(breaker)


def test_a_late_answer_does_not_close_an_open_circuit(breaker):
    breaker.enter()
    fail(breaker, 3)
    breaker.succeeded()
    assert breaker.state().state is BreakerState.OPEN


def test_racing_threads_lose_no_count(clock):
    breaker = Breaker(key="k", store=MemoryStore(), failures=10_000, clock=clock)
    threads = [threading.Thread(target=lambda: [breaker.failed() for _ in range(200)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (breaker.state().calls, breaker.state().failures) == (1600, 1600)


def test_racing_threads_get_one_try(breaker, clock):
    fail(breaker, 3)
    clock.now += 30
    passed, start = [], threading.Barrier(8)

    def enter():
        start.wait()
        if not turned_away(breaker):
            passed.append(True)

    threads = [threading.Thread(target=enter) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed == [True]


def test_two_breakers_on_one_store_share_their_state(clock):
    store = MemoryStore()
    first, second = (Breaker(key="k", store=store, failures=1, clock=clock) for _ in range(2))
    first.failed()
    assert turned_away(second)


def test_a_swap_against_an_old_version_is_refused():
    store = MemoryStore()
    assert store.swap("k", expected=0, new=Record(version=1))
    assert not store.swap("k", expected=0, new=Record(version=1, failures=9))
    assert store.load("k").failures == 0


@pytest.mark.parametrize("wrong", [{"failures": 0}, {"successes": 0}, {"percent": 0}, {"percent": 101}])
def test_thresholds_make_sense(wrong):
    with pytest.raises(ValueError, match="thresholds"):
        Breaker(key="k", store=MemoryStore(), **wrong)


class Failing:
    code = "failing"
    capabilities = None

    def send_payout(self, request):
        raise OutcomeUnknown("silence")

    def ask(self, reference, **_known):
        return PaymentStatus(reference=reference, payment=None)


def guarded(clock):
    store = MemoryStore()
    return Guarded(
        Failing(),
        breakers={operation: Breaker(key=f"failing:{operation}", store=store, failures=2, clock=clock) for operation in Operation},
    )


def test_failing_payouts_do_not_stop_anybody_from_asking(clock):
    provider = guarded(clock)
    for expected in (OutcomeUnknown, OutcomeUnknown, CircuitOpen):
        with pytest.raises(expected):
            provider.send_payout(None)
    assert provider.ask("r").payment is None
    assert {health.key: health.state.value for health in provider.health()} == {
        "failing:deposit": "closed",
        "failing:payout": "open",
        "failing:refund": "closed",
        "failing:ask": "closed",
    }


def test_asking_behind_an_open_circuit_learns_nothing(clock):
    provider = guarded(clock)
    for _ in range(2):
        provider._breakers[Operation.ASK].failed()
    with pytest.raises(OutcomeUnknown):
        provider.ask("r")
