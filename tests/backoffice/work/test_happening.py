"""The live page: facts by position, filtered, by permission and brand."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from backoffice.audit import sequencer
from payments.models import Withdrawal
from payments.services.withdrawals import reject_withdrawal
from tests.casino import new_withdrawal, open_casino
from tests.people import make_brand, make_person, signed_in

NOW = timezone.now()


@pytest.fixture
def nova(committed_db, opened):
    return open_casino()


@pytest.fixture
def ana(nova):
    return make_person("payments-l1", brands=[nova], name="Ana Novak")


def shown(page: str) -> list[str]:
    return [words.strip() for words in re.findall(r"<span class=\"badge [^\"]*\">[^<]*</span><span class=\"what\">(?:<a [^>]*>)?([^<]+)", page)]


def test_what_happened_is_shown_newest_first_with_its_link(nova, ana):
    withdrawal = new_withdrawal(nova, "40.00", now=NOW)
    reject_withdrawal(withdrawal_id=withdrawal.pk, version=1, key="k", by=ana, reason_code="NAME_MISMATCH", note="", now=NOW + timedelta(seconds=1))
    sequencer.catch_up()
    page = signed_in(ana).get("/live/").content.decode()

    assert shown(page) == ["Withdrawal rejected", "Withdrawal requested", "Deposit credited", "Deposit begun", "Registered"]
    assert f'href="/withdrawals/{withdrawal.pk}/"' in page


def test_every_line_is_a_link_and_one_without_a_page_of_its_own_leads_to_the_player(nova, ana):
    withdrawal = new_withdrawal(nova, "40.00", now=NOW)
    sequencer.catch_up()
    page = signed_in(ana).get("/live/").content.decode()

    lines = re.findall(r'<span class="what">(.*?)</span><span class="amt">', page)
    player = f"/players/{withdrawal.player_id}/"
    assert [re.findall(r'href="([^"]+)"', line) for line in lines] == [[f"/withdrawals/{withdrawal.pk}/", player], [player], [player], [player]]


def test_kinds_narrow_it_and_pausing_stops_the_polling(nova, ana):
    new_withdrawal(nova, now=NOW)
    sequencer.catch_up()
    client = signed_in(ana)

    assert shown(client.get("/live/?kind=deposits").content.decode()) == ["Deposit credited", "Deposit begun"]
    assert 'id="poll"' in client.get("/live/").content.decode()
    assert 'id="poll"' not in client.get("/live/?paused=1").content.decode()


def test_a_poll_brings_only_what_got_its_position_since(nova, ana):
    new_withdrawal(nova, now=NOW)
    sequencer.catch_up()
    client = signed_in(ana)
    url = re.search(r'id="poll"[^>]*hx-get="([^"]+)"', client.get("/live/").content.decode()).group(1).replace("&amp;", "&")
    assert client.get(url).status_code == 204

    new_withdrawal(nova, now=NOW)
    assert client.get(url).status_code == 204  # committed, and not yet in its place
    sequencer.catch_up()

    assert shown(client.get(url).content.decode()) == ["Withdrawal requested", "Deposit credited", "Deposit begun", "Registered"]


def test_another_brand_and_kinds_without_permission_stay_out(nova, ana):
    new_withdrawal(make_brand("fjord", market="SE"), currency="SEK", now=NOW)
    sequencer.catch_up()
    assert shown(signed_in(ana).get("/live/").content.decode()) == []

    new_withdrawal(nova, now=NOW)
    sequencer.catch_up()
    support = signed_in(make_person("support", brands=[nova]))
    assert shown(support.get("/live/").content.decode()) == ["Registered"]
    assert Withdrawal.objects.count() == 2
