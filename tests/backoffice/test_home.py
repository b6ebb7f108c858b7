"""Home: every number on it is the size, or the sum, of the list that it opens.

The test follows every link that has a number, of whatever is registered: a new tile, row, bar or figure is tested by being there. A provider that
says nothing in this world fails the last assertion: give it something to say in `world`.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.access.models import Staff
from backoffice.bell.services import notify
from backoffice.runtime import probes, remembered, timeouts
from backoffice.scope.models import Brand
from backoffice.ui import figures, health, tiles
from backoffice.ui.numbers import CAP as COUNT_CAP
from backoffice.work import claims, home, items, telling
from payments.models import Deposit, Withdrawal
from payments.queues import SUBJECT
from players.models import Instrument, Player
from tests.casino import new_instrument, new_player, new_withdrawal, open_casino
from tests.payments.test_pages import brought_to
from tests.people import make_person, signed_in
from tests.world import proposed_policy, waiting_job

ROLES = ("owner", "payments-l1", "payments-l2", "head-of-payments", "kyc", "compliance", "auditor", "support")
ZONES = ("Europe/Malta", "America/New_York", "Asia/Kolkata", "Pacific/Chatham")


@pytest.fixture
def world(db, opened: None) -> SimpleNamespace:
    """Two brands with something of everything: what waits, what is paid, what awaits approval."""
    timeouts.lift()  # many examples in one transaction take longer than any page may
    nova = open_casino()
    fjord = Brand.objects.get(code="fjord")
    people = {role: make_person(role, brands=[nova, fjord]) for role in ROLES}
    people["half"] = make_person("payments-l1", brands=[fjord])
    cast = {"ana": people["payments-l1"], "lars": people["payments-l2"]}
    for state in ("requested", "requested", "held", "awaiting_second", "approved", "settled", "settled", "failed"):
        brought_to(state, brand=nova, **cast)
    for currency in ("SEK", "GBP", "EUR"):
        new_withdrawal(fjord, "250.00", currency=currency, now=timezone.now())
    for brand in (nova, fjord):
        new_instrument(new_player(brand))
        proposed_policy(brand)
        waiting_job(brand)
    for number, person in enumerate((people["owner"], people["payments-l1"], people["owner"])):
        notify(to=[person], kind=telling.MENTIONED.code, params={"who": "Lars", "item": "WD-1"}, url="/withdrawals/", key=f"{number}", now=timezone.now())
    return SimpleNamespace(
        nova=nova, fjord=fjord, people=people, withdrawals=list(Withdrawal.objects.order_by("pk")), deposits=list(Deposit.objects.order_by("pk")),
        players=list(Player.objects.order_by("pk")), instruments=list(Instrument.objects.order_by("pk")),
    )  # fmt: skip


def links(page: str) -> Iterator[tuple[str, int, str]]:
    """Every link that says how much is behind it: (address, rows, sum)."""
    for tag in re.findall(r"<a [^>]*data-count[^>]*>", page):
        found = {name: html.unescape(value) for name, value in re.findall(r'([a-z-]+)="([^"]*)"', tag)}
        yield found["href"], int(found["data-count"]), found.get("data-sum", "")


def listed(client: Client, address: str) -> tuple[int, Decimal]:
    """The rows of a list over all its pages, and the sum of their amounts."""
    rows, total, here = 0, Decimal(0), address
    path = address.split("?")[0]
    while here:
        response = client.get(here)
        assert response.status_code == 200, here
        page = response.content.decode()
        assert "Not understood" not in page, here
        rows += len(re.findall(r"<a [^>]*data-row|<li data-listed", page))
        total += sum((Decimal(value) for value in re.findall(r'a-amt"><data class="money" value="([^"]+)"', page)), Decimal(0))
        older = re.search(r'href="(\?[^"]*)" rel="next"', page)
        here = path + html.unescape(older[1]) if older else ""
    return rows, total


@pytest.fixture
def spoke(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Which providers had something to say."""
    said: set[str] = set()

    def listening(key: str, provider: Any) -> Any:
        def listen(*arguments: Any) -> list[Any]:
            found = list(provider(*arguments))
            said.update([key] if found else [])
            return found

        return listen

    monkeypatch.setattr(tiles, "_providers", {key: replace(one, provider=listening(key, one.provider)) for key, one in tiles._providers.items()})
    monkeypatch.setattr(figures, "_providers", {key: (listening(key, one[0]), *one[1:]) for key, one in figures._providers.items()})
    return said


def hold(client: Client) -> int:
    """Follow every number of Home. How many there were."""
    page = client.get("/").content.decode()
    followed = 0
    for address, rows, total in set(links(page)):
        found, added = listed(client, address)
        assert found == rows or (rows > COUNT_CAP < found), (address, rows, found)
        assert not total or Decimal(total) == added, (address, total, added)
        followed += 1
    drawn = {html.unescape(one) for one in re.findall(r'<a href="([^"]+)" aria-label', page)}
    assert drawn <= {address for address, _rows, _sum in links(page)}
    return followed


def test_every_number_on_home_is_the_list_that_it_opens(world, spoke):
    # Nothing lies within half a minute of a boundary, so that the clock may run between a page and the next.
    minutes = st.integers(-400, 700).map(lambda one: timedelta(minutes=one, seconds=30 if one >= 0 else -30))
    ages = st.integers(1, 9 * 7 * 24).map(lambda one: timedelta(minutes=one * 10 + 1)) | st.integers(1, 300).map(lambda one: timedelta(minutes=one, seconds=30))
    clients = {name: signed_in(person) for name, person in world.people.items()}

    @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(data=st.data())
    def holds(data: st.DataObject) -> None:
        name, now = data.draw(st.sampled_from(sorted(world.people))), timezone.now()
        client, person = clients[name], world.people[name]
        with transaction.atomic():
            Staff.objects.filter(pk=person.pk).update(timezone=data.draw(st.sampled_from(ZONES)))
            for row in world.withdrawals:
                Withdrawal.objects.filter(pk=row.pk).update(due_at=now + data.draw(minutes))
            for row in (one for one in world.withdrawals if one.settled_at):
                Withdrawal.objects.filter(pk=row.pk).update(settled_at=now - data.draw(ages))
            for row in world.deposits:
                Deposit.objects.filter(pk=row.pk).update(credited_at=now - data.draw(ages))
            for row in world.players:
                Player.objects.filter(pk=row.pk).update(registered_at=now - data.draw(ages), is_test=data.draw(st.integers(0, 4)) == 0)
            for row in world.instruments:
                Instrument.objects.filter(pk=row.pk).update(changed_at=now - timedelta(hours=72) + data.draw(minutes))
            for row in world.withdrawals:
                if row.state == "requested" and data.draw(st.integers(0, 3)) == 0:
                    items.snooze(
                        items.Subject(SUBJECT, row.pk, row.brand_id),
                        until=now + timedelta(days=1),
                        reason="Waits for a document",
                        by=world.people["payments-l2"],
                        now=now,
                    )
                elif row.state == "requested" and person.may("payments.decide") and data.draw(st.booleans()):
                    claims.take(subject=(SUBJECT, row.pk), by=person, now=now)
            client.post("/scope/", {"brand": data.draw(st.sampled_from(["", "fjord"] if name == "half" else ["", "nova", "fjord"]))})
            assert hold(client) > 0 or name == "support"
            transaction.set_rollback(True)

    holds()
    assert hold(clients["owner"]) >= 10
    assert spoke == {*tiles._providers, *figures._providers}


def test_home_says_who_mentioned_you_last_until_you_read_it(world):
    client = signed_in(world.people["owner"])
    page = client.get("/").content.decode()
    assert "<b>2 mentions</b>" in page
    assert "Lars mentioned you in a note about WD-1" in page
    client.post("/notices/seen")
    assert "mentioned you" not in client.get("/").content.decode()


def test_home_costs_the_same_whatever_waits(world, monkeypatch):
    clock = SimpleNamespace(monotonic=lambda: 1.0)  # what is remembered for seconds stays so, however busy the machine is
    monkeypatch.setattr(remembered, "time", clock)
    client = signed_in(world.people["owner"])
    client.get("/")
    with CaptureQueriesContext(connection) as few:
        client.get("/")
    for _each in range(12):
        new_withdrawal(world.nova, "40.00", now=timezone.now() - timedelta(days=3))
    with CaptureQueriesContext(connection) as many:
        client.get("/")
    assert [query["sql"][:70] for query in few] == [query["sql"][:70] for query in many]
    assert len(many) <= 18, [query["sql"][:160] for query in many]


def test_what_is_counted_for_home_is_read_from_indexes(world):
    """With sequential reads priced out, no part of the counts still needs one over payments."""
    person = world.people["payments-l1"]
    with CaptureQueriesContext(connection) as asked:
        signed_in(person).get("/")
    heavy = [query["sql"] for query in asked if "payments_withdrawal" in query["sql"] or "payments_deposit" in query["sql"]]
    assert len(heavy) >= 4
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for sql in heavy:
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "Seq Scan on payments_" not in plan, plan


def test_deadlines_are_told_on_the_readers_clock():
    now = timezone.datetime.fromisoformat("2026-11-20T13:05:10+00:00")
    with timezone.override(ZoneInfo("Europe/Malta")):
        named = home.spans(now)
    assert [label for label, _span in named] == ["Late", "14–15", "15–16", "16–17", "17–18", "18–19", "Later"]
    assert named[1][1].text() == "2026-11-20T13:05:10Z~2026-11-20T14:00:00Z"
    assert (named[0][1].since, named[-1][1].until) == (None, None)
    with timezone.override(ZoneInfo("Asia/Kolkata")):
        assert home.spans(now)[1][1].until.astimezone(ZoneInfo("UTC")).minute == 30


def test_today_is_compared_with_the_same_time_of_day_across_a_change_of_clocks():
    now = timezone.datetime.fromisoformat("2026-10-28T13:05:10.5+00:00")  # the clocks went back on 25 October
    with timezone.override(ZoneInfo("Europe/Malta")):
        found = figures.windows(now)
    assert len(found) == 8
    assert [one.until.isoformat() for one in found[-2:]] == ["2026-10-21T14:05:10+02:00", "2026-10-28T14:05:10+01:00"]
    assert [(one.until - one.since) for one in found] == [timedelta(hours=14, minutes=5, seconds=10)] * 8
    assert found[-1].since.isoformat() == "2026-10-28T00:00:00+01:00"
    assert found[-2].since.isoformat() == "2026-10-21T00:00:00+02:00"


@pytest.mark.parametrize(
    ("values", "change"),
    [((100, 106), "+6%"), ((100, 97), "\u22123%"), ((0, 5), "none then"), ((0, 0), ""), ((3, 3), "0%"), ((Decimal("0.02"), Decimal("40.00")), "+199,900%")],
)
def test_a_change_says_how_much_against_a_week_ago(values, change):
    assert figures.Figure("Deposits", values, 1, "/").change == change


@pytest.mark.django_db
def test_home_shows_the_worst_of_health_first_and_only_to_whom_it_concerns(monkeypatch):
    monkeypatch.setattr(health, "_lines", {})
    client = signed_in(make_person())
    assert 'id="health"' not in client.get("/").content.decode()

    health.register_lines(lambda request: [health.Line("Database", health.OK), health.Line("Nordpay", health.DEGRADED, "12% declined", "/live/")])
    page = client.get("/").content.decode()
    assert "Nordpay: Degraded" in page
    assert re.findall(r'<th scope="row"[^>]*>(?:<a class="id" href="[^"]+">)?([A-Z][a-z]+)', page.split('id="health"')[1]) == ["Nordpay", "Database"]
    monkeypatch.setattr(health, "_lines", {"one": (lambda request: [health.Line("Database", health.OK)], "operations.view")})
    assert 'id="health"' not in client.get("/").content.decode()


@pytest.mark.django_db
def test_health_on_home_is_that_of_the_probes(monkeypatch):
    page = signed_in(make_person("auditor")).get("/").content.decode()
    groups = re.findall(r'<th scope="row"[^>]*><a class="id" href="(/operations/health/[^"]*)">([^<]+)', page.split('id="health"')[1])
    assert sorted(label for _url, label in groups) == sorted(str(probes.GROUPS[one.group]) for one in {probe.group: probe for probe in probes.every()}.values())
    assert "Works" not in page.split('id="health"')[1]  # nothing was read yet: unknown, not well
