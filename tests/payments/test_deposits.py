"""Deposits over the real adapter and the real sandbox: every state is reached, money comes once, and none that came is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as live
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from backoffice.audit.actors import Actor
from backoffice.audit.models import Event
from backoffice.runtime import timeouts
from backoffice.scope.models import Brand
from payments.models import Deposit, ProviderCall, WebhookEvent
from payments.providers import registry
from payments.providers.conformance import Delivery, eventually
from payments.providers.protocol import (
    BadSignature,
    Capabilities,
    DepositState,
    Dispute,
    DisputeState,
    Method,
    Money,
    Operation,
    Payment,
    PaymentKind,
    PaymentStatus,
)
from payments.services import calls, deposits, webhooks
from players.models import Player
from tests.casino import asked, everything, facts, held, new_instrument, new_player, open_casino, outbox
from tests.databases import Database
from tests.payments.news import hears
from tests.payments.nordpay import KEY, SECRET, Receiver, Sandbox
from tests.races import race, raised
from wallet import stream
from wallet.models import Entry, Transaction

NOTHING = {"cash": Decimal("0.00"), "held": Decimal("0.00")}
HUNDRED = {"cash": Decimal("100.00"), "held": Decimal("0.00")}
# 100.00 EUR by card: 1.90 % and 0.25; a chargeback costs 15.00.
CREDITED = ("Deposit credited", [("PSP clearing", "-100"), ("Cash", "100")])
FEE = ("Deposit fee", [("PSP fees", "-2.15"), ("PSP clearing", "2.15")])
REVERSED = ("Deposit reversed", [("Cash", "-100"), ("PSP clearing", "100")])
CHARGED_BACK = ("Charged back", [("Cash", "-100"), ("PSP clearing", "100")])
CHARGEBACK_FEE = ("Chargeback fee", [("PSP fees", "-15"), ("PSP clearing", "15")])
WON = ("Chargeback reversed", [("PSP clearing", "-100"), ("Cash", "100")])


@pytest.fixture
def nova(committed_db: Database, opened: None) -> Brand:
    return open_casino()


def begun(nova: Brand, *, token: str = "", kind: str = "card", ago: timedelta = timedelta(0), player: Player | None = None) -> Deposit:
    """A deposit of 100.00 EUR that no worker has seen yet."""
    player = player or new_player(nova)
    instrument = new_instrument(player, kind=kind, token=token)
    return deposits.start_deposit(
        player_id=player.pk, instrument_id=instrument.pk, amount=Decimal("100.00"), currency="EUR", key=f"k{instrument.pk}",
        by=Actor.player(player.pk), now=timezone.now() - ago,
    )  # fmt: skip


def stepped(deposit: Deposit) -> str:
    """The next step, now, as when its time has come. Gives the state."""
    Deposit.objects.filter(pk=deposit.pk, next_attempt_at__isnull=False).update(next_attempt_at=timezone.now())
    state = deposits.step(deposit.pk)
    deposit.refresh_from_db()
    return state


def until(deposit: Deposit, *states: str, seconds: float = 15) -> Deposit:
    """Step it, as workers do, until it reaches one of the states."""
    deadline = time.monotonic() + seconds
    while (state := stepped(deposit)) not in states:
        if time.monotonic() > deadline:
            raise AssertionError(f"{deposit} is {state}, not {states}")
        time.sleep(0.02)
    return deposit


def calls_of(deposit: Deposit) -> Counter[str]:
    return Counter(ProviderCall.objects.filter(payment_type="deposit", payment_id=deposit.pk).values_list("operation", flat=True))


def postings(deposit: Deposit) -> list[tuple[str, list[tuple[str, str]]]]:
    """What the ledger holds about it, oldest first: the kind, and account and amount of each leg."""
    return [
        (
            one.get_kind_display(),
            [(leg.account.get_kind_display(), format(leg.amount.normalize(), "f")) for leg in Entry.objects.filter(transaction=one).order_by("leg")],
        )
        for one in Transaction.objects.filter(reference_type=1, reference_id=deposit.pk).order_by("pk")
    ]


def deliveries(receiver: Receiver, deposit: Deposit, *types: str) -> list[Delivery]:
    """Deliveries about a deposit as they came in, all types or these, once the last of these has come."""
    eventually(lambda: set(types) <= set(receiver.types(deposit.reference)) or None, f"{types} did not all come")
    about = []
    for delivery in list(receiver.deliveries):
        event = json.loads(delivery.body)
        if event["payment"]["reference"] == deposit.reference and (not types or event["type"] in types):
            about.append(delivery)
    return about


def hear(found: list[Delivery]) -> list[str]:
    """Take webhooks in, and let a worker handle them. Gives what came of each new one."""
    outcomes = []
    for delivery in found:
        for event in webhooks.receive(provider="nordpay", headers=delivery.headers, body=delivery.body, now=timezone.now()):
            outcomes.append(webhooks.handle(event, now=timezone.now()))
    return outcomes


def heard(receiver: Receiver, deposit: Deposit, *types: str) -> list[str]:
    outcomes = hear(deliveries(receiver, deposit, *types))
    deposit.refresh_from_db()
    return outcomes


def force(nordpay: Sandbox, deposit: Deposit, action: str) -> None:
    assert nordpay.call("POST", f"/v1/test/{action}/{nordpay.ask(deposit.reference)['id']}").status_code == 200


def unreachable(settings: Any) -> None:
    settings.PAYMENT_PROVIDERS = {"nordpay": {**settings.PAYMENT_PROVIDERS["nordpay"], "url": "http://127.0.0.1:9"}}
    registry.forget()


# ---- the straight way ----


def test_captured_money_is_credited_once_and_booked_with_its_fee(nordpay, nova):
    deposit = until(begun(nova), "credited")

    assert postings(deposit) == [CREDITED, FEE]
    assert (deposit.fee, deposit.next_attempt_at) == (Decimal("2.15"), None)
    assert deposit.credit_transaction == Transaction.objects.get(kind=1, reference_id=deposit.pk).pk
    assert facts(deposit) == ["deposit.initiated", "deposit.authorised", "deposit.captured", "deposit.credited"]
    assert outbox(deposit.player) == ["deposit_credited"]
    assert held(deposit.player) == HUNDRED
    assert nordpay.books()["references"][deposit.reference]["movements"] == {"captured": 1}
    assert list(stream.invariants()) == []


def test_an_answer_that_says_captured_credits_at_once_with_the_fee(nordpay, nova):
    deposit = begun(nova, token="tok_captured")

    assert stepped(deposit) == "credited"
    assert postings(deposit) == [CREDITED, FEE]
    assert facts(deposit) == ["deposit.initiated", "deposit.captured", "deposit.credited"]


def test_webhooks_alone_carry_it_from_authorised_to_credited(nordpay, nova, receiver):
    deposit = begun(nova)
    assert stepped(deposit) == "authorised"

    assert heard(receiver, deposit, "deposit.authorised", "deposit.captured") == ["nothing new", "authorised to credited"]
    assert postings(deposit) == [CREDITED, FEE]
    assert calls_of(deposit) == {"deposit": 1}


def test_one_that_waits_for_the_player_is_asked_about_and_not_sent_again(nordpay, nova):
    deposit = begun(nova, kind="bank", token="tok_hold")

    assert [stepped(deposit) for _ in range(3)] == ["initiated"] * 3
    assert calls_of(deposit) == {"deposit": 1, "ask": 2}
    assert deposit.tries == 0
    assert deposit.next_attempt_at > timezone.now() + timedelta(minutes=9)
    assert (postings(deposit), held(deposit.player), facts(deposit)) == ([], NOTHING, ["deposit.initiated"])


def test_authorised_is_not_credited_and_is_asked_about_only_now_and_then(nordpay, nova):
    deposit = begun(nova, token="tok_hold")

    assert [stepped(deposit) for _ in range(3)] == ["authorised"] * 3
    assert deposit.tries == 0
    assert deposit.next_attempt_at > timezone.now() + timedelta(minutes=9)
    assert (postings(deposit), held(deposit.player)) == ([], NOTHING)
    force(nordpay, deposit, "advance")
    assert stepped(deposit) == "credited"
    assert held(deposit.player) == HUNDRED


# ---- nothing came ----


@pytest.mark.parametrize(("kind", "token", "why"), [("card", "tok_refuse", "declined"), ("card", "tok_fail", "collect"), ("bank", "tok_fail", "collect")])
def test_what_the_provider_declines_fails_and_nothing_is_posted(nordpay, nova, kind, token, why):
    deposit = until(begun(nova, kind=kind, token=token), "failed")

    assert why in deposit.failure
    assert facts(deposit) == ["deposit.initiated", "deposit.failed"]
    assert (postings(deposit), held(deposit.player), outbox(deposit.player), deposit.next_attempt_at) == ([], NOTHING, [], None)


@pytest.mark.parametrize(("action", "state"), [("fail", "failed"), ("expire", "expired")])
def test_an_authorisation_that_falls_through_posts_nothing(nordpay, nova, receiver, action, state):
    deposit = begun(nova, token="tok_hold")
    assert stepped(deposit) == "authorised"
    force(nordpay, deposit, action)

    assert heard(receiver, deposit, f"deposit.{state}") == [f"authorised to {state}"]
    assert facts(deposit) == ["deposit.initiated", "deposit.authorised", f"deposit.{state}"]
    assert (postings(deposit), held(deposit.player), outbox(deposit.player)) == ([], NOTHING, [])


def test_one_that_expires_at_the_provider_expires_here(nordpay, nova, receiver):
    deposit = begun(nova, kind="bank", token="tok_expire")
    stepped(deposit)

    heard(receiver, deposit, "deposit.expired")
    assert deposit.state == "expired"
    assert (postings(deposit), held(deposit.player), outbox(deposit.player), deposit.next_attempt_at) == ([], NOTHING, [], None)


def test_a_player_who_does_not_finish_within_the_hour_has_let_it_expire(nordpay, nova):
    within = begun(nova, kind="bank", token="tok_hold", ago=timedelta(minutes=59))
    beyond = begun(nova, kind="bank", token="tok_hold", ago=timedelta(minutes=61))

    assert [stepped(within), stepped(within)] == ["initiated", "initiated"]
    assert stepped(beyond) == "expired"
    assert facts(beyond) == ["deposit.initiated", "deposit.expired"]


def test_a_provider_that_is_down_gets_it_later_under_the_same_reference(nordpay, nova, settings):
    right, deposit = settings.PAYMENT_PROVIDERS, begun(nova)
    unreachable(settings)
    assert stepped(deposit) == "initiated"
    assert ProviderCall.objects.get().outcome == "unavailable"
    reference = deposit.reference

    settings.PAYMENT_PROVIDERS = right
    registry.forget()
    assert until(deposit, "credited").reference == reference
    assert nordpay.books()["references"][reference]["movements"] == {"captured": 1}


def test_a_provider_that_stays_down_for_an_hour_lets_it_expire(nordpay, nova, settings):
    unreachable(settings)
    deposit = begun(nova, ago=timedelta(minutes=61))

    assert stepped(deposit) == "expired"
    assert deposit.failure == "The provider was not reached."
    assert (postings(deposit), held(deposit.player)) == ([], NOTHING)


# ---- nobody knows ----


@pytest.mark.parametrize("token", ["tok_drop_after", "tok_timeout", "tok_http_500_after", "tok_garbage"])
def test_an_answer_that_never_came_makes_it_unknown_and_only_asking_ends_that(nordpay, nova, receiver, token):
    deposit = begun(nova, token=token)
    assert stepped(deposit) == "unknown"

    assert set(heard(receiver, deposit, "deposit.authorised", "deposit.captured")) == {"unknown: asking now"}
    assert (deposit.state, postings(deposit), held(deposit.player)) == ("unknown", [], NOTHING)
    assert deposit.pk in deposits.due(now=timezone.now())

    assert deposits.step(deposit.pk) == "credited"
    deposit.refresh_from_db()
    assert postings(deposit) == [CREDITED, FEE]
    assert calls_of(deposit) == {"deposit": 1, "ask": 1}
    assert facts(deposit) == ["deposit.initiated", "deposit.unknown", "deposit.captured", "deposit.credited"]
    assert nordpay.books()["references"][deposit.reference]["movements"] == {"captured": 1}


def test_one_that_the_provider_never_got_fails_but_not_before_that_is_certain(nordpay, nova):
    deposit = begun(nova, token="tok_drop_before")

    assert stepped(deposit) == "unknown"
    Deposit.objects.filter(pk=deposit.pk).update(last_call_ended_at=timezone.now())
    assert stepped(deposit) == "unknown"  # it may still be on its way
    Deposit.objects.filter(pk=deposit.pk).update(last_call_ended_at=timezone.now() - timedelta(seconds=2))
    assert stepped(deposit) == "failed"
    assert deposit.failure == "It never reached the provider."
    assert calls_of(deposit)["deposit"] == 1
    assert (postings(deposit), held(deposit.player)) == ([], NOTHING)


def test_an_unknown_one_that_waits_for_the_player_is_known_again(nordpay, nova):
    nordpay.behave(drop_after="1")
    deposit = begun(nova, kind="bank", token="tok_hold")

    assert [stepped(deposit), stepped(deposit)] == ["unknown", "initiated"]
    assert facts(deposit) == ["deposit.initiated", "deposit.unknown", "deposit.found_at_provider"]
    force(nordpay, deposit, "advance")
    assert stepped(deposit) == "authorised"
    assert calls_of(deposit)["deposit"] == 1


def test_asking_without_an_answer_leaves_it_unknown(nordpay, nova, settings):
    deposit = begun(nova, token="tok_drop_after")
    assert stepped(deposit) == "unknown"
    unreachable(settings)

    assert [stepped(deposit), stepped(deposit)] == ["unknown", "unknown"]
    assert (postings(deposit), deposit.next_attempt_at is not None) == ([], True)


# ---- money that goes back ----


def test_a_reversed_deposit_takes_the_cash_back(nordpay, nova, receiver):
    deposit = until(begun(nova), "credited")
    force(nordpay, deposit, "reverse")

    assert heard(receiver, deposit, "deposit.reversed") == ["credited to reversed"]
    assert postings(deposit) == [CREDITED, FEE, REVERSED]
    assert held(deposit.player) == NOTHING
    assert not Event.objects.filter(type="player.cash_below_zero").exists()
    assert facts(deposit)[-1] == "deposit.reversed"
    assert list(stream.invariants()) == []


def test_what_went_back_before_we_heard_of_it_is_never_the_players_but_costs_the_fee(nordpay, nova):
    deposit = begun(nova, token="tok_reverse")
    assert stepped(deposit) == "authorised"
    nordpay.wait_for(deposit.reference, "reversed")

    assert stepped(deposit) == "reversed"
    assert postings(deposit) == [FEE]
    assert facts(deposit) == ["deposit.initiated", "deposit.authorised", "deposit.captured", "deposit.reversed"]
    assert (held(deposit.player), outbox(deposit.player)) == (NOTHING, [])


def test_a_chargeback_after_the_money_is_spent_pushes_cash_below_zero_and_says_so(nordpay, nova, receiver):
    deposit = until(begun(nova), "credited")
    asked(deposit.player, deposit.instrument, "80.00", now=timezone.now())
    force(nordpay, deposit, "charge-back")

    assert heard(receiver, deposit, "deposit.charged_back") == ["credited to charged_back"]
    assert postings(deposit) == [CREDITED, FEE, CHARGED_BACK, CHARGEBACK_FEE]
    assert deposit.fee == Decimal("17.15")
    assert held(deposit.player) == {"cash": Decimal("-80.00"), "held": Decimal("80.00")}
    below = Event.objects.get(type="player.cash_below_zero")
    assert (below.player_id, below.subject_id) == (deposit.player_id, deposit.pk)
    assert (Decimal(json.loads(below.after)["cash"]), json.loads(below.after)["currency"]) == (Decimal("-80.00"), "EUR")
    assert outbox(deposit.player) == ["deposit_credited"]

    force(nordpay, deposit, "charge-back-won")
    assert heard(receiver, deposit, "deposit.charge_back_won") == ["charged_back to credited"]
    assert postings(deposit) == [CREDITED, FEE, CHARGED_BACK, CHARGEBACK_FEE, WON]
    assert held(deposit.player) == {"cash": Decimal("20.00"), "held": Decimal("80.00")}
    assert facts(deposit)[-3:] == ["deposit.charged_back", "player.cash_below_zero", "deposit.chargeback_won"]
    assert list(stream.invariants()) == []


def test_a_chargeback_that_leaves_cash_at_zero_is_no_significant_event(nordpay, nova, receiver):
    deposit = until(begun(nova), "credited")
    force(nordpay, deposit, "charge-back")

    heard(receiver, deposit, "deposit.charged_back")
    assert held(deposit.player) == NOTHING
    assert not Event.objects.filter(type="player.cash_below_zero").exists()


def test_a_chargeback_that_we_hear_of_first_is_booked_whole_and_the_player_is_told_of_no_arrival(nordpay, nova):
    deposit = begun(nova, token="tok_charge_back")
    assert stepped(deposit) == "authorised"
    nordpay.wait_for(deposit.reference, "charged_back")

    assert stepped(deposit) == "charged_back"
    # One sum tells of two fees, and nothing says which is which.
    assert [kind for kind, _ in postings(deposit)] == ["Deposit credited", "Deposit fee", "Charged back"]
    assert deposit.fee == Decimal("17.15")
    assert (held(deposit.player), outbox(deposit.player)) == (NOTHING, [])


# ---- webhooks that come twice, late, or from somebody else ----


def test_webhooks_twice_and_out_of_order_post_everything_once(nordpay, nova, receiver):
    nordpay.behave(duplicate_webhooks="1", out_of_order="1")
    deposit = begun(nova)
    stepped(deposit)
    deliveries(receiver, deposit, "deposit.captured")
    force(nordpay, deposit, "charge-back")
    force(nordpay, deposit, "charge-back-won")
    found = deliveries(receiver, deposit, "deposit.authorised", "deposit.captured", "deposit.charged_back", "deposit.charge_back_won")

    hear(found)
    hear(found[::-1])
    deposit.refresh_from_db()
    assert deposit.state == "credited"
    kinds = Counter(kind for kind, _ in postings(deposit))
    assert kinds["Deposit credited"] == 1
    assert max(kinds.values()) == 1
    assert (held(deposit.player), outbox(deposit.player)) == (HUNDRED, ["deposit_credited"])
    assert list(stream.invariants()) == []


def test_a_chargeback_told_after_it_was_won_takes_nothing(nordpay, nova, receiver):
    deposit = until(begun(nova), "credited")
    force(nordpay, deposit, "charge-back")
    force(nordpay, deposit, "charge-back-won")

    assert heard(receiver, deposit, "deposit.charge_back_won") == ["nothing new"]
    assert heard(receiver, deposit, "deposit.charged_back") == ["nothing new"]
    assert (deposit.state, held(deposit.player)) == ("credited", HUNDRED)
    assert deposit.fee == Decimal("17.15")  # the chargeback was not free, even though its own news came too late


def test_a_forged_webhook_changes_nothing_and_is_not_kept(nordpay, nova, receiver):
    deposit = begun(nova, token="tok_hold")
    stepped(deposit)
    (authorised,) = deliveries(receiver, deposit, "deposit.authorised")
    before = everything(deposit)

    forged = authorised.body.replace(b"authorised", b"captured")
    assert forged != authorised.body
    with pytest.raises(BadSignature):
        hear([Delivery(headers=authorised.headers, body=forged)])
    assert everything(deposit) == before
    assert not WebhookEvent.objects.exists()


def test_a_webhook_and_workers_at_the_same_moment_credit_once(nordpay, nova, receiver):
    deposit = begun(nova)
    assert stepped(deposit) == "authorised"
    (captured,) = deliveries(receiver, deposit, "deposit.captured")
    (event,) = webhooks.receive(provider="nordpay", headers=captured.headers, body=captured.body, now=timezone.now())
    Deposit.objects.filter(pk=deposit.pk).update(next_attempt_at=timezone.now())

    answers = race(
        lambda: webhooks.handle(event, now=timezone.now()),
        *[lambda: deposits.step(deposit.pk)] * 3,
        *[lambda: hears(deposit, provider_id="np", sequence=2)] * 4,
    )
    assert raised(answers, AssertionError) == 0
    deposit.refresh_from_db()
    assert deposit.state == "credited"
    assert postings(deposit).count(CREDITED) == 1
    assert (held(deposit.player), outbox(deposit.player)) == (HUNDRED, ["deposit_credited"])


def test_news_that_contradicts_what_is_booked_moves_nothing_and_stands_on_the_record(nordpay, nova):
    deposit = until(begun(nova), "credited")
    before = held(deposit.player)
    hears(deposit, DepositState.FAILED, provider_id=deposit.provider_id, sequence=9)
    deposit.refresh_from_db()

    assert (deposit.state, held(deposit.player)) == ("credited", before)
    assert facts(deposit)[-1] == "deposit.contradicted"


# ---- money that arrives after we gave up ----


def test_money_that_arrives_after_it_expired_is_credited_also_to_a_closed_account(nordpay, nova, receiver):
    deposit = begun(nova, kind="bank", token="tok_hold", ago=timedelta(hours=2))
    assert stepped(deposit) == "expired"
    Player.objects.filter(pk=deposit.player_id).update(state="closed")
    force(nordpay, deposit, "advance")
    force(nordpay, deposit, "advance")

    assert heard(receiver, deposit, "deposit.authorised", "deposit.captured") == ["nothing new", "expired to credited"]
    assert [kind for kind, _ in postings(deposit)] == ["Deposit credited", "Deposit fee"]
    assert held(deposit.player) == HUNDRED
    assert facts(deposit) == ["deposit.initiated", "deposit.expired", "deposit.captured_late", "deposit.credited"]
    assert outbox(deposit.player) == ["deposit_credited"]


def test_money_of_a_request_that_arrived_after_all_is_credited(nordpay, nova, receiver):
    deposit = until(begun(nova, token="tok_drop_before"), "failed")
    nordpay.deposit(deposit.reference, amount="100.00", token="tok_captured")  # what was on its way reaches them now

    heard(receiver, deposit, "deposit.captured")
    assert (deposit.state, deposit.failure) == ("credited", "")
    assert held(deposit.player) == HUNDRED
    assert facts(deposit)[-3:] == ["deposit.failed", "deposit.captured_late", "deposit.credited"]


# ---- workers that are killed ----


@pytest.mark.timeout(60)
def test_a_worker_killed_between_the_capture_and_our_crediting_credits_once(nordpay, nova, committed_db):
    nordpay.behave(late_seconds="4")
    deposit = begun(nova, token="tok_late")
    env = {
        **os.environ, **committed_db.environment(), "NORDPAY_URL": nordpay.url, "NORDPAY_KEY": KEY,
        "NORDPAY_WEBHOOK_SECRET": SECRET, "NORDPAY_NOT_FOUND_FINAL_AFTER": "3", "LOG_LEVEL": "ERROR",
    }  # fmt: skip
    with worker(env) as first:
        nordpay.wait_for(deposit.reference, "captured")
        first.send_signal(signal.SIGKILL)
        first.wait()
    deposit.refresh_from_db()
    assert (deposit.state, postings(deposit), calls_of(deposit)) == ("initiated", [], {})  # taken, and nobody here knows

    with worker(env):
        eventually(lambda: Deposit.objects.filter(pk=deposit.pk, state="credited").exists() or None, "it was not credited")
    deposit.refresh_from_db()
    assert postings(deposit) == [CREDITED, FEE]
    assert held(deposit.player) == HUNDRED
    assert "deposit" not in calls_of(deposit)  # the lost call left no line, and was not made again
    assert nordpay.books()["references"][deposit.reference]["movements"] == {"captured": 1}


class worker:  # noqa: N801 (a block: a worker that ends with it)
    def __init__(self, env: dict[str, str]) -> None:
        script = Path(__file__).with_name("worker.py")
        self.process = subprocess.Popen([sys.executable, str(script)], env=env, cwd=live.BASE_DIR, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> "subprocess.Popen[str]":
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"
        return self.process

    def __exit__(self, *ended: object) -> None:
        self.process.kill()
        self.process.wait()


# ---- any news, in any order ----

LIVES = [  # what becomes of a deposit at a provider, as the states of its changes 1, 2, ...
    ["failed"], ["expired"], ["authorised", "failed"], ["authorised", "expired"], ["authorised"], ["authorised", "captured"], ["captured"],
    ["authorised", "captured", "reversed"], ["authorised", "captured", "charged_back"],
    ["authorised", "captured", "charged_back", "captured"], ["authorised", "captured", "charged_back", "captured", "reversed"],
]  # fmt: skip
ENDS = {  # the last word of the provider: what it may be here
    "authorised": {"authorised", "expired"}, "captured": {"credited"}, "reversed": {"reversed"}, "charged_back": {"charged_back"},
    "failed": {"failed", "expired"}, "expired": {"expired"},
}  # fmt: skip
FEES = {"captured": Decimal("2.15"), "charged_back": Decimal("15.00")}


@dataclass(frozen=True)
class Life:
    """A provider that lives through one of LIVES."""

    states: list[str]

    def payment(self, deposit: Deposit, sequence: int) -> Payment:
        """The deposit as it is there after so many changes."""
        past = self.states[:sequence]
        charged = (FEES["captured"] if "captured" in past else Decimal(0)) + (FEES["charged_back"] if "charged_back" in past else Decimal(0))
        money, last = Money(amount=deposit.amount, currency="EUR"), past[-1] if past else "pending"
        dispute = Dispute(dispute_id=f"dsp-{deposit.pk}", state=DisputeState.OPENED if last == "charged_back" else DisputeState.WON, money=money, reason="10.4")
        return Payment(
            reference=deposit.reference, provider_id=f"np-{deposit.pk}", kind=PaymentKind.DEPOSIT,
            state=DepositState.CAPTURED if last == "charged_back" else DepositState(last), money=money, fee=Money(amount=charged, currency="EUR"),
            sequence=sequence, changed_at=timezone.now(), disputes=(dispute,) if "charged_back" in past else (),
        )  # fmt: skip

    @property
    def capabilities(self) -> Capabilities:
        everything = {Operation.DEPOSIT: frozenset(Method)}
        return Capabilities(methods=everything, exponents={"EUR": 2}, partial_refunds=False, not_found_final_after=timedelta(0))


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[str], list[str], list[tuple[str, int]]]:
    """A life at the provider, how it begins here, and what is heard or asked of it, in any order, some of it never or twice."""
    life = draw(st.sampled_from(LIVES))
    start = draw(st.sampled_from([[], ["lost"], ["expired"], ["lost", "expired"]]))
    happening = st.tuples(st.sampled_from(["told", "told", "told", "asked"]), st.integers(0, len(life)))
    return life, start, draw(st.lists(happening, max_size=8))


@pytest.fixture
def quiet_casino(db: None, opened: None) -> Brand:
    timeouts.lift()  # many stories in one transaction take longer than any page may
    return open_casino()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(story=stories())
@example(story=(["authorised", "captured", "charged_back", "captured"], [], [("told", 2), ("told", 4), ("told", 3)]))
@example(story=(["authorised", "captured", "charged_back", "captured", "reversed"], [], [("told", 3), ("told", 5), ("told", 4)]))
@example(story=(["authorised", "captured", "reversed"], ["lost"], [("told", 3), ("asked", 3), ("told", 2)]))
def test_whatever_the_provider_tells_in_any_order_credits_once_and_loses_nothing(quiet_casino, monkeypatch, story):
    states, start, news = story
    life = Life(states)
    monkeypatch.setattr(registry, "get", lambda code: life)
    with transaction.atomic():
        deposit = begun(quiet_casino, ago=timedelta(hours=2) if "expired" in start else timedelta(0))
        if "lost" in start:
            monkeypatch.setattr(calls, "call", lambda *about, **what: calls.Outcome("unknown"))
            assert stepped(deposit) == "unknown"
        if "expired" in start:
            ask(monkeypatch, deposit, life, 0)
        for how, sequence in [*news, ("told", len(states)), ("asked", len(states))]:
            if how == "asked":
                ask(monkeypatch, deposit, life, sequence)
            elif sequence:
                payment = life.payment(deposit, sequence)
                before = deposit.state
                deposits.told(deposit_id=deposit.pk, payment=payment, now=timezone.now())
                deposit.refresh_from_db()
                assert before != "unknown" or deposit.state == "unknown"
            the_books_are_right(deposit)
        assert deposit.state in ENDS[states[-1]]
        last = life.payment(deposit, len(states))
        assert deposit.fee == last.fee.amount
        assert list(stream.invariants()) == []
        transaction.set_rollback(True)


def ask(monkeypatch: pytest.MonkeyPatch, deposit: Deposit, life: Life, sequence: int) -> None:
    """A worker asks, if it has anything to ask. A provider does not answer with less than it has told."""
    sequence = max(sequence, deposit.provider_sequence)
    deposit.provider_id = deposit.provider_id or f"np-{deposit.pk}"
    Deposit.objects.filter(pk=deposit.pk).update(provider_id=deposit.provider_id)  # else the first step would send it
    status = PaymentStatus(reference=deposit.reference, payment=life.payment(deposit, sequence))
    monkeypatch.setattr(calls, "call", lambda *about, **what: calls.Outcome("answered", status))
    stepped(deposit)


def the_books_are_right(deposit: Deposit) -> None:
    """The player has the money exactly when the state says so, and no posting stands twice."""
    kinds = Counter(kind for kind, _ in postings(deposit))
    assert kinds["Deposit credited"] <= 1
    assert kinds["Charged back"] <= 1
    assert held(deposit.player) == (HUNDRED if deposit.state == "credited" else NOTHING)
    assert outbox(deposit.player) in ([], ["deposit_credited"])
