"""The segregated-funds proof of a day, its export, and closing the day."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from backoffice.audit import sequencer
from backoffice.audit.models import Event
from backoffice.scope.models import Brand
from tests.casino import new_withdrawal, open_casino
from tests.people import make_person, signed_in
from wallet import books
from wallet.models import DayClose

DAY = date(2026, 8, 14)
BEFORE = timezone.datetime(2026, 8, 14, 12, tzinfo=timezone.get_default_timezone())


@pytest.fixture
def nova(committed_db: object, opened: None) -> Brand:
    brand = open_casino()
    new_withdrawal(brand, "40.00", deposit="100.00", now=BEFORE + timedelta(days=100))
    new_withdrawal(Brand.objects.get(code="fjord"), "25.00", currency="SEK", deposit="300.00", now=BEFORE + timedelta(days=100))
    sequencer.catch_up()
    return brand


def marta(nova: Brand) -> object:
    return make_person("finance", brands=[nova], name="Marta Kowalczyk")


def test_what_is_owed_stands_against_what_is_at_providers_to_the_cent(nova: Brand) -> None:
    today = timezone.localdate() + timedelta(days=1)
    [euros] = books.funds([nova], day=today)

    assert (euros.cash, euros.held, euros.owed) == (Decimal(60), Decimal(40), Decimal(100))
    assert (euros.at_providers, euros.assets, euros.cover) == (Decimal(100), Decimal(100), Decimal(0))


def test_a_day_shows_only_what_took_effect_up_to_it(nova: Brand) -> None:
    assert books.funds([nova], day=date(2020, 1, 1)) == []


def test_the_page_and_the_file_show_ones_own_brands_and_the_file_is_on_the_record(nova: Brand) -> None:
    client = signed_in(marta(nova))  # type: ignore[arg-type]
    day = (timezone.localdate() + timedelta(days=1)).isoformat()
    page = client.get(f"/books/?day={day}").content.decode()
    answer = client.post("/books/export", {"day": day})
    lines = list(csv.DictReader(io.StringIO(answer.content.decode())))

    assert "Nova" in page
    assert "Fjord" not in page.partition("<main")[2]
    assert [(line["brand"], line["currency"], Decimal(line["owed"]), Decimal(line["cover"])) for line in lines] == [("nova", "EUR", Decimal(100), Decimal(0))]
    assert Event.objects.filter(type="ledger.funds_exported").count() == 1


def test_finance_closes_a_day_once_and_it_is_on_the_record(nova: Brand) -> None:
    client = signed_in(marta(nova))  # type: ignore[arg-type]
    before = client.get(f"/books/nova/close?day={DAY}").content.decode()
    assert "It cannot be undone" in before
    assert DayClose.objects.count() == 0
    for _ in range(2):
        assert client.post("/books/nova/close", {"day": DAY.isoformat()}).status_code == 302

    assert DayClose.objects.filter(brand=nova, day=DAY).count() == 1
    assert Event.objects.filter(type="ledger.day_closed").count() == 1
    assert "Closed" in client.get(f"/books/?day={DAY}").content.decode()


def test_a_day_that_has_not_ended_stays_open_and_says_why(nova: Brand) -> None:
    client = signed_in(marta(nova))  # type: ignore[arg-type]
    client.post("/books/nova/close", {"day": (timezone.localdate() + timedelta(days=1)).isoformat()})

    assert DayClose.objects.count() == 0
    assert "can be closed from" in client.get("/books/").content.decode()
    assert not Event.objects.filter(type="ledger.day_closed").exists()


def test_a_brand_out_of_reach_is_not_there(nova: Brand) -> None:
    client = signed_in(marta(nova))  # type: ignore[arg-type]
    assert client.post("/books/fjord/close", {"day": DAY.isoformat()}).status_code == 404
    assert DayClose.objects.count() == 0
