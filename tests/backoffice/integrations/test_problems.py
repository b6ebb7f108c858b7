"""Every error is a problem with a code, and says what to do."""

import json

import pytest
from django.test import Client

from backoffice.integrations import problems
from payments.models import Deposit
from players import api as players_api
from players.models import Player
from tests.api import ROOT, Casino, payment, person, pointers, problem


@pytest.mark.parametrize("path", ["/", "/nowhere", "/players/abc/def", "/players/", ""])
def test_what_is_not_there_is_a_problem_too(casino: Casino, path: str) -> None:
    problem(casino.nova.get(ROOT + path), 404, "not_found")


def test_a_wrong_method_names_the_right_ones(casino: Casino) -> None:
    answer = casino.nova.call("PUT", "/players", {})

    assert "POST" in problem(answer, 405, "method_not_allowed")["detail"]
    assert answer["Allow"] == "POST"


def test_an_unsigned_request_is_a_problem_and_never_a_sign_in_page(db: None) -> None:
    problem(Client().get(f"{ROOT}/players/1"), 401, "not_signed")


@pytest.mark.parametrize(
    "body",
    [b"", b"no json", b"[]", b'"text"', b"null", b'{"a": 1, "a": 2}', b'{"a": NaN}', b"\xff\xfe", b"[" * 20_000, b'{"a": ' * 9_000],
    ids=["empty", "text", "list", "string", "null", "twice", "nan", "no utf-8", "deep list", "deep"],
)
def test_a_body_that_is_no_object_is_refused(casino: Casino, body: bytes) -> None:
    answer = casino.nova.post("/players", body)

    assert answer.status_code in {400, 422}, answer.content
    problem(answer, answer.status_code, "malformed" if answer.status_code == 400 else "invalid")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"])
def test_only_json_in_utf8_is_read(casino: Casino, kind: str) -> None:
    problem(casino.nova.post("/players", json.dumps(person()).encode(), content_type=kind), 415, "media_type")


def test_a_large_body_is_refused_before_it_is_read(casino: Casino) -> None:
    problem(casino.nova.post("/players", b" " * 65_537), 413, "too_large")


def test_validation_points_at_every_field(casino: Casino) -> None:
    wrong = person(birth_date="31.05.1990", country="Malta", email="nobody", first_name="", surprise=1)
    del wrong["last_name"]
    answer = casino.nova.post("/players", wrong)

    problem(answer, 422, "invalid")
    assert pointers(answer) == {"#/birth_date", "#/country", "#/email", "#/first_name", "#/last_name", "#/surprise"}


@pytest.mark.parametrize("name", ["Ma\x00ja", "Ma\nja", "\ud800", "x" * 81, "   "])
def test_text_that_no_screen_can_show_is_refused(casino: Casino, name: str) -> None:
    answer = casino.nova.post("/players", person(first_name=name))

    problem(answer, 422, "invalid")
    assert pointers(answer) == {"#/first_name"}


@pytest.mark.parametrize("amount", [25, 25.5, 0.1, True, None, ["25.00"]])
def test_money_as_a_number_is_refused(casino: Casino, amount: object) -> None:
    player = casino.nova.register()
    answer = casino.nova.post("/deposits", payment(player, casino.nova.instrument(player), amount))

    problem(answer, 422, "invalid")
    assert pointers(answer) == {"#/money/amount"}
    assert "text" in answer.json()["errors"][0]["detail"]
    assert not Deposit.objects.exists()


@pytest.mark.parametrize("amount", ["", " 25.00", "25,00", "-25.00", "+25.00", "1e3", "NaN", "Infinity", "٢٥", "025.00", "25.", ".5", "9" * 21])
def test_an_amount_is_digits_and_a_point(casino: Casino, amount: str) -> None:
    player = casino.nova.register()
    answer = casino.nova.post("/deposits", payment(player, casino.nova.instrument(player), amount))

    problem(answer, 422, "invalid")
    assert not Deposit.objects.exists()


@pytest.mark.parametrize(
    "path", ["/players/0", "/players/-1", "/players/99999999999999999999", "/players/abc", "/withdrawals?limit=0", "/withdrawals?limit=9999"]
)
def test_an_address_is_checked_like_a_body(casino: Casino, path: str) -> None:
    problem(casino.nova.get(path), 422, "invalid")


def test_a_fault_of_ours_tells_nothing_and_leaves_nothing(casino: Casino, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**fields: object) -> None:
        Player.objects.create(brand=casino.nova.brand, jurisdiction_id=1, external_id="half")
        raise RuntimeError("the secret inside")

    body = person()
    with monkeypatch.context() as patch:
        patch.setattr(players_api, "register_player", broken)
        answer = casino.nova.post("/players", body, key="again")
    assert "secret inside" not in answer.content.decode()
    problem(answer, 500, "internal_error")
    assert not Player.objects.exists()

    assert casino.nova.post("/players", body, key="again").status_code == 201


def test_every_code_is_described(casino: Casino) -> None:
    codes = {one.code for one in problems.described()}

    assert {"insufficient_funds", "cancel_forbidden", "card_number", "too_young", "not_signed", "internal_error"} <= codes
