"""The players from outside: they repeat what was not answered, they go through the door only, and the same seed plays the same people."""

import io
import json
import threading
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import CommandError, call_command

from payments.models import Deposit, Withdrawal
from payments.sandboxes.traffic import __main__ as start
from payments.sandboxes.traffic import people
from payments.sandboxes.traffic.client import Client, Key, Refused, Stopped
from payments.sandboxes.traffic.pool import MOST, Known, Pool
from payments.sandboxes.traffic.run import Plan, Traffic
from payments.sandboxes.traffic.visits import Visit
from players.models import Instrument, Player
from tests.api import Casino
from tests.payments.news import hears

KEY = Key("ck_test", "secret")


def client(answers: Iterator[Any], seen: list[httpx.Request], **options: Any) -> Client:
    """Answered by what `answers` gives: a response, or an exception to raise."""

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        given = next(answers)
        if isinstance(given, Exception):
            raise given
        return given  # type: ignore[no-any-return]

    stopping = options.pop("stopping", threading.Event())
    stopping.wait = lambda seconds=None: stopping.is_set()  # no pauses in tests
    return Client(url="http://casino.test", key=KEY, stopping=stopping, transport=httpx.MockTransport(answer), **options)


def test_a_server_that_is_away_is_asked_again_with_the_same_key() -> None:
    seen: list[httpx.Request] = []
    stamps = iter([1.0, 2.0, 3.0, 4.0, 5.0])
    answers = iter([
        httpx.ConnectError("restarting"), httpx.ReadTimeout("late"), httpx.Response(503),
        httpx.Response(429, headers={"Retry-After": "0"}), httpx.Response(201, json={"id": 1}),
    ])  # fmt: skip

    assert client(answers, seen, clock=lambda: next(stamps)).post("/deposits", {"a": 1}, key="k") == {"id": 1}
    assert {request.headers["Idempotency-Key"] for request in seen} == {"k"}
    assert len({request.headers["Countroom-Signature"] for request in seen}) == len(seen) == 5
    assert {request.content for request in seen} == {b'{"a": 1}'}


def test_a_refusal_is_not_repeated() -> None:
    seen: list[httpx.Request] = []
    no = httpx.Response(409, json={"code": "insufficient_funds", "detail": "No."}, headers={"Content-Type": "application/problem+json"})

    with pytest.raises(Refused) as refused:
        client(iter([no]), seen).post("/withdrawals", {}, key="k")
    assert (refused.value.status, refused.value.code, len(seen)) == (409, "insufficient_funds", 1)


def test_it_stops_waiting_when_it_is_told_to() -> None:
    stopping = threading.Event()
    stopping.set()

    with pytest.raises(Stopped):
        client(iter([httpx.ConnectError("away")]), [], stopping=stopping).get("/withdrawals")


def test_it_gives_up_after_its_patience() -> None:
    with pytest.raises(TimeoutError):
        client(iter([httpx.ConnectError("away")] * 3), [], patience=-1.0).get("/withdrawals")


class Clients:
    """Clients that reach this very Django through its WSGI door."""

    def __init__(self, casino: Casino) -> None:
        self.keys = {end.brand.code: Key(end.key.key_id, end.secret) for end in (casino.nova, casino.fjord)}
        self.transport = httpx.WSGITransport(app=WSGIHandler())

    def of(self, brand: str) -> Client:
        return Client(url="http://testserver", key=self.keys[brand], stopping=threading.Event(), transport=self.transport)


def settle() -> None:
    """The provider captures whatever was begun."""
    for deposit in Deposit.objects.filter(state="initiated"):
        hears(deposit, provider_id=f"pp_{deposit.pk}")


def play(clients: Clients, pool: Pool, count: int, seed: str = "7") -> list[str]:
    done = []
    for number in range(count):
        brand = ("nova", "fjord")[number % 2]
        visit = Visit(client=clients.of(brand), pool=pool, brand=brand, tag=f"t{seed}-{number}", draw=Random(f"{seed}:{number}"), today=date(2026, 6, 1))
        for _ in visit.story():
            settle()
        done += visit.done
    return done


def test_visits_go_through_the_door_and_leave_work_behind(committed_casino: Casino) -> None:
    pool = Pool(None, seed="7")
    done = play(Clients(committed_casino), pool, 60)

    assert Player.objects.count() == done.count("registered") > 10
    assert Instrument.objects.count() == done.count("instrument_added")
    assert Deposit.objects.count() == done.count("deposit") > 10
    assert Withdrawal.objects.count() == done.count("withdrawal") > 5
    assert not [what for what in done if what.startswith(("unexpected", "failed"))]
    assert pool.size("nova") + pool.size("fjord") == Player.objects.count()


def test_the_same_seed_plays_the_same_people(committed_casino: Casino) -> None:
    play(Clients(committed_casino), Pool(None, seed="7"), 6)
    first = sorted(Player.objects.values_list("first_name", "last_name", "birth_date", "country"))
    drawn = [people.person(Random("7:0"), brand="nova", tag="t", today=date(2026, 6, 1)) for _ in range(2)]

    assert drawn[0] == drawn[1]
    assert len(first) >= 5


def test_a_run_tells_what_happened_and_keeps_its_people(committed_casino: Casino, tmp_path: Path) -> None:
    clients, out, state = Clients(committed_casino), io.StringIO(), tmp_path / "traffic.json"
    run = Traffic(Plan(url="http://testserver", rate=40, seed="3", duration=1.5), clients.keys, state=state, out=out, transport=clients.transport)
    total = run.run()

    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert lines[-1].keys() == {"at", "happened", "answers", "p95_ms", "under_way"}
    assert not [line for line in lines if "surprise" in line], lines
    assert total["registered"] <= Player.objects.count()
    assert state.stat().st_mode & 0o777 == 0o600
    again = Pool(state, seed="3")
    assert again.visits == run.pool.visits > 0
    assert again.size("nova") == run.pool.size("nova")
    assert Pool(state, seed="4").visits == 0


def test_the_pool_is_bounded_and_survives_half_a_file(tmp_path: Path) -> None:
    pool = Pool(tmp_path / "state.json", seed="1")
    for number in range(MOST + 5):
        pool.give(Known(number, "nova", "N", "MT", "EUR", False))
    assert pool.size("nova") == MOST

    (tmp_path / "state.json").write_text('{"seed": "1", "visits": ')
    assert Pool(tmp_path / "state.json", seed="1").visits == 0


def test_everybody_is_of_age_and_pays_what_a_currency_can_hold() -> None:
    today = date(2026, 6, 1)
    for number in range(300):
        draw = Random(number)
        brand = draw.choice(("nova", "fjord"))
        who = people.person(draw, brand=brand, tag=str(number), today=today)
        made = people.means(draw, who, people.kind_of_means(draw))
        paid = people.amount(draw, made.currency)
        assert (today - who.birth_date).days >= 19 * 366
        assert paid > 0
        assert isinstance(paid, Decimal)
        assert paid % Decimal(people.TYPICAL[made.currency][1]) == 0
        assert 0 < people.share_of(draw, paid, made.currency) <= paid
        assert not (made.kind == "card" and made.detail)


def test_keys_that_are_not_there_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert start.main(["--keys", str(tmp_path / "none.json"), "--state", str(tmp_path / "s.json")]) == 2
    assert "none.json cannot be read" in capsys.readouterr().err
    (tmp_path / "bad.json").write_text('{"nova": 1}')
    assert start.main(["--keys", str(tmp_path / "bad.json"), "--state", str(tmp_path / "s.json")]) == 2
    assert start.main(["--rate", "0"]) == 2


def test_there_is_no_traffic_in_production(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="not for production"):
        call_command("traffic")
