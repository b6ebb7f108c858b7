"""Who it is that calls: what is asked, how it is compared, how long it counts, and whom it tells when it fails."""

import json
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from backoffice.access.models import Staff
from backoffice.approvals.services.applying import enact
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.models import Event
from backoffice.bell.models import Notice
from payments import profiles
from players.models import CallerCheck, Player
from players.profile import callers
from players.services import PlayerRefused
from tests.casino import NOW, new_instrument, new_player, open_casino, paid_in
from tests.people import make_brand, make_person, signed_in

RIGHT = {"birth_date": "1990-02-11", "phone_last4": "45 67", "last_deposit": "25,00"}
WRONG = {"birth_date": "1990-02-12", "phone_last4": "4567", "last_deposit": "30"}
Check = Callable[..., CallerCheck]


@pytest.fixture
def casino(db: None, opened: None) -> SimpleNamespace:
    brand = open_casino()
    player = new_player(brand)
    player.phone = "+356 2123 4567"
    player.save()
    paid_in(player, new_instrument(player), "25.00")
    return SimpleNamespace(brand=brand, player=player, sofia=make_person("support", brands=[brand], name="Sofia Marin"))


@pytest.fixture
def check(casino: SimpleNamespace) -> Check:
    def run(answers: dict[str, str], *, key: str = "k", by: Staff | None = None, now: Any = NOW) -> CallerCheck:
        return callers.check_caller(player_id=casino.player.pk, answers=answers, key=key, by=by or casino.sofia, now=now)

    return run


def asks(brand: Any, **values: Any) -> None:
    enact(kind=callers.CODE, subject=brand.code, values={**callers.SHIPPED, **values}, reason="Test", now=NOW)


def test_enough_right_answers_count_for_some_minutes(casino: SimpleNamespace, check: Check) -> None:
    made = check(RIGHT)
    assert (made.passed, made.right, made.needed, made.valid_until) == (True, 3, 2, NOW + timedelta(minutes=15))
    fact = Event.objects.get(type="player.caller_verified")
    assert (fact.player_id, fact.actor_id) == (casino.player.pk, casino.sofia.pk)
    assert json.loads(fact.after) == {
        "asked": ["birth_date", "last_deposit", "phone_last4"], "right": 3, "needed": 2, "valid_until": "2026-11-20T14:20:10+00:00",
    }  # fmt: skip
    assert callers.verified(casino.player.pk, now=NOW + timedelta(minutes=14)) == made
    assert callers.verified(casino.player.pk, now=NOW + timedelta(minutes=15)) is None


def test_too_few_are_not_enough_and_nothing_says_which_was_wrong(casino: SimpleNamespace, check: Check) -> None:
    made = check(WRONG)
    assert (made.passed, made.right, made.valid_until) == (False, 1, None)
    assert json.loads(Event.objects.get(type="player.caller_not_verified").after) == {
        "asked": ["birth_date", "last_deposit", "phone_last4"], "right": 1, "needed": 2, "failures": 1,
    }  # fmt: skip
    assert callers.verified(casino.player.pk, now=NOW) is None


def test_what_was_answered_is_kept_nowhere(casino: SimpleNamespace, check: Check) -> None:
    check({**WRONG, "last_deposit": "7654321"})
    with connection.cursor() as cursor:
        for table in ("players_callercheck", "audit_event", "work_answer"):
            cursor.execute(f"SELECT string_agg(row.*::text, ' ') FROM {table} row")  # noqa: S608
            assert "7654321" not in cursor.fetchone()[0]


def test_the_same_request_again_is_one_check(casino: SimpleNamespace, check: Check) -> None:
    assert check(RIGHT).pk == check(RIGHT).pk
    assert CallerCheck.objects.count() == 1


def test_three_failures_in_a_day_tell_fraud_once(casino: SimpleNamespace, check: Check) -> None:
    tessa = make_person("fraud", brands=[casino.brand])
    elsewhere = make_person("fraud", brands=[make_brand("fjord", market="SE")])
    check(WRONG, key="old", now=NOW - timedelta(hours=25))
    for number in (1, 2):
        check(WRONG, key=f"k{number}")
    assert not Notice.objects.filter(kind="players.caller_failed").exists()
    check(WRONG, key="k3")
    check(WRONG, key="k4")
    notice = Notice.objects.get(kind="players.caller_failed")
    assert (notice.staff_id, notice.params, notice.url) == (
        tessa.pk, {"player": casino.player.pk, "times": 3}, reverse("players:player", args=[casino.player.pk]),
    )  # fmt: skip
    assert elsewhere.pk != notice.staff_id


def test_what_is_not_known_is_not_asked_and_too_little_verifies_nobody(casino: SimpleNamespace, check: Check) -> None:
    Player.objects.filter(pk=casino.player.pk).update(phone_cipher="", phone_digest="")
    asked, _rule = callers.to_ask(Player.objects.get(pk=casino.player.pk))
    assert [question.code for question, _answer in asked] == ["birth_date", "last_deposit"]
    asks(casino.brand, needed=3)
    with pytest.raises(PlayerRefused, match="Too little is known to ask 3 questions"):
        check(RIGHT)
    assert not CallerCheck.objects.exists()


def test_who_may_not_verify_asks_nothing(casino: SimpleNamespace, check: Check) -> None:
    with pytest.raises(NotAllowed):
        check(RIGHT, by=make_person("crm", brands=[casino.brand]))
    assert not CallerCheck.objects.exists()
    assert not Event.objects.filter(type__startswith="player.caller").exists()


def test_the_policy_of_a_brand_says_what_is_asked_and_for_how_long(casino: SimpleNamespace, check: Check) -> None:
    asks(casino.brand, questions=["email", "birth_date"], needed=1, minutes=5)
    made = check({"email": "right", "birth_date": ""})
    assert (made.passed, made.asked, made.valid_until) == (True, ["email", "birth_date"], NOW + timedelta(minutes=5))
    assert check({"email": casino.player.email}, key="k2").passed is False, "what a person compares is answered by right or wrong"


def test_a_policy_that_needs_more_than_it_asks_is_refused(casino: SimpleNamespace) -> None:
    from backoffice.approvals.services import Invalid

    with pytest.raises(Invalid, match="More than are asked"):
        asks(casino.brand, questions=["email"], needed=2)


@pytest.mark.parametrize(
    ("typed", "same"), [("1250.5", True), ("1.250,50", True), ("1,250.50", True), ("1 250,5", True), ("1250", False), ("EUR 1250.5", False), ("", False)]
)
def test_an_amount_is_compared_however_it_is_written(typed: str, same: bool) -> None:
    assert profiles.same_amount(typed, "1250.5") is same


def test_the_page_shows_no_right_answer_and_says_until_when_it_counts(casino: SimpleNamespace) -> None:
    agent, url = signed_in(casino.sofia), reverse("players:check-caller", args=[casino.player.pk])
    asks(casino.brand, questions=["email", "birth_date", "phone_last4"])
    page = agent.get(url).text
    assert casino.player.email not in page
    assert "1990-02-11" not in page
    assert "4567" not in page
    assert "m•••@mail.example" in page
    assert agent.post(url, {"key": "a", "birth_date": "1990-02-12"}).status_code == 303
    overview = reverse("players:player", args=[casino.player.pk])
    assert "Caller verified until" not in agent.get(overview).text
    assert agent.post(url, {"key": "b", "birth_date": "1990-02-11", "email": "right"}).status_code == 303
    assert "Caller verified until" in agent.get(overview).text
