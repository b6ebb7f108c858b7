"""Webhooks: signed, at least once, duplicated and out of order at will, and not forgotten by a kill."""

from __future__ import annotations

import hashlib
import hmac
import threading

import pytest

from payments.providers.conformance import eventually
from tests.payments.nordpay import QUICK, SECRET, Receiver, fresh, running


@pytest.mark.parametrize(
    ("fields", "types"),
    [
        ({}, ["deposit.authorised", "deposit.captured"]),
        ({"token": "tok_fail"}, ["deposit.failed"]),
        ({"token": "tok_expire"}, ["deposit.expired"]),
        ({"token": "tok_reverse"}, ["deposit.authorised", "deposit.captured", "deposit.reversed"]),
        ({"token": "tok_charge_back"}, ["deposit.authorised", "deposit.captured", "deposit.charged_back"]),
    ],
)
def test_every_step_of_a_deposit_is_told_in_order(sandbox, receiver, fields, types):
    reference = fresh("d")
    sandbox.deposit(reference, **fields)
    receiver.wait_for_types(reference, types)
    events = receiver.events(reference)
    assert [event["sequence"] for event in events] == list(range(1, len(types) + 1))
    assert [event["payment"]["status"] for event in events] == [name.partition(".")[2] for name in types]
    assert len({event["id"] for event in events}) == len(types)
    assert all(event["created"].endswith("Z") for event in events)


def test_paid_and_captured_tell_money_and_fee(sandbox, receiver):
    deposit, payout = fresh("d"), fresh("p")
    sandbox.deposit(deposit)
    sandbox.payout(payout, token="tok_return")
    receiver.wait_for_types(deposit, ["deposit.authorised", "deposit.captured"])
    receiver.wait_for_types(payout, ["payout.sent", "payout.paid", "payout.returned"])
    told = {event["type"]: (event["amount"], event["currency"], event["fee"]) for event in receiver.events()}
    assert told["deposit.captured"] == ("40.00", "EUR", "1.01")
    assert told["payout.paid"] == ("25.00", "EUR", "0.30")
    assert told["payout.returned"] == ("25.00", "EUR", "0.00")


def test_refunds_and_charge_backs_are_told(sandbox, receiver):
    reference, part = fresh("d"), fresh("f")
    deposit = sandbox.deposit(reference, token="tok_captured").json()
    sandbox.call("POST", f"/v1/payments/{deposit['id']}/refund", {"reference": part, "amount": "1.00"}, key=part)
    for action in ("charge-back", "charge-back-won"):
        sandbox.call("POST", f"/v1/test/{action}/{deposit['id']}")
    receiver.wait_for_types(part, ["refund.paid"])
    receiver.wait_for_types(reference, ["deposit.authorised", "deposit.captured", "deposit.charged_back", "deposit.charge_back_won"])
    assert [event["amount"] for event in receiver.events(reference)] == ["40.00", "40.00", "39.00", "39.00"]
    assert receiver.events(part)[0]["payment"]["payment"] == deposit["id"]


def test_the_signature_is_over_time_and_body(sandbox, receiver):
    sandbox.payout(fresh("p"))
    delivery = eventually(lambda: receiver.deliveries[0] if receiver.deliveries else None, "no webhook")
    when, digest = (part.partition("=")[2] for part in delivery.headers["Nordpay-Signature"].split(","))
    assert digest == hmac.new(SECRET.encode(), f"{when}.".encode() + delivery.body, hashlib.sha256).hexdigest()


def test_duplicates_are_the_same_event_twice(sandbox, receiver):
    sandbox.behave(duplicate_webhooks="1")
    reference = fresh("p")
    sandbox.payout(reference)
    eventually(lambda: True if len(receiver.types(reference)) == 4 else None, "no duplicates")
    events = receiver.events(reference)
    assert sorted(event["type"] for event in events) == ["payout.paid", "payout.paid", "payout.sent", "payout.sent"]
    assert len({event["id"] for event in events}) == 2
    assert all(events.count(event) == 2 for event in events)


def test_out_of_order_really_is(sandbox, receiver):
    sandbox.behave(out_of_order="1")
    reference = fresh("d")
    sandbox.deposit(reference, method="bank", token="tok_reverse")
    receiver.wait_for_types(reference, ["deposit.captured", "deposit.authorised", "deposit.reversed"])


def test_out_of_order_and_twice(sandbox, receiver):
    sandbox.behave(out_of_order="1", duplicate_webhooks="1")
    reference = fresh("p")
    sandbox.payout(reference)
    eventually(lambda: True if len(receiver.types(reference)) == 4 else None, "events are missing")
    assert receiver.types(reference)[0] == "payout.paid"


@pytest.mark.parametrize("status", [500, 404, 302, 429])
def test_anything_but_a_2xx_brings_it_again(sandbox, receiver, status):
    answers = iter([status, status, status])
    receiver.answer = lambda event: next(answers, 200)
    reference = fresh("p")
    sandbox.payout(reference, token="tok_fail")
    receiver.wait_for_types(reference, ["payout.failed"] * 4)
    assert len({event["id"] for event in receiver.events(reference)}) == 1


def test_one_refused_event_does_not_hold_up_other_payments(sandbox, receiver):
    refused, other = fresh("p"), fresh("p")
    receiver.answer = lambda event: 500 if event["payment"]["reference"] == refused else 200
    sandbox.payout(refused)
    sandbox.payout(other)
    receiver.wait_for_types(other, ["payout.sent", "payout.paid"])
    receiver.answer = lambda event: 200
    eventually(lambda: True if {"payout.sent", "payout.paid"} <= set(receiver.types(refused)) else None, "the refused ones do not come")


def test_a_receiver_that_hangs_does_not_stop_the_rest(sandbox, receiver):
    release, hung = threading.Event(), fresh("p")

    def answer(event):
        if event["payment"]["reference"] == hung:
            release.wait(20)
        return 200

    receiver.answer = answer
    sandbox.payout(hung)
    others = [fresh("p") for _ in range(5)]
    for other in others:
        sandbox.payout(other)
    for other in others:
        receiver.wait_for_types(other, ["payout.sent", "payout.paid"])
    release.set()


def test_a_kill_forgets_no_webhook(tmp_path):
    receiver = Receiver()
    receiver.answer = lambda event: 503
    with running(tmp_path) as sandbox:
        sandbox.behave()
        sandbox.call("POST", "/v1/webhook-endpoint", {"url": receiver.url})
        references = [fresh("p") for _ in range(5)]
        for reference in references:
            sandbox.payout(reference)
            sandbox.wait_for(reference, "paid")
        sandbox.kill()
        receiver.deliveries.clear()
        receiver.answer = lambda event: 200
        sandbox.start(**QUICK)
        for reference in references:
            eventually(lambda reference=reference: {"payout.sent", "payout.paid"} <= set(receiver.types(reference)) or None, "an event is lost")
    receiver.close()


def test_events_wait_for_an_endpoint(tmp_path):
    with running(tmp_path) as sandbox:
        sandbox.behave()
        reference = fresh("p")
        sandbox.payout(reference)
        sandbox.wait_for(reference, "paid")
        receiver = Receiver()
        sandbox.call("POST", "/v1/webhook-endpoint", {"url": receiver.url})
        receiver.wait_for_types(reference, ["payout.sent", "payout.paid"])
        receiver.close()
