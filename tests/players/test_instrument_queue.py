"""The smallest queue on the kit: instruments to confirm, decided on the kit's own page."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from backoffice.audit.models import Event
from backoffice.work.models import Claim
from players.models import Instrument
from tests.casino import new_instrument, new_player, open_casino
from tests.people import make_brand, make_person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def nova(opened):
    return open_casino()


@pytest.fixture
def yusuf(nova):
    return signed_in(make_person("kyc", brands=[nova], name="Yusuf Kaya"))


def waiting(nova, *, days: int = 1, **more) -> Instrument:
    return new_instrument(new_player(nova), now=timezone.now() - timedelta(days=days), **more)


def form_of(client: Client, instrument: Instrument) -> dict[str, str]:
    page = client.get(f"/instruments/{instrument.pk}/").content.decode()
    return {name: re.search(rf'name="{name}" value="([^"]+)"', page).group(1) for name in ("seen", "key")}


def facts(instrument: Instrument) -> list[str]:
    return list(Event.objects.filter(subject_type="players.instrument", subject_id=instrument.pk).order_by("id").values_list("type", flat=True))


def test_what_nobody_confirmed_in_time_is_overdue_and_first(nova, yusuf):
    late, fresh = waiting(nova, days=5), waiting(nova, days=1)
    listed = re.findall(r'<tr id="row-(\d+)"', yusuf.get("/instruments/").content.decode())
    overdue = re.findall(r'<tr id="row-(\d+)"', yusuf.get("/instruments/?view=late").content.decode())

    assert listed == [str(late.pk), str(fresh.pk)]
    assert overdue == [str(late.pk)]


def test_confirming_is_on_the_record_once_and_opens_the_next(nova, yusuf):
    first, second = waiting(nova, days=5), waiting(nova, days=4)
    sent = {**form_of(yusuf, first), "outcome": "confirmed", "note": "Bank statement seen"}

    answer = yusuf.post(f"/instruments/{first.pk}/decide", sent)
    again = yusuf.post(f"/instruments/{first.pk}/decide", sent)

    assert (answer.status_code, answer["Location"]) == (303, f"/instruments/{second.pk}/")
    assert again.status_code == 303
    first.refresh_from_db()
    assert first.confirmed_at is not None
    assert facts(first) == ["instrument.added", "instrument.confirmed"]
    assert Claim.objects.get().subject_id == second.pk


def test_taking_out_of_use_needs_a_reason(nova, yusuf):
    instrument = waiting(nova)
    sent = {**form_of(yusuf, instrument), "outcome": "removed", "note": " "}

    assert yusuf.post(f"/instruments/{instrument.pk}/decide", sent).status_code == 422
    instrument.refresh_from_db()
    assert instrument.removed_at is None
    assert yusuf.post(f"/instruments/{instrument.pk}/decide", {**sent, "key": "new", "note": "Belongs to a third person"}).status_code == 303
    instrument.refresh_from_db()
    assert instrument.removed_at is not None
    assert facts(instrument) == ["instrument.added", "instrument.removed"]


def test_what_changed_since_it_was_seen_answers_409_and_keeps_the_note(nova, yusuf):
    instrument = waiting(nova)
    sent = {**form_of(yusuf, instrument), "outcome": "confirmed", "note": "Called the player"}
    new_instrument(instrument.player, token=instrument.token, holder="Somebody Else", now=timezone.now())

    answer = yusuf.post(f"/instruments/{instrument.pk}/decide", sent)

    assert answer.status_code == 409
    assert "It changed since you opened it" in answer.content.decode()
    assert "Called the player" in answer.content.decode()
    instrument.refresh_from_db()
    assert instrument.confirmed_at is None


def test_a_change_takes_the_confirmation_away(nova, yusuf):
    instrument = waiting(nova)
    yusuf.post(f"/instruments/{instrument.pk}/decide", {**form_of(yusuf, instrument), "outcome": "confirmed"})
    new_instrument(instrument.player, token=instrument.token, holder="Somebody Else", now=timezone.now())

    instrument.refresh_from_db()
    assert instrument.confirmed_at is None


def test_who_may_only_look_is_offered_no_decision(nova):
    instrument = waiting(nova)
    finance = signed_in(make_person("finance", brands=[nova]))
    page = finance.get(f"/instruments/{instrument.pk}/").content.decode()

    assert 'name="outcome"' not in page
    assert finance.post(f"/instruments/{instrument.pk}/decide", {"outcome": "confirmed"}).status_code == 403


def test_an_instrument_of_another_brand_is_not_there(nova, yusuf):
    elsewhere = new_instrument(new_player(make_brand("fjord", market="SE"), currency="SEK"))
    assert yusuf.get(f"/instruments/{elsewhere.pk}/").status_code == 404
    assert yusuf.post(f"/instruments/{elsewhere.pk}/decide", {"outcome": "confirmed"}).status_code == 404
