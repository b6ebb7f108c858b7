"""Adyen's signatures and notifications: genuine ones are read, everything else is refused for the right reason."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.providers.adyen import Adyen, signing, words
from payments.providers.adyen.currencies import EXPONENTS
from payments.providers.protocol import (
    BadSignature,
    BadWebhook,
    DepositState,
    DisputeState,
    EventKind,
    Money,
    PaymentKind,
    PayoutState,
    RefundState,
    WebhookError,
)

KEY = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
OTHER = "AA" * 32
ITEM = {
    "pspReference": "7914073381342284", "merchantReference": "TestPayment-1407325143704", "merchantAccountCode": "TestMerchant",
    "amount": {"currency": "EUR", "value": 1130}, "eventCode": "AUTHORISATION", "success": "true", "eventDate": "2019-05-06T17:15:34.121+02:00",
    "paymentMethod": "visa",
}  # fmt: skip
TRANSFER = {
    "type": "balancePlatform.transfer.updated", "environment": "test", "timestamp": "2025-06-15T15:06:41Z",
    "data": {
        "id": "1W1UG35U8A9J5ZLG", "reference": "WD-1-1-abc", "amount": {"value": 2500, "currency": "EUR"}, "category": "bank", "direction": "outgoing",
        "status": "booked", "sequenceNumber": 3, "creationDate": "2025-06-15T15:00:00+02:00", "updatedAt": "2025-06-15T17:06:40+02:00",
    },
}  # fmt: skip


def adapter(keys=KEY, **options):
    chosen = {"url": "http://127.0.0.1:1/v71", "key": "k", "merchant_account": "TestMerchant", "hmac_keys": keys, "transfer_hmac_keys": keys, **options}
    return Adyen(code="adyen", **chosen)


ADAPTER = adapter()


def notification(*items, key=KEY):
    """A body in which every item is signed."""
    wrapped = []
    for item in items:
        given = signing.item_signature(item, bytes.fromhex(key))
        wrapped.append({"NotificationRequestItem": {**item, "additionalData": {**item.get("additionalData", {}), "hmacSignature": given}}})
    return json.dumps({"live": "false", "notificationItems": wrapped}).encode()


def signed(document, *, key=KEY):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return {"HmacSignature": base64.b64encode(hmac.new(bytes.fromhex(key), body, hashlib.sha256).digest()).decode()}, body


def told(code, *, success="true", adapter=ADAPTER, **fields):
    (event,) = adapter.parse_webhook({}, notification({**ITEM, "eventCode": code, "success": success, **fields}))
    return event


# ---- signatures ----


def test_the_example_of_adyens_documentation():
    assert signing.item_signature(ITEM, bytes.fromhex(KEY)) == "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0="


def test_a_header_over_the_whole_body():
    headers, body = signed(TRANSFER)
    (event,) = ADAPTER.parse_webhook({"hmacsignature": headers["HmacSignature"]}, body)
    assert (event.kind, event.reference, event.sequence) == (EventKind.PAYOUT_PAID, "WD-1-1-abc", 3)
    for wrong, content in (({}, body), (headers, body + b" "), (signed(TRANSFER, key=OTHER)[0], body), (headers | {"HMACSIGNATURE": "x"}, body)):
        with pytest.raises(BadSignature):
            ADAPTER.parse_webhook(wrong, content)


@pytest.mark.parametrize(
    "change",
    [
        {"amount": {"currency": "EUR", "value": 1131}}, {"amount": {"currency": "USD", "value": 1130}}, {"success": "false"}, {"eventCode": "CAPTURE"},
        {"merchantReference": "other"}, {"pspReference": "other"}, {"merchantAccountCode": "other"}, {"originalReference": "other"}, {"success": None},
    ],
)  # fmt: skip
def test_a_changed_field_is_refused(change):
    document = json.loads(notification(ITEM))
    document["notificationItems"][0]["NotificationRequestItem"] |= change
    with pytest.raises(BadSignature):
        ADAPTER.parse_webhook({}, json.dumps(document).encode())


def test_every_item_counts_not_the_first_alone():
    first, second = json.loads(notification(ITEM)), json.loads(notification({**ITEM, "eventCode": "CAPTURE"}, key=OTHER))
    first["notificationItems"] += second["notificationItems"]
    with pytest.raises(BadSignature):
        ADAPTER.parse_webhook({}, json.dumps(first).encode())
    both = notification(ITEM, {**ITEM, "eventCode": "REFUND", "pspReference": "B", "originalReference": "A"})
    assert [event.kind for event in ADAPTER.parse_webhook({}, both)] == [EventKind.DEPOSIT_CAPTURED, EventKind.REFUND_PAID]


def test_both_keys_hold_while_one_is_changed():
    both = adapter([OTHER, KEY])
    for key in (KEY, OTHER):
        assert both.parse_webhook({}, notification(ITEM, key=key))
        assert both.parse_webhook(*signed(TRANSFER, key=key))


@pytest.mark.parametrize("keys", ["", [], "nonsense", "AB", [KEY, ""]])
def test_a_key_that_is_none_is_refused(keys):
    with pytest.raises(ValueError, match="HMAC"):
        adapter(keys)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"\xff\xfe", b'{"notificationItems": []}', b'{"notificationItems": [null]}', b'{"notificationItems": {}}', notification(ITEM)[:-9],
     b'{"notificationItems": [{"NotificationRequestItem": {"additionalData": {"hmacSignature": 5}}}]}', b"<html>", b"[" * 100_000],
)  # fmt: skip
def test_what_is_not_signed_is_never_read(body):
    with pytest.raises(BadSignature):
        ADAPTER.parse_webhook({}, body)


@pytest.mark.parametrize(
    "change",
    [
        {"amount": {"currency": "XXX", "value": 1}}, {"amount": {"currency": "EUR", "value": "1130"}}, {"amount": {"currency": "EUR", "value": -1}},
        {"amount": None}, {"eventDate": "yesterday"}, {"eventDate": "2019-05-06T17:15:34"}, {"success": "perhaps"}, {"merchantReference": ""},
        {"pspReference": ""}, {"eventCode": ""},
    ],
)  # fmt: skip
def test_a_signed_item_that_makes_no_sense_is_told_apart(change):
    with pytest.raises(BadWebhook):
        ADAPTER.parse_webhook({}, notification({**ITEM, **change}))


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"a": NaN}', b'{"data": {"id": 5}}', b"{}"])
def test_a_signed_body_that_is_no_transfer_is_told_apart(body):
    with pytest.raises(BadWebhook):
        ADAPTER.parse_webhook(*signed(body))


@given(st.binary(max_size=80), st.dictionaries(st.sampled_from(["HmacSignature", "x"]), st.text(max_size=60)))
def test_nothing_unsigned_is_ever_read(body, headers):
    with pytest.raises(WebhookError):
        ADAPTER.parse_webhook(headers, body)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.sampled_from([*ITEM, *TRANSFER["data"]]), inner), max_leaves=12))
def test_nothing_signed_breaks_the_reader(value):
    with contextlib.suppress(BadWebhook):
        ADAPTER.read_webhook(json.dumps({"notificationItems": [{"NotificationRequestItem": {**ITEM, **value} if isinstance(value, dict) else value}]}).encode())
    with contextlib.suppress(BadWebhook):
        ADAPTER.parse_webhook(*signed({**TRANSFER, "data": {**TRANSFER["data"], **value} if isinstance(value, dict) else value}))


# ---- what they say ----


def test_an_authorisation_in_our_words():
    event = told("AUTHORISATION")
    assert event.event_id == "7914073381342284:AUTHORISATION:true"
    assert (event.reference, event.provider_id, event.sequence) == ("TestPayment-1407325143704", "7914073381342284", 0)
    assert event.occurred_at == datetime(2019, 5, 6, 15, 15, 34, 121000, tzinfo=UTC)
    assert event.money == Money(amount=Decimal("11.30"), currency="EUR")
    assert event.payment is not None
    assert (event.payment.kind, event.payment.state, event.payment.fee) == (PaymentKind.DEPOSIT, DepositState.CAPTURED, None)


LATER = {"originalReference": "7914073381342284", "pspReference": "9913140798220028"}


@pytest.mark.parametrize(
    ("code", "success", "at_once", "by_event"),
    [
        ("AUTHORISATION", "true", DepositState.CAPTURED, DepositState.AUTHORISED),
        ("AUTHORISATION", "false", DepositState.FAILED, DepositState.FAILED),
        ("CAPTURE", "true", DepositState.CAPTURED, DepositState.CAPTURED),
        ("CAPTURE", "false", DepositState.REVERSED, DepositState.FAILED),
        ("CAPTURE_FAILED", "true", DepositState.REVERSED, DepositState.REVERSED),
        ("CANCELLATION", "true", DepositState.REVERSED, DepositState.FAILED),
        ("CANCELLATION", "false", None, None),
        ("TECHNICAL_CANCEL", "true", DepositState.REVERSED, DepositState.FAILED),
        ("EXPIRE", "true", DepositState.REVERSED, DepositState.EXPIRED),
        ("REPORT_AVAILABLE", "true", None, None),
        ("NOTIFICATION_OF_FRAUD", "true", None, None),
        ("A_CODE_FROM_THE_FUTURE", "true", None, None),
    ],
)
def test_each_code_about_a_deposit(code, success, at_once, by_event):
    for mode, state in (("immediate", at_once), ("event", by_event)):
        event = told(code, success=success, adapter=adapter(capture=mode), **LATER)
        assert event.provider_id == "7914073381342284"
        assert (event.payment.state if event.payment else None) == state
        assert (event.kind is EventKind.UNKNOWN) == (state is None)


@pytest.mark.parametrize(
    ("code", "success", "state"),
    [
        ("REFUND", "true", RefundState.PAID), ("REFUND", "false", RefundState.FAILED), ("REFUND_WITH_DATA", "true", RefundState.PAID),
        ("REFUND_FAILED", "true", RefundState.FAILED), ("REFUNDED_REVERSED", "true", RefundState.FAILED),
    ],
)  # fmt: skip
def test_each_code_about_a_refund(code, success, state):
    event = told(code, success=success, reason="Insufficient balance", **LATER)
    assert event.payment is not None
    assert (event.payment.kind, event.payment.state, event.payment.provider_id) == (PaymentKind.REFUND, state, "9913140798220028")
    assert event.payment.decline == ("Insufficient balance" if state is RefundState.FAILED else "")


def test_cancel_or_refund_is_what_was_done():
    assert told("CANCEL_OR_REFUND", additionalData={"modification.action": "refund"}, **LATER).kind is EventKind.REFUND_PAID
    assert told("CANCEL_OR_REFUND", additionalData={"modification.action": "cancel"}, **LATER).kind is EventKind.DEPOSIT_REVERSED
    assert told("CANCEL_OR_REFUND", **LATER).kind is EventKind.UNKNOWN


@pytest.mark.parametrize(
    ("code", "state", "dispute_id"),
    [
        ("REQUEST_FOR_INFORMATION", DisputeState.INQUIRY, "9913140798220028"),
        ("NOTIFICATION_OF_CHARGEBACK", DisputeState.INQUIRY, "9913140798220028"),
        ("CHARGEBACK", DisputeState.OPENED, "9913140798220028"),
        ("CHARGEBACK_REVERSED", DisputeState.WON, "9913140798220028"),
        ("SECOND_CHARGEBACK", DisputeState.OPENED, "9913140798220028-2"),
        ("PREARBITRATION_WON", DisputeState.WON, "9913140798220028-2"),
        ("PREARBITRATION_LOST", DisputeState.LOST, "9913140798220028-2"),
    ],
)
def test_each_code_about_a_dispute(code, state, dispute_id):
    extra = {"chargebackReasonCode": " 4853", "defensePeriodEndsAt": "2021-07-31T03:03:07+02:00", "defendable": "true"}
    event = told(code, additionalData=extra, **LATER)
    assert event.kind.value == f"dispute.{state.value}"
    assert event.dispute is not None
    assert (event.dispute.dispute_id, event.dispute.state, event.dispute.reason) == (dispute_id, state, "4853")
    assert event.dispute.money == Money(amount=Decimal("11.30"), currency="EUR")
    assert event.dispute.evidence_due_at == datetime(2021, 7, 31, 1, 3, 7, tzinfo=UTC)
    assert (event.payment, event.reference, event.provider_id) == (None, ITEM["merchantReference"], "7914073381342284")


def test_a_dispute_that_nobody_defended_is_lost_and_one_that_waits_is_kept():
    assert told("DISPUTE_DEFENSE_PERIOD_ENDED", additionalData={"disputeStatus": "Lost"}, **LATER).kind is EventKind.DISPUTE_LOST
    assert told("DISPUTE_DEFENSE_PERIOD_ENDED", **LATER).kind is EventKind.UNKNOWN
    assert told("INFORMATION_SUPPLIED", **LATER).kind is EventKind.UNKNOWN


def test_another_merchant_account_is_not_ours():
    event = told("AUTHORISATION", merchantAccountCode="Elsewhere")
    assert (event.kind, event.payment) == (EventKind.UNKNOWN, None)


def test_ids_are_equal_for_duplicates_and_differ_otherwise():
    ids = [told(code, success=success, **LATER).event_id for code in ("REFUND", "REFUND_FAILED", "CAPTURE") for success in ("true", "false")]
    assert len(set(ids)) == 6
    assert told("REFUND", **LATER).event_id == told("REFUND", eventDate="2020-01-01T00:00:00Z", **LATER).event_id


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("received", EventKind.UNKNOWN), ("authorised", EventKind.PAYOUT_SENT), ("booked", EventKind.PAYOUT_PAID), ("failed", EventKind.PAYOUT_FAILED),
        ("refused", EventKind.PAYOUT_FAILED), ("returned", EventKind.PAYOUT_RETURNED), ("teleported", EventKind.UNKNOWN),
    ],
)  # fmt: skip
def test_each_state_of_a_transfer(status, kind):
    (event,) = ADAPTER.parse_webhook(*signed({**TRANSFER, "data": {**TRANSFER["data"], "status": status, "reason": "refusedByCounterpartyBank"}}))
    assert event.kind is kind
    if kind is EventKind.PAYOUT_FAILED:
        assert event.payment is not None
        assert (event.payment.state, event.payment.decline) == (PayoutState.FAILED, "refusedByCounterpartyBank")


def test_a_transfer_that_pays_nobody_is_not_ours():
    for change in ({"direction": "incoming"}, {"category": "internal"}):
        (event,) = ADAPTER.parse_webhook(*signed({**TRANSFER, "data": {**TRANSFER["data"], **change}}))
        assert (event.kind, event.payment) == (EventKind.UNKNOWN, None)


# ---- amounts ----


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [("10", "EUR", 1000), ("10", "JPY", 10), ("10", "BHD", 10_000), ("10", "CLP", 1000), ("10", "CVE", 10), ("10", "IDR", 10), ("10", "ISK", 1000)],
)
def test_minor_units_are_adyens(amount, currency, units):
    assert words.minor_units(Money(amount=Decimal(amount), currency=currency)) == units
    assert words.units_to_money(units, currency) == Money(amount=Decimal(amount), currency=currency)


@given(st.sampled_from(sorted(EXPONENTS)), st.integers(1, 10**15 - 1))
def test_every_amount_survives_units_and_back(currency, units):
    assert words.minor_units(words.units_to_money(units, currency)) == units


@pytest.mark.parametrize(("amount", "currency"), [("0", "EUR"), ("0.001", "EUR"), ("0.5", "IDR"), ("1", "XXX"), ("1", "BTC"), ("1e15", "EUR")])
def test_an_amount_that_adyen_cannot_say_is_refused(amount, currency):
    with pytest.raises(ValueError, match=currency):
        words.minor_units(Money(amount=Decimal(amount), currency=currency))
