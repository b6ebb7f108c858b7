"""Payouts over the real adapter and the real sandbox: sent once, asked about, booked; also when everything around them fails."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as live
from django.db import connection, connections
from django.utils import timezone

from backoffice.access.models import Staff
from backoffice.audit import sequencer, verify
from payments import checks
from payments.models import ProviderCall, Withdrawal
from payments.providers import registry
from payments.providers.protocol import PayoutState
from payments.services import StaleDecision, calls, payouts, webhooks
from payments.services.withdrawals import approve_withdrawal, reject_withdrawal
from players import messages
from tests.casino import asked, facts, held, new_instrument, new_player, open_casino, outbox, paid_in
from tests.databases import Database
from tests.payments.nordpay import KEY, SECRET
from tests.people import make_person
from wallet import stream
from wallet.models import Entry, Transaction

KILLS = 8


@pytest.fixture
def ana(committed_db: Database, opened: None) -> Staff:
    open_casino()
    from backoffice.scope.models import Brand

    return make_person("payments-l1", brands=Brand.objects.all(), name="Ana Novak")


def approved(ana: Staff, *, token: str = "", amount: str = "250.00", player: Any = None) -> Withdrawal:
    """An approved withdrawal whose ten seconds are over."""
    from backoffice.scope.models import Brand

    player = player or new_player(Brand.objects.get(code="nova"))
    instrument = new_instrument(player, token=token)
    now = timezone.now() - timedelta(seconds=30)
    paid_in(player, instrument, amount)
    withdrawal = asked(player, instrument, amount, now=now)
    return approve_withdrawal(withdrawal_id=withdrawal.pk, version=1, key=f"a{withdrawal.pk}", by=ana, reason_code="CHECKS_OK", note="", now=now)


def until(withdrawal: Withdrawal, *states: str, seconds: float = 20) -> Withdrawal:
    """Step it, as workers do, until it reaches one of the states."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        Withdrawal.objects.filter(pk=withdrawal.pk, next_attempt_at__isnull=False).update(next_attempt_at=timezone.now())
        state = payouts.step(withdrawal.pk)
        if state in states:
            return Withdrawal.objects.get(pk=withdrawal.pk)
        time.sleep(0.02)
    raise AssertionError(f"{withdrawal} is {state}, not {states}")


def legs(withdrawal: Withdrawal, kind: int) -> list[tuple[str, str]]:
    transaction = Transaction.objects.get(reference_id=withdrawal.pk, reference_type=2, kind=kind)
    return [
        (entry.account.get_kind_display(), format(entry.amount.normalize(), "f")) for entry in Entry.objects.filter(transaction=transaction).order_by("leg")
    ]


def test_an_approved_withdrawal_is_paid_once_and_booked(nordpay, ana):
    withdrawal = until(approved(ana), "settled")

    assert held(withdrawal.player) == {"cash": Decimal("0.00"), "held": Decimal("0.00")}
    assert legs(withdrawal, 13) == [("Held for withdrawals", "-250"), ("PSP clearing", "250")]
    assert nordpay.books()["references"][withdrawal.reference]["movements"]["paid_out"] == 1
    assert facts(withdrawal) == ["withdrawal.requested", "withdrawal.approved", "withdrawal.sent", "withdrawal.settled"]
    assert outbox(withdrawal.player) == ["deposit_credited", "withdrawal_paid"]
    assert Decimal(withdrawal.fee) > 0
    assert list(stream.invariants()) == []


def test_nothing_is_sent_before_the_ten_seconds_are_over(nordpay, ana):
    withdrawal = approved(ana)
    Withdrawal.objects.filter(pk=withdrawal.pk).update(dispatch_at=timezone.now() + timedelta(seconds=5), next_attempt_at=timezone.now())
    assert payouts.step(withdrawal.pk) == "approved"
    assert not ProviderCall.objects.filter(payment_type="withdrawal").exists()


@pytest.mark.parametrize("token", ["tok_drop_after", "tok_timeout", "tok_http_500_after", "tok_garbage"])
def test_a_payout_whose_answer_never_came_is_asked_for_and_not_sent_again(nordpay, ana, token):
    withdrawal = approved(ana, token=token)
    assert payouts.step(withdrawal.pk) == "unknown"
    withdrawal = until(withdrawal, "settled")

    operations = Counter(ProviderCall.objects.filter(payment_type="withdrawal", payment_id=withdrawal.pk).values_list("operation", flat=True))
    assert operations["payout"] == 1
    assert operations["ask"] >= 1
    assert nordpay.books()["references"][withdrawal.reference]["movements"]["paid_out"] == 1
    assert "withdrawal.unknown" in facts(withdrawal)


def test_a_payout_that_never_arrived_goes_back_to_the_queue_with_its_money_held(nordpay, ana):
    withdrawal = approved(ana, token="tok_drop_before")
    assert payouts.step(withdrawal.pk) == "unknown"
    withdrawal = until(withdrawal, "requested")

    assert held(withdrawal.player) == {"cash": Decimal("0.00"), "held": Decimal("250.00")}
    assert facts(withdrawal)[-2:] == ["withdrawal.failed", "withdrawal.back_in_queue"]
    warned = [result for result in checks.run_all(checks.Case(withdrawal, timezone.now())) if result.code == "PAY-07"]
    assert warned[0].state == "warn"


def test_a_payout_that_leaves_after_it_was_given_up_warns_whoever_decides_again(nordpay, ana):
    withdrawal = until(approved(ana, token="tok_drop_before"), "requested")
    told = payouts.told(
        withdrawal_id=withdrawal.pk, reference=withdrawal.reference, state=PayoutState.PAID, provider_id="np", sequence=3, fee=None, now=timezone.now()
    )
    withdrawal.refresh_from_db()

    assert (told, withdrawal.state) == ("about an attempt that was given up", "requested")
    assert facts(withdrawal)[-1] == "withdrawal.late_news"
    warned = [result for result in checks.run_all(checks.Case(withdrawal, timezone.now())) if result.code == "PAY-07"]
    assert (warned[0].state, warned[0].detail) == ("warn", "Given up too early: the provider has it as paid.")


def test_a_refusal_fails_it_and_a_new_decision_sends_it_under_a_new_reference(nordpay, ana):
    withdrawal = approved(ana, token="tok_refuse:1")
    assert payouts.step(withdrawal.pk) == "failed"
    withdrawal = until(withdrawal, "requested")
    withdrawal.instrument.token = "tok_iban"
    withdrawal.instrument.save(update_fields=["token"])
    approve_withdrawal(
        withdrawal_id=withdrawal.pk,
        version=withdrawal.version,
        key="again",
        by=ana,
        reason_code="CHECKS_OK",
        note="",
        now=timezone.now() - timedelta(seconds=30),
    )
    withdrawal = until(withdrawal, "settled")
    assert (withdrawal.attempt, withdrawal.reference.rpartition("-")[0]) == (2, f"WD-{withdrawal.pk}-2")


def test_money_that_the_bank_sends_back_is_the_players_again(nordpay, ana):
    withdrawal = until(approved(ana, token="tok_return"), "settled", "returned")
    deadline = time.monotonic() + 10
    while withdrawal.state != "returned" and time.monotonic() < deadline:
        status = registry.get("nordpay").ask(withdrawal.reference).payment
        payouts.told(
            withdrawal_id=withdrawal.pk, reference=withdrawal.reference, state=status.state, provider_id=status.provider_id,
            sequence=status.sequence, fee=status.fee, now=timezone.now(),
        )  # fmt: skip
        withdrawal.refresh_from_db()
        time.sleep(0.05)

    assert withdrawal.state == "returned"
    assert held(withdrawal.player) == {"cash": Decimal("250.00"), "held": Decimal("0.00")}
    assert legs(withdrawal, 14) == [("PSP clearing", "-250"), ("Cash", "250")]
    assert outbox(withdrawal.player)[-1] == "withdrawal_returned"
    assert list(stream.invariants()) == []


def test_a_provider_that_is_down_is_tried_again_with_the_same_reference(nordpay, ana, settings):
    right = settings.PAYMENT_PROVIDERS
    settings.PAYMENT_PROVIDERS = {"nordpay": {**right["nordpay"], "url": "http://127.0.0.1:9"}}
    registry.forget()
    withdrawal = approved(ana)
    assert payouts.step(withdrawal.pk) == "sent"
    assert ProviderCall.objects.get(payment_type="withdrawal").outcome == "unavailable"
    settings.PAYMENT_PROVIDERS = right
    registry.forget()
    withdrawal = until(withdrawal, "settled")
    assert (withdrawal.attempt, withdrawal.reference.rpartition("-")[0]) == (1, f"WD-{withdrawal.pk}-1")


def test_a_call_inside_a_transaction_is_refused(nordpay, ana):
    from django.db import transaction

    withdrawal = approved(ana)
    with pytest.raises(RuntimeError, match="never called inside a transaction"), transaction.atomic():
        calls.call(withdrawal, operation="ask", make=lambda: registry.get("nordpay").ask("x"))


def test_webhooks_twice_and_out_of_order_settle_it_once(nordpay, ana, receiver):
    nordpay.call("POST", "/v1/webhook-endpoint", {"url": receiver.url})
    nordpay.behave(duplicate_webhooks="1.0", out_of_order="1.0")
    withdrawal = approved(ana)
    payouts.step(withdrawal.pk)
    withdrawal.refresh_from_db()
    deadline = time.monotonic() + 15
    while "payout.paid" not in receiver.types(withdrawal.reference) and time.monotonic() < deadline:
        time.sleep(0.02)
    for delivery in receiver.deliveries:
        for event in webhooks.receive(provider="nordpay", headers=delivery.headers, body=delivery.body, now=timezone.now()):
            webhooks.handle(event, now=timezone.now())
    withdrawal.refresh_from_db()
    assert withdrawal.state == "settled"
    assert facts(withdrawal).count("withdrawal.settled") == 1
    assert Transaction.objects.filter(kind=13, reference_id=withdrawal.pk).count() == 1


def test_the_player_gets_one_mail_when_it_is_paid(nordpay, ana, mailoutbox):
    withdrawal = until(approved(ana), "settled")
    for _again in range(2):
        for message in messages.due(now=timezone.now()):
            messages.send(message)
    subjects = [mail.subject for mail in mailoutbox]
    assert subjects == ["Your deposit has arrived", "Your withdrawal has been paid"]
    assert withdrawal.name in mailoutbox[1].body
    assert "250.00 EUR" in mailoutbox[1].body


def test_of_a_hundred_racing_decisions_one_takes_effect(ana, committed_db):
    withdrawal = approved(ana)  # a decided one for its player; the race is about a fresh one
    instrument = withdrawal.instrument
    paid_in(withdrawal.player, instrument, "90.00")
    target = asked(withdrawal.player, instrument, "90.00", now=timezone.now())
    start = threading.Barrier(100)
    outcomes: list[str] = []

    def decide(number: int) -> None:
        start.wait()
        arguments = {"withdrawal_id": target.pk, "version": 1, "key": f"race-{number}", "by": ana, "note": "", "now": timezone.now()}
        try:
            if number % 2:
                approve_withdrawal(**arguments, reason_code="CHECKS_OK")
            else:
                reject_withdrawal(**arguments, reason_code="NAME_MISMATCH")
            outcomes.append("decided")
        except StaleDecision:
            outcomes.append("stale")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(outcomes) == {"decided": 1, "stale": 99}
    target.refresh_from_db()
    assert target.version == 2
    assert len(facts(target)) == 2
    assert list(stream.invariants()) == []


@pytest.mark.timeout(600)
def test_five_hundred_payouts_survive_dropped_answers_and_killed_workers(nordpay, ana, committed_db, tmp_path):
    from backoffice.scope.models import Brand

    brand = Brand.objects.get(code="nova")
    now = timezone.now() - timedelta(seconds=30)
    waiting: list[Withdrawal] = []
    for _player in range(25):
        player = new_player(brand)
        instrument = new_instrument(player)
        paid_in(player, instrument, "200.00")
        for _each in range(20):
            withdrawal = asked(player, instrument, "10.00", now=now)
            waiting.append(
                approve_withdrawal(withdrawal_id=withdrawal.pk, version=1, key=f"a{withdrawal.pk}", by=ana, reason_code="CHECKS_OK", note="", now=now)
            )
    nordpay.behave(drop_after="0.3")
    env = {
        **os.environ, **committed_db.environment(), "NORDPAY_URL": nordpay.url, "NORDPAY_KEY": KEY,
        "NORDPAY_WEBHOOK_SECRET": SECRET, "NORDPAY_NOT_FOUND_FINAL_AFTER": "3", "LOG_LEVEL": "ERROR",
    }  # fmt: skip
    script = Path(__file__).with_name("worker.py")

    def worker() -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, str(script)], env=env, cwd=live.BASE_DIR, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    kills = 0
    workers = [worker(), worker()]
    try:
        deadline = time.monotonic() + 540  # on a busy machine; a quiet one needs one minute
        while time.monotonic() < deadline:
            time.sleep(0.5)
            left = Withdrawal.objects.filter(state__in=["approved", "sent", "unknown", "failed"]).count()
            if not left:
                break
            if kills < KILLS:
                victim = workers.pop(0)
                victim.send_signal(signal.SIGKILL)
                victim.wait()
                kills += 1
                workers.append(worker())
    finally:
        for process in workers:
            process.kill()
            process.wait()

    states = Counter(Withdrawal.objects.values_list("state", flat=True))
    ours = set(Withdrawal.objects.values_list("reference", flat=True))
    references = {name: entry for name, entry in nordpay.books("WD-")["references"].items() if name in ours}
    paid_out = [entry["movements"].get("paid_out", 0) for entry in references.values()]
    assert kills == KILLS
    assert set(states) <= {"settled", "requested"}, states
    assert max(paid_out) == 1
    assert sum(paid_out) == states["settled"]
    assert sum(states.values()) == 500
    # What never left waits for a new decision with its money still held.
    assert sum(held(player)["held"] for player in {row.player for row in waiting}) == Decimal("10.00") * states["requested"]
    assert list(stream.invariants()) == []
    sequencer.catch_up()
    assert verify.run().findings == []
    connection.close()
