"""/metrics: off without a token, closed without the right one, true over all processes, and with labels that nobody outside can write."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from backoffice.audit import sequencer
from backoffice.audit.models import Event
from backoffice.operations.metrics import house, tallies
from backoffice.operations.metrics.house import Figure
from backoffice.operations.models import Standing, Tally, TallyPlace
from backoffice.settings import bearer
from tests.casino import new_withdrawal, open_casino
from tests.e2e.conftest import free_port
from tests.races import race

TOKEN = "a-token-of-the-tests-1234567890"


def samples(text: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", text, re.MULTILINE)}


@pytest.fixture
def scrape(settings, tmp_path, monkeypatch):
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    return lambda token=TOKEN: Client().get("/metrics", headers={"Authorization": f"Bearer {token}"})


@pytest.mark.django_db
def test_without_a_token_there_are_no_metrics():
    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "ä" * 30])
def test_a_wrong_token_gets_nothing(token, scrape):
    refused = scrape(token)
    assert (refused.status_code, refused["WWW-Authenticate"], refused.content) == (401, "Bearer", b"Send the token.\n")


@pytest.mark.parametrize("text", ["short", "x" * 23, "with spaces in it which is too long", "ü" * 30])
def test_a_token_that_cannot_travel_or_is_guessed_stops_the_start(text):
    with pytest.raises(ValueError, match="24 visible ASCII"):
        bearer(text)
    assert bearer(TOKEN) == TOKEN


@pytest.mark.django_db
def test_the_figures_of_the_house_are_as_the_database_says(scrape):
    nova = open_casino()
    new_withdrawal(nova)
    new_withdrawal(nova)
    Standing.objects.create(code="database.answer", state="failing", value=2.5, since=timezone.now(), read_at=timezone.now(), next_attempt_at=timezone.now())
    Tally.objects.create(stream="record", label="withdrawal.requested", count=2)
    answer = scrape()
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    found = samples(answer.content.decode())
    assert found['countroom_payments_open{kind="withdrawal",state="requested"}'] == 2
    assert found['countroom_payments_open{kind="withdrawal",state="unknown"}'] == 0
    assert found['countroom_probe_state{probe="database.answer",state="failing"}'] == 1
    assert found['countroom_probe_state{probe="database.answer",state="ok"}'] == 0
    assert found['countroom_probe_value{probe="database.answer"}'] == 2.5
    assert found['countroom_mode{mode="normal"}'] == 1
    assert found['countroom_facts_total{type="withdrawal.requested"}'] == 2
    assert found["countroom_figures_unread"] == 0


@pytest.mark.django_db
def test_a_figure_that_cannot_be_read_is_counted_and_the_others_are_there(scrape, monkeypatch):
    monkeypatch.setattr(house, "_figures", {})
    house.register(Figure("countroom_broken", "x", (), "SELECT * FROM no_such_table"), Figure("countroom_good", "x", ("kind",), "SELECT 'a', 7"))

    class Quiet:  # a failed statement would end the test's own transaction
        def __enter__(self):
            self.cursor = connection.connection.cursor()
            return self

        def __exit__(self, *_):
            self.cursor.close()

        def execute(self, sql):
            from django.db import ProgrammingError

            if "no_such_table" in sql:
                raise ProgrammingError("relation does not exist")
            self.cursor.execute(sql)

        def fetchmany(self, count):
            return self.cursor.fetchmany(count)

    monkeypatch.setattr(house, "connection", type("C", (), {"cursor": lambda self: Quiet()})())
    found = samples(scrape().content.decode())
    assert found == {'countroom_good{kind="a"}': 7.0, "countroom_figures_unread": 1.0}


@pytest.mark.django_db
def test_a_label_that_grows_without_end_is_cut(scrape, monkeypatch):
    monkeypatch.setattr(house, "_figures", {})
    house.register(Figure("countroom_many", "x", ("n",), "SELECT n, 1 FROM generate_series(1, 2000) n"))
    assert scrape().content.decode().count("countroom_many{") == house.MOST_ROWS


# --- tallies ---


def tallied(stream: str) -> dict[str, int]:
    return dict(Tally.objects.filter(stream=stream).values_list("label", "count"))


def test_a_tally_counts_each_fact_once_by_position(own_cluster, monkeypatch):
    monkeypatch.setattr(tallies, "CHUNK", 7)
    nova = open_casino()
    new_withdrawal(nova)
    assert tallies.sweep() == 0  # nothing has a position yet
    sequencer.catch_up()
    tallies.sweep()
    assert sum(tallied("record").values()) == Event.objects.count()
    assert tallied("record")["withdrawal.requested"] == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM wallet_transaction")
        assert sum(tallied("ledger").values()) == cursor.fetchone()[0]
    new_withdrawal(nova)
    sequencer.catch_up()
    race(*[tallies.sweep] * 4)
    tallies.sweep()
    assert sum(tallied("record").values()) == Event.objects.count()
    assert tallied("record")["withdrawal.requested"] == 2
    assert tallied("ledger")["deposit_credited"] == 2
    assert TallyPlace.objects.get(pk="record").position == Event.objects.count()
    assert tallies.sweep() == 0


# --- over several processes ---


def test_requests_are_counted_over_all_web_processes_and_no_label_comes_from_outside(committed_db, tmp_path: Path):
    port = free_port()
    env = {
        **os.environ, **committed_db.environment(), "METRICS_TOKEN": TOKEN, "COUNTROOM_DATA_DIR": str(tmp_path),
        "LOG_LEVEL": "WARNING", "DJANGO_SETTINGS_MODULE": "backoffice.settings",
    }  # fmt: skip
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "2", "--no-ws"]
    web = subprocess.Popen([*command, "backoffice.wsgi:application"], env=env, cwd=settings.BASE_DIR, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{url}/healthz", timeout=2).status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.2)
        for number in range(40):
            with httpx.Client(timeout=20) as client:  # a connection of its own, so that both processes get some
                assert client.get(f"{url}/sign-in/").status_code == 200
                assert client.get(f"{url}/nowhere/{number}/mia@mail.example").status_code == 404
                client.request(f"METHOD{number}", f"{url}/sign-in/")
        text = httpx.get(f"{url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20).text
    finally:
        web.terminate()
        web.wait(20)
    found = samples(text)
    assert found['countroom_requests_total{method="GET",route="account_login",status="200"}'] == 40
    assert found['countroom_requests_total{method="GET",route="none",status="404"}'] == 40
    assert found['countroom_request_seconds_count{method="GET",route="account_login"}'] == 40
    assert "mia@" not in text
    assert "METHOD" not in text
    counted = {name.split("_")[-1] for name in os.listdir(tmp_path / "metrics") if name.startswith("counter_")}
    assert len(counted) >= 1  # files by process; with luck both took some
