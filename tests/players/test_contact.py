"""Contactability: one answer for each channel and purpose, the same on the page, the API and in exports."""

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.audit.actors import Actor
from backoffice.audit.models import Event
from backoffice.integrations.models import Delivery
from backoffice.integrations.webhooks.services import create
from backoffice.jobs.exports.sources import sources as lists
from backoffice.scope import packs
from players import contact
from players.blocks import sources
from players.blocks.services import lift_block, set_block
from players.contact import EMAIL, MARKETING, PHONE, POST, PUSH, SERVICE, SMS, Contacts
from players.models import Consent, Player
from players.services import PlayerRefused
from players.services.consents import record_consent
from players.telling import CONTACT_CHANGED
from tests.access_table import HOLDERS
from tests.api import Casino, pointers, problem
from tests.casino import new_player, open_casino
from tests.people import make_brand, make_person, signed_in


@pytest.fixture
def desk(db: None, opened: None) -> SimpleNamespace:
    brand = open_casino()
    player = new_player(brand)
    player.phone = "+356 2123 4567"
    player.save()
    return SimpleNamespace(brand=brand, player=player)


def said(player: Player, channel: str = EMAIL, given: bool = True, **fields: Any) -> Consent:
    given_fields = {"source": "preferences", "text_version": "marketing-3", "by": Actor.system("test"), "now": timezone.now(), **fields}
    return record_consent(player_id=player.pk, channel=channel, given=given, **given_fields)


def why(player: Player, channel: str = EMAIL, purpose: str = MARKETING, **at: Any) -> tuple[bool, str]:
    player = Player.objects.get(pk=player.pk)
    found = contact.answer(player, channel, purpose, now=at.get("now") or timezone.now())
    return found.allowed, found.why


def test_what_counts_in_turn(desk: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the weakest reason to the strongest: each hides those before it."""
    monkeypatch.setattr(sources, "_sources", dict(sources._sources))
    sources.register(sources.Source("self-exclusion", "Self-exclusion", {"ASKED": "Asked"}, excludes=True))
    player, by, now = desk.player, Actor.system("test"), timezone.now()
    assert (why(player), why(player, purpose=SERVICE)) == ((False, "no_consent"), (True, "owed"))
    said(player)
    assert why(player) == (True, "consented")
    said(player, given=False)
    assert why(player) == (False, "withdrawn")
    Player.objects.filter(pk=player.pk).update(state="suspended")
    assert (why(player), why(player, purpose=SERVICE)) == ((False, "account_suspended"), (True, "owed"))
    set_block(player_id=player.pk, kind="play", reason="ASKED", source="self-exclusion", by=by, now=now)
    assert (why(player), why(player, purpose=SERVICE)) == ((False, "excluded"), (True, "owed"))
    set_block(player_id=player.pk, kind="contact", reason="WRONG_ADDRESS", by=by, now=now)
    assert {why(player, channel, purpose) for channel in contact.CHANNELS for purpose in contact.PURPOSES} == {(False, "contact_blocked")}


def test_an_exclusion_is_named_with_its_clause(desk: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_sources", dict(sources._sources))
    sources.register(sources.Source("self-exclusion", "Self-exclusion", {"ASKED": "Asked"}, excludes=True))
    said(desk.player)
    set_block(player_id=desk.player.pk, kind="play", reason="ASKED", source="self-exclusion", by=Actor.system("test"), now=timezone.now())
    found = contact.answer(desk.player, EMAIL, MARKETING, now=timezone.now())
    assert (found.allowed, found.why, found.citation) == (False, "excluded", "GLI-19 v3.0 A.3.8: no targeted marketing while excluded")


def test_a_block_that_has_ended_counts_no_more(desk: SimpleNamespace) -> None:
    now = timezone.now()
    set_block(player_id=desk.player.pk, kind="contact", reason="PLAYER_ASKED", ends_at=now + timedelta(hours=1), by=Actor.system("test"), now=now)
    assert why(desk.player, purpose=SERVICE, now=now) == (False, "contact_blocked")
    assert why(desk.player, purpose=SERVICE, now=now + timedelta(hours=1)) == (True, "owed")


@pytest.mark.parametrize(
    ("market", "asks"),
    [
        ("MT", {EMAIL, SMS, PUSH}),
        ("SE", {EMAIL, SMS, PUSH}),
        ("GB", {EMAIL, SMS, PUSH, PHONE, POST}),
        ("DE", {EMAIL, SMS, PUSH, PHONE}),
        ("CA-ON", {EMAIL, SMS, PUSH, PHONE, POST}),  # AGCO 2.05
    ],
)
def test_the_law_says_where_silence_is_no(desk: SimpleNamespace, market: str, asks: set[str]) -> None:
    player = new_player(make_brand("fjord") if market in {"SE", "GB"} else desk.brand, market=market)
    player.phone = "+356 2123 4567"
    player.save()
    found = {one.channel: one for one in contact.of(player, now=timezone.now()) if one.purpose == MARKETING}
    assert {channel for channel, one in found.items() if one.why == "no_consent"} == asks
    assert {channel for channel, one in found.items() if one.why == "not_objected"} == set(contact.CHANNELS) - asks
    assert all(one.citation for one in found.values())


def test_without_a_law_nobody_gets_marketing(desk: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_pack(_jurisdiction: int, *, on: Any) -> Any:
        raise packs.NoPack("none")

    said(desk.player)
    monkeypatch.setattr(packs, "in_force", no_pack)
    assert (why(desk.player), why(desk.player, POST)) == ((False, "law_unknown"), (False, "law_unknown"))
    assert why(desk.player, purpose=SERVICE) == (True, "owed")


def test_without_an_address_there_is_no_contact(desk: SimpleNamespace) -> None:
    said(desk.player, SMS)
    desk.player.phone, desk.player.email = "", ""
    desk.player.save()
    assert [why(desk.player, channel, SERVICE) for channel in (EMAIL, SMS, PHONE, POST, PUSH)] == [(False, "no_address")] * 3 + [(True, "owed")] * 2
    assert why(desk.player, SMS) == (False, "no_address")


def test_the_latest_word_counts_also_when_an_older_one_arrives_after_it(desk: SimpleNamespace) -> None:
    now = timezone.now()
    said(desk.player, given=False, at=now - timedelta(days=1), now=now)
    said(desk.player, given=True, at=now - timedelta(days=2), now=now)
    assert why(desk.player) == (False, "withdrawn")
    assert Consent.objects.count() == 2


def test_the_same_again_is_no_second_line(desk: SimpleNamespace) -> None:
    first, again = said(desk.player), said(desk.player)
    assert (first.pk, Consent.objects.count()) == (again.pk, 1)
    assert said(desk.player, text_version="marketing-4").pk != first.pk
    facts = Event.objects.filter(player_id=desk.player.pk, type__startswith="consent.").order_by("id").values_list("type", flat=True)
    assert list(facts) == ["consent.given", "consent.given"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"channel": "pigeon"}, "channel_unknown"), ({"text_version": " "}, "consent_words"), ({"at": timedelta(seconds=1)}, "consent_future")],
)
def test_a_consent_that_proves_nothing_is_refused(desk: SimpleNamespace, fields: dict[str, Any], code: str) -> None:
    now = timezone.now()
    if "at" in fields:
        fields = {"at": now + fields["at"]}
    with pytest.raises(PlayerRefused) as refused:
        said(desk.player, **{"now": now, **fields})
    assert refused.value.code == code
    assert not Consent.objects.exists()


def test_the_crm_is_told_when_it_changes(desk: SimpleNamespace) -> None:
    now = timezone.now()
    create(name="CRM", url="https://crm.example/hook", topic_codes=[CONTACT_CHANGED], brand=desk.brand, by=Actor.system("test"), now=now)
    said(desk.player)
    set_block(player_id=desk.player.pk, kind="deposit", reason="CHARGEBACK", by=Actor.system("test"), now=now)  # nothing to do with contact
    block = set_block(player_id=desk.player.pk, kind="contact", reason="PLAYER_ASKED", by=Actor.system("test"), now=now)
    lift_block(block_id=block.pk, player_id=desk.player.pk, version=1, why="Over", by=make_person("fraud", brands=[desk.brand]), now=timezone.now())
    told = [json.loads(one.body)["data"]["contact"] for one in Delivery.objects.order_by("pk")]
    answers = [next(line for line in lines if (line["channel"], line["purpose"]) == ("email", "marketing")) for lines in told]
    assert [(one["allowed"], one["why"]) for one in answers] == [(True, "consented"), (False, "contact_blocked"), (True, "consented")]
    assert answers[0]["citation"] == "S.L. 586.01 reg. 9: direct marketing by electronic mail"


def test_the_front_end_keeps_consents_and_reads_the_answer(casino: Casino) -> None:
    player = casino.nova.register()
    kept = casino.nova.post(f"/players/{player}/consents", {"channel": "email", "given": True, "source": "registration", "text_version": "marketing-3"})
    assert kept.status_code == 201
    assert kept.json() == casino.nova.get(f"/players/{player}/contact").json()
    lines = {(one["channel"], one["purpose"]): (one["allowed"], one["why"]) for one in kept.json()["contact"]}
    assert len(lines) == 10
    assert lines["email", "marketing"] == (True, "consented")
    assert lines["sms", "marketing"] == (False, "no_consent")
    assert lines["post", "marketing"] == (True, "not_objected")
    refused = casino.nova.post(f"/players/{player}/consents", {"channel": "sms", "given": True, "source": "registration"})
    problem(refused, 422, "consent_words")
    assert pointers(refused) == {"#/text_version"}
    problem(casino.fjord.get(f"/players/{player}/contact"), 404, "not_found")
    problem(casino.fjord.post(f"/players/{player}/consents", {"channel": "sms", "given": False, "source": "preferences"}), 404, "not_found")
    assert Consent.objects.count() == 1
    fact = Event.objects.get(type="consent.given")
    assert (fact.actor_kind, fact.actor_label) == ("integration", "Nova web")


@pytest.mark.parametrize("role", ["support", "crm", "payments-l1", "auditor"])
def test_staff_write_down_what_they_were_told(desk: SimpleNamespace, role: str) -> None:
    client, may = signed_in(make_person(role, brands=[desk.brand], name="Sofia Marin")), role in HOLDERS["players.consents"]
    sent = {"channel": "email", "given": "yes", "text_version": "marketing-3", "reason": "Call 4711"}
    answer = client.post(reverse("players:contact-consent", args=[desk.player.pk]), sent)
    assert answer.status_code == (302 if may else 403)
    assert list(Consent.objects.values_list("source", "given", "text_version", "reason")) == ([("staff", True, "marketing-3", "Call 4711")] if may else [])
    page = client.get(reverse("players:contact", args=[desk.player.pk])).text
    assert ("Write it down" in page) == may
    assert ("Sofia Marin: Call 4711" in page) == may
    assert "S.L. 586.01 reg. 9" in page


def test_a_form_without_its_proof_comes_back(desk: SimpleNamespace) -> None:
    client = signed_in(make_person("support", brands=[desk.brand]))
    url = reverse("players:contact-consent", args=[desk.player.pk])
    assert "Say which version" in (words := client.post(url, {"channel": "email", "given": "yes", "reason": "Call"})).text
    silent = client.post(url, {"channel": "email", "given": "no", "reason": ""})
    assert (words.status_code, silent.status_code) == (422, 422)
    assert not Consent.objects.exists()


def test_the_players_page_shows_it(desk: SimpleNamespace) -> None:
    page = signed_in(make_person("support", brands=[desk.brand])).get(reverse("players:player", args=[desk.player.pk]) + "?tab=messages").text
    assert "The player has not agreed" in page
    assert "The law lets it until the player objects" in page


def test_an_export_of_players_says_who_may_be_sent_what(desk: SimpleNamespace) -> None:
    said(desk.player)
    other = new_player(desk.brand)
    staff, now = make_person("crm", brands=[desk.brand]), timezone.now()
    source = lists.get("players.player")
    rows = list(source.matching(staff, QueryDict("view=all"), now).order_by("pk"))
    found = source.prepare(rows, now)
    columns = {column.key: column for column in source.columns}
    read = {key: [next(iter(columns[key].cells(row, masked=True))) for row in found] for key in ("service_email", "marketing_email", "marketing_post")}
    assert [row.item.pk for row in found] == [desk.player.pk, other.pk]
    assert read == {"service_email": ["yes", "yes"], "marketing_email": ["yes", "no: no_consent"], "marketing_post": ["yes", "yes"]}


def test_many_players_cost_no_more_than_one(desk: SimpleNamespace) -> None:
    players = [desk.player, *(new_player(desk.brand) for _ in range(4))]
    contact.of(desk.player, now=timezone.now())  # the pack is read
    with CaptureQueriesContext(
        connection,
    ) as asked:
        shared = Contacts(players, now=timezone.now())
        assert [len(shared.of(one.pk)) for one in players] == [10] * 5
    assert len(asked) == 2


def test_the_apps_login_cannot_change_a_consent(desk: SimpleNamespace) -> None:
    one = said(desk.player)
    for sql in ("UPDATE players_consent SET given = false WHERE id = %s", "DELETE FROM players_consent WHERE id = %s"):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [one.pk])
