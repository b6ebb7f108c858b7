"""The same request with the same key: the first answer, word for word, and nothing happens twice."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from backoffice.integrations import answers
from backoffice.integrations.models import ApiAnswer
from payments.models import Deposit, Withdrawal
from players.models import Player
from tests.api import Casino, FrontEnd, open_casino, payment, person, problem


def test_a_repeat_gets_the_first_answer_word_for_word(casino: Casino) -> None:
    body = person()
    first = casino.nova.post("/players", body, key="k")
    again = casino.nova.post("/players", body, key="k")

    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert Player.objects.count() == 1


def test_a_repeat_of_a_refusal_is_refused_again_word_for_word(casino: Casino) -> None:
    player, instrument = casino.nova.funded("10.00")
    first = casino.nova.withdraw(player, instrument, "25.00", key="k")
    again = casino.nova.withdraw(player, instrument, "25.00", key="k")

    problem(first, 409, "insufficient_funds")
    assert (again.status_code, again.content, again["Content-Type"]) == (409, first.content, first["Content-Type"])
    assert not Withdrawal.objects.exists()


def test_a_used_key_is_not_for_another_request(casino: Casino) -> None:
    player, instrument = casino.nova.funded()
    casino.nova.withdraw(player, instrument, "25.00", key="k")

    problem(casino.nova.withdraw(player, instrument, "26.00", key="k"), 409, "idempotency_key_reused")
    problem(casino.nova.post("/deposits", payment(player, instrument), key="k"), 409, "idempotency_key_reused")
    assert Withdrawal.objects.count() == 1


def test_brands_do_not_share_keys(casino: Casino) -> None:
    assert casino.nova.post("/players", person(), key="k").status_code == 201
    assert casino.fjord.post("/players", person(jurisdiction="SE"), key="k").status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 81, "with space", "ümlaut"])
def test_a_post_without_a_proper_key_is_refused(casino: Casino, key: str) -> None:
    answer = casino.nova.post("/players", person(), key=key, without=() if key else ("Idempotency-Key",))

    problem(answer, 400, "idempotency_key_missing")
    assert not Player.objects.exists()


def test_what_was_never_understood_may_be_mended_under_the_same_key(casino: Casino) -> None:
    problem(casino.nova.post("/players", person(country="Malta"), key="k"), 422, "invalid")

    assert casino.nova.post("/players", person(), key="k").status_code == 201


def test_answers_are_forgotten_after_thirty_days(casino: Casino) -> None:
    casino.nova.post("/players", person(), key="k")

    assert answers.forget_old(now=timezone.now() + timedelta(days=29)) == 0
    assert answers.forget_old(now=timezone.now() + timedelta(days=31)) == 1
    assert not ApiAnswer.objects.exists()


@pytest.mark.parametrize("what", ["deposit", "withdrawal"])
def test_twenty_threads_with_one_key_do_it_once(committed_db: object, what: str) -> None:
    nova = open_casino().nova
    player, instrument = nova.funded("1000.00")
    before = Deposit.objects.count()
    start = threading.Barrier(20)
    got: list[tuple[int, bytes, bool]] = []

    def ask() -> None:
        mine = FrontEnd(nova.brand, nova.key, nova.secret)
        start.wait()
        try:
            answer = mine.post(f"/{what}s", payment(player, instrument, "25.00"), key="once")
            got.append((answer.status_code, answer.content, "Idempotency-Replayed" in answer))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {(status, body) for status, body, _ in got} == {(201, got[0][1])}
    assert sorted(replayed for _, _, replayed in got) == [False] + [True] * 19
    made = Deposit.objects.count() - before if what == "deposit" else Withdrawal.objects.count()
    assert made == 1
    cash = nova.get(f"/players/{player}/balances").json()["balances"][0]
    left, held = ("1000.00", "0.00") if what == "deposit" else ("975.00", "25.00")
    assert cash == {"currency": "EUR", "cash": left, "bonus": "0.00", "held": held}
