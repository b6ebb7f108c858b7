"""The Stripe adapter against answers of every kind: what is known, and what is not."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest

from payments.providers.protocol import (
    DepositRequest,
    DepositState,
    DisputeState,
    Evidence,
    Found,
    Known,
    Method,
    Money,
    OutcomeUnknown,
    ProviderRefused,
    ProviderUnavailable,
    ReferenceConflict,
    RefundRequest,
    RefundState,
)
from payments.providers.stripe import Stripe, adapter
from tests.payments.providers.test_nordpay_adapter import Scripted, http

EUR = Money(amount=Decimal("12.50"), currency="EUR")
DEPOSIT = DepositRequest(
    reference="DP-1-1-abc", key="DP-1-1-abc", money=EUR, method=Method.CARD, instrument_token="cus_9/pm_7", return_url="https://casino.example/back?x=1",
    player="player-7", country="DE", language="de-DE", ip="192.0.2.1",
)  # fmt: skip
REFUND = RefundRequest(reference="RF-1-1-abc", key="RF-1-1-abc", deposit_id="pi_1", money=EUR)
INTENT = {
    "id": "pi_1", "object": "payment_intent", "amount": 1250, "amount_received": 1250, "currency": "eur", "status": "succeeded", "created": 1735689600,
    "metadata": {"reference": "DP-1-1-abc"}, "latest_charge": "ch_1", "last_payment_error": None, "next_action": None,
}  # fmt: skip
BACK = {
    "id": "re_1", "object": "refund", "amount": 1250, "currency": "eur", "status": "pending", "created": 1735689600, "payment_intent": "pi_1",
    "metadata": {"reference": "RF-1-1-abc"},
}  # fmt: skip
CHARGE = {
    "id": "ch_1", "created": 1735689601, "disputed": False, "balance_transaction": {"id": "txn_1", "fee": 61, "currency": "eur", "amount": 1250},
}  # fmt: skip
ERROR = {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds", "message": "No."}
DECLINED = {**INTENT, "status": "requires_payment_method", "amount_received": 0, "last_payment_error": ERROR}
DISPUTE = {
    "id": "du_1", "amount": 1250, "currency": "eur", "status": "needs_response", "reason": "fraudulent", "payment_intent": "pi_1",
    "balance_transactions": [{"amount": -1250, "fee": 1500, "currency": "eur"}], "evidence_details": {"due_by": 1737000000},
    "payment_method_details": {"type": "card", "card": {"network_reason_code": "10.4"}},
}  # fmt: skip


class Forms(Scripted):
    """Reads whole forms, which end where their length says."""

    def _serve(self, script):
        for answer in script:
            connection, _ = self._socket.accept()
            with connection:
                request = b""
                while b"\r\n\r\n" not in request or len(request.partition(b"\r\n\r\n")[2]) < _length(request):
                    request += connection.recv(65536)
                self.asked.append(request)
                connection.sendall(answer)
        self._socket.close()


def _length(request):
    return int(request.lower().partition(b"content-length: ")[2].partition(b"\r")[0] or 0)


def stripe(server, **options):
    chosen = {
        "url": f"{server.url}/v1", "key": "sk_1", "webhook_secrets": "whsec_1", "files_url": f"{server.url}/v1", "timeout": 2,
        "sleep": lambda seconds: None, **options,
    }  # fmt: skip
    return Stripe(code="stripe", **chosen)


def no(status, kind="invalid_request_error", code="parameter_invalid", **fields):
    return http(status, {"error": {"type": kind, "code": code, "message": "No.", **fields}})


def listed(*rows, more=False):
    return http(200, {"object": "list", "data": list(rows), "has_more": more})


def form(asked):
    return dict(parse_qsl(asked.partition(b"\r\n\r\n")[2].decode(), strict_parsing=True))


def query(asked):
    return dict(parse_qsl(urlsplit(asked.split(b" ")[1].decode()).query))


# ---- deposits ----


def test_a_deposit_in_stripes_words():
    server = Forms(http(200, {**INTENT, "latest_charge": CHARGE}))
    answer = stripe(server).create_deposit(DEPOSIT)
    assert (answer.provider_id, answer.state, answer.money, answer.decline) == ("pi_1", DepositState.CAPTURED, EUR, "")
    assert answer.fee == Money(amount=Decimal("0.61"), currency="EUR")
    head = server.asked[0].partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"post /v1/payment_intents http/1.1")
    for line in (b"idempotency-key: dp-1-1-abc", b"authorization: bearer sk_1", b"stripe-version: 2024-06-20", b"x-www-form-urlencoded"):
        assert line in head
    assert form(server.asked[0]) == {
        "amount": "1250", "currency": "eur", "payment_method": "pm_7", "customer": "cus_9", "payment_method_types[0]": "card", "capture_method": "automatic",
        "confirm": "true", "off_session": "false", "return_url": "https://casino.example/back?x=1", "description": "DP-1-1-abc",
        "metadata[reference]": "DP-1-1-abc", "metadata[player]": "player-7", "expand[0]": "latest_charge.balance_transaction",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "state"),
    [("processing", DepositState.PENDING), ("requires_capture", DepositState.AUTHORISED), ("canceled", DepositState.FAILED),
     ("requires_confirmation", DepositState.PENDING), ("requires_payment_method", DepositState.PENDING)],
)  # fmt: skip
def test_each_status(status, state):
    answer = stripe(Forms(http(200, {**INTENT, "status": status, "cancellation_reason": "abandoned"}))).create_deposit(DEPOSIT)
    assert (answer.state, answer.decline) == (state, "abandoned" if state is DepositState.FAILED else "")


def test_a_redirect_leads_the_player_on_and_any_other_action_is_unknown():
    page = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://hooks.stripe.com/3ds"}}
    answer = stripe(Forms(http(200, {**INTENT, "status": "requires_action", "next_action": page}))).create_deposit(DEPOSIT)
    assert (answer.state, answer.redirect_url) == (DepositState.PENDING, "https://hooks.stripe.com/3ds")
    for action in (None, {"type": "use_stripe_sdk"}, {"type": "redirect_to_url", "redirect_to_url": {"url": "javascript:alert(1)"}}):
        with pytest.raises(OutcomeUnknown):
            stripe(Forms(http(200, {**INTENT, "status": "requires_action", "next_action": action}))).create_deposit(DEPOSIT)


def test_a_decline_that_stripe_keeps_is_an_answer_and_one_that_it_does_not_is_a_refusal():
    answer = stripe(Forms(http(402, {"error": {**ERROR, "payment_intent": DECLINED}}))).create_deposit(DEPOSIT)
    assert (answer.provider_id, answer.state, answer.decline) == ("pi_1", DepositState.FAILED, "insufficient_funds")
    with pytest.raises(ProviderRefused) as refused:
        stripe(Forms(http(402, {"error": ERROR}))).create_deposit(DEPOSIT)
    assert (refused.value.code, refused.value.message) == ("insufficient_funds", "No.")
    for status in (400, 402):  # an error about a payment that went on all the same
        with pytest.raises(OutcomeUnknown):
            stripe(Forms(http(status, {"error": {**ERROR, "payment_intent": INTENT}}))).create_deposit(DEPOSIT)
    other = {**DECLINED, "metadata": {"reference": "other"}}
    with pytest.raises(ReferenceConflict):
        stripe(Forms(http(402, {"error": {**ERROR, "payment_intent": other}}))).create_deposit(DEPOSIT)


CALLS = {
    "deposit": (lambda provider: provider.create_deposit(DEPOSIT), INTENT),
    "refund": (lambda provider: provider.refund(REFUND), BACK),
}
UNKNOWN = {
    "nothing": b"", "half": b"HTTP/1.1 200 X\r\nContent-Length: 999\r\n\r\n{", "500": no(500, "api_error"), "page": http(200, b"<html>"),
    "502": http(502, b"<html>"), "empty": http(200, {}), "list": http(200, []), "302": http(302, b"{}", extra=b"Location: /x\r\n"),
    "key in use": no(409, "idempotency_error", "idempotency_key_in_use"), "lock": no(409, code="lock_timeout"), "404 of a proxy": http(404, b"<html>"),
    "400 without a type": http(400, {"error": {"message": "x"}}), "error as text": http(403, {"error": "x"}), "424": no(424, "api_error"), "408": no(408),
    "201": http(201, {**INTENT, **BACK}), "float": http(200, b'{"amount": 12.5}'), "unheard status": http(200, {**INTENT, **BACK, "status": "teleported"}),
    "latin 1": http(200, b'{"id": "\xe9"}'),
}  # fmt: skip


@pytest.mark.parametrize("name", UNKNOWN)
@pytest.mark.parametrize("call", CALLS)
def test_whatever_is_not_a_clear_answer_is_unknown_and_is_not_sent_again(call, name):
    make, good = CALLS[call]
    server = Forms(UNKNOWN[name], http(200, good))
    with pytest.raises(OutcomeUnknown):
        make(stripe(server))
    assert len(server.asked) == 1


@pytest.mark.parametrize("call", CALLS)
def test_the_answer_of_another_payment_is_a_conflict(call):
    make, good = CALLS[call]
    for change in ({"amount": 1251, "amount_received": 1251}, {"currency": "usd"}, {"metadata": {"reference": "x"}}):
        with pytest.raises(ReferenceConflict):
            make(stripe(Forms(http(200, {**good, **change}))))
    with pytest.raises(ReferenceConflict):
        make(stripe(Forms(no(400, "idempotency_error", ""))))


@pytest.mark.parametrize("call", CALLS)
def test_a_no_with_a_reason_is_a_refusal_and_one_about_us_is_none(call):
    make = CALLS[call][0]
    for status in (400, 402, 404):
        with pytest.raises(ProviderRefused) as refused:
            make(stripe(Forms(no(status))))
        assert (refused.value.code, refused.value.message) == ("parameter_invalid", "No.")
    for answer in (no(401), no(403), no(429, code="lock_timeout"), no(429, code="rate_limit")):
        with pytest.raises(ProviderUnavailable):
            make(stripe(Forms(answer)))


@pytest.mark.parametrize(("amount", "currency"), [("0.001", "EUR"), ("0.5", "JPY"), ("0.5", "UGX"), ("5.125", "KWD"), ("0", "EUR"), ("1", "XXX")])
def test_an_amount_that_cannot_be_said_is_not_sent(amount, currency):
    server = Forms()
    money = Money(amount=Decimal(amount), currency=currency)
    for call, request in (("create_deposit", DEPOSIT), ("refund", REFUND)):
        with pytest.raises(ValueError, match=currency):
            getattr(stripe(server), call)(dataclasses.replace(request, money=money))
    assert server.asked == []


def test_a_long_reference_becomes_a_key_that_stripe_takes():
    server = Forms(http(200, {**INTENT, "metadata": {"reference": "D" * 300}}))
    stripe(server).create_deposit(dataclasses.replace(DEPOSIT, reference="D" * 300))
    assert len(server.asked[0].lower().partition(b"idempotency-key: ")[2].partition(b"\r")[0]) == 64


# ---- refunds ----


@pytest.mark.parametrize(
    ("status", "state"),
    [("pending", RefundState.ACCEPTED), ("requires_action", RefundState.ACCEPTED), ("succeeded", RefundState.PAID), ("failed", RefundState.FAILED),
     ("canceled", RefundState.FAILED)],
)  # fmt: skip
def test_a_refund_in_stripes_words(status, state):
    server = Forms(http(200, {**BACK, "status": status}))
    assert stripe(server).refund(REFUND).state is state
    assert form(server.asked[0]) == {"payment_intent": "pi_1", "amount": "1250", "metadata[reference]": "RF-1-1-abc"}
    with pytest.raises(ReferenceConflict):
        stripe(Forms(http(200, {**BACK, "payment_intent": "pi_2"}))).refund(REFUND)


# ---- asking ----


def test_a_deposit_is_asked_about_by_its_id_with_its_fee_and_its_disputes():
    server = Forms(http(200, {**INTENT, "latest_charge": {**CHARGE, "disputed": True}}), listed(DISPUTE))
    payment = stripe(server).ask("DP-1-1-abc", known=Known(provider_id="pi_1")).payment
    assert payment is not None
    assert (payment.state, payment.money, payment.fee) == (DepositState.CAPTURED, EUR, Money(amount=Decimal("0.61"), currency="EUR"))
    (dispute,) = payment.disputes
    assert (dispute.dispute_id, dispute.state, dispute.money, dispute.reason) == ("du_1", DisputeState.OPENED, EUR, "10.4")
    assert dispute.evidence_due_at == datetime.fromtimestamp(1737000000, UTC)
    assert query(server.asked[0]) == {"expand[0]": "latest_charge.balance_transaction"}
    assert query(server.asked[1]) == {"payment_intent": "pi_1", "limit": "100"}


def test_a_fee_in_another_currency_than_the_payments_is_not_told():
    charge = {**CHARGE, "balance_transaction": {"fee": 61, "currency": "usd"}}
    for each in (charge, {**CHARGE, "balance_transaction": None}):
        payment = stripe(Forms(http(200, {**INTENT, "latest_charge": each}))).ask("DP-1-1-abc", known=Known(provider_id="pi_1")).payment
        assert payment is not None
        assert payment.fee is None


def test_a_deposit_without_id_is_looked_for_among_its_customers_page_by_page():
    since = datetime(2025, 1, 1, 12, tzinfo=UTC)
    other = {**INTENT, "id": "pi_0", "metadata": {}}
    server = Forms(listed(other, more=True), listed({**INTENT, "status": "processing"}), http(200, {**INTENT, "latest_charge": CHARGE}))
    status = stripe(server).ask("DP-1-1-abc", known=Known(since=since, again=DEPOSIT))
    assert status.payment is not None
    assert status.payment.state is DepositState.CAPTURED
    begin = str(int((since - timedelta(hours=1)).timestamp()))
    assert query(server.asked[0]) == {"customer": "cus_9", "limit": "100", "created[gte]": begin}
    assert query(server.asked[1]) == {"customer": "cus_9", "limit": "100", "created[gte]": begin, "starting_after": "pi_0"}
    assert all(asked.startswith(b"GET ") for asked in server.asked)


def test_a_refund_without_id_is_looked_for_among_its_payments():
    server = Forms(listed(BACK), http(200, {**BACK, "status": "succeeded"}))
    for known in (Known(again=REFUND), Known(provider_id="re_1")):
        assert stripe(server).ask("RF-1-1-abc", known=known).found is Found.FOUND
    assert query(server.asked[0]) == {"payment_intent": "pi_1", "limit": "100"}
    assert server.asked[1].startswith(b"GET /v1/refunds/re_1")


def test_not_found_is_said_only_of_lists_that_were_read_to_their_end():
    assert stripe(Forms(listed(), listed())).ask("DP-1-1-abc").found is Found.NOT_FOUND
    assert stripe(Forms(listed())).ask("DP-1-1-abc", known=Known(again=DEPOSIT)).found is Found.NOT_FOUND
    endless = Forms(*[listed({**INTENT, "id": f"pi_{number}", "metadata": {}}, more=True) for number in range(adapter.PAGES_MOST)])
    with pytest.raises(OutcomeUnknown, match="Dashboard"):
        stripe(endless).ask("DP-1-1-abc")
    with pytest.raises(OutcomeUnknown):
        stripe(Forms(listed(more=True))).ask("DP-1-1-abc")


@pytest.mark.parametrize(
    "answer",
    [no(404, code="resource_missing"), no(401), no(429), no(500), http(200, b"<html>"), http(200, {}), http(200, {"data": [1], "has_more": False}),
     http(200, {"data": []}), listed(INTENT, INTENT)],
)  # fmt: skip
def test_anything_else_teaches_nothing(answer):
    for known in (Known(again=DEPOSIT), Known(provider_id="pi_1")):
        with pytest.raises(OutcomeUnknown):
            stripe(Forms(answer, answer)).ask("DP-1-1-abc", known=known)


def test_the_answer_about_another_reference_teaches_nothing():
    with pytest.raises(OutcomeUnknown):
        stripe(Forms(http(200, INTENT))).ask("other", known=Known(provider_id="pi_1"))


# ---- balances, disputes ----


def test_the_balance_by_currency():
    held = {
        "available": [{"amount": -100, "currency": "eur"}, {"amount": 500, "currency": "jpy"}],
        "pending": [{"amount": 250, "currency": "eur"}],
        "connect_reserved": [{"amount": 10, "currency": "eur"}],
    }
    euro, yen = stripe(Forms(http(200, held))).balances()
    assert (euro.currency, euro.available, euro.pending, euro.reserved) == ("EUR", Decimal("-1.00"), Decimal("2.50"), Decimal("0.10"))
    assert (yen.currency, yen.available, yen.pending) == ("JPY", Decimal(500), Decimal(0))
    for answer in (no(401), http(200, {"available": [{"amount": 1.5, "currency": "eur"}]}), http(200, {"available": [{"amount": 1, "currency": "zzz"}]})):
        with pytest.raises(OutcomeUnknown):
            stripe(Forms(answer, answer)).balances()


def test_evidence_goes_as_text_and_files_in_their_places():
    server = Forms(http(200, {"id": "file_1"}), http(200, {"id": "file_2"}), http(200, DISPUTE))
    files = (("a.pdf", "application/pdf", b"%PDF-1\r\n\x00"), ("b.png", "image/png", b"png"))
    stripe(server).defend(Evidence(dispute_id="du_1", key="k", text="All was played & lost.", files=files))
    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/files HTTP/1.1")
    assert b'name="purpose"\r\n\r\ndispute_evidence' in body
    assert b'filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n%PDF-1\r\n\x00' in body
    assert server.asked[2].startswith(b"POST /v1/disputes/du_1 HTTP/1.1")
    assert form(server.asked[2]) == {
        "submit": "true",
        "evidence[uncategorized_text]": "All was played & lost.",
        "evidence[uncategorized_file]": "file_1",
        "evidence[service_documentation]": "file_2",
    }


@pytest.mark.parametrize(
    ("options", "fields", "word"),
    [
        ({}, {"files": (("a.txt", "text/plain", b"t"),)}, "a.txt"), ({}, {"text": "x" * 20_001}, "20000"),
        ({}, {"files": (("a", "image/png", b""),) * 7}, "6 files"), ({"files_url": ""}, {"files": (("a", "image/png", b""),)}, "Dashboard"),
    ],
)  # fmt: skip
def test_evidence_that_stripe_would_not_take_is_refused_before_it_is_sent(options, fields, word):
    server = Forms()
    with pytest.raises(ProviderRefused, match=word):
        stripe(server, **options).defend(Evidence(**{"dispute_id": "du_1", "key": "k", "text": "t", **fields}))
    assert server.asked == []


def test_a_dispute_is_closed_and_one_that_is_closed_is_refused():
    server = Forms(http(200, {**DISPUTE, "status": "lost"}))
    stripe(server).accept("du_1/x", key="k")
    assert server.asked[0].startswith(b"POST /v1/disputes/du_1%2Fx/close HTTP/1.1")
    with pytest.raises(ProviderRefused):
        stripe(Forms(no(400))).accept("du_1", key="k")
    with pytest.raises(OutcomeUnknown):
        stripe(Forms(http(200, b"<html>"))).accept("du_1", key="k")


# ---- settings ----


@pytest.mark.parametrize(
    ("options", "word"),
    [({"url": "ftp://x"}, "url"), ({"files_url": "x"}, "files_url"), ({"key": ""}, "key"), ({"webhook_secrets": []}, "webhook_secrets"),
     ({"webhook_secrets": ["a", ""]}, "webhook_secrets"), ({"timeout": -1}, "times"), ({"currencies": ["XXX"]}, "XXX"), ({"types": {"tooth": "x"}}, "tooth")],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(options, word):
    with pytest.raises(ValueError, match=word):
        stripe(Scripted(), **options)


def test_only_the_accounts_currencies_are_offered_and_types_can_be_changed():
    server = Forms(http(200, INTENT))
    chosen = stripe(server, currencies=["EUR"], types={"card": "link"})
    assert dict(chosen.capabilities.exponents) == {"EUR": 2}
    chosen.create_deposit(DEPOSIT)
    assert form(server.asked[0])["payment_method_types[0]"] == "link"
    with pytest.raises(ValueError, match="USD"):
        chosen.create_deposit(dataclasses.replace(DEPOSIT, money=Money(amount=Decimal(1), currency="USD")))


def test_a_player_comes_back_to_where_the_settings_say_when_the_request_says_nothing():
    for default, expected in (("https://casino.example/cashier", "https://casino.example/cashier"), ("", None)):
        server = Forms(http(200, INTENT))
        stripe(server, return_url=default).create_deposit(dataclasses.replace(DEPOSIT, return_url=""))
        assert form(server.asked[0]).get("return_url") == expected


def test_no_secret_is_shown():
    assert "sk_1" not in repr(stripe(Scripted())) + json.dumps(str(vars(stripe(Scripted()))["_capabilities"]))
