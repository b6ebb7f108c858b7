"""The Adyen adapter against answers of every kind: what is known, and what is not."""

from __future__ import annotations

import base64
import dataclasses
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from payments.providers.adyen import Adyen
from payments.providers.protocol import (
    DepositRequest,
    DepositState,
    Evidence,
    Found,
    Known,
    Method,
    Money,
    OutcomeUnknown,
    PayoutRequest,
    ProviderRefused,
    ProviderUnavailable,
    ReferenceConflict,
    RefundRequest,
)
from tests.payments.providers.test_nordpay_adapter import Scripted, http

EUR = Money(amount=Decimal("12.50"), currency="EUR")
DEPOSIT = DepositRequest(
    reference="DP-1-1-abc", key="DP-1-1-abc", money=EUR, method=Method.CARD, instrument_token="M5N7TQ4TG5PFWR50", return_url="https://casino.example/back",
    player="7", country="DE", language="de-DE", ip="192.0.2.1",
)  # fmt: skip
PAYOUT = PayoutRequest(
    reference="WD-1-1-abc", key="WD-1-1-abc", money=EUR, method=Method.BANK, beneficiary_token="T", beneficiary_name="Maja Berit Lind",
    beneficiary_account="DE89 3704 0044 0532 0130 00",
)  # fmt: skip
REFUND = RefundRequest(reference="RF-1-1-abc", key="RF-1-1-abc", deposit_id="993617894903480A", money=EUR)
AMOUNT = {"value": 1250, "currency": "EUR"}
PAID = {"pspReference": "993617894903480A", "resultCode": "Authorised", "amount": AMOUNT, "merchantReference": "DP-1-1-abc"}
SENT = {
    "id": "1W1UG35U8A9J5ZLG", "reference": "WD-1-1-abc", "amount": AMOUNT, "category": "bank", "direction": "outgoing", "status": "received",
    "creationDate": "2025-06-15T15:00:00+02:00",
}  # fmt: skip
BACK = {
    "merchantAccount": "M",
    "paymentPspReference": "993617894903480A",
    "reference": "RF-1-1-abc",
    "pspReference": "9936",
    "status": "received",
    "amount": AMOUNT,
}


def adyen(server, **options):
    chosen = {
        "url": f"{server.url}/v71", "key": "k", "merchant_account": "M", "hmac_keys": "AB" * 32, "transfers_url": f"{server.url}/btl/v4",
        "transfers_key": "t", "balance_account": "BA1", "disputes_url": f"{server.url}/ca", "timeout": 2, "sleep": lambda seconds: None, **options,
    }  # fmt: skip
    return Adyen(code="adyen", **chosen)


def no(status, code="14_0408", *, message="No.", extra=b""):
    return http(status, {"status": status, "errorCode": code, "message": message, "errorType": "validation"}, extra=extra)


def since(hours=1):
    return datetime.now(UTC) - timedelta(hours=hours)


def test_a_deposit_in_adyens_words():
    server = Scripted(http(200, PAID))
    answer = adyen(server).create_deposit(DEPOSIT)
    assert (answer.provider_id, answer.state, answer.money) == ("993617894903480A", DepositState.CAPTURED, EUR)
    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v71/payments HTTP/1.1")
    assert b"idempotency-key: dp-1-1-abc" in head.lower()
    assert b"x-api-key: k" in head.lower()
    assert json.loads(body) == {
        "merchantAccount": "M", "amount": AMOUNT, "reference": "DP-1-1-abc", "shopperReference": "player-7", "shopperInteraction": "ContAuth",
        "paymentMethod": {"type": "scheme", "storedPaymentMethodId": "M5N7TQ4TG5PFWR50"}, "recurringProcessingModel": "CardOnFile",
        "returnUrl": "https://casino.example/back", "channel": "Web", "captureDelayHours": 0, "countryCode": "DE", "shopperLocale": "de-DE",
        "shopperIP": "192.0.2.1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("result", "state"),
    [("Refused", DepositState.FAILED), ("Error", DepositState.FAILED), ("Cancelled", DepositState.FAILED), ("Pending", DepositState.PENDING),
     ("Received", DepositState.PENDING), ("Authorised", DepositState.AUTHORISED)],
)  # fmt: skip
def test_each_result(result, state):
    answer = adyen(Scripted(http(200, {**PAID, "resultCode": result, "refusalReason": "CVC Declined"})), capture="event").create_deposit(DEPOSIT)
    assert (answer.state, answer.decline) == (state, "CVC Declined" if state is DepositState.FAILED else "")


def test_a_redirect_leads_the_player_on():
    action = {"type": "redirect", "method": "GET", "url": "https://checkoutshopper-test.adyen.com/x"}
    answer = adyen(Scripted(http(200, {"resultCode": "RedirectShopper", "action": action}))).create_deposit(DEPOSIT)
    assert (answer.state, answer.redirect_url, answer.provider_id) == (DepositState.PENDING, "https://checkoutshopper-test.adyen.com/x", "")


def test_a_payout_to_a_bank_and_to_a_card_in_adyens_words():
    server = Scripted(http(202, SENT), http(202, SENT))
    adapter = adyen(server)
    assert adapter.send_payout(PAYOUT).provider_id == "1W1UG35U8A9J5ZLG"
    adapter.send_payout(dataclasses.replace(PAYOUT, method=Method.CARD))
    bank, card = (json.loads(asked.partition(b"\r\n\r\n")[2]) for asked in server.asked)
    assert bank["counterparty"]["bankAccount"]["accountIdentification"] == {"type": "iban", "iban": "DE89370400440532013000"}
    assert (bank["category"], bank["priorities"], bank["balanceAccountId"]) == ("bank", ["regular"], "BA1")
    assert card["counterparty"]["card"] == {
        "cardHolder": {"type": "individual", "firstName": "Maja Berit", "lastName": "Lind"}, "cardIdentification": {"storedPaymentMethodId": "T"},
    }  # fmt: skip
    assert b"POST /btl/v4/transfers HTTP/1.1" in server.asked[0]
    assert b"x-api-key: t" in server.asked[0].lower()


CALLS = {
    "deposit": (lambda adapter: adapter.create_deposit(DEPOSIT), 200, PAID),
    "payout": (lambda adapter: adapter.send_payout(PAYOUT), 202, SENT),
    "refund": (lambda adapter: adapter.refund(REFUND), 201, BACK),
}
UNKNOWN = {
    "nothing": b"", "half": b"HTTP/1.1 200 X\r\nContent-Length: 999\r\n\r\n{", "500": no(500, "905"), "page": http(200, b"<html>"), "502": http(502, b"<html>"),
    "empty": http(200, {}), "list": http(200, []), "302": http(302, b"{}", extra=b"Location: /x\r\n"), "in progress": no(409, "704"),
    "in progress too": no(422, "704"), "404 of a proxy": http(404, b"<html>"), "422 without a reason": http(422, {"detail": "x"}), "408": no(408),
}  # fmt: skip


@pytest.mark.parametrize("name", UNKNOWN)
@pytest.mark.parametrize("call", CALLS)
def test_whatever_is_not_a_clear_answer_is_unknown_and_is_not_sent_again(call, name):
    make, status, good = CALLS[call]
    server = Scripted(UNKNOWN[name], http(status, good))
    with pytest.raises(OutcomeUnknown):
        make(adyen(server))
    assert len(server.asked) == 1


@pytest.mark.parametrize("call", CALLS)
def test_the_answer_of_another_payment_is_a_conflict(call):
    make, status, good = CALLS[call]
    for change in ({"amount": {"value": 1251, "currency": "EUR"}}, {"merchantReference": "x", "reference": "x"}):
        with pytest.raises(ReferenceConflict):
            make(adyen(Scripted(http(status, {**good, **change}))))
    with pytest.raises(ReferenceConflict):
        make(adyen(Scripted(no(422, "703", message="The idempotency key was used for another request"))))


@pytest.mark.parametrize("call", CALLS)
def test_a_no_with_a_reason_is_a_refusal_and_one_about_us_is_none(call):
    make = CALLS[call][0]
    for status in (400, 422):
        with pytest.raises(ProviderRefused) as refused:
            make(adyen(Scripted(no(status))))
        assert (refused.value.code, refused.value.message) == ("14_0408", "No.")
    for answer in (no(401, "000"), no(403, "901"), no(404, "000"), no(429, "000"), no(422, "000", extra=b"Transient-Error: true\r\n")):
        with pytest.raises(ProviderUnavailable):
            make(adyen(Scripted(answer)))


# ---- asking ----


@pytest.mark.parametrize("request_", [DEPOSIT, REFUND], ids=["deposit", "refund"])
def test_a_deposit_or_refund_is_asked_about_by_a_repeat_under_its_key(request_):
    good = http(200, PAID) if request_ is DEPOSIT else http(201, BACK)
    server = Scripted(good)
    status = adyen(server).ask(request_.reference, known=Known(again=request_, since=since()))
    assert status.found is Found.FOUND
    assert b"idempotency-key: " + request_.reference.lower().encode() in server.asked[0].lower()


@pytest.mark.parametrize("known", [Known(again=DEPOSIT), Known(again=DEPOSIT, since=since(hours=24 * 8)), Known(again=REFUND, since=since())])
def test_a_repeat_that_could_charge_twice_is_not_made(known):
    server = Scripted()
    with pytest.raises(OutcomeUnknown):
        adyen(server).ask("DP-1-1-abc", known=known)
    assert server.asked == []


def test_a_refused_repeat_is_not_found_and_any_other_failure_teaches_nothing():
    known = Known(again=DEPOSIT, since=since())
    assert adyen(Scripted(no(422))).ask("DP-1-1-abc", known=known).found is Found.NOT_FOUND
    for answer in (no(401), no(500), http(200, b"<html>"), no(409, "704")):
        with pytest.raises(OutcomeUnknown):
            adyen(Scripted(answer)).ask("DP-1-1-abc", known=known)


def test_a_payout_is_read_and_never_sent_again():
    server = Scripted(http(200, {"data": [{**SENT, "status": "booked", "sequenceNumber": 3}]}), http(200, {"data": []}), http(200, SENT))
    adapter = adyen(server)
    payment = adapter.ask("WD-1-1-abc", known=Known(since=since())).payment
    assert payment is not None
    assert (payment.state, payment.sequence) == ("paid", 3)
    assert adapter.ask("WD-1-1-abc").found is Found.NOT_FOUND
    assert adapter.ask("WD-1-1-abc", known=Known(provider_id="1W1UG35U8A9J5ZLG")).found is Found.FOUND
    assert all(asked.startswith(b"GET /btl/v4/transfers") for asked in server.asked)
    assert b"reference=WD-1-1-abc" in server.asked[0]


@pytest.mark.parametrize(
    "answer",
    [no(404), no(401), http(200, b"<html>"), http(200, {}), http(200, {"data": [{**SENT, "reference": "x"}]}), http(200, {"data": [SENT, SENT]}),
     http(200, {"data": [{**SENT, "status": "teleported"}]})],
)  # fmt: skip
def test_only_an_empty_list_is_not_found(answer):
    with pytest.raises(OutcomeUnknown):
        adyen(Scripted(answer, answer)).ask("WD-1-1-abc")


# ---- the rest ----


def test_a_long_reference_becomes_a_key_that_adyen_takes():
    server = Scripted(http(202, {**SENT, "reference": "W" * 80}))
    adyen(server).send_payout(dataclasses.replace(PAYOUT, reference="W" * 80))
    key = server.asked[0].lower().partition(b"idempotency-key: ")[2].partition(b"\r")[0]
    assert len(key) == 64


def test_evidence_goes_as_documents_that_adyen_takes():
    kinds = [{"defenseDocumentTypeCode": "Extra", "requirementLevel": "Optional"}, {"defenseDocumentTypeCode": "Proof", "requirementLevel": "Required"}]
    yes = {"disputeServiceResult": {"success": True}}
    offered = {"defenseReasons": [{"defenseReasonCode": "R1", "defenseDocumentTypes": kinds}], **yes}
    server = Scripted(http(200, offered), http(200, yes), http(200, yes))
    adyen(server).defend(Evidence(dispute_id="D9-2", key="k", text="#panic() *played* it all", files=(("a.jpg", "image/jpeg", b"j"),)))
    bodies = [json.loads(asked.partition(b"\r\n\r\n")[2]) for asked in server.asked]
    first, letter = bodies[1]["defenseDocuments"]
    assert (first["defenseDocumentTypeCode"], first["contentType"], letter["defenseDocumentTypeCode"]) == ("Proof", "image/jpeg", "Extra")
    assert base64.b64decode(letter["content"]).startswith(b"%PDF")
    assert bodies[2] == {"merchantAccountCode": "M", "disputePspReference": "D9", "defenseReasonCode": "R1"}
    with pytest.raises(ProviderRefused, match="a.txt"):
        adyen(Scripted(http(200, offered))).defend(Evidence(dispute_id="D9", key="k", text="", files=(("a.txt", "text/plain", b"t"),)))


def test_a_dispute_that_adyen_does_not_take_is_refused():
    for answer in ({"disputeServiceResult": {"success": False, "errorMessage": "Too late"}}, {"defenseReasons": [], "disputeServiceResult": {"success": True}}):
        with pytest.raises(ProviderRefused):
            adyen(Scripted(http(200, answer))).defend(Evidence(dispute_id="D", key="k", text="t"))
    with pytest.raises(OutcomeUnknown):
        adyen(Scripted(http(200, {}))).accept("D", key="k")
    with pytest.raises(ProviderRefused, match="Customer Area"):
        adyen(Scripted(), disputes_url="").accept("D", key="k")


@pytest.mark.parametrize(
    ("options", "word"),
    [({"url": "ftp://x"}, "url"), ({"key": ""}, "key"), ({"transfers_key": ""}, "transfers_key"), ({"capture": "later"}, "capture"), ({"timeout": -1}, "times"),
     ({"currencies": ["XXX"]}, "XXX"), ({"disputes_url": "x"}, "disputes_url"), ({"hmac_keys": "zz"}, "HMAC")],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(options, word):
    server = Scripted()
    with pytest.raises(ValueError, match=word):
        adyen(server, **options)


def test_only_what_is_configured_is_offered():
    adapter = adyen(Scripted(), transfers_url="", currencies=["EUR"])
    assert dict(adapter.capabilities.exponents) == {"EUR": 2}
    assert adapter.capabilities.methods["payout"] == frozenset()
    with pytest.raises(ProviderRefused):
        adapter.send_payout(PAYOUT)
