"""The Adyen sandbox and the adapter together: 3-D Secure, captures, disputes in two rounds, payouts that come back, webhooks of every kind."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from payments.providers.conformance import deposit, eventually, payout, wait_for
from payments.providers.protocol import (
    BadSignature,
    DepositState,
    DisputeState,
    EventKind,
    Evidence,
    Found,
    Known,
    Method,
    Money,
    OutcomeUnknown,
    PayoutState,
    ProviderEvent,
    ProviderRefused,
    RefundRequest,
)
from tests.payments.adyen import HMAC, KEY, AdyenControl, Sandbox, items
from tests.payments.nordpay import ROOT, Receiver, fresh


@pytest.fixture
def control(adyen, adyen_receiver):
    return AdyenControl(adyen, adyen_receiver)


def events(control, reference, adapter=None) -> list[ProviderEvent]:
    adapter = adapter or control.sandbox.adapter()
    return [event for each in control.webhooks() for event in adapter.parse_webhook(each.headers, each.body) if event.reference == reference]


def wait_for_kind(control, reference, kind, *, count=1, adapter=None) -> list[ProviderEvent]:
    def come() -> list[ProviderEvent] | None:
        told = [event for event in events(control, reference, adapter) if event.kind is kind]
        return told if len(told) >= count else None

    return eventually(come, f"no {kind} for {reference}")


def begun(control, token="tok_4242", **options):  # noqa: S107  a sandbox's word
    adapter = control.sandbox.adapter(**options)
    request = dataclasses.replace(deposit(adapter, control, currency="EUR"), instrument_token=token)
    return adapter, request, adapter.create_deposit(request)


# ---- 3-D Secure ----


def test_a_redirect_completes_when_it_is_visited(control):
    adapter, request, answer = begun(control, "tok_redirect")
    assert (answer.state, control.times("taken", request.reference)) == (DepositState.PENDING, 0)
    visited = httpx.get(answer.redirect_url, trust_env=False)
    back = httpx.URL(visited.headers["location"])
    assert (visited.status_code, back.host) == (302, "casino.example")
    done = adapter.complete(request, back.params["redirectResult"])
    assert (done.state, done.provider_id, done.redirect_url) == (DepositState.CAPTURED, answer.provider_id, "")
    (told,) = wait_for_kind(control, request.reference, EventKind.DEPOSIT_CAPTURED)
    assert told.money == request.money
    httpx.get(answer.redirect_url, trust_env=False)
    assert control.times("taken", request.reference) == 1


def test_a_player_who_does_not_agree_pays_nothing(control):
    adapter, request, answer = begun(control, "tok_redirect")
    back = httpx.URL(httpx.get(answer.redirect_url, params={"agree": "no"}, trust_env=False).headers["location"])
    assert adapter.complete(request, back.params["redirectResult"]).state is DepositState.FAILED
    (told,) = wait_for_kind(control, request.reference, EventKind.DEPOSIT_FAILED)
    assert told.payment is not None
    assert told.payment.decline == "Not enough balance"
    assert control.times("taken", request.reference) == 0


def test_a_repeat_while_the_player_is_away_leads_to_the_same_page(control):
    adapter, request, answer = begun(control, "tok_redirect")
    assert adapter.create_deposit(request) == answer
    payment = adapter.ask(request.reference, known=Known(again=request, since=datetime.now(UTC))).payment
    assert payment is not None
    assert payment.state is DepositState.PENDING


# ---- captures ----


def test_a_capture_is_told_where_it_does_not_come_at_once(control):
    adapter, request, answer = begun(control, capture="event")
    assert answer.state is DepositState.AUTHORISED
    for kind in (EventKind.DEPOSIT_AUTHORISED, EventKind.DEPOSIT_CAPTURED):
        (told,) = wait_for_kind(control, request.reference, kind, adapter=adapter)
        assert told.provider_id == answer.provider_id


def test_a_lost_answer_to_a_deposit_is_found_by_a_repeat_and_taken_once(control):
    for token in ("tok_drop_after", "tok_timeout", "tok_http_500_after", "tok_garbage"):
        adapter = control.sandbox.adapter(timeout=0.5)
        request = dataclasses.replace(deposit(adapter, control, currency="EUR"), instrument_token=token)
        with pytest.raises(OutcomeUnknown):
            adapter.create_deposit(request)
        wait_for(adapter, request.reference, DepositState.CAPTURED, known=Known(again=request, since=datetime.now(UTC)))
        assert control.times("taken", request.reference) == 1


def test_a_capture_that_fails_takes_the_money_back(control):
    _, request, answer = begun(control)
    control.sandbox.test(f"reverse/{answer.provider_id}")
    (told,) = wait_for_kind(control, request.reference, EventKind.DEPOSIT_REVERSED)
    assert told.provider_id == answer.provider_id


# ---- disputes ----


def test_a_dispute_in_two_rounds(control):
    _, request, answer = begun(control)
    control.sandbox.test(f"tell/{answer.provider_id}/REQUEST_FOR_INFORMATION")
    for action in ("charge-back", "charge-back-won", "charge-back", "charge-back-won"):
        control.sandbox.test(f"{action}/{answer.provider_id}")
    wait_for_kind(control, request.reference, EventKind.DISPUTE_WON, count=2)
    told = {(event.dispute.state, event.dispute.dispute_id) for event in events(control, request.reference) if event.dispute is not None}
    (first,) = {name for _, name in told if not name.endswith("-2")}
    assert told == {
        (DisputeState.INQUIRY, first), (DisputeState.OPENED, first), (DisputeState.WON, first),
        (DisputeState.OPENED, f"{first}-2"), (DisputeState.WON, f"{first}-2"),
    }  # fmt: skip
    movements = control.sandbox.books(request.reference)["references"][request.reference]["movements"]
    assert (movements["charged_back"], movements["charge_back_won"]) == (2, 2)


def test_a_dispute_is_defended_or_given_up_through_adyen(control):
    adapter, request, answer = begun(control)
    control.sandbox.test(f"charge-back/{answer.provider_id}")
    (opened,) = wait_for_kind(control, request.reference, EventKind.DISPUTE_OPENED)
    assert opened.dispute is not None
    assert opened.dispute.evidence_due_at is not None
    name = opened.dispute.dispute_id
    adapter.defend(Evidence(dispute_id=name, key=fresh("e"), text="The player has played it all.", files=(("log.pdf", "application/pdf", b"%PDF-1.4"),)))
    eventually(lambda: True if any(item["eventCode"] == "INFORMATION_SUPPLIED" for item in items(control.receiver)) else None, "nothing was supplied")
    adapter.accept(name, key=fresh("e"))
    (lost,) = wait_for_kind(control, request.reference, EventKind.DISPUTE_LOST)
    assert lost.dispute is not None
    assert lost.dispute.dispute_id == name
    with pytest.raises(ProviderRefused, match="not found"):
        adapter.accept("ABCD", key=fresh("e"))


# ---- refunds and payouts ----


def test_parts_are_refunded_until_nothing_is_left(control):
    adapter, _, answer = begun(control)
    for amount in ("15", "25"):
        reference = fresh("rf")
        part = RefundRequest(reference=reference, key=reference, deposit_id=answer.provider_id, money=Money(amount=Decimal(amount), currency="EUR"))
        adapter.refund(part)
        (told,) = wait_for_kind(control, reference, EventKind.REFUND_PAID)
        assert told.money == part.money
    with pytest.raises(ProviderRefused):
        adapter.refund(dataclasses.replace(part, reference=fresh("rf")))


def test_a_payout_to_an_iban_is_paid_and_comes_back(control):
    adapter = control.sandbox.adapter()
    request = dataclasses.replace(payout(adapter, control, currency="EUR"), method=Method.BANK, beneficiary_account="DE89 3704 0044 0532 0130 00")
    answer = adapter.send_payout(request)
    wait_for(adapter, request.reference, PayoutState.PAID)
    control.sandbox.test(f"return/{answer.provider_id}")
    (told,) = wait_for_kind(control, request.reference, EventKind.PAYOUT_RETURNED)
    assert told.payment == wait_for(adapter, request.reference, PayoutState.RETURNED)
    sequences = [event.sequence for event in events(control, request.reference)]
    assert sorted(sequences) == list(range(1, len(sequences) + 1))


def test_the_balance_is_what_came_in_less_what_went_out(control):
    adapter, _, _ = begun(control)
    before = {balance.currency: balance.available for balance in adapter.balances()}
    request = payout(adapter, control, currency="EUR", amount=Decimal(7))
    adapter.send_payout(request)
    wait_for(adapter, request.reference, PayoutState.PAID)
    assert {balance.currency: balance.available for balance in adapter.balances()} == before | {"EUR": before["EUR"] - 7}


# ---- webhooks on bad days ----


def test_a_forged_notification_is_refused_and_the_others_are_not(control):
    adapter, _, answer = begun(control)
    control.sandbox.test(f"tell/{answer.provider_id}/FORGED")
    forged = eventually(lambda: next((each for each in control.webhooks() if b"Zm9yZ2Vk" in each.body), None), "no forgery comes in")
    with pytest.raises(BadSignature):
        adapter.parse_webhook(forged.headers, forged.body)


def test_duplicates_disorder_and_refused_deliveries_end_with_every_fact_once(control):
    control.sandbox.behave(duplicate_webhooks="1", out_of_order="1", webhook_hold="0.05")
    refused: list[object] = []
    control.receiver.answer = lambda event: 200 if len(refused) > 2 else refused.append(event) or 500
    adapter = control.sandbox.adapter()
    request = payout(adapter, control, currency="EUR")
    adapter.send_payout(request)
    wait_for_kind(control, request.reference, EventKind.PAYOUT_PAID, count=2)
    eventually(lambda: True if {event.sequence for event in events(control, request.reference)} == {1, 2, 3} else None, "an event is missing")
    told = events(control, request.reference)
    assert len({event.event_id for event in told}) == 3 < len(told)


# ---- the process ----


def test_a_kill_loses_nothing_that_was_answered(tmp_path):
    sandbox, receiver = Sandbox(tmp_path), Receiver()
    sandbox.start()
    sandbox.behave(step_delay="0.3")
    sandbox.test("webhook-endpoint", {"url": receiver.url})
    control = AdyenControl(sandbox, receiver)
    adapter = sandbox.adapter()
    request = payout(adapter, control, currency="EUR")
    answer = adapter.send_payout(request)
    sandbox.kill()
    sandbox.start()
    assert adapter.send_payout(request).provider_id == answer.provider_id
    wait_for(adapter, request.reference, PayoutState.PAID)
    wait_for_kind(control, request.reference, EventKind.PAYOUT_PAID)
    assert control.times("paid_out", request.reference) == 1
    sandbox.kill()
    receiver.close()


def test_a_wrong_key_learns_nothing(control):
    adapter = control.sandbox.adapter(transfers_key="wrong")
    with pytest.raises(OutcomeUnknown):
        adapter.ask(fresh("w"))
    assert control.sandbox.adapter().ask(fresh("w")).found is Found.NOT_FOUND


@pytest.mark.parametrize(("options", "word"), [(["--hmac", "zz", "--key", KEY], "hexadecimal"), (["--hmac", HMAC], "needed")])
def test_a_command_line_that_cannot_work_is_refused(tmp_path, options, word):
    command = [sys.executable, "-m", "payments.sandboxes.adyen", "--port", "0", "--data", str(tmp_path), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, word in done.stderr) == (2, True)


def test_it_shares_no_code_with_the_back_office():
    script = (
        "import sys, payments.sandboxes.adyen.__main__\n"
        "own = [name for name in sys.modules if name.split('.')[0] in ('payments', 'backoffice', 'wallet', 'players', 'django')]\n"
        "print([name for name in own if name not in ('payments', 'payments.sandboxes') and not name.startswith('payments.sandboxes.')])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.strip() == "[]"
