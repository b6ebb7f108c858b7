"""Players over HTTP: what is kept, what is refused, and that no personal value goes out."""

import json
from datetime import date

import pytest
from django.utils import timezone

from backoffice.audit.models import Event
from players.models import Device, Instrument, Player, SignIn
from tests.api import Casino, card, person, pointers, problem

CARD_NUMBER = "4111111111111111"


def test_registering_opens_an_account(casino: Casino) -> None:
    body = person(first_name=" Maja ", phone="+356 2123 4567", language="de")
    answer = casino.nova.post("/players", body)

    player = Player.objects.get()
    assert answer.status_code == 201
    shown = answer.json()
    assert shown == {
        "id": player.pk, "external_id": body["external_id"], "state": "active", "jurisdiction": "MT", "country": "MT", "currency": "EUR",
        "language": "de", "test": False, "registered_at": shown["registered_at"], "last_sign_in_at": None, "merged_into": None,
        "blocked": [],
    }  # fmt: skip
    assert shown["registered_at"].endswith("Z")
    assert (player.name, player.email, player.phone) == ("Maja Lind", body["email"], "+356 2123 4567")
    fact = Event.objects.get(type="player.registered")
    assert (fact.actor_kind, fact.actor_label, fact.brand_id) == ("integration", "Nova web", casino.nova.brand.pk)


def test_answers_carry_no_personal_value(casino: Casino) -> None:
    body = person(first_name="Zebedee", email="zebedee@mail.example")
    answer = casino.nova.post("/players", body).content + casino.nova.get(f"/players/{Player.objects.get().pk}").content

    assert b"Zebedee" not in answer
    assert b"zebedee" not in answer
    assert b"1990" not in answer


def test_the_same_external_id_gives_the_same_player(casino: Casino) -> None:
    body = person()

    assert casino.nova.post("/players", body).json()["id"] == casino.nova.post("/players", body).json()["id"]
    assert Player.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "status", "code", "pointer"),
    [
        ({"jurisdiction": "SE"}, 422, "jurisdiction_unknown", "#/jurisdiction"),
        ({"currency": "XXX"}, 422, "currency_unknown", "#/currency"),
        ({"external_id": "taken"}, 409, "external_id_taken", "#/external_id"),
        ({"email": "Taken@mail.example"}, 409, "email_taken", "#/email"),
    ],
)
def test_a_registration_that_is_refused_says_where(casino: Casino, fields: dict, status: int, code: str, pointer: str) -> None:
    casino.nova.register(external_id="taken", email="taken@mail.example")
    answer = casino.nova.post("/players", person(**fields))

    problem(answer, status, code)
    assert pointers(answer) == {pointer}
    assert Player.objects.count() == 1


@pytest.mark.parametrize(("jurisdiction", "years", "clause"), [("MT", 18, "Cap. 583"), ("CA-ON", 19, "AGCO")])
def test_age_is_what_the_law_says_to_the_day(casino: Casino, jurisdiction: str, years: int, clause: str) -> None:
    today = timezone.now().astimezone(casino.nova.brand.zone).date()
    if (today.month, today.day) == (2, 29):
        today = date(today.year, 3, 1)
    of_age, a_day_short = today.replace(year=today.year - years), date.fromordinal(today.replace(year=today.year - years).toordinal() + 1)

    answer = casino.nova.post("/players", person(jurisdiction=jurisdiction, birth_date=a_day_short.isoformat()))
    assert clause in problem(answer, 422, "too_young")["detail"]
    assert casino.nova.post("/players", person(jurisdiction=jurisdiction, birth_date=of_age.isoformat())).status_code == 201


def test_a_sign_in_is_kept_with_its_device(casino: Casino) -> None:
    player = casino.nova.register()
    body = {"ip": "203.0.113.7", "country": "MT", "fingerprint": "f1", "device": "iPhone, Safari"}
    let_in = {"admitted": True, "state": "active", "refused": None, "until": None, "merged_into": None}

    assert casino.nova.post(f"/players/{player}/sign-ins", body).json() == {**let_in, "new_device": True}
    assert casino.nova.post(f"/players/{player}/sign-ins", body).json() == {**let_in, "new_device": False}
    assert casino.nova.post(f"/players/{player}/sign-ins", {**body, "succeeded": False}).json()["admitted"] is False
    assert Device.objects.get().label == "iPhone, Safari"
    assert list(SignIn.objects.order_by("pk").values_list("succeeded", flat=True)) == [True, True, False]
    assert casino.nova.get(f"/players/{player}").json()["last_sign_in_at"] is not None


def test_a_suspended_player_is_not_admitted(casino: Casino) -> None:
    player = casino.nova.register()
    Player.objects.filter(pk=player).update(state="suspended")

    answer = casino.nova.post(f"/players/{player}/sign-ins", {"ip": "2001:db8::1"})

    assert answer.json() == {"admitted": False, "new_device": False, "state": "suspended", "refused": "account_suspended", "until": None, "merged_into": None}


def test_a_sign_in_needs_an_address(casino: Casino) -> None:
    answer = casino.nova.post(f"/players/{casino.nova.register()}/sign-ins", {"ip": "somewhere"})

    problem(answer, 422, "invalid")
    assert pointers(answer) == {"#/ip"}


def test_an_instrument_is_added_changed_listed_and_removed(casino: Casino) -> None:
    player = casino.nova.register()
    body = card(token="tok_a")
    added = casino.nova.post(f"/players/{player}/instruments", body).json()
    changed = casino.nova.post(f"/players/{player}/instruments", {**body, "holder_name": "Ana Vella"}).json()

    assert changed["id"] == added["id"]
    assert changed["changed_at"] > added["changed_at"]
    assert [one["id"] for one in casino.nova.get(f"/players/{player}/instruments").json()] == [added["id"]]
    removed = casino.nova.call("DELETE", f"/players/{player}/instruments/{added['id']}")
    assert (removed.status_code, removed.json()["removed_at"] is not None) == (200, True)
    assert casino.nova.get(f"/players/{player}/instruments").json() == []
    assert casino.nova.call("DELETE", f"/players/{player}/instruments/{added['id']}").json() == removed.json()
    assert list(Event.objects.filter(subject_type="players.instrument").order_by("id").values_list("type", flat=True)) == [
        "instrument.added", "instrument.changed", "instrument.removed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "hidden",
    [
        {"token": CARD_NUMBER},
        {"token": "4111 1111 1111 1111"},
        {"token": f"tok_{CARD_NUMBER}"},
        {"detail": CARD_NUMBER},
        {"label": f"Visa {CARD_NUMBER}"},
        {"holder_name": "4111-1111-1111-1111"},
    ],
)
def test_a_card_number_is_never_kept(casino: Casino, hidden: dict) -> None:
    player = casino.nova.register()
    answer = casino.nova.post(f"/players/{player}/instruments", card(**hidden))

    problem(answer, 422, "card_number")
    assert "1111" not in json.dumps({name: value for name, value in answer.json().items() if name != "request_id"})
    assert not Instrument.objects.exists()


def test_an_instrument_of_an_unknown_provider_is_refused_where_any_is_connected(casino: Casino, settings: object) -> None:
    settings.PAYMENT_PROVIDERS = {"nordpay": {"class": "payments.providers.nordpay.Nordpay"}}  # type: ignore[attr-defined]
    player = casino.nova.register()

    problem(casino.nova.post(f"/players/{player}/instruments", card(provider="nobody")), 422, "provider_unknown")
    assert casino.nova.post(f"/players/{player}/instruments", card()).status_code == 201


def test_somebody_elses_instrument_cannot_be_removed(casino: Casino) -> None:
    mine, other = casino.nova.register(), casino.nova.register()
    instrument = casino.nova.instrument(other)

    problem(casino.nova.call("DELETE", f"/players/{mine}/instruments/{instrument}"), 404, "instrument_unknown")
    assert Instrument.objects.get().removed_at is None
