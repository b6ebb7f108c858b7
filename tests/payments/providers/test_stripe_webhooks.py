"""Stripe's signatures and events: genuine ones are read, everything else is refused for the right reason."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.providers.protocol import BadSignature, BadWebhook, DepositState, DisputeState, EventKind, Money, RefundState, StaleSignature, WebhookError
from payments.providers.stripe import Stripe, signing, words
from payments.providers.stripe.currencies import EXPONENTS, WRITTEN

SECRET, OLD, NOW = "whsec_new", "whsec_old", 1_735_689_700
INTENT = {
    "id": "pi_1", "object": "payment_intent", "amount": 1250, "amount_received": 1250, "currency": "eur", "status": "succeeded", "created": 1735689600,
    "latest_charge": "ch_1", "metadata": {"reference": "DP-1-1-abc"},
}  # fmt: skip
BACK = {
    "id": "re_1",
    "object": "refund",
    "amount": 500,
    "currency": "eur",
    "status": "succeeded",
    "created": 1735689600,
    "metadata": {"reference": "RF-1-1-abc"},
}
TAKEN = {"amount": -1250, "fee": 1500, "currency": "eur"}
DISPUTE = {
    "id": "du_1", "object": "dispute", "amount": 1250, "currency": "eur", "status": "needs_response", "reason": "fraudulent", "payment_intent": "pi_1",
    "balance_transactions": [TAKEN], "evidence_details": {"due_by": 1737000000},
    "payment_method_details": {"type": "card", "card": {"network_reason_code": "10.4"}},
}  # fmt: skip


def adapter(secrets=(SECRET, OLD), **options):
    return Stripe(code="stripe", **{"url": "http://127.0.0.1:1/v1", "key": "k", "webhook_secrets": secrets, "clock": lambda: NOW, **options})


ADAPTER = adapter()


def event(kind, thing, **fields):
    body = {"id": "evt_1", "object": "event", "type": kind, "created": 1735689600, "livemode": False, "data": {"object": thing}, **fields}
    return json.dumps(body).encode()


def digest(body, *, at=NOW, secret=SECRET):
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def header(body, *, at=NOW, secret=SECRET):
    return {"Stripe-Signature": f"t={at},v1={digest(body, at=at, secret=secret)}"}


def told(kind, thing, **fields):
    body = event(kind, thing, **fields)
    (read,) = ADAPTER.parse_webhook(header(body), body)
    return read


BODY = event("payment_intent.succeeded", INTENT)


# ---- signatures ----


def test_a_vector_worked_out_by_hand():
    # printf '1492774577.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test
    assert signing.signature(b'{"id":"evt_1"}', at=1492774577, secret="whsec_test") == "7656fc2882a7ca0a651666b36bf2f2f22ee204f54f608f227498a2419f2890b2"


def test_any_of_several_secrets_and_any_of_several_signatures_will_do():
    for secret in (SECRET, OLD):
        assert ADAPTER.parse_webhook(header(BODY, secret=secret), BODY)
    good, wrong = digest(BODY), digest(BODY, secret="other")
    for value in (f"t={NOW},v1={wrong},v1={good}", f"t={NOW},v1={good},v1={wrong},v0={wrong}", f"v1={good}, t={NOW}", f"t={NOW},v1={good},v2=new"):
        assert ADAPTER.parse_webhook({"stripe-signature": value}, BODY)
    with pytest.raises(BadSignature):
        adapter(secrets=SECRET).parse_webhook(header(BODY, secret=OLD), BODY)


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"Stripe-Signature": ""}, {"Stripe-Signature": f"t={NOW}"}, {"Stripe-Signature": f"v1={digest(BODY)}"},
        {"Stripe-Signature": f"t={NOW},v0={digest(BODY)}"}, {"Stripe-Signature": f"t={NOW + 1},v1={digest(BODY)}"},
        {"Stripe-Signature": f"t={NOW},t={NOW + 1},v1={digest(BODY)}"}, {"Stripe-Signature": f"t=-1,v1={digest(BODY)}"},
        {"Stripe-Signature": f"t=٣,v1={digest(BODY)}"}, {"Stripe-Signature": f"t={'9' * 5000},v1={digest(BODY)}"},
        {"Stripe-Signature": f"t={NOW},v1={digest(BODY)[:-1]}"}, {"Stripe-Signature": f"t={NOW},v1={digest(BODY).upper()}"},
        {"Stripe-Signature": f"t={NOW},v1=é\ud800"}, {"Stripe-Signature": "," * 5000}, {"Stripe-Signature": f"t={NOW},v1="},
        {**header(BODY), "STRIPE-SIGNATURE": "t=1,v1=x"}, {"Stripe-Signature": f"t={NOW}," + "v1=x," * 50 + f"v1={digest(BODY)}"},
        {"Signature": header(BODY)["Stripe-Signature"]},
    ],
)  # fmt: skip
def test_a_header_that_does_not_prove_anything_is_refused(headers):
    with pytest.raises(BadSignature):
        ADAPTER.parse_webhook(headers, BODY)


@pytest.mark.parametrize("body", [BODY + b" ", BODY[:-1], b"", BODY.replace(b"1250", b"9250"), b"\xff" + BODY])
def test_a_changed_or_truncated_body_is_refused(body):
    with pytest.raises(BadSignature):
        ADAPTER.parse_webhook(header(BODY), body)


@pytest.mark.parametrize(("age", "good"), [(0, True), (299, True), (300, True), (301, False), (-300, True), (-301, False), (86_400, False)])
def test_a_replay_is_told_from_a_forgery_by_its_age(age, good):
    headers = header(BODY, at=NOW - age)
    if good:
        assert ADAPTER.parse_webhook(headers, BODY)
        return
    with pytest.raises(StaleSignature):
        ADAPTER.parse_webhook(headers, BODY)
    with pytest.raises(BadSignature):  # old and forged is forged
        ADAPTER.parse_webhook(header(BODY, at=NOW - age, secret="other"), BODY)


@pytest.mark.parametrize(
    "body",
    [b"<html>502</html>", b"", b"{", b"[]", b"null", b"\xff\xfe", '{"id": "é"}'.encode("latin-1"), b"[" * 100_000, b'{"id": NaN}', b"{}",
     event("payment_intent.succeeded", None), event("payment_intent.succeeded", []), event("payment_intent.succeeded", {**INTENT, "amount": 12.5}),
     event("payment_intent.succeeded", {**INTENT, "amount": -1}), event("payment_intent.succeeded", {**INTENT, "currency": "zzz"}),
     event("payment_intent.succeeded", {**INTENT, "id": ""}), event("payment_intent.succeeded", {**INTENT, "metadata": "x"}),
     event("payment_intent.succeeded", INTENT, created="yesterday"), event("payment_intent.succeeded", INTENT, id=7), event("", INTENT),
     event("charge.dispute.created", {**DISPUTE, "id": None}), event("charge.dispute.created", {**DISPUTE, "amount": None}),
     event("charge.dispute.created", {**DISPUTE, "balance_transactions": [7]}), event("charge.dispute.created", {**DISPUTE, "evidence_details": 7})],
)  # fmt: skip
def test_what_is_signed_but_not_understood_is_kept_for_a_person(body):
    with pytest.raises(BadWebhook):
        ADAPTER.parse_webhook(header(body), body)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(body):
    with contextlib.suppress(WebhookError):
        ADAPTER.parse_webhook(header(body), body)


@given(st.text(max_size=200))
def test_no_header_breaks_the_check(value):
    with contextlib.suppress(WebhookError):
        ADAPTER.parse_webhook({"Stripe-Signature": value}, BODY)


# ---- payments and refunds ----


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("payment_intent.payment_failed", EventKind.DEPOSIT_FAILED),
        ("payment_intent.canceled", EventKind.DEPOSIT_FAILED), ("payment_intent.amount_capturable_updated", EventKind.DEPOSIT_AUTHORISED),
    ],
)  # fmt: skip
def test_news_of_a_deposit_is_a_reason_to_ask(kind, found):
    read = told(kind, INTENT)
    assert (read.event_id, read.kind, read.reference, read.provider_id) == ("evt_1", found, "DP-1-1-abc", "pi_1")
    assert (read.payment, read.dispute, read.sequence, read.fee) == (None, None, 0, None)
    assert (read.money, read.occurred_at) == (Money(amount=Decimal("12.50"), currency="EUR"), datetime.fromtimestamp(1735689600, UTC))


def test_a_success_stays_one_and_is_told_without_a_question():
    read = told("payment_intent.succeeded", {**INTENT, "amount_received": 1200})
    assert read.payment is not None
    assert (read.kind, read.payment.state, read.payment.reference) == (EventKind.DEPOSIT_CAPTURED, DepositState.CAPTURED, "DP-1-1-abc")
    assert read.payment.money == read.money == Money(amount=Decimal(12), currency="EUR")
    assert (read.payment.fee, read.payment.sequence) == (None, 0)


@pytest.mark.parametrize(
    ("kind", "status", "found"),
    [
        ("refund.created", "succeeded", EventKind.REFUND_PAID), ("refund.created", "pending", EventKind.UNKNOWN),
        ("refund.updated", "succeeded", EventKind.REFUND_PAID), ("charge.refund.updated", "failed", EventKind.REFUND_FAILED),
        ("refund.updated", "canceled", EventKind.REFUND_FAILED), ("refund.failed", "failed", EventKind.REFUND_FAILED),
        ("refund.updated", "teleported", EventKind.UNKNOWN),
    ],
)  # fmt: skip
def test_news_of_a_refund_is_a_reason_to_ask(kind, status, found):
    read = told(kind, {**BACK, "status": status})
    assert (read.kind, read.reference, read.provider_id, read.payment) == (found, "RF-1-1-abc", "re_1", None)


@pytest.mark.parametrize("kind", ["payment_intent.processing", "payment_intent.requires_action", "charge.succeeded", "customer.created", "v2.future"])
def test_what_moves_nothing_or_is_not_known_yet_is_kept(kind):
    assert told(kind, INTENT).kind is EventKind.UNKNOWN


def test_what_somebody_else_made_in_the_same_account_is_not_ours():
    for metadata in (None, {}, {"order": "7"}):
        assert told("payment_intent.succeeded", {**INTENT, "metadata": metadata}).kind is EventKind.UNKNOWN


def test_a_refund_from_stripes_dashboard_says_which_deposit_it_is_of():
    read = told("refund.updated", {**BACK, "metadata": {}, "payment_intent": "pi_1"})
    assert read.payment is not None
    assert (read.kind, read.reference, read.payment.deposit_id, read.payment.state) == (EventKind.REFUND_PAID, "", "pi_1", RefundState.PAID)
    assert told("refund.created", {**BACK, "metadata": {}, "status": "pending"}).kind is EventKind.UNKNOWN


# ---- disputes ----


@pytest.mark.parametrize(
    ("kind", "status", "moved", "state"),
    [
        ("created", "warning_needs_response", [], DisputeState.INQUIRY), ("updated", "warning_under_review", [], DisputeState.INQUIRY),
        ("closed", "warning_closed", [], DisputeState.WON), ("created", "needs_response", [], DisputeState.INQUIRY),
        ("created", "needs_response", None, DisputeState.OPENED), ("funds_withdrawn", "needs_response", [TAKEN], DisputeState.OPENED),
        ("updated", "under_review", [TAKEN], DisputeState.OPENED), ("closed", "lost", [TAKEN], DisputeState.LOST),
        ("closed", "won", [TAKEN], DisputeState.WON), ("funds_reinstated", "won", [TAKEN, {**TAKEN, "amount": 1250, "fee": 0}], DisputeState.WON),
    ],
)  # fmt: skip
def test_each_step_of_a_dispute(kind, status, moved, state):
    read = told(f"charge.dispute.{kind}", {**DISPUTE, "status": status, "balance_transactions": moved})
    assert (read.kind.value, read.provider_id, read.payment) == (f"dispute.{state.value}", "pi_1", None)
    assert read.dispute is not None
    assert (read.dispute.dispute_id, read.dispute.state, read.dispute.reason) == ("du_1", state, "10.4")
    assert read.dispute.money == read.money == Money(amount=Decimal("12.50"), currency="EUR")
    assert read.dispute.fee == (Money(amount=Decimal(15), currency="EUR") if moved else None)
    waits = status in ("needs_response", "warning_needs_response")
    assert read.dispute.evidence_due_at == (datetime.fromtimestamp(1737000000, UTC) if waits else None)


def test_a_dispute_that_was_prevented_or_is_about_no_payment_of_ours_is_kept():
    assert told("charge.dispute.created", {**DISPUTE, "status": "prevented"}).kind is EventKind.UNKNOWN
    assert told("charge.dispute.created", {**DISPUTE, "payment_intent": None}).kind is EventKind.UNKNOWN


def test_the_reason_is_the_schemes_where_it_is_told_and_a_fee_that_came_back_is_none_left():
    back = {**TAKEN, "amount": 1250, "fee": -1500}
    read = told("charge.dispute.closed", {**DISPUTE, "status": "won", "balance_transactions": [TAKEN, back], "payment_method_details": None})
    assert read.dispute is not None
    assert (read.dispute.reason, read.dispute.fee) == ("fraudulent", Money(amount=Decimal(0), currency="EUR"))
    read = told("charge.dispute.closed", {**DISPUTE, "balance_transactions": [TAKEN, {**back, "currency": "usd"}]})
    assert read.dispute is not None
    assert read.dispute.fee is None


# ---- amounts ----


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [("10", "EUR", 1000), ("500", "JPY", 500), ("10", "CLP", 10), ("5", "ISK", 500), ("5", "UGX", 500), ("5.12", "KWD", 5120), ("10.45", "HUF", 1045),
     ("8", "TWD", 800), ("10", "MGA", 10), ("0.01", "USD", 1)],
)  # fmt: skip
def test_minor_units_are_stripes(amount, currency, units):
    assert words.minor_units(Money(amount=Decimal(amount), currency=currency)) == units
    assert words.units_to_money(units, currency.lower()) == Money(amount=Decimal(amount), currency=currency)


@given(st.sampled_from(sorted(EXPONENTS)), st.integers(1, 10**9 - 1))
def test_every_amount_survives_units_and_back(currency, steps):
    money = Money(amount=Decimal(steps).scaleb(-EXPONENTS[currency]), currency=currency)
    units = words.minor_units(money)
    assert words.units_to_money(units, currency.lower()) == money
    assert units % 10 ** (WRITTEN[currency] - EXPONENTS[currency]) == 0


@pytest.mark.parametrize(
    ("amount", "currency"), [("0", "EUR"), ("0.001", "EUR"), ("0.5", "JPY"), ("0.5", "ISK"), ("5.124", "KWD"), ("1", "XXX"), ("1", "BTC"), ("1e12", "EUR")]
)
def test_an_amount_that_stripe_cannot_say_is_refused(amount, currency):
    with pytest.raises(ValueError, match=currency):
        words.minor_units(Money(amount=Decimal(amount), currency=currency))
