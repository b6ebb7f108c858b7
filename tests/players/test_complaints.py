"""Complaints: their clocks, their moves, who works on them, and what goes over the API."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from backoffice.audit import personal
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.models import Event
from backoffice.integrations.models import Delivery
from backoffice.integrations.webhooks import services as webhooks
from backoffice.scope import packs
from backoffice.scope.models import Jurisdiction
from players.complaints import services
from players.lifecycles import COMPLAINT
from players.models import Complaint
from players.services import PlayerRefused
from tests.api import open_casino as open_api
from tests.api import pointers, problem
from tests.casino import NOW, new_player, new_withdrawal, open_casino
from tests.people import make_person, signed_in

WORDS = "My withdrawal is late and nobody answers."
Complain = Callable[..., Complaint]


@pytest.fixture
def casino(db: None, opened: None) -> SimpleNamespace:
    brand = open_casino()
    return SimpleNamespace(
        brand=brand, player=new_player(brand), sofia=make_person("support", brands=[brand], name="Sofia Marin"),
        oren=make_person("compliance", brands=[brand], name="Oren Vella"),
    )  # fmt: skip


@pytest.fixture
def complain(casino: SimpleNamespace) -> Complain:
    def run(**more: Any) -> Complaint:
        given = {"player_id": casino.player.pk, "category": "payments", "channel": "phone", "text": WORDS, "by": Actor.staff(casino.sofia), "now": NOW, **more}
        return services.record_complaint(**given)

    return run


def everything() -> tuple[list[dict[str, Any]], int]:
    return list(Complaint.objects.order_by("pk").values()), Event.objects.filter(type__startswith="complaint.").count()


# ---- taking one in


def test_its_clocks_run_day_and_night_from_when_it_came(casino: SimpleNamespace, complain: Complain) -> None:
    friday_night = datetime(2026, 11, 13, 23, 30, tzinfo=UTC)
    made = complain(received_at=friday_night)
    assert (made.state, made.due_at, made.answer_due_at) == ("received", friday_night + timedelta(hours=24), friday_night + timedelta(days=10))
    assert (made.kept_until, made.recorded_by_id) == (date(2031, 11, 20), casino.sofia.pk)
    fact = Event.objects.get(type="complaint.received")
    said = json.loads(fact.after)
    assert (fact.player_id, fact.subject_id, said["category"]) == (casino.player.pk, made.pk, "payments")
    assert said["by"] == [
        "MT 1: GLI-19 v3.0 A.4.4: complaints day and night; 24 hours are this house's promise",
        "MT 1: GLI-19 v3.0 A.4.4: complaints day and night; ten days are this house's promise",
    ]


def test_the_days_are_those_of_the_players_law(casino: SimpleNamespace, complain: Complain) -> None:
    from tests.people import make_brand

    made = complain(player_id=new_player(make_brand("fjord", market="SE"), market="GB", currency="SEK").pk)
    assert made.answer_due_at == NOW + timedelta(days=56)


def test_the_players_words_are_kept_encrypted_and_stand_in_no_fact(casino: SimpleNamespace, complain: Complain) -> None:
    made = complain()
    assert Complaint.objects.get(pk=made.pk).text == WORDS
    with connection.cursor() as cursor:
        for table in ("players_complaint", "audit_event"):
            cursor.execute(f"SELECT string_agg(row.*::text, ' ') FROM {table} row")  # noqa: S608
            assert "nobody answers" not in cursor.fetchone()[0]


def test_it_may_be_about_a_payment_of_the_player_and_of_nobody_else(casino: SimpleNamespace, complain: Complain) -> None:
    withdrawal = new_withdrawal(casino.brand)
    made = complain(player_id=withdrawal.player_id, payment=withdrawal.name.lower())
    assert made.payment == withdrawal.name
    before = everything()
    for name in (withdrawal.name, "WD-999999", "WD-x", "481"):
        with pytest.raises(PlayerRefused, match="no payment of that name"):
            complain(payment=name)
    assert everything() == before


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"text": " "}, "complaint_text"), ({"text": "x" * 4001}, "complaint_text"), ({"category": "weather"}, "complaint_kind"),
        ({"channel": "pigeon"}, "complaint_kind"), ({"received_at": NOW + timedelta(hours=1)}, "received_at"),
        ({"received_at": NOW - timedelta(days=61)}, "received_at"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_and_nothing_is_kept(casino: SimpleNamespace, complain: Complain, more: dict, code: str) -> None:
    with pytest.raises(PlayerRefused) as refused:
        complain(**more)
    assert refused.value.code == code
    assert everything() == ([], 0)


def test_the_same_external_id_is_one_complaint(casino: SimpleNamespace, complain: Complain) -> None:
    first = complain(external_id="form-1")
    assert complain(external_id="form-1", text="Sent again").pk == first.pk
    with pytest.raises(PlayerRefused) as refused:
        complain(external_id="form-1", player_id=new_player(casino.brand).pk)
    assert (refused.value.code, Complaint.objects.count()) == ("complaint_known", 1)


def test_a_pack_from_before_complaints_says_what_to_do(casino: SimpleNamespace) -> None:
    text = (packs.SHIPPED / "MT.toml").read_text()
    old = packs.parse(text[: text.index('["complaints')], whole=False)
    assert "complaints.answer_days" not in old.numbers
    malta = Jurisdiction.objects.get(code="MT")
    packs.forget()
    packs._cache[malta.pk] = (float("inf"), [old])
    with pytest.raises(packs.NoPack, match="MT 1 does not say complaints.answer_days. Propose its next version"):
        packs.number(malta.pk, "complaints.answer_days", on=NOW.date())
    assert packs.number(malta.pk, "registration.minimum_age", on=NOW.date()).value == 18
    packs.forget()


# ---- moves


def test_every_move_of_a_complaint_is_made_by_a_service_and_told_to_the_front_end(casino: SimpleNamespace, complain: Complain) -> None:
    webhooks.create(name="Web", url="https://nova.example/hooks", topic_codes=["complaint.moved"], brand=casino.brand, by=Actor.system("test"), now=NOW)

    def answered(row: Complaint) -> Complaint:
        return services.answer_complaint(complaint_id=row.pk, outcome="upheld", reason="Paid the same day", by=casino.sofia, now=NOW)

    def withdrawn(row: Complaint) -> Complaint:
        return services.withdraw_complaint(complaint_id=row.pk, note="Called, it is settled", by=casino.sofia, now=NOW)

    def acknowledged() -> Complaint:
        return services.acknowledge_complaint(complaint_id=complain().pk, by=casino.sofia, now=NOW)

    def escalated() -> Complaint:
        return services.escalate_complaint(complaint_id=acknowledged().pk, note="To the ADR entity", by=casino.oren, now=NOW)

    for row in (complain, acknowledged, escalated):
        answered(row())
        withdrawn(row())
    moved = Event.objects.filter(subject_type="players.complaint", before__isnull=False).values_list("before", "after")
    taken = {(json.loads(before)["state"], json.loads(after)["state"]) for before, after in moved}
    assert taken == {(state, to) for state, moves in COMPLAINT.moves.items() for to in moves}
    last = json.loads(Delivery.objects.order_by("-pk")[0].body)["data"]
    row = Complaint.objects.order_by("-pk")[0]
    assert last == {"player_id": casino.player.pk, "external_id": casino.player.external_id, "complaint_id": row.pk, "state": "withdrawn", "outcome": ""}


def test_an_acknowledgement_makes_the_answer_due_and_an_answer_starts_the_years(casino: SimpleNamespace, complain: Complain) -> None:
    row = services.acknowledge_complaint(complaint_id=complain().pk, by=casino.sofia, now=NOW + timedelta(hours=2))
    assert (row.due_at, row.acknowledged_at) == (NOW + timedelta(days=10), NOW + timedelta(hours=2))
    then = NOW + timedelta(days=9)
    row = services.answer_complaint(complaint_id=row.pk, outcome="partly_upheld", reason="Paid, with our apology", by=casino.sofia, now=then)
    assert (row.state, row.outcome, row.reason, row.answered_at, row.kept_until) == (
        "answered", "partly_upheld", "Paid, with our apology", then, date(2031, 11, 29),
    )  # fmt: skip
    fact = Event.objects.get(type="complaint.answered")
    assert personal.open_values(json.loads(fact.after), player_id=row.player_id) == {
        "state": "answered",
        "version": 3,
        "note": "Paid, with our apology",
        "outcome": "partly_upheld",
    }


def test_what_is_refused_leaves_the_complaint_as_it_is(casino: SimpleNamespace, complain: Complain) -> None:
    row = complain()
    before = everything()
    given = {"complaint_id": row.pk, "now": NOW}
    for act in (
        lambda: services.answer_complaint(**given, outcome="upheld", reason=" ", by=casino.sofia),
        lambda: services.answer_complaint(**given, outcome="", reason="Because", by=casino.sofia),
        lambda: services.withdraw_complaint(**given, note="", by=casino.sofia),
    ):
        with pytest.raises(PlayerRefused):
            act()
    for act in (
        lambda: services.escalate_complaint(**given, note="Too early", by=casino.sofia),
        lambda: services.acknowledge_complaint(**given, by=make_person("auditor", brands=[casino.brand])),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert everything() == before


def test_the_database_wants_an_outcome_for_an_answer_and_deletes_none(casino: SimpleNamespace, complain: Complain) -> None:
    row = complain()
    with pytest.raises(IntegrityError, match="answered_has_an_outcome"), transaction.atomic():
        Complaint.objects.filter(pk=row.pk).update(state="answered")
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        Complaint.objects.filter(pk=row.pk).delete()


# ---- the screens


def form_of(client: Any, row: Complaint) -> dict[str, str]:
    page = client.get(reverse("players:complaint", args=[row.pk])).text
    return {name: re.search(rf'name="{name}" value="([^"]+)"', page).group(1) for name in ("seen", "key")}  # type: ignore[union-attr]


def test_support_records_one_by_hand_and_answers_it_in_the_queue(casino: SimpleNamespace) -> None:
    agent, url = signed_in(casino.sofia), reverse("players:record-complaint", args=[casino.player.pk])
    assert "GLI-19 v3.0 A.4.4" in agent.get(url).text
    at = timezone.localtime(timezone.now() - timedelta(hours=30), casino.sofia.zone)
    sent = {"category": "service", "channel": "phone", "received_at": f"{at:%Y-%m-%dT%H:%M}", "payment": "", "text": WORDS}
    assert agent.post(url, {**sent, "payment": "WD-1"}).status_code == 422
    assert not Complaint.objects.exists()
    answer = agent.post(url, sent)
    row = Complaint.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("players:complaint", args=[row.pk]))
    assert re.findall(r'<tr id="row-(\d+)"', agent.get(reverse("players:complaints") + "?view=late").text) == [str(row.pk)]
    overview = reverse("players:player", args=[casino.player.pk])
    assert all(row.name in agent.get(page).text for page in (overview, f"{overview}?tab=profile"))

    page = agent.get(reverse("players:complaint", args=[row.pk])).text
    assert (WORDS in page, 'value="acknowledged"' in page, 'value="escalated"' in page) == (True, True, False)
    decide = reverse("players:complaint-decide", args=[row.pk])
    assert agent.post(decide, {**form_of(agent, row), "outcome": "upheld", "note": ""}).status_code == 422
    assert agent.post(decide, {**form_of(agent, row), "outcome": "escalated", "note": "x"}).status_code == 422
    assert agent.post(decide, {**form_of(agent, row), "outcome": "acknowledged", "note": ""}).status_code == 303
    assert 'value="escalated"' in agent.get(reverse("players:complaint", args=[row.pk])).text
    assert agent.post(decide, {**form_of(agent, row), "outcome": "not_upheld", "note": "The bank was late"}).status_code == 303
    row.refresh_from_db()
    assert (row.state, row.outcome, row.reason) == ("answered", "not_upheld", "The bank was late")


def test_who_may_not_see_complaints_sees_none_on_the_players_page(casino: SimpleNamespace, complain: Complain) -> None:
    row = complain()
    crm, overview = signed_in(make_person("crm", brands=[casino.brand])), reverse("players:player", args=[casino.player.pk])
    assert all(row.name not in crm.get(page).text for page in (overview, f"{overview}?tab=profile"))


# ---- over the API


def test_the_front_end_sends_one_in_and_reads_what_became_of_it(db: None) -> None:
    house = open_api()
    player = house.nova.register()
    body = {"category": "bonuses", "text": WORDS, "external_id": "form-1"}
    sent = house.nova.post(f"/players/{player}/complaints", body)
    assert sent.status_code == 201
    said = sent.json()
    assert (said["state"], said["outcome"], said["player_id"], "text" in said) == ("received", None, player, False)
    assert house.nova.post(f"/players/{player}/complaints", body).json()["id"] == said["id"]
    row = Complaint.objects.get()
    assert (row.channel, row.recorded_by, row.text) == ("website", None, WORDS)
    support = make_person("support", brands=[house.nova.brand])
    services.answer_complaint(complaint_id=row.pk, outcome="upheld", reason="You were right", by=support, now=timezone.now())
    found = house.nova.get(f"/complaints/{row.pk}").json()
    assert (found["state"], found["outcome"], found["reason"]) == ("answered", "upheld", "You were right")
    assert house.fjord.get(f"/complaints/{row.pk}").status_code == 404


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [({"payment": "WD-999"}, "payment_unknown", "#/payment"), ({"received_at": "2020-01-01T00:00:00Z"}, "received_at", "#/received_at")],
)
def test_the_api_says_where_a_complaint_is_wrong(db: None, fields: dict, code: str, pointer: str) -> None:
    house = open_api()
    answer = house.nova.post(f"/players/{house.nova.register()}/complaints", {"category": "service", "text": WORDS, **fields})
    problem(answer, 422, code)
    assert pointers(answer) == {pointer}
    assert not Complaint.objects.exists()
