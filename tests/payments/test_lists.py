"""Lists to read: deposits and players. Spans in the address, test players, reach, and what the pages cost."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice.work.narrowing import During, NotUnderstood, Span
from payments.models import Deposit
from players.models import Player
from tests.casino import new_instrument, new_player, new_withdrawal, open_casino, paid_in
from tests.people import make_brand, make_person, signed_in

AT = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
DUE = During("due", "Due", field="due_at")


@pytest.mark.parametrize("span", [Span(None, AT), Span(AT, None), Span(AT, AT + timedelta(hours=1, microseconds=5))])
def test_a_span_is_read_from_what_it_writes(span):
    assert DUE.read(span.text()) == span


@pytest.mark.parametrize("text", ["", "~", "2026-11-20T14:00:00Z", "2026-11-20T14:00:00~", "2026-13-20T14:00:00Z~", "yesterday~", "2026-11-20~"])
def test_what_is_no_span_is_not_understood(text):
    with pytest.raises(NotUnderstood):
        DUE.read(text)


def test_a_span_is_written_on_the_readers_clock():
    with timezone.override(ZoneInfo("Europe/Malta")):
        year = "" if timezone.localdate().year == 2026 else " 2026"
        assert DUE.write(Span(AT, AT + timedelta(hours=1))) == f"20 Nov{year} 15:00 \u2013 16:00"
        assert DUE.write(Span(None, AT)) == f"before 20 Nov{year} 15:00"
        assert DUE.write(Span(AT, None)) == f"from 20 Nov{year} 15:00"


@pytest.fixture
def nova(db, opened):
    return open_casino()


@pytest.fixture
def ana(nova):
    return make_person("payments-l1", brands=[nova], name="Ana Novak")


def rows(client, address: str) -> list[int]:
    page = client.get(address).content.decode()
    return [int(one) for one in re.findall(r'<tr id="row-(\d+)"', page)]


def test_deposits_are_found_by_when_they_were_credited_without_test_players_and_within_reach(nova, ana):
    now = timezone.now()
    player, tester = new_player(nova), new_player(nova, is_test=True)
    inside = paid_in(player, new_instrument(player), "10.00", now=now - timedelta(hours=2))
    paid_in(player, new_instrument(player), "20.00", now=now - timedelta(hours=5))
    test = paid_in(tester, new_instrument(tester), "30.00", now=now - timedelta(hours=2))
    elsewhere = new_player(make_brand("fjord", market="SE"), currency="SEK")
    paid_in(elsewhere, new_instrument(elsewhere), "40.00", currency="SEK", now=now - timedelta(hours=2))
    client, span = signed_in(ana), Span(now - timedelta(hours=3), now).text()
    assert rows(client, f"/deposits/?credited={span}") == [test.pk, inside.pk]
    assert rows(client, f"/deposits/?credited={span}&test=no") == [inside.pk]
    assert rows(client, f"/deposits/?credited={span}&test=yes") == [test.pk]
    assert rows(client, f"/deposits/?q=DP-{inside.pk}") == [inside.pk]
    page = client.get(f"/deposits/?credited={span}&test=perhaps").content.decode()
    assert "Not understood: test=perhaps" in page.replace("</span>", "")
    assert f'<input type="hidden" name="credited" value="{span}">' in page  # filtering further keeps it
    assert "Start reviewing" not in page
    assert 'name="ids"' not in page


def test_players_are_found_by_number_and_front_end_id_and_by_when_they_registered(nova, ana):
    now = timezone.now()
    old, new = new_player(nova), new_player(nova, now=now - timedelta(minutes=5))
    client = signed_in(ana)
    assert rows(client, "/players/") == [new.pk, old.pk]
    assert rows(client, f"/players/?q=%23{old.pk}") == [old.pk]
    assert rows(client, f"/players/?q={new.external_id}") == [new.pk]
    assert rows(client, f"/players/?registered={Span(now - timedelta(hours=1), now).text()}") == [new.pk]
    assert Player.objects.count() == 2


@pytest.mark.parametrize("address", ["/deposits/", "/players/"])
def test_a_list_costs_at_most_eight_queries(nova, ana, address):
    for _each in range(30):
        new_withdrawal(nova, "40.00", now=timezone.now())
    client = signed_in(ana)
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    assert len(asked) <= 8, [query["sql"][:120] for query in asked]
    assert Deposit.objects.count() == 30
