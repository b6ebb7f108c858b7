"""Accounts that may be one person's: what counts as shared, the round over all players, what people say, and who sees it."""

import json
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.models import Event
from players.duplicates import finding, services
from players.merging import services as merging
from players.models import Duplicate, Player
from players.models.personal import spelled_mailbox
from players.services import PlayerRefused
from players.services.instruments import add_instrument
from players.services.registration import record_sign_in, register_player
from tests.casino import NOW, new_player, open_casino
from tests.people import make_brand, make_person, signed_in

Person = Callable[..., Player]


@pytest.fixture
def casino(db: None, opened: None) -> SimpleNamespace:
    brand = open_casino()
    return SimpleNamespace(brand=brand, tessa=make_person("fraud", brands=[brand], name="Tessa Lind"))


@pytest.fixture
def person(casino: SimpleNamespace) -> Person:
    """A player who shares nothing with anybody unless the fields say so."""

    def run(*, brand: Any = None, phone: str = "", email: str = "", iban: str = "", device: str = "", test: bool = False, **fields: Any) -> Player:
        made = new_player(brand or casino.brand, is_test=test)
        for name, value in {**({"phone": phone} if phone else {}), **({"email": email} if email else {}), **fields}.items():
            setattr(made, name, value)
        made.save()
        if iban:
            add_instrument(
                player_id=made.pk, kind="bank", label="SEPA", provider="nordpay", token=f"t{made.pk}", last4=iban[-4:], detail=iban, by=Actor.system("t"),
                now=NOW,
            )  # fmt: skip
        if device:
            record_sign_in(player_id=made.pk, fingerprint=device, device_label="Pixel 9", ip="192.0.2.7", by=Actor.player(made.pk), now=NOW)
        return made

    return run


def round_over_all(*, chunk: int = 1_000) -> int:
    looked = 0
    while (step := finding.sweep(now=NOW, chunk=chunk)) > 0:
        looked += step
    return looked


def pairs() -> list[tuple[int, int, list[str], int]]:
    return list(Duplicate.objects.order_by("pk").values_list("first_id", "player_id", "evidence", "strength"))


@pytest.mark.parametrize(
    ("typed", "mailbox"),
    [
        ("Mia.Kowalska+casino@GMail.com", "miakowalska@gmail.com"), ("mia.kowalska@googlemail.com", "miakowalska@gmail.com"),
        ("mia.k+x@outlook.com", "mia.k@outlook.com"), ("mia.k+x@mail.example", "mia.k+x@mail.example"), ("m.i.a@proton.me", "m.i.a@proton.me"),
    ],
)  # fmt: skip
def test_a_mailbox_is_spelled_as_its_provider_reads_it(typed: str, mailbox: str) -> None:
    assert spelled_mailbox(typed) == mailbox


@pytest.mark.parametrize(
    ("one", "other", "kinds", "strength"),
    [
        ({"iban": "MT84MALT011000012345MTLCAST001S"}, {"iban": "MT84 MALT 0110 0001 2345 MTLC AST0 01S"}, ["instrument"], 4),
        ({"device": "d1"}, {"device": "d1"}, ["device"], 2),
        ({"phone": "+356 2123 4567"}, {"phone": "0035621234567"}, ["phone"], 3), ({"email": "m.ia@gmail.com"}, {"email": "mia+b@googlemail.com"}, ["email"], 4),
        ({"first_name": "MIA", "last_name": "Nowak"}, {"first_name": "Mia", "last_name": "NOWAK"}, ["name_birth"], 3),
        ({"first_name": "José", "last_name": "Nuñez"}, {"first_name": "Jose", "last_name": "NUNEZ"}, ["name_birth"], 3),
        ({"device": "d1", "phone": "+35621234567"}, {"device": "d1", "phone": "+35621234567"}, ["device", "phone"], 5),
    ],
)  # fmt: skip
def test_two_accounts_that_share_something_are_a_pair_with_what_they_share(person: Person, one: dict, other: dict, kinds: list[str], strength: int) -> None:
    older, newer, _stranger = person(**one), person(**other), person()
    assert round_over_all() == 3
    assert pairs() == [(older.pk, newer.pk, kinds, strength)]
    fact = Event.objects.get(type="duplicate.found")
    assert (fact.player_id, fact.actor_kind, json.loads(fact.after)) == (newer.pk, "system", {"state": "open", "with": older.pk, "shares": kinds})


def test_nothing_shared_other_birth_dates_and_test_players_make_no_pair(person: Person) -> None:
    from datetime import date

    person(first_name="Mia", last_name="Nowak")
    person(first_name="Mia", last_name="Nowak", birth_date=date(1991, 1, 1))
    person(device="d1")
    person(device="d1", test=True)
    round_over_all()
    assert pairs() == []


def test_the_round_goes_chunk_by_chunk_and_again_changes_nothing(person: Person) -> None:
    people = [person(device="d1") for _number in range(3)]
    assert round_over_all(chunk=2) == 3
    found = [(first.pk, second.pk) for at, first in enumerate(people) for second in people[at + 1 :]]
    assert [(first, second) for first, second, _kinds, _strength in pairs()] == found
    facts = Event.objects.filter(type="duplicate.found").count()
    round_over_all(chunk=2)
    assert (len(pairs()), Event.objects.filter(type="duplicate.found").count()) == (3, facts)


def test_a_value_that_very_many_share_gives_each_only_so_many(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MOST", 2)
    people = [person(device="cafe") for _number in range(5)]
    round_over_all()
    assert sum(first == people[0].pk for first, _second, _kinds, _strength in pairs()) == 2


def test_a_chunk_writes_no_more_pairs_than_its_transaction_holds_and_the_next_goes_on(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MOST_NEW", 4)
    people = [person(device="cafe") for _number in range(5)]
    found = [(first.pk, second.pk) for at, first in enumerate(people) for second in people[at + 1 :]]
    steps = [finding.sweep(now=NOW) for _step in range(4)]
    assert steps == [1, 1, 3, 0], "four pairs, three, three with nothing after them"
    assert [(first, second) for first, second, _kinds, _strength in pairs()] == found
    assert [finding.sweep(now=NOW) for _step in range(2)] == [5, 0], "what is known costs nothing"


def test_what_was_written_past_the_model_is_worked_out_by_the_round(person: Person) -> None:
    older, newer = person(email="mia@gmail.com"), person(email="m.i.a@gmail.com")
    Player.objects.filter(pk=newer.pk).update(mailbox_digest=None)
    round_over_all()
    assert pairs() == [(older.pk, newer.pk, ["email"], 4)]


def test_registration_knows_the_mailbox(casino: SimpleNamespace) -> None:
    from datetime import date

    made = register_player(
        brand=casino.brand, jurisdiction="MT", external_id="x", first_name="Mia", last_name="Nowak", birth_date=date(1990, 1, 1), country="MT", currency="EUR",
        email="m.i.a+x@gmail.com", by=Actor.system("t"), now=NOW,
    )  # fmt: skip
    other = Player()
    other.email = "mia@gmail.com"
    assert made.mailbox_digest == other.mailbox_digest


def test_every_way_goes_through_an_index(person: Person) -> None:
    person(device="d1")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + finding._SHARED.format(way="<>"), {"ids": [1], "most": finding.MOST})
        plan = "\n".join(line for (line,) in cursor.fetchall())
    for name in ("players_instrument_detail", "players_device_fingerprint", "players_player_phone", "players_player_mailbox"):
        assert name in plan
    assert re.search(r"players_player_(last|first)_name", plan)
    assert not re.search(r"Seq Scan on players_(player|device|instrument)", plan)


# ---- what people say


def test_people_say_whether_it_is_one_person_and_only_more_brings_two_people_back(casino: SimpleNamespace, person: Person) -> None:
    older, newer = person(device="d1"), person(device="d1")
    round_over_all()
    row = Duplicate.objects.get()
    given = {"duplicate_id": row.pk, "by": casino.tessa, "now": NOW}
    services.judge(**given, same=False, note="A couple, both verified")
    round_over_all()
    assert Duplicate.objects.get().state == "dismissed"
    for one in (older, newer):
        one.phone = "+35621234567"
        one.save()
    round_over_all()
    assert (Duplicate.objects.get().state, Duplicate.objects.get().evidence) == ("open", ["device", "phone"])
    services.judge(**given, same=True, note="Same selfie")
    moves = Event.objects.filter(subject_type="players.duplicate", before__isnull=False).order_by("id").values_list("type", "before", "after")
    assert [type for type, _before, _after in moves] == ["duplicate.dismissed", "duplicate.found_again", "duplicate.confirmed"]
    assert Player.objects.get(pk=newer.pk).state == "active", "nothing is closed by it"


def test_a_pair_is_judged_anew_both_ways_with_its_history_but_not_while_it_is_merged(casino: SimpleNamespace, person: Person) -> None:
    older = person(device="d1")
    person(device="d1")
    round_over_all()
    row, client = Duplicate.objects.get(), signed_in(casino.tessa)
    address = reverse("players:duplicate", args=[row.pk])

    def offered() -> set[str]:
        return set(re.findall(r'name="outcome" value="(\w+)"', client.get(address).text))

    given = {"duplicate_id": row.pk, "by": casino.tessa, "now": NOW}
    assert offered() == {"same", "different"}
    services.judge(**given, same=True, note="Same selfie")
    assert offered() == {"different"}
    with pytest.raises(PlayerRefused, match="judged so before"):
        services.judge(**given, same=True, note="Again")
    merging.merge(duplicate_id=row.pk, stays_id=older.pk, reason="x", by=Actor.staff(casino.tessa), now=NOW)
    assert offered() == set()
    before = Event.objects.filter(type="duplicate.dismissed").count()
    with pytest.raises(PlayerRefused, match="Undo the merge first"):
        services.judge(**given, same=False, note="Twins")
    assert (Duplicate.objects.get().state, Event.objects.filter(type="duplicate.dismissed").count()) == ("confirmed", before)
    merging.undo(duplicate_id=row.pk, reason="Twins", by=Actor.staff(casino.tessa), now=NOW)
    page = client.get(address).text
    seen, key = (re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in ("seen", "key"))  # type: ignore[index]
    answer = client.post(reverse("players:duplicate-decide", args=[row.pk]), {"outcome": "different", "note": "Twins", "seen": seen, "key": key})
    assert (answer.status_code, Duplicate.objects.get().state) == (303, "dismissed")
    with pytest.raises(PlayerRefused, match="Nobody has confirmed"):
        merging.merge(duplicate_id=row.pk, stays_id=older.pk, reason="x", by=Actor.staff(casino.tessa), now=NOW)
    assert offered() == {"same"}
    services.judge(**given, same=True, note="One selfie after all")
    kinds = Event.objects.filter(subject_type="players.duplicate", before__isnull=False).order_by("id").values_list("type", flat=True)
    assert list(kinds) == ["duplicate.confirmed", "duplicate.dismissed", "duplicate.confirmed"]


def test_without_a_reason_or_permission_nothing_is_said(casino: SimpleNamespace, person: Person) -> None:
    person(device="d1")
    person(device="d1")
    round_over_all()
    row, facts = Duplicate.objects.values().get(), Event.objects.count()
    with pytest.raises(PlayerRefused, match="Say why"):
        services.judge(duplicate_id=row["id"], same=True, note=" ", by=casino.tessa, now=NOW)
    with pytest.raises(NotAllowed):
        services.judge(duplicate_id=row["id"], same=True, note="x", by=make_person("support", brands=[casino.brand]), now=NOW)
    assert (Duplicate.objects.values().get(), Event.objects.filter(type__startswith="duplicate.").count()) == (row, 1)
    assert facts <= Event.objects.count()


# ---- the screens


def test_the_queue_and_the_panel_show_the_evidence_and_nothing_out_of_reach(casino: SimpleNamespace, person: Person) -> None:
    fjord = make_brand("fjord", market="SE")
    older, newer, elsewhere = person(device="d1", email="m.ia@gmail.com"), person(device="d1", email="mia@gmail.com"), person(device="d1", brand=fjord)
    round_over_all()
    fraud = signed_in(casino.tessa)
    pair = Duplicate.objects.get(first=older, player=newer)
    assert re.findall(r'<tr id="row-(\d+)"', fraud.get(reverse("players:duplicates")).text) == [str(pair.pk)]
    assert re.findall(r'<tr id="row-(\d+)"', fraud.get(reverse("players:duplicates") + "?shares=email").text) == [str(pair.pk)]
    assert re.findall(r'<tr id="row-(\d+)"', fraud.get(reverse("players:duplicates") + "?shares=phone").text) == []
    page = fraud.get(reverse("players:duplicate", args=[pair.pk])).text
    assert ("m•••@gmail.com" in page, "m.ia@gmail.com" in page, "Pixel 9" in page) == (True, False, True)
    hidden = Duplicate.objects.get(first=older, player=elsewhere)
    assert fraud.get(reverse("players:duplicate", args=[hidden.pk])).status_code == 404
    panel = fraud.get(reverse("players:player", args=[older.pk]) + "?tab=profile").text
    assert (f"</b> #{newer.pk}<" in panel, f"</b> #{elsewhere.pk}<" in panel) == (True, False)
    support = signed_in(make_person("support", brands=[casino.brand])).get(reverse("players:player", args=[older.pk]) + "?tab=profile").text
    assert f"</b> #{newer.pk}<" not in support
