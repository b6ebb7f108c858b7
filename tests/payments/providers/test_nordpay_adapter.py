"""The adapter against answers that no honest Nordpay gives: what is known, and what is not."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from decimal import Decimal

import pytest

from payments.providers.nordpay import Nordpay
from payments.providers.protocol import (
    DepositRequest,
    Found,
    Method,
    Money,
    OutcomeUnknown,
    PayoutRequest,
    PayoutState,
    ProviderRefused,
    ProviderUnavailable,
    ReferenceConflict,
    RefundRequest,
)
from tests.payments.nordpay import fresh

PAYOUT = {
    "id": "pay_1", "kind": "payout", "reference": "r1", "status": "accepted", "amount": "25.00", "currency": "EUR", "method": "bank",
    "fee": "0.00", "sequence": 0, "created": "2025-01-01T00:00:00.000000Z", "changed": "2025-01-01T00:00:00.000000Z", "movements": [],
}  # fmt: skip
REQUEST = PayoutRequest(
    reference="r1",
    key="k1",
    money=Money(amount=Decimal(25), currency="EUR"),
    method=Method.BANK,
    beneficiary_token="t",
    beneficiary_name="Maja Lind",
)


class Scripted:
    """A server that gives each connection the next bytes of its script and keeps what it was asked."""

    def __init__(self, *script: bytes) -> None:
        self.asked: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, args=(script,), daemon=True)
        self._thread.start()

    def _serve(self, script):
        for answer in script:
            connection, _ = self._socket.accept()
            with connection:
                request = b""
                while b"\r\n\r\n" not in request or (request.startswith(b"POST") and not request.endswith(b"}")):
                    request += connection.recv(65536)
                self.asked.append(request)
                with contextlib.suppress(ConnectionError):  # the caller may have heard enough
                    connection.sendall(answer)
        self._socket.close()

    def adapter(self):
        return Nordpay(code="nordpay", url=self.url, key="k", webhook_secret="s", timeout=2, sleep=lambda seconds: None)


def http(status, body, *, extra=b""):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n%s\r\n%s" % (status, len(content), extra, content)


def no(status, code):
    return http(status, {"error": {"code": code, "message": "No."}})


def test_a_payout_is_sent_with_key_and_text_amount():
    server = Scripted(http(201, PAYOUT))
    answer = server.adapter().send_payout(REQUEST)
    assert (answer.provider_id, answer.state, answer.money) == ("pay_1", PayoutState.ACCEPTED, REQUEST.money)
    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    assert b"idempotency-key: k1" in head.lower()
    assert b"authorization: bearer k" in head.lower()
    assert json.loads(body) == {
        "reference": "r1",
        "amount": "25.00",
        "currency": "EUR",
        "method": "bank",
        "token": "t",
        "name": "Maja Lind",
    }


UNKNOWN = {
    "nothing": b"",
    "half a head": b"HTTP/1.1 201 Cre",
    "half a body": b"HTTP/1.1 201 X\r\nContent-Length: 999\r\n\r\n{",
    "not http": b"hello\r\n\r\n",
    "500": http(500, {"error": {"code": "internal_error", "message": "x"}}),
    "502 page": http(502, b"<html>"),
    "503": no(503, "busy"),
    "408": no(408, "timeout"),
    "204": b"HTTP/1.1 204 X\r\nConnection: close\r\n\r\n",
    "302": http(302, b"{}", extra=b"Location: /elsewhere\r\n"),
    "200 page": http(200, b"<html>"),
    "200 list": http(200, []),
    "200 empty": http(200, {}),
    "404 page of a proxy": http(404, b"<html>"),
    "422 without a reason": http(422, {"detail": "x"}),
    "endless": http(201, b"{" + b" " * 5_000_000),
    "number as amount": http(201, {**PAYOUT, "amount": 25}),
    "decimal as amount": http(201, json.dumps({**PAYOUT, "amount": 0}).replace('"amount": 0', '"amount": 25.00').encode()),
    "another amount": http(201, {**PAYOUT, "amount": "25.01"}),
    "too precise": http(201, {**PAYOUT, "amount": "25.000"}),
    "another currency": http(201, {**PAYOUT, "currency": "GBP"}),
    "another reference": http(201, {**PAYOUT, "reference": "r2"}),
    "another kind": http(201, {**PAYOUT, "kind": "refund"}),
    "an unheard status": http(201, {**PAYOUT, "status": "teleported"}),
    "no id": http(201, {**PAYOUT, "id": ""}),
    "not a number": http(201, json.dumps({**PAYOUT, "sequence": 0}).replace('"sequence": 0', '"sequence": NaN').encode()),
    "conflict": no(409, "reference_conflict"),
    "key conflict": no(409, "idempotency_key_reused"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_whatever_is_not_a_clear_answer_is_an_unknown_outcome_and_is_not_sent_again(name):
    server = Scripted(UNKNOWN[name], http(201, PAYOUT))
    with pytest.raises(OutcomeUnknown) as error:
        server.adapter().send_payout(REQUEST)
    assert isinstance(error.value, ReferenceConflict) == ("conflict" in name)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [400, 404, 409, 411, 422])
def test_a_no_with_a_reason_is_a_refusal(status):
    with pytest.raises(ProviderRefused) as refused:
        Scripted(no(status, "some_reason")).adapter().send_payout(REQUEST)
    assert (refused.value.code, refused.value.message) == ("some_reason", "No.")


@pytest.mark.parametrize(("status", "code"), [(401, "unauthorised"), (403, "forbidden"), (429, "slow_down"), (404, "no_such_page")])
def test_a_no_that_is_not_about_the_payment_is_no_refusal(status, code):
    with pytest.raises(ProviderUnavailable):
        Scripted(no(status, code)).adapter().send_payout(REQUEST)


def test_no_connection_is_tried_twice_and_then_unavailable():
    pauses = []
    adapter = Nordpay(code="nordpay", url="http://127.0.0.1:1", key="k", webhook_secret="s", sleep=pauses.append)
    with pytest.raises(ProviderUnavailable):
        adapter.send_payout(REQUEST)
    assert len(pauses) == 1


# ---- asking ----


def test_asking_is_repeated_once_after_any_failure():
    server = Scripted(b"", http(200, PAYOUT))
    payment = server.adapter().ask("r1").payment
    assert payment is not None
    assert payment.provider_id == "pay_1"
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [http(404, b"<html>"), no(404, "no_such_page"), no(401, "unauthorised"), no(429, "slow_down"),
     http(200, {**PAYOUT, "reference": "r2"}), http(200, b"")],
)  # fmt: skip
def test_only_a_clear_not_found_is_not_found(answer):
    with pytest.raises(OutcomeUnknown):
        Scripted(answer, answer).adapter().ask("r1")


def test_a_clear_not_found_is_believed():
    assert Scripted(no(404, "payment_not_found")).adapter().ask("r1").found is Found.NOT_FOUND


def test_an_odd_reference_stays_in_its_place():
    server = Scripted(no(404, "payment_not_found"))
    server.adapter().ask("../a?b#c d")
    assert server.asked[0].startswith(b"GET /v1/payments/by-reference/..%2Fa%3Fb%23c%20d HTTP/1.1")


# ---- with the real one ----


def test_a_wrong_key_is_unavailable_and_asking_with_it_learns_nothing(sandbox):
    adapter = sandbox.adapter(key="wrong")
    with pytest.raises(ProviderUnavailable):
        adapter.send_payout(REQUEST)
    with pytest.raises(OutcomeUnknown):
        adapter.ask("r1")


def test_a_deposit_carries_the_way_back(sandbox):
    reference = fresh("d")
    request = DepositRequest(
        reference=reference, key=reference, money=Money(amount=Decimal("9.9"), currency="EUR"), method=Method.BANK,
        instrument_token="tok_hold", return_url="https://brand.example/back",
    )  # fmt: skip
    answer = sandbox.adapter().create_deposit(request)
    assert answer.redirect_url == f"https://brand.example/back?payment={answer.provider_id}"


def test_refunding_an_unheard_payment_is_refused(sandbox):
    with pytest.raises(ProviderRefused) as refused:
        sandbox.adapter().refund(RefundRequest(reference=fresh("f"), key="k", deposit_id="dep_0", money=Money(amount=Decimal(1), currency="EUR")))
    assert refused.value.code == "payment_not_found"


def test_the_list_is_walked_page_by_page(sandbox):
    adapter, references = sandbox.adapter(), [fresh("p") for _ in range(5)]
    for reference in references:
        sandbox.payout(reference, token="tok_hold")
    seen, cursor, more = [], "", True
    while more:
        page = adapter.list_payments(cursor=cursor, limit=2)
        seen += [payment.reference for payment in page.payments]
        cursor, more = page.cursor, page.more
    assert [reference for reference in seen if reference in references] == references
    with pytest.raises(OutcomeUnknown):
        adapter.list_payments(cursor="nonsense")


def test_many_payouts_on_a_bad_day_are_each_paid_once(sandbox):
    """The rule in use: an unknown outcome is asked for, and sent again only once the provider does not know it."""
    sandbox.behave(drop_after="0.2", drop_before="0.2", http_500="0.1", garbage="0.1")
    adapter, prefix = sandbox.adapter(), fresh("m")
    references = [f"{prefix}-{number}" for number in range(60)]
    for reference in references:
        request = PayoutRequest(
            reference=reference, key=reference, money=REQUEST.money, method=Method.BANK, beneficiary_token="t", beneficiary_name="Maja Lind"
        )
        while True:
            try:
                adapter.send_payout(request)
            except OutcomeUnknown:
                if adapter.ask(reference).found is Found.NOT_FOUND:
                    continue
            break
    for reference in references:
        sandbox.wait_for(reference, "paid")
    books = sandbox.books(prefix)
    assert [entry["movements"] for entry in books["references"].values()] == [{"paid_out": 1}] * 60
    assert books["currencies"]["EUR"]["paid_out"] == "1500.00"


@pytest.mark.parametrize("options", [{"url": "ftp://x"}, {"url": ""}, {"key": ""}, {"webhook_secret": []}, {"timeout": -1}])
def test_settings_that_cannot_work_are_refused(options):
    chosen = {"url": "http://127.0.0.1:1", "key": "k", "webhook_secret": "s", **options}
    with pytest.raises(ValueError, match=next(iter(options)).replace("timeout", "times")):
        Nordpay(code="nordpay", **chosen)


def test_no_secret_shows_in_a_request():
    assert "Maja" not in repr(REQUEST)
    assert "token" not in repr(REQUEST)
