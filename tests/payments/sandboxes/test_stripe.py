"""The Stripe sandbox and the adapter together: 3-D Secure, declines, refunds, disputes to their end, webhooks and answers on bad days."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from payments.providers.conformance import deposit, eventually, wait_for
from payments.providers.protocol import (
    DepositState,
    DisputeState,
    EventKind,
    Evidence,
    Found,
    Known,
    Method,
    Money,
    OutcomeUnknown,
    ProviderEvent,
    ProviderRefused,
    ProviderUnavailable,
    ReferenceConflict,
    RefundRequest,
    RefundState,
)
from tests.payments.nordpay import ROOT, Receiver, fresh
from tests.payments.stripe import KEY, SECRET, Sandbox, StripeControl


@pytest.fixture
def control(stripe, stripe_receiver):
    return StripeControl(stripe, stripe_receiver)


def events(control, *, about) -> list[ProviderEvent]:
    """What was told about a reference or a provider's id."""
    adapter = control.sandbox.adapter()
    told = [event for each in control.webhooks() for event in adapter.parse_webhook(each.headers, each.body)]
    return [event for event in told if about in (event.reference, event.provider_id)]


def wait_for_kind(control, about, kind, *, count=1) -> list[ProviderEvent]:
    def come() -> list[ProviderEvent] | None:
        told = [event for event in events(control, about=about) if event.kind is kind]
        return told if len(told) >= count else None

    return eventually(come, f"no {kind} for {about}")


def begun(control, token="cus_1/pm_4242", *, currency="EUR", **fields):  # noqa: S107  a sandbox's word
    adapter = control.sandbox.adapter()
    request = dataclasses.replace(deposit(adapter, control, currency=currency), instrument_token=token, **fields)
    return adapter, request, adapter.create_deposit(request)


def asked(adapter, request, answer=None):
    payment = adapter.ask(request.reference, known=Known(provider_id=answer.provider_id if answer else "", again=request)).payment
    assert payment is not None
    return payment


def refunded(adapter, answer, amount="40") -> tuple[RefundRequest, Known]:
    reference = fresh("rf")
    request = RefundRequest(reference=reference, key=reference, deposit_id=answer.provider_id, money=Money(amount=Decimal(amount), currency="EUR"))
    adapter.refund(request)
    return request, Known(again=request)


# ---- deposits ----


def test_a_deposit_is_captured_with_its_fee(control):
    adapter, request, answer = begun(control)
    payment, fee = asked(adapter, request, answer), Money(amount=Decimal("1.16"), currency="EUR")
    assert (answer.state, payment.state, answer.fee, payment.fee) == (DepositState.CAPTURED, DepositState.CAPTURED, fee, fee)
    (told,) = wait_for_kind(control, request.reference, EventKind.DEPOSIT_CAPTURED)
    assert told.payment == dataclasses.replace(payment, fee=None, changed_at=told.payment.changed_at)


def test_a_redirect_completes_when_it_is_visited(control):
    adapter, request, answer = begun(control, "cus_1/pm_redirect")
    assert (answer.state, control.times("taken", request.reference)) == (DepositState.PENDING, 0)
    assert asked(adapter, request, answer).state is DepositState.PENDING
    back = httpx.URL(httpx.get(answer.redirect_url, trust_env=False).headers["location"])
    assert (back.host, back.params["payment_intent"], back.params["redirect_status"]) == ("casino.example", answer.provider_id, "succeeded")
    assert asked(adapter, request, answer).state is DepositState.CAPTURED
    wait_for_kind(control, request.reference, EventKind.DEPOSIT_CAPTURED)
    httpx.get(answer.redirect_url, trust_env=False)
    assert control.times("taken", request.reference) == 1


def test_a_player_who_does_not_agree_pays_nothing(control):
    adapter, request, answer = begun(control, "cus_1/pm_redirect")
    back = httpx.URL(httpx.get(answer.redirect_url, params={"agree": "no"}, trust_env=False).headers["location"])
    assert back.params["redirect_status"] == "failed"
    wait_for_kind(control, request.reference, EventKind.DEPOSIT_FAILED)
    assert asked(adapter, request, answer).state is DepositState.FAILED
    assert control.times("taken", request.reference) == 0


def test_a_decline_is_told_at_once_and_the_same_by_asking(control):
    adapter, request, answer = begun(control, "cus_1/pm_fail")
    assert (answer.state, answer.decline) == (DepositState.FAILED, "insufficient_funds")
    assert adapter.create_deposit(request) == answer
    for known in (answer, None):
        payment = asked(adapter, request, known)
        assert (payment.state, payment.decline, payment.provider_id) == (DepositState.FAILED, "insufficient_funds", answer.provider_id)


def test_a_refused_deposit_leaves_no_trace(control):
    adapter = control.sandbox.adapter()
    for token in ("cus_1/pm_refuse", "cus_1/tok_visa", "pm_return"):
        request = dataclasses.replace(deposit(adapter, control, currency="EUR"), instrument_token=token)
        with pytest.raises(ProviderRefused):
            adapter.create_deposit(request)
        assert adapter.ask(request.reference, known=Known(again=request)).found is Found.NOT_FOUND


def test_a_bank_debit_takes_its_time_and_may_fail_later(control):
    adapter, request, answer = begun(control, method=Method.BANK)
    assert answer.state is DepositState.PENDING
    wait_for(adapter, request.reference, DepositState.CAPTURED, known=Known(again=request))
    adapter, request, answer = begun(control, "cus_1/pm_fail", method=Method.BANK)
    assert wait_for(adapter, request.reference, DepositState.FAILED, known=Known(again=request)).decline == "insufficient_funds"
    adapter, request, answer = begun(control, "cus_1/pm_expire", method=Method.BANK)
    assert wait_for(adapter, request.reference, DepositState.FAILED, known=Known(again=request)).decline == "automatic"


def test_a_lost_answer_is_found_by_asking_and_taken_once(control):
    adapter = control.sandbox.adapter(timeout=0.5)
    for word in ("drop_after", "timeout", "http_500_after", "garbage"):
        request = dataclasses.replace(deposit(adapter, control, currency="EUR"), instrument_token=f"cus_1/pm_{word}")
        with pytest.raises(OutcomeUnknown):
            adapter.create_deposit(request)
        for known in (Known(again=request, since=datetime.now(UTC)), Known(since=datetime.now(UTC)), Known()):
            assert adapter.ask(request.reference, known=known).found is Found.FOUND
        assert asked(adapter, request).state is DepositState.CAPTURED
        assert control.times("taken", request.reference) == 1


def test_what_never_arrived_is_not_found(control):
    adapter = control.sandbox.adapter(timeout=0.5)
    for word in ("drop_before", "timeout_before", "http_500"):
        request = dataclasses.replace(deposit(adapter, control, currency="EUR"), instrument_token=f"cus_1/pm_{word}")
        with pytest.raises(OutcomeUnknown):
            adapter.create_deposit(request)
        assert adapter.ask(request.reference, known=Known(again=request)).found is Found.NOT_FOUND
        assert control.times("taken", request.reference) == 0


def test_lists_are_read_over_many_pages(control):
    adapter, request, _ = begun(control)
    customer = fresh("cus")
    for number in range(3):
        begun(control, f"{customer}/pm_4242", reference=f"{request.reference}-{number}")
    assert adapter.ask(f"{request.reference}-0", known=Known(again=dataclasses.replace(request, instrument_token=f"{customer}/pm_4242"))).found is Found.FOUND
    page = control.sandbox.call("GET", "/v1/payment_intents", params={"customer": customer, "limit": "2"}).json()
    rest = control.sandbox.call("GET", "/v1/payment_intents", params={"customer": customer, "starting_after": page["data"][-1]["id"]}).json()
    assert ([len(page["data"]), page["has_more"]], [len(rest["data"]), rest["has_more"]]) == ([2, True], [1, False])
    assert [row["metadata"]["reference"][-1] for row in page["data"] + rest["data"]] == ["2", "1", "0"]


def test_the_key_stands_for_one_content(control):
    adapter, request, answer = begun(control)
    assert adapter.create_deposit(dataclasses.replace(request, key="another")).provider_id == answer.provider_id
    with pytest.raises(ReferenceConflict):
        adapter.create_deposit(dataclasses.replace(request, money=Money(amount=Decimal(41), currency="EUR")))
    assert control.times("taken", request.reference) == 1


# ---- refunds ----


def test_parts_are_refunded_until_nothing_is_left(control):
    adapter, _, answer = begun(control)
    for amount in ("15", "25"):
        request, known = refunded(adapter, answer, amount)
        assert wait_for(adapter, request.reference, RefundState.PAID, known=known).money == request.money
        (told,) = {event.event_id: event for event in wait_for_kind(control, request.reference, EventKind.REFUND_PAID)[:1]}.values()
        assert (told.money, told.payment) == (request.money, None)
        assert control.times("refunded", request.reference) == 1
    with pytest.raises(ProviderRefused):
        refunded(adapter, answer, "1")


def test_a_refund_that_fails_says_why(control):
    adapter, _, answer = begun(control, "cus_1/pm_refund_fail")
    request, known = refunded(adapter, answer)
    assert wait_for(adapter, request.reference, RefundState.FAILED, known=known).decline == "lost_or_stolen_card"
    wait_for_kind(control, request.reference, EventKind.REFUND_FAILED)
    assert control.times("refunded", request.reference) == 0


def test_a_refund_without_an_answer_is_found_among_its_payments(control):
    adapter, _, answer = begun(control)
    control.sandbox.behave(drop_after="1", operations=["refund"])
    with pytest.raises(OutcomeUnknown):
        refunded(adapter, answer, "7")
    (reference,) = [name for name, entry in control.sandbox.books("rf-")["references"].items() if entry["amount"] == "7.00"]
    known = Known(again=RefundRequest(reference=reference, key="k", deposit_id=answer.provider_id, money=Money(amount=Decimal(7), currency="EUR")))
    wait_for(adapter, reference, RefundState.PAID, known=known)


# ---- disputes ----


def states(control, answer):
    return {event.dispute.state for event in events(control, about=answer.provider_id) if event.dispute is not None}


def test_a_dispute_is_opened_defended_and_won(control):
    adapter, request, answer = begun(control)
    control.sandbox.test(f"charge-back/{answer.provider_id}")
    opened = wait_for_kind(control, answer.provider_id, EventKind.DISPUTE_OPENED, count=2)[0].dispute
    assert opened is not None
    assert (opened.money, opened.reason, opened.fee) == (request.money, "10.4", Money(amount=Decimal(15), currency="EUR"))
    assert opened.evidence_due_at is not None
    (found,) = asked(adapter, request, answer).disputes
    assert found == opened
    files = (("log.pdf", "application/pdf", b"%PDF-1.4\r\n\x00\xff"), ("shot.png", "image/png", b"\x89PNG"))
    adapter.defend(Evidence(dispute_id=opened.dispute_id, key=fresh("e"), text="The player has played it all.", files=files))
    (waiting,) = asked(adapter, request, answer).disputes
    assert (waiting.state, waiting.evidence_due_at) == (DisputeState.OPENED, None)
    with pytest.raises(ProviderRefused, match="under_review"):
        adapter.defend(Evidence(dispute_id=opened.dispute_id, key=fresh("e"), text="Once more."))
    control.sandbox.test(f"charge-back-won/{answer.provider_id}")
    wait_for_kind(control, answer.provider_id, EventKind.DISPUTE_WON, count=2)
    (won,) = asked(adapter, request, answer).disputes
    assert (won.state, asked(adapter, request, answer).state) == (DisputeState.WON, DepositState.CAPTURED)


def test_a_dispute_is_lost_by_the_banks_word_or_given_up(control):
    adapter, request, answer = begun(control)
    control.sandbox.test(f"charge-back/{answer.provider_id}")
    control.sandbox.test(f"charge-back-lost/{answer.provider_id}")
    wait_for_kind(control, answer.provider_id, EventKind.DISPUTE_LOST)
    adapter, request, answer = begun(control)
    control.sandbox.test(f"charge-back/{answer.provider_id}")
    (dispute,) = asked(adapter, request, answer).disputes
    adapter.accept(dispute.dispute_id, key=fresh("e"))
    wait_for_kind(control, answer.provider_id, EventKind.DISPUTE_LOST)
    with pytest.raises(ProviderRefused):
        adapter.accept(dispute.dispute_id, key=fresh("e"))
    with pytest.raises(ProviderRefused):
        adapter.accept("du_" + "0" * 24, key=fresh("e"))


def test_an_inquiry_moves_no_money_and_may_end_so_or_become_a_dispute(control):
    _, request, answer = begun(control)
    control.sandbox.test(f"inquiry/{answer.provider_id}")
    control.sandbox.test(f"inquiry-closed/{answer.provider_id}")
    wait_for_kind(control, answer.provider_id, EventKind.DISPUTE_WON)
    assert states(control, answer) == {DisputeState.INQUIRY, DisputeState.WON}
    assert control.sandbox.books(request.reference)["references"][request.reference]["movements"] == {"captured": 1}
    _, _, answer = begun(control)
    control.sandbox.test(f"inquiry/{answer.provider_id}")
    control.sandbox.test(f"charge-back/{answer.provider_id}")
    wait_for_kind(control, answer.provider_id, EventKind.DISPUTE_OPENED)
    assert len({event.dispute.dispute_id for event in events(control, about=answer.provider_id) if event.dispute is not None}) == 1


# ---- the balance ----


def test_the_balance_is_what_came_in_less_fees_and_what_went_out(control):
    adapter, _, answer = begun(control)
    before = {balance.currency: balance.available for balance in adapter.balances()}
    request, known = refunded(adapter, answer, "7")
    wait_for(adapter, request.reference, RefundState.PAID, known=known)
    assert {balance.currency: balance.available for balance in adapter.balances()} == before | {"EUR": before["EUR"] - 7}


# ---- bad days ----


def test_duplicates_disorder_and_refused_deliveries_end_with_every_fact(control):
    control.sandbox.behave(duplicate_webhooks="1", out_of_order="1", webhook_hold="0.05")
    refused: list[object] = []
    control.receiver.answer = lambda event: 200 if len(refused) > 2 else refused.append(event) or 500
    _, request, answer = begun(control)
    control.sandbox.test(f"charge-back/{answer.provider_id}")
    wait_for_kind(control, request.reference, EventKind.DEPOSIT_CAPTURED, count=2)
    wait_for_kind(control, answer.provider_id, EventKind.DISPUTE_OPENED, count=4)
    told = events(control, about=answer.provider_id)
    assert len({event.event_id for event in told}) == 3 < len(told)


def test_a_kill_loses_nothing_that_was_answered(tmp_path):
    sandbox, receiver = Sandbox(tmp_path), Receiver()
    sandbox.start()
    sandbox.behave(step_delay="0.3")
    sandbox.test("webhook-endpoint", {"url": receiver.url})
    control = StripeControl(sandbox, receiver)
    adapter, request, answer = begun(control, method=Method.BANK)
    sandbox.kill()
    sandbox.start()
    assert adapter.create_deposit(request).provider_id == answer.provider_id
    wait_for(adapter, request.reference, DepositState.CAPTURED, known=Known(again=request))
    wait_for_kind(control, request.reference, EventKind.DEPOSIT_CAPTURED)
    assert control.times("taken", request.reference) == 1
    sandbox.kill()
    receiver.close()


def test_a_wrong_key_learns_nothing(control):
    adapter = control.sandbox.adapter(key="wrong")
    with pytest.raises(ProviderUnavailable):
        adapter.create_deposit(deposit(adapter, control, currency="EUR"))
    for look in (lambda: adapter.ask(fresh("w")), adapter.balances):
        with pytest.raises(OutcomeUnknown):
            look()


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({"amount": "100", "currency": "isk"}, None), ({"amount": "101", "currency": "isk"}, "amount"), ({"amount": "101", "currency": "kwd"}, "amount"),
        ({"amount": "1.5"}, "amount"), ({"amount": "0"}, "amount"), ({"currency": "EUR"}, "currency"), ({"surprise": "1"}, "surprise"),
        ({"return_url": ""}, "return_url"), ({"payment_method": "tok_1"}, "payment_method"),
    ],
)  # fmt: skip
def test_the_sandbox_takes_what_stripe_takes(stripe, form, param):
    good = {
        "amount": "100", "currency": "eur", "payment_method": "pm_4242", "confirm": "true", "return_url": "https://casino.example", "metadata[reference]": "x",
    }  # fmt: skip
    answer = stripe.call("POST", "/v1/payment_intents", data={**good, **form})
    assert (answer.status_code == 200) is (param is None)
    assert answer.json().get("error", {}).get("param") == param


@pytest.mark.parametrize("options", [["--key", KEY], ["--secret", SECRET]])
def test_a_command_line_that_cannot_work_is_refused(tmp_path, options):
    command = [sys.executable, "-m", "payments.sandboxes.stripe", "--port", "0", "--data", str(tmp_path), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, "needed" in done.stderr) == (2, True)


def test_it_shares_no_code_with_the_back_office():
    script = (
        "import sys, payments.sandboxes.stripe.__main__\n"
        "own = [name for name in sys.modules if name.split('.')[0] in ('payments', 'backoffice', 'wallet', 'players', 'django')]\n"
        "print([name for name in own if name not in ('payments', 'payments.sandboxes') and not name.startswith('payments.sandboxes.')])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.strip() == "[]"
