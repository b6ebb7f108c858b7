"""Nonsense is answered with a clear 4xx and changes nothing."""

from __future__ import annotations

import json
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.payments.nordpay import KEY, fresh

GOOD = {"reference": "r", "amount": "25.00", "currency": "EUR", "method": "bank", "token": "tok_hold", "name": "Maja Lind"}


def payout(sandbox, body, **options):
    return sandbox.call("POST", "/v1/payouts", body, key=options.pop("key", fresh("k")), **options)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"nonsense", b"[]", b"null", b'"text"', b"1", b"{", b"\xff\xfe", b'{"reference": NaN}', b'{"amount": 1e999999999999999999999}',
        b'{"reference": "a", "reference": "b"}', b"[" * 60_000, b'{"amount":' + b"9" * 5000 + b"}",
    ],
)  # fmt: skip
def test_a_body_that_is_no_object_is_a_400(sandbox, body):
    answer = payout(sandbox, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "body_invalid")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"amount": 25}, "amount_must_be_text", "amount"),
        ({"amount": 25.5}, "amount_must_be_text", "amount"),
        ({"amount": None}, "amount_must_be_text", "amount"),
        ({"amount": "25.001"}, "amount_too_precise", "amount"),
        ({"amount": "1.0", "currency": "JPY"}, "amount_too_precise", "amount"),
        ({"amount": "0.00"}, "amount_not_positive", "amount"),
        *[({"amount": text}, "amount_invalid", "amount") for text in  # as a person might write them
          ("-1", "+1", "1e2", "", " 1", "1 ", "1,00", "01", ".5", "5.", "NaN", "١", "1\n")],
        ({"amount": "1" * 21}, "amount_invalid", "amount"),
        ({"currency": "XXX"}, "field_invalid", "currency"),
        ({"currency": 5}, "field_invalid", "currency"),
        ({"currency": None}, "field_missing", "currency"),
        ({"method": "cash"}, "field_invalid", "method"),
        ({"method": "crypto"}, "method_currency", "method"),
        ({"currency": "BTC"}, "method_currency", "method"),
        ({"reference": ""}, "field_invalid", "reference"),
        ({"reference": "a b"}, "field_invalid", "reference"),
        ({"reference": "a" * 81}, "field_invalid", "reference"),
        ({"reference": ["a"]}, "field_invalid", "reference"),
        ({"token": "a/b"}, "field_invalid", "token"),
        ({"name": " "}, "field_invalid", "name"),
        ({"name": "a\u0000b"}, "field_invalid", "name"),
        ({"name": "\ud800"}, "field_invalid", "name"),
        ({"nmae": "x"}, "unknown_field", "nmae"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_a_422_that_names_it(sandbox, change, code, field):
    reference = fresh("p")
    answer = payout(sandbox, json.dumps({**GOOD, "reference": reference, **change}))
    assert answer.status_code == 422
    assert (answer.json()["error"]["code"], answer.json()["error"]["field"]) == (code, field)
    assert sandbox.books(reference)["references"] == {}


@pytest.mark.parametrize("field", GOOD)
def test_every_field_is_needed(sandbox, field):
    answer = payout(sandbox, {name: value for name, value in GOOD.items() if name != field})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://", "https://a b", "http://[", 5, "ftp://x"])
def test_a_return_address_is_http(sandbox, url):
    answer = sandbox.deposit(fresh("d"), return_url=url)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "return_url")


@pytest.mark.parametrize("key", ["", "a" * 256, "a b"])
def test_a_payment_needs_an_idempotency_key(sandbox, key):
    reference = fresh("p")
    answer = payout(sandbox, {**GOOD, "reference": reference}, key=key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "idempotency_key_missing")
    assert sandbox.books(reference)["references"] == {}


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", f"Basic {KEY}", f"Bearer {KEY}x", KEY])
@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/payouts"), ("GET", "/v1/payments"), ("GET", "/v1/test/books"), ("GET", "/v1/nowhere")])
def test_without_the_key_nothing_is_answered(sandbox, method, path, header):
    answer = sandbox.call(method, path, {**GOOD, "reference": fresh("p")}, key="k", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorised")


def test_health_needs_no_key(sandbox):
    answer = sandbox.call("GET", "/health", headers={"Authorization": ""})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/payouts", 405), ("PUT", "/v1/deposits", 405), ("DELETE", "/v1/payments/x", 405), ("POST", "/health", 405),
        ("GET", "/", 404), ("GET", "/v2/payments", 404), ("POST", "/v1/test/steal/pay_1", 404), ("GET", "/v1/payments?since=x", 400),
        ("GET", "/v1/payments?limit=0", 400), ("GET", "/v1/payments?limit=1&limit=2", 400), ("GET", "/v1/payments?page=2", 400),
    ],
)  # fmt: skip
def test_a_wrong_address_is_told(sandbox, method, path, status):
    answer = sandbox.call(method, path, **({"body": {}} if method in ("POST", "PUT") else {}))
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Content-Length: 99999999\r\n", 413),
        (b"Content-Length: x\r\n", 400),
        (b"Content-Length: -1\r\n", 400),
        (b"Transfer-Encoding: chunked\r\n", 411),
        (b"", 411),
        (b"Content-Type: text/plain\r\nContent-Length: 2\r\n", 415),
    ],
)
def test_a_body_of_unclear_length_is_refused(sandbox, head, status):
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as connection:
        connection.sendall(b"POST /v1/payouts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + KEY.encode() + b"\r\n" + head + b"\r\n{}")
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "values",
    [{"fail": "1.1"}, {"fail": "-0.1"}, {"fail": "x"}, {"fail": True}, {"fail": "NaN"}, {"late_seconds": 3601}, {"nonsense": 1},
     {"operations": ["theft"]}, {"drop_after": "0.6", "timeout": "0.5"}],
)  # fmt: skip
def test_a_behaviour_out_of_range_is_refused_and_changes_nothing(sandbox, values):
    before = sandbox.call("GET", "/v1/test/behaviour").json()
    assert sandbox.call("POST", "/v1/test/behaviour", values).status_code == 422
    assert sandbox.call("GET", "/v1/test/behaviour").json() == before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*GOOD, "x"]), inner, max_size=6),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_body_breaks_it(sandbox, body):
    assert 400 <= payout(sandbox, body).status_code < 500
