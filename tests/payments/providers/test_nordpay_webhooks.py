"""Signatures and events: genuine ones are read, everything else is refused for the right reason."""

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

from payments.providers.nordpay import Nordpay
from payments.providers.protocol import BadSignature, BadWebhook, EventKind, Money, PayoutState, StaleSignature, WebhookError

NOW = 1_750_000_000
PAYMENT = {
    "id": "pay_1", "kind": "payout", "reference": "r1", "status": "paid", "amount": "25.00", "currency": "EUR", "method": "bank",
    "fee": "0.30", "sequence": 2, "created": "2025-06-15T15:00:00.000000Z", "changed": "2025-06-15T15:06:40.000000Z", "movements": [],
}  # fmt: skip
EVENT = {
    "id": "evt_1", "type": "payout.paid", "created": "2025-06-15T15:06:40.000000Z", "sequence": 2, "amount": "25.00", "currency": "EUR",
    "fee": "0.30", "payment": PAYMENT,
}  # fmt: skip


def adapter(secret="secret", now=NOW):
    return Nordpay(code="nordpay", url="http://127.0.0.1:1", key="k", webhook_secret=secret, clock=lambda: now)


ADAPTER = adapter()


def signed(body, *, secret="secret", at=NOW):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {"Nordpay-Signature": f"t={at},v1={hmac.new(secret.encode(), b'%d.' % at + body, hashlib.sha256).hexdigest()}"}, body


def test_a_genuine_event_is_read():
    (event,) = ADAPTER.parse_webhook(*signed(EVENT))
    assert (event.event_id, event.kind, event.reference, event.provider_id, event.sequence) == (
        "evt_1",
        EventKind.PAYOUT_PAID,
        "r1",
        "pay_1",
        2,
    )
    assert event.occurred_at == datetime(2025, 6, 15, 15, 6, 40, tzinfo=UTC)
    assert event.money == Money(amount=Decimal("25.00"), currency="EUR")
    assert event.fee == Money(amount=Decimal("0.30"), currency="EUR")
    assert event.payment is not None
    assert event.payment.state is PayoutState.PAID
    assert event.raw == EVENT


def test_a_tampered_body_is_refused():
    headers, body = signed(EVENT)
    with pytest.raises(BadSignature):
        ADAPTER.parse_webhook(headers, body.replace(b"25.00", b"99.00"))


def test_a_tampered_time_is_refused():
    headers, body = signed(EVENT, at=NOW - 86_400)
    with pytest.raises(BadSignature):
        ADAPTER.parse_webhook({"Nordpay-Signature": headers["Nordpay-Signature"].replace(str(NOW - 86_400), str(NOW))}, body)


def test_a_wrong_secret_is_refused_even_when_stale():
    with pytest.raises(BadSignature):
        ADAPTER.parse_webhook(*signed(EVENT, secret="other", at=0))


@pytest.mark.parametrize(("offset", "good"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_the_window_is_five_minutes_both_ways(offset, good):
    headers, body = signed(EVENT, at=NOW + offset)
    if good:
        assert ADAPTER.parse_webhook(headers, body)
    else:
        with pytest.raises(StaleSignature):
            ADAPTER.parse_webhook(headers, body)


def test_both_secrets_hold_while_one_is_changed():
    both = adapter(secret=["new", "old"])
    for secret in ("new", "old"):
        assert both.parse_webhook(*signed(EVENT, secret=secret))
    headers, body = signed(EVENT, secret="new")
    twice = {"nordpay-signature": headers["Nordpay-Signature"] + ", v1=" + "0" * 64}
    assert both.parse_webhook(twice, body)


@pytest.mark.parametrize(
    "header",
    [
        "", "t=1", "v1=" + "0" * 64, "t=x,v1=" + "0" * 64, "t=1,v1=short", "t=1,t=1,v1=" + "0" * 64, "t=١,v1=" + "0" * 64, "ÿ",
        "t=1,v1=" + "é" * 64,
    ],
)  # fmt: skip
def test_a_header_that_is_no_signature_is_refused(header):
    with pytest.raises(BadSignature):
        ADAPTER.parse_webhook({"Nordpay-Signature": header}, b"{}")


def test_no_header_or_two_are_refused():
    headers, body = signed(EVENT)
    with pytest.raises(BadSignature):
        ADAPTER.parse_webhook({}, body)
    with pytest.raises(BadSignature):
        ADAPTER.parse_webhook({**headers, "nordpay-signature": headers["Nordpay-Signature"]}, body)


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 25}, {"amount": "25.001"}, {"amount": "-1.00"}, {"currency": "GBP"}, {"currency": "XXX"}, {"fee": None}, {"id": ""}, {"id": 5},
        {"created": "yesterday"}, {"created": "2025-06-15T15:06:40"}, {"sequence": "2"}, {"sequence": -1}, {"sequence": True}, {"payment": None},
        {"payment": {}}, {"payment": {**PAYMENT, "amount": 25}}, {"payment": {**PAYMENT, "status": "captured"}},
        {"type": "deposit.captured"}, {"type": None},
    ],
)  # fmt: skip
def test_a_signed_event_that_makes_no_sense_is_told_apart(change):
    with pytest.raises(BadWebhook):
        ADAPTER.parse_webhook(*signed({**EVENT, **change}))


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b"\xff", b'{"a": NaN}', b"[" * 100_000])
def test_a_signed_body_that_is_no_object_is_told_apart(body):
    with pytest.raises(BadWebhook):
        ADAPTER.parse_webhook(*signed(body))


def test_a_type_from_the_future_is_kept_and_not_acted_on():
    (event,) = ADAPTER.parse_webhook(*signed({**EVENT, "type": "payout.teleported", "payment": {"shape": "new"}}))
    assert (event.kind, event.event_id, event.payment, event.money) == (EventKind.UNKNOWN, "evt_1", None, None)


@given(st.binary(max_size=80), st.dictionaries(st.sampled_from(["Nordpay-Signature", "x"]), st.text(max_size=90)))
def test_nothing_unsigned_is_ever_read(body, headers):
    with pytest.raises(WebhookError):
        ADAPTER.parse_webhook(headers, body)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.sampled_from([*EVENT, *PAYMENT]), inner), max_leaves=12))
def test_nothing_signed_breaks_the_reader(value):
    with contextlib.suppress(BadWebhook):
        ADAPTER.parse_webhook(*signed({**EVENT, **value} if isinstance(value, dict) else value))
