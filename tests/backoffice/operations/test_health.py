"""Health over time: what is due is read once, a change counts when it was read twice, people hear of it once, and the page shows what was kept."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice.alerts import measures
from backoffice.alerts.measures import Window
from backoffice.bell.models import Mail, Notice
from backoffice.operations import probing, reading
from backoffice.operations.models import Change, Standing
from backoffice.operations.reading import Reading
from backoffice.runtime import probes, watching
from backoffice.runtime.probes import FAILING, OK, UNKNOWN, WARNING, Found
from tests.people import make_person, signed_in
from tests.races import race

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


@pytest.fixture
def owner(db):
    return make_person("owner", name="Olga Own")


def put(probe, *states, start=NOW, apart=10):
    """Readings one after the other; gives the changes that each made."""
    probing.lease(now=start)
    values = {OK: 1.0, WARNING: 6.0, FAILING: 12.0, UNKNOWN: None}
    return [probing.settle(probe, Reading(state, values[state]), now=start + timedelta(seconds=apart * n)) for n, state in enumerate(states)]


def told(person):
    return list(Notice.objects.filter(staff=person).order_by("id").values_list("kind", flat=True))


def test_a_change_counts_when_it_was_read_twice_and_is_told_once(only, owner):
    probe = only(lambda: Found(1))
    other = make_person("head-of-payments")
    changes = put(probe, OK, FAILING, FAILING, FAILING, FAILING, OK, OK, OK)
    assert [change and change.state for change in changes] == [OK, None, FAILING, None, None, None, OK, None]
    assert told(owner) == ["operations.failing", "operations.ok"]
    assert told(other) == []  # does not hold the permission
    notice = Notice.objects.get(kind="operations.failing")
    assert notice.text == "Thing fails: 12"
    assert notice.url == "/operations/health/test.thing/"
    assert Mail.objects.filter(notice=notice).exists()
    assert not Mail.objects.filter(notice__kind="operations.ok").exists()
    row = Standing.objects.get(pk="test.thing")
    assert (row.state, row.since, row.value, row.candidate) == (OK, NOW + timedelta(seconds=60), 1.0, "")
    assert list(Change.objects.order_by("pk").values_list("was", "state")) == [(UNKNOWN, OK), (OK, FAILING), (FAILING, OK)]


def test_one_bad_second_wakes_nobody(only, owner):
    probe = only(lambda: Found(1))
    changes = put(probe, OK, FAILING, OK, WARNING, OK, UNKNOWN, OK)
    assert [change for change in changes[1:] if change] == []
    assert told(owner) == []


def test_another_state_is_read_again_soon_however_seldom_the_probe_is_asked(only, owner):
    probe = only(lambda: Found(1), every=3_600)
    put(probe, OK)
    assert Standing.objects.get().next_attempt_at == NOW + timedelta(hours=1)
    probing.settle(probe, Reading(FAILING, 12.0), now=NOW + timedelta(hours=1))
    row = Standing.objects.get()
    assert (row.state, row.candidate, row.next_attempt_at) == (OK, FAILING, NOW + timedelta(hours=1, seconds=10))


def test_a_new_probe_that_is_bad_is_told_and_one_that_is_well_or_unknown_is_not(only, owner):
    put(only(lambda: Found(1), "a.bad"), WARNING, WARNING)
    put(only(lambda: Found(1), "b.well"), OK, OK)
    put(only(lambda: Found(1), "c.unknown"), UNKNOWN, UNKNOWN)
    assert told(owner) == ["operations.warning"]
    assert set(Change.objects.values_list("probe", flat=True)) == {"a.bad", "b.well"}


def test_an_old_reading_does_not_overwrite_a_newer_one(only, owner):
    probe = only(lambda: Found(1))
    put(probe, OK, OK)
    assert probing.settle(probe, Reading(FAILING, 12.0), now=NOW + timedelta(seconds=5)) is None
    assert (Standing.objects.get().value, Standing.objects.get().candidate) == (1.0, "")


def test_what_is_due_is_read_and_asked_again_after_its_time(only, owner):
    seen = []
    only(lambda: seen.append("often") or Found(1), "a.often", every=10)
    only(lambda: seen.append("seldom") or Found(1), "b.seldom", every=600)
    assert [probing.sweep(now=NOW + timedelta(seconds=after)) for after in (0, 5, 10, 20)] == [2, 0, 1, 1]
    assert seen == ["often", "seldom", "often", "often"]


def test_two_processes_at_once_read_each_probe_once(committed_db, only):
    read = []
    for number in range(6):
        only(lambda number=number: read.append(number) or Found(1), f"test.number_{'abcdef'[number]}")
    probing.lease(now=NOW - timedelta(hours=1))
    Standing.objects.update(next_attempt_at=NOW)
    race(*[lambda: probing.sweep(now=NOW)] * 4)
    assert sorted(read) == list(range(6))


def test_a_reader_that_was_killed_leaves_the_probe_to_the_next(only, owner):
    probe = only(lambda: Found(1), patience=5)
    assert probing.lease(now=NOW) == [probe]
    assert probing.lease(now=NOW + timedelta(seconds=14)) == []
    assert probing.lease(now=NOW + timedelta(seconds=15)) == [probe]


def test_beat_and_the_recorder_read_too_so_that_somebody_notices_that_no_worker_is_left():
    assert probing.sweep in watching._functions


def test_what_goes_wrong_beside_does_not_keep_the_others(monkeypatch, db):
    done = []

    def breaks():
        raise RuntimeError("x")

    monkeypatch.setattr(watching, "_functions", [breaks, lambda: done.append(1)])
    monkeypatch.setattr(watching, "close_old_connections", lambda: None)
    monkeypatch.setattr(watching, "connections", {"default": type("C", (), {"close": lambda self: None})()})
    watching.once()
    assert done == [1]


def test_old_changes_and_probes_that_left_are_forgotten(only, owner):
    probe = only(lambda: Found(1))
    put(probe, OK, FAILING, FAILING)
    Standing.objects.create(code="gone.probe", since=NOW, next_attempt_at=NOW)
    assert probing.forget_old(now=NOW + timedelta(days=399)) == 0
    assert list(Standing.objects.values_list("code", flat=True)) == ["test.thing"]
    assert probing.forget_old(now=NOW + timedelta(days=401)) == 2
    assert Change.objects.count() == 0


# --- pages ---


def test_the_page_shows_what_was_kept_and_never_probes(only, owner):
    def never():
        raise AssertionError("the page must not probe")

    bad, well = only(never, "a.bad"), only(never, "b.well", label="Other thing")
    now = timezone.now()
    put(bad, OK, FAILING, FAILING, start=now - timedelta(seconds=20))
    put(well, OK, start=now)
    page = signed_in(owner).get("/operations/health/").content.decode()
    assert "Failing" in page
    assert "Do this." in page
    assert "Warning: from 5 · Failing: from 10" in page
    assert "Other thing" in page
    assert "Nobody reads the probes" not in page
    only_unwell = signed_in(owner).get("/operations/health/?only=unwell").content.decode()
    assert "Other thing" not in only_unwell
    assert "a.bad" in only_unwell


def test_what_nobody_has_read_for_long_is_unknown_and_the_page_says_so(only, owner):
    probe = only(lambda: Found(1))
    put(probe, OK, start=timezone.now() - timedelta(minutes=5))
    page = signed_in(owner).get("/operations/health/").content.decode()
    assert "Nobody reads the probes" in page
    assert "not read since" in page
    assert ">Well<" not in page


def test_all_well_has_a_page_of_its_own(only, owner):
    put(only(lambda: Found(1)), OK, start=timezone.now())
    assert "Everything is well" in signed_in(owner).get("/operations/health/?only=unwell").content.decode()


def test_a_probe_has_its_history_by_pages(only, owner):
    probe = only(lambda: Found(1))
    Change.objects.bulk_create([Change(probe="test.thing", was=OK, state=WARNING, value=n, at=NOW + timedelta(minutes=n)) for n in range(60)])
    client = signed_in(owner)
    page = client.get("/operations/health/test.thing/")
    assert [one["value"] for one in page.context["changes"]] == [str(n) for n in range(59, 9, -1)]
    older = client.get("/operations/health/test.thing/" + page.context["older"])
    assert [one["value"] for one in older.context["changes"]] == [str(n) for n in range(9, -1, -1)]
    assert older.context["older"] == ""
    assert client.get("/operations/health/no.such/").status_code == 404
    assert client.get("/operations/health/test.thing/?after=x").status_code == 200
    assert probe.code == "test.thing"


def test_the_page_costs_the_same_for_any_number_of_probes(only, owner):
    client = signed_in(owner)
    client.get("/operations/health/")
    counts = []
    for wanted in (1, 20):
        for number in range(wanted):
            put(only(lambda: Found(1), f"test.n{'x' * number}"), OK, start=timezone.now())
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/operations/health/").status_code == 200
        counts.append(len(queries))
    assert counts == [5, 5], [query["sql"][:90] for query in queries.captured_queries]


def test_words_are_translated_when_they_are_read_and_moments_are_in_the_readers_zone(only, owner):
    probe = only(lambda: Found(1))
    probing.lease(now=timezone.now())
    probing.settle(probe, Reading(OK, 1.0, "Last run %(ran_at)s.", {"ran_at": "2026-11-25T09:00:00+00:00"}), now=timezone.now())
    assert "Last run 25 Nov 2026 10:00:00 CET." in signed_in(owner).get("/operations/health/").content.decode()


# --- for machines ---


def test_liveness_asks_nothing_and_readiness_what_a_web_server_cannot_work_without(only, db):
    def broken():
        raise OSError("postgres://app:secret@10.0.0.1")

    only(lambda: Found(99), "record.late")  # failing, but no reason to take every web server out
    assert Client().get("/healthz").content == b"ok\n"
    ready = Client().get("/readyz")
    assert (ready.status_code, ready.content) == (200, b"ok\n")
    only(broken, "database.answer", essential=True)
    refused = Client().get("/readyz")
    assert (refused.status_code, refused.content) == (503, b"not ready\n")
    assert "no-store" in refused["Cache-Control"]
    assert Client().get("/healthz").status_code == 200


def test_only_the_database_is_essential():
    assert [one.code for one in probes.essential()] == ["database.answer"]
    assert Client().post("/healthz").status_code == 405


@pytest.mark.django_db
def test_readiness_reads_the_real_database():
    assert reading.essential() is True


# --- alert rules ---


def test_failing_probes_can_be_watched_by_an_alert_rule(only, owner):
    a, b = only(lambda: Found(1), "a.one"), only(lambda: Found(1), "b.two")
    put(a, OK, FAILING, FAILING)  # failing from 09:00:20
    put(b, OK, FAILING, FAILING, OK, OK)  # failing from 09:00:20 to 09:00:40
    measure = measures.get("operations.failing")
    windows = [Window(NOW, NOW + timedelta(seconds=end)) for end in (15, 30, 50)]
    found = measures.read(measure, windows, per=())
    assert [next(iter(one.values()), None) and int(next(iter(one.values())).value) for one in found] == [None, 2, 1]
