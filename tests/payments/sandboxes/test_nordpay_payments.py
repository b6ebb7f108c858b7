"""Taking, repeating, refunding and charging back, over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from tests.payments.nordpay import fresh

SMALLEST = {
    "JPY": "1",
    "EUR": "0.01",
    "GBP": "0.01",
    "SEK": "0.01",
    "KWD": "0.001",
    "BTC": "0.00000001",
    "ETH": "0.000000000000000001",
}
LARGE = {
    "JPY": "99999999999999999999",
    "EUR": "12345678901234567890.12",
    "GBP": "0.10",
    "SEK": "100.00",
    "KWD": "99999999999999999999.999",
    "BTC": "20999999.99999999",
    "ETH": "99999999999999999999.999999999999999999",
}


def refund(sandbox, deposit_id, reference, **fields):
    return sandbox.call("POST", f"/v1/payments/{deposit_id}/refund", {"reference": reference, **fields}, key=f"key-{reference}")


def captured(sandbox, **fields):
    reference = fresh("d")
    assert sandbox.deposit(reference, **fields).status_code == 201
    return sandbox.wait_for(reference, "captured")


def movements(payment):
    return [(row["kind"], row["amount"], row["fee"]) for row in payment["movements"]]


# ---- taking ----


def test_a_card_is_authorised_in_the_answer_and_captured_later(sandbox):
    reference = fresh("d")
    answer = sandbox.deposit(reference, token="tok_hold")
    assert (answer.status_code, answer.json()["status"], answer.json()["fee"]) == (201, "authorised", "0.00")

    sandbox.call("POST", f"/v1/test/advance/{answer.json()['id']}")
    assert movements(sandbox.wait_for(reference, "captured")) == [("captured", "40.00", "1.01")]  # 1.9 % + 0.25


@pytest.mark.parametrize("method", ["bank", "wallet"])
def test_other_methods_start_pending_and_send_the_player_back(sandbox, method):
    reference = fresh("d")
    answer = sandbox.deposit(reference, method=method, token="tok_hold", return_url="https://brand.example/back?a=1").json()
    assert answer["status"] == "pending"
    assert answer["redirect_url"] == f"https://brand.example/back?a=1&payment={answer['id']}"
    assert "redirect_url" not in sandbox.call("POST", f"/v1/test/advance/{answer['id']}").json()


@pytest.mark.parametrize(
    ("fields", "status", "moved"),
    [
        ({"token": "tok_fail"}, "failed", []),
        ({"token": "tok_fail:4711", "method": "bank"}, "failed", []),
        ({"token": "tok_expire"}, "expired", []),
        ({"token": "tok_captured"}, "captured", ["captured"]),
        ({"token": "tok_reverse"}, "reversed", ["captured", "reversed"]),
        ({"token": "tok_charge_back", "method": "wallet"}, "charged_back", ["captured", "charged_back"]),
    ],
)
def test_a_token_decides_what_becomes_of_a_deposit(sandbox, fields, status, moved):
    reference = fresh("d")
    assert sandbox.deposit(reference, **fields).status_code == 201
    assert [row["kind"] for row in sandbox.wait_for(reference, status)["movements"]] == moved


@pytest.mark.parametrize(
    ("token", "status", "moved"),
    [
        ("tok_iban", "paid", [("paid_out", "25.00", "0.30")]),
        ("tok_fail", "failed", []),
        ("tok_return", "returned", [("paid_out", "25.00", "0.30"), ("returned", "25.00", "0.00")]),
    ],
)
def test_a_token_decides_what_becomes_of_a_payout(sandbox, token, status, moved):
    reference = fresh("p")
    assert sandbox.payout(reference, token=token).json()["status"] == "accepted"
    assert movements(sandbox.wait_for(reference, status)) == moved


def test_a_refusal_leaves_no_trace(sandbox):
    reference = fresh("p")
    answer = sandbox.payout(reference, token="tok_refuse")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "declined")
    assert sandbox.ask(reference)["error"]["code"] == "payment_not_found"
    assert sandbox.books(reference) == {"currencies": {}, "references": {}}
    assert sandbox.payout(reference).status_code == 201  # nor does its key stand for the refusal


@pytest.mark.parametrize("amounts", [SMALLEST, LARGE], ids=["smallest", "large"])
@pytest.mark.parametrize("currency", SMALLEST)
def test_money_is_exact_in_every_currency(sandbox, currency, amounts):
    reference, amount = fresh("p"), amounts[currency]
    method = "crypto" if currency in ("BTC", "ETH") else "bank"
    assert sandbox.payout(reference, amount=amount, currency=currency, method=method).json()["amount"] == amount
    (moved,) = sandbox.wait_for(reference, "paid")["movements"]
    assert moved["amount"] == amount
    totals = sandbox.books(reference)["currencies"][currency]
    assert totals["paid_out"] == amount
    assert Decimal(totals["balance"]).compare_total(-Decimal(amount)) <= 0
    exponent = len(amount.partition(".")[2])
    assert {len(text.partition(".")[2]) for text in (*totals.values(), moved["fee"])} == {exponent}


def test_an_amount_is_shown_with_all_decimals_and_equals_its_short_form(sandbox):
    reference = fresh("p")
    first = sandbox.payout(reference, amount="25.5")
    assert first.json()["amount"] == "25.50"
    assert sandbox.payout(reference, amount="25.50").text == first.text


# ---- repeating ----


@pytest.mark.parametrize("kind", ["deposit", "payout"])
def test_the_same_key_gives_the_first_answer_word_for_word(sandbox, kind):
    reference, send = fresh("r"), getattr(sandbox, kind)
    first = send(reference)
    sandbox.wait_for(reference, "captured" if kind == "deposit" else "paid")
    again = send(reference)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert sum(sandbox.books(reference)["references"][reference]["movements"].values()) == 1


def test_a_key_stands_for_one_request(sandbox):
    reference, other = fresh("p"), fresh("p")
    sandbox.payout(reference)
    body = {"reference": other, "amount": "25.00", "currency": "EUR", "method": "bank", "token": "tok_iban", "name": "Maja Lind"}
    answer = sandbox.call("POST", "/v1/payouts", body, key=f"key-{reference}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency_key_reused")
    assert sandbox.ask(other)["error"]["code"] == "payment_not_found"


def test_the_same_reference_is_the_same_payout_whatever_the_key(sandbox):
    reference = fresh("p")
    first = sandbox.payout(reference).json()
    sandbox.wait_for(reference, "paid")
    body = {"reference": reference, "amount": "25.00", "currency": "EUR", "method": "bank", "token": "tok_iban", "name": "Maja Lind"}
    again = sandbox.call("POST", "/v1/payouts", body, key="another-" + reference)
    assert (again.status_code, again.json()["id"], again.json()["status"]) == (200, first["id"], "paid")
    assert sandbox.books(reference)["references"][reference]["movements"] == {"paid_out": 1}


@pytest.mark.parametrize("change", [{"amount": "25.01"}, {"currency": "GBP"}, {"token": "tok_other"}, {"name": "M. Lind"}, {"method": "card"}])
def test_a_reference_stands_for_one_content(sandbox, change):
    reference = fresh("p")
    sandbox.payout(reference)
    body = {
        "reference": reference,
        "amount": "25.00",
        "currency": "EUR",
        "method": "bank",
        "token": "tok_iban",
        "name": "Maja Lind",
        **change,
    }
    answer = sandbox.call("POST", "/v1/payouts", body, key="another-" + reference)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "reference_conflict")
    assert sandbox.ask(reference)["amount"] == "25.00"


def test_a_reference_is_of_one_kind(sandbox):
    reference = fresh("x")
    sandbox.deposit(reference)
    body = {"reference": reference, "amount": "40.00", "currency": "EUR", "method": "card", "token": "tok_4242", "name": "Maja Lind"}
    assert sandbox.call("POST", "/v1/payouts", body, key=fresh("k")).json()["error"]["code"] == "reference_conflict"


def test_forty_racing_repeats_are_one_payout(sandbox):
    reference = fresh("p")
    body = {"reference": reference, "amount": "25.00", "currency": "EUR", "method": "bank", "token": "tok_iban", "name": "Maja Lind"}
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda number: sandbox.call("POST", "/v1/payouts", body, key=f"{reference}-{number % 4}"), range(40)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert max(answer.status_code for answer in answers) == 201
    sandbox.wait_for(reference, "paid")
    assert sandbox.books(reference)["references"][reference]["movements"] == {"paid_out": 1}


# ---- giving back ----


def test_refunds_in_parts_never_exceed_the_deposit(sandbox):
    deposit, parts = captured(sandbox), [fresh("f"), fresh("f"), fresh("f")]
    assert refund(sandbox, deposit["id"], parts[0], amount="30.00").status_code == 201
    too_much = refund(sandbox, deposit["id"], parts[1], amount="10.01", currency="EUR")
    assert (too_much.status_code, too_much.json()["error"]["code"]) == (422, "refund_too_large")
    assert refund(sandbox, deposit["id"], parts[1]).json()["amount"] == "10.00"
    assert refund(sandbox, deposit["id"], parts[1]).status_code == 201  # the same again
    assert refund(sandbox, deposit["id"], parts[2]).status_code == 422
    assert [movements(sandbox.wait_for(part, "paid")) for part in parts[:2]] == [
        [("refunded", "30.00", "0.00")],
        [("refunded", "10.00", "0.00")],
    ]


def test_a_failed_refund_frees_its_money(sandbox):
    deposit, first, second = captured(sandbox), fresh("f"), fresh("f")
    sandbox.behave(fail="1")
    refund(sandbox, deposit["id"], first)
    sandbox.wait_for(first, "failed")
    sandbox.behave()
    assert refund(sandbox, deposit["id"], second).json()["amount"] == "40.00"


@pytest.mark.parametrize("kind", ["payout", "uncaptured"])
def test_only_a_captured_deposit_is_refunded(sandbox, kind):
    reference = fresh("x")
    payment = (sandbox.payout if kind == "payout" else sandbox.deposit)(reference, token="tok_hold").json()
    answer = refund(sandbox, payment["id"], fresh("f"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_refundable")


def test_a_charge_back_takes_what_a_refund_left_and_can_be_won(sandbox):
    deposit, part = captured(sandbox), fresh("f")
    refund(sandbox, deposit["id"], part, amount="15.00")
    back = sandbox.call("POST", f"/v1/test/charge-back/{deposit['id']}").json()
    assert (back["status"], movements(back)[1]) == ("charged_back", ("charged_back", "25.00", "15.00"))
    assert sandbox.call("POST", f"/v1/test/charge-back/{deposit['id']}").json()["error"]["code"] == "not_possible"

    won = sandbox.call("POST", f"/v1/test/charge-back-won/{deposit['id']}").json()
    assert (won["status"], movements(won)[2]) == ("captured", ("charge_back_won", "25.00", "0.00"))
    sandbox.wait_for(part, "paid")
    books = sandbox.books(deposit["reference"])["currencies"]["EUR"]
    assert (books["captured"], books["charged_back"], books["charge_back_won"], books["fees"]) == ("40.00", "25.00", "25.00", "16.01")


def test_a_wholly_refunded_deposit_has_nothing_to_charge_back(sandbox):
    deposit = captured(sandbox)
    refund(sandbox, deposit["id"], fresh("f"))
    answer = sandbox.call("POST", f"/v1/test/charge-back/{deposit['id']}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "nothing_left")
    assert sandbox.ask(deposit["reference"])["status"] == "captured"


def test_a_charge_back_is_not_won_before_it_is_lost(sandbox):
    deposit = sandbox.deposit(fresh("d"), token="tok_hold").json()
    answer = sandbox.call("POST", f"/v1/test/charge-back-won/{deposit['id']}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_possible")
    assert sandbox.ask(deposit["reference"])["movements"] == []


# ---- asking ----


def test_a_payment_is_found_by_id_and_by_reference(sandbox):
    reference = fresh("p")
    payout = sandbox.payout(reference, token="tok_hold").json()
    assert sandbox.call("GET", f"/v1/payments/{payout['id']}").json() == sandbox.ask(reference) == payout
    for path in ("/v1/payments/pay_0", "/v1/payments/by-reference/unheard-of", "/v1/payments/by-reference/a%2Fb%00"):
        answer = sandbox.call("GET", path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "payment_not_found")


def test_the_list_goes_on_from_its_cursor_and_shows_every_change(sandbox):
    cursor = ""
    while (page := sandbox.call("GET", "/v1/payments", params={"since": cursor, "limit": "500"}).json())["more"]:
        cursor = page["cursor"]
    cursor = page["cursor"]
    references = [fresh("p") for _ in range(5)]
    ids = [sandbox.payout(reference, token="tok_hold").json()["id"] for reference in references]

    first = sandbox.call("GET", "/v1/payments", params={"since": cursor, "limit": "2"}).json()
    rest = sandbox.call("GET", "/v1/payments", params={"since": first["cursor"]}).json()
    assert [row["reference"] for row in first["payments"] + rest["payments"]] == references
    assert (first["more"], rest["more"]) == (True, False)

    sandbox.call("POST", f"/v1/test/advance/{ids[0]}")
    changed = sandbox.call("GET", "/v1/payments", params={"since": rest["cursor"]}).json()
    assert [(row["id"], row["status"]) for row in changed["payments"]] == [(ids[0], "sent")]
    assert sandbox.call("GET", "/v1/payments", params={"since": changed["cursor"]}).json() == {
        "payments": [],
        "cursor": changed["cursor"],
        "more": False,
    }
