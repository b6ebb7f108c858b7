"""Editing a profile: what changes at once, what waits for somebody else, what is refused, and that no personal value stands in clear."""

import json
from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from backoffice.access.models import Staff
from backoffice.approvals import selectors
from backoffice.approvals.models import ChangeRequest, Version
from backoffice.approvals.registry import registry
from backoffice.approvals.services import SamePerson, decisions
from backoffice.audit import personal
from backoffice.audit.lifecycle import NotAllowed, Stale
from backoffice.audit.models import Event
from backoffice.integrations.models import Delivery
from backoffice.integrations.webhooks import services as webhooks
from players.models import Address, Player
from players.profile import edits, identity
from players.services import PlayerRefused
from tests.backoffice.approvals.conftest import policy
from tests.casino import NOW, new_player, open_casino
from tests.people import make_person, signed_in

Edit = Callable[..., edits.Edited]


@pytest.fixture
def casino(db: None, opened: None) -> SimpleNamespace:
    brand = open_casino()
    return SimpleNamespace(
        brand=brand, player=new_player(brand), sofia=make_person("support", brands=[brand], name="Sofia Marin"),
        yusuf=make_person("kyc", brands=[brand], name="Yusuf Kaya"),
    )  # fmt: skip


@pytest.fixture
def edit(casino: SimpleNamespace) -> Edit:
    def run(said: dict[str, str], *, by: Staff | None = None, key: str = "k", reason: str = "Called and asked for it", **more: Any) -> edits.Edited:
        given = {"player_id": casino.player.pk, "version": Player.objects.get(pk=casino.player.pk).version, "now": NOW, **more}
        return edits.edit_profile(said=said, reason=reason, key=key, by=by or casino.sofia, **given)

    return run


def approved(change_id: int | None, by: Staff) -> ChangeRequest:
    change = ChangeRequest.objects.get(pk=change_id)
    return decisions.approve(change_id=change.pk, version=change.version, key="a", by=by, now=NOW)


def everything(player: Player) -> dict[str, Any]:
    return {
        "row": Player.objects.values().get(pk=player.pk), "home": list(Address.objects.values()), "changes": ChangeRequest.objects.count(),
        "facts": Event.objects.count(), "sent": Delivery.objects.count(),
    }  # fmt: skip


def opened(fact: Event) -> tuple[dict[str, Any], dict[str, Any]]:
    before, after = (personal.open_values(json.loads(text or "{}"), player_id=fact.player_id) for text in (fact.before, fact.after))
    return before, after


# ---- at once


def test_country_language_and_address_change_at_once_with_before_and_after_on_the_record(casino: SimpleNamespace, edit: Edit) -> None:
    made = edit({"country": "mt", "language": "sv", "street": " 7  Old Mint Street ", "city": "Valletta", "postal_code": "VLT 1510"})
    assert made == edits.Edited(("city", "country", "language", "postal_code", "street"), None, False)
    player = Player.objects.get(pk=casino.player.pk)
    assert (player.country, player.language, player.version) == ("MT", "sv", 2)
    assert Address.objects.get().parts == {"street": "7 Old Mint Street", "postal_code": "VLT 1510", "city": "Valletta", "region": ""}
    fact = Event.objects.get(type="player.profile_changed")
    assert (fact.player_id, fact.actor_id, fact.reason) == (player.pk, casino.sofia.pk, "Called and asked for it")
    assert "Mint" not in f"{fact.after}"
    assert opened(fact) == (
        {"city": "", "country": "PL", "language": "en", "postal_code": "", "street": ""},
        {"city": "Valletta", "country": "MT", "language": "sv", "postal_code": "VLT 1510", "street": "7 Old Mint Street"},
    )


def test_the_same_edit_again_is_one_edit(casino: SimpleNamespace, edit: Edit) -> None:
    first = edit({"city": "Valletta"}, version=1)
    after = everything(casino.player)
    assert edit({"city": "Valletta"}, version=1) == first
    assert everything(casino.player) == after


def test_the_front_end_is_told_which_values_changed_and_never_the_values(casino: SimpleNamespace, edit: Edit, monkeypatch: pytest.MonkeyPatch) -> None:
    from backoffice.audit.actors import Actor

    webhooks.create(name="Web", url="https://nova.example/hooks", topic_codes=["player.profile_changed"], brand=casino.brand, by=Actor.system("test"), now=NOW)
    edit({"city": "Valletta", "language": "sv"})
    body = json.loads(Delivery.objects.get().body)
    assert body["data"] == {"player_id": casino.player.pk, "external_id": casino.player.external_id, "fields": ["city", "language"]}


# ---- by approval


def test_what_identifies_a_person_waits_for_somebody_else(casino: SimpleNamespace, edit: Edit) -> None:
    made = edit({"email": "Mia.New@mail.example", "birth_date": "1991-02-11", "city": "Valletta"})
    assert (made.changed, made.waits) == (("city",), True)
    player = Player.objects.get(pk=casino.player.pk)
    assert (player.email, player.birth_date) == (casino.player.email, date(1990, 2, 11))
    change = ChangeRequest.objects.get(pk=made.change_id)
    assert (change.state, change.brand_id, change.title, change.reason) == ("review", casino.brand.pk, f"Player #{player.pk}", "Called and asked for it")
    with pytest.raises(SamePerson):
        approved(made.change_id, casino.sofia)

    assert approved(made.change_id, casino.yusuf).state == "active"
    player = Player.objects.get(pk=player.pk)
    assert (player.email, player.birth_date, player.last_name, player.version) == ("Mia.New@mail.example", date(1991, 2, 11), casino.player.last_name, 3)
    assert Player.objects.filter(Player.email.match("mia.new@mail.example")).get() == player
    fact = Event.objects.get(type="player.identity_changed")
    assert (fact.player_id, fact.actor_id) == (player.pk, casino.sofia.pk)
    assert opened(fact) == (
        {"birth_date": "1990-02-11", "email": casino.player.email}, {"birth_date": "1991-02-11", "email": "Mia.New@mail.example"},
    )  # fmt: skip


def test_no_personal_value_stands_in_clear_in_a_change_its_versions_or_its_facts(casino: SimpleNamespace, edit: Edit) -> None:
    made = edit({"email": "zebedee@mail.example", "phone": "+356 2123 4567", "birth_date": "1991-02-11"})
    approved(made.change_id, casino.yusuf)
    with connection.cursor() as cursor:
        for table in ("approvals_changerequest", "approvals_version", "audit_event", "work_answer"):
            cursor.execute(f"SELECT string_agg(row.*::text, ' ') FROM {table} row")  # noqa: S608
            text = cursor.fetchone()[0]
            for secret in ("zebedee", "2123", "1991-02-11", "1990-02-11", casino.player.email):
                assert secret not in text, table
    assert Version.objects.filter(kind=identity.CODE).count() == 2


def test_when_the_key_is_destroyed_the_change_reads_as_erased(casino: SimpleNamespace, edit: Edit) -> None:
    made = edit({"email": "zebedee@mail.example"})
    personal.erase(player_id=casino.player.pk, reason="Asked for", now=NOW)
    change = ChangeRequest.objects.get(pk=made.change_id)
    kind = registry.kind(identity.CODE)
    (line,) = selectors.diff(kind, change.subject, change.base, change.payload, staff=casino.yusuf)
    assert (line.old, line.new) == ("erased", "erased")
    assert approved(made.change_id, casino.yusuf).state == "stale"
    with pytest.raises(PlayerRefused, match="erased"):
        edit({"phone": "+35621234567"}, key="k2")


@pytest.mark.parametrize(("role", "clear"), [("kyc", True), ("head-of-payments", False)])
def test_the_diff_is_masked_for_who_may_not_reveal_and_looking_in_clear_is_a_fact(casino: SimpleNamespace, edit: Edit, role: str, clear: bool) -> None:
    made = edit({"email": "zebedee@mail.example", "birth_date": "1991-02-11"})
    reader = make_person(role, brands=[casino.brand])
    page = signed_in(reader).get(reverse("approvals:change", args=[made.change_id])).text
    assert ("zebedee@mail.example" in page, "1991-02-11" in page) == (clear, clear)
    assert ("z•••@mail.example" in page) == (not clear)
    looked = Event.objects.filter(type="player.revealed", player_id=casino.player.pk)
    assert [(fact.actor_id, json.loads(fact.after)) for fact in looked] == ([(reader.pk, {"value": "identity"})] if clear else [])


def test_the_facts_of_the_change_stand_on_the_players_timeline_and_the_log_hides_the_values(casino: SimpleNamespace, edit: Edit) -> None:
    made = edit({"email": "zebedee@mail.example"})
    approved(made.change_id, casino.yusuf)
    facts = Event.objects.filter(player_id=casino.player.pk, subject_type="approvals.change").order_by("id")
    assert [fact.type for fact in facts] == ["change.drafted", "change.submitted", "change.approved", "change.applied"]
    auditor = signed_in(make_person("auditor", brands=[casino.brand]))
    page = auditor.get(reverse("audit:fact", args=[facts[0].pk])).text
    assert "personal:" not in page
    assert "•••" in page


def test_one_change_of_an_identity_at_a_time(casino: SimpleNamespace, edit: Edit) -> None:
    made = edit({"email": "zebedee@mail.example"})
    before = everything(casino.player)
    with pytest.raises(PlayerRefused, match=f"CH-{made.change_id} waits"):
        edit({"phone": "+35621234567", "city": "Valletta"}, key="k2")
    assert everything(casino.player) == before


def test_without_a_needed_approval_it_is_in_force_at_once(casino: SimpleNamespace, edit: Edit) -> None:
    policy(kind=identity.CODE, approvals=0)
    made = edit({"phone": "+356 2123 4567", "language": "sv"})
    assert (made.changed, made.waits) == (("language", "phone"), False)
    player = Player.objects.get(pk=casino.player.pk)
    assert (player.phone, player.language, player.version) == ("+356 2123 4567", "sv", 3)


def test_an_address_that_was_taken_meanwhile_is_refused_when_it_comes_into_force(casino: SimpleNamespace, edit: Edit) -> None:
    made = edit({"email": "zebedee@mail.example"})
    other = new_player(casino.brand)
    other.email = "Zebedee@mail.example"
    other.save()
    assert approved(made.change_id, casino.yusuf).state == "failed"
    assert Player.objects.get(pk=casino.player.pk).email == casino.player.email


def test_the_sentences_about_a_new_address_and_a_new_name_are_true(casino: SimpleNamespace, edit: Edit) -> None:
    from django.core import mail

    from players.models import Instrument
    from players.queues import checks
    from players.tasks import send_due_messages
    from tests.casino import new_instrument, paid_in

    instrument = new_instrument(casino.player, holder="Mia Nowak")
    assert next(one for one in checks(instrument, NOW) if one.code == "INS-01").state == "warn"
    made = edit({"email": "zebedee@mail.example", "last_name": "Nowak"})
    said = registry.kind(identity.CODE).impact(str(casino.player.pk), ChangeRequest.objects.get(pk=made.change_id).payload, NOW)
    assert said == [
        "The front end is told which values changed, and fetches them over the API.",
        "Messages go to the new address from then on. Nothing is sent to the old one.",
        "Checks that compare the holder of an instrument read the new name.",
    ]
    approved(made.change_id, casino.yusuf)
    paid_in(casino.player, instrument, "5.00")
    send_due_messages()
    assert [message.to for message in mail.outbox] == [["zebedee@mail.example"]]
    assert next(one for one in checks(Instrument.objects.get(pk=instrument.pk), NOW) if one.code == "INS-01").state == "pass"


# ---- what is refused


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        ({"email": "nobody"}, "email", "whole address"), ({"phone": "2123"}, "phone", "with its country"),
        ({"birth_date": "31.5.1990"}, "birth_date", "1990-05-31"),
        ({"birth_date": "2010-01-01"}, "birth_date", "Cap. 583"), ({"birth_date": "1890-01-01"}, "birth_date", "Look at the year"),
        ({"first_name": "R2D2"}, "first_name", "no digits"), ({"last_name": " "}, "last_name", "on the document"),
        ({"country": "Malta"}, "country", "two letters"),
        ({"language": "xx"}, "language", "from the list"), ({"city": "V" * 81}, "city", "at most 80"), ({"country": "PL"}, "nothing", "Nothing would change"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_with_what_to_do_and_nothing_changes(casino: SimpleNamespace, edit: Edit, said: dict, field: str, words: str) -> None:
    before = everything(casino.player)
    with pytest.raises(PlayerRefused, match=words) as refused:
        edit({"city": "Sliema", **said} if field != "nothing" else said)
    assert refused.value.code == field
    assert everything(casino.player) == before


def test_an_email_address_belongs_to_one_player_of_a_brand(casino: SimpleNamespace, edit: Edit) -> None:
    other = new_player(casino.brand)
    before = everything(casino.player)
    with pytest.raises(PlayerRefused, match=f"Player #{other.pk} of this brand has this e-mail address"):
        edit({"email": other.email.upper()})
    assert everything(casino.player) == before


def test_without_permission_without_reason_and_against_an_older_version_nothing_changes(casino: SimpleNamespace, edit: Edit) -> None:
    before = everything(casino.player)
    with pytest.raises(NotAllowed):
        edit({"city": "Valletta"}, by=make_person("crm", brands=[casino.brand]))
    with pytest.raises(PlayerRefused, match="Say why"):
        edit({"city": "Valletta"}, reason=" ")
    with pytest.raises(Stale):
        edit({"city": "Valletta"}, version=7)
    assert {**everything(casino.player), "facts": 0} == {**before, "facts": 0}
    assert not Event.objects.filter(type="player.profile_changed").exists()


# ---- the page


def form_of(player: Player, **values: str) -> dict[str, str]:
    return {
        "first_name": player.first_name, "last_name": player.last_name, "country": player.country, "language": player.language, "reason": "Asked for it",
        "version": "1", "key": "k", **values,
    }  # fmt: skip


def test_an_agent_edits_on_the_page_and_what_is_hidden_and_left_empty_stays(casino: SimpleNamespace) -> None:
    """The role reads no personal value in clear, so the form holds none, and an empty field says nothing."""
    from tests.backoffice.approvals.test_kinds import change as by_approval

    by_approval(
        "access.role", "support", make_person("owner"), make_person("owner"), follows=False, permissions=["players.view", "players.edit_profile"], limits={}
    )
    agent = signed_in(Staff.objects.get(pk=casino.sofia.pk))
    url = reverse("players:edit-profile", args=[casino.player.pk])
    page = agent.get(url).text
    assert casino.player.email not in page
    assert "1990-02-11" not in page
    answer = agent.post(url, form_of(casino.player, city="Valletta"))
    assert (answer.status_code, answer["Location"]) == (303, reverse("players:player", args=[casino.player.pk]) + "?tab=profile")
    player = Player.objects.get(pk=casino.player.pk)
    assert (player.email, player.birth_date, Address.objects.get().parts["city"]) == (casino.player.email, date(1990, 2, 11), "Valletta")
    assert not ChangeRequest.objects.filter(kind=identity.CODE).exists()


def test_the_page_says_what_is_wrong_keeps_what_was_typed_and_answers_409_to_an_old_version(casino: SimpleNamespace) -> None:
    agent, url = signed_in(casino.sofia), reverse("players:edit-profile", args=[casino.player.pk])
    whole = {"email": casino.player.email, "birth_date": "1990-02-11"}
    wrong = agent.post(url, form_of(casino.player, **whole, phone="12"))
    assert (wrong.status_code, "with its country" in wrong.text) == (422, True)
    old = agent.post(url, form_of(casino.player, **whole, city="Valletta", version="9"))
    assert (old.status_code, 'value="Valletta"' in old.text, 'name="version" value="1"' in old.text) == (409, True, True)
    assert not Event.objects.filter(type="player.profile_changed").exists()


def test_support_takes_its_own_change_back_on_the_players_page(casino: SimpleNamespace, edit: Edit) -> None:
    made = edit({"email": "zebedee@mail.example"})
    url = reverse("players:take-back-identity", args=[casino.player.pk])
    assert signed_in(casino.yusuf).post(url).status_code == 403
    page = signed_in(casino.sofia).get(reverse("players:player", args=[casino.player.pk]) + "?tab=profile").text
    assert f"CH-{made.change_id}" in page
    assert url in page
    assert "z•••@" not in page, "the new value is not shown before it holds"
    assert signed_in(casino.sofia).post(url).status_code == 303
    assert ChangeRequest.objects.get(pk=made.change_id).state == "withdrawn"


def test_the_generic_pages_lead_to_the_players_own(casino: SimpleNamespace, edit: Edit) -> None:
    kyc, key = signed_in(casino.yusuf), str(casino.player.pk)
    answer = kyc.get(reverse("approvals:propose", args=[identity.CODE, key]))
    assert answer["Location"] == reverse("players:edit-profile", args=[key])
    made = edit({"email": "zebedee@mail.example"})
    approved(made.change_id, casino.yusuf)
    assert kyc.get(reverse("approvals:history", args=[identity.CODE, key])).status_code == 200
    assert kyc.post(reverse("approvals:restore", args=[identity.CODE, key, 1]), {"key": "r"}).status_code == 404
    assert kyc.get(reverse("approvals:history", args=[identity.CODE, "999999"])).status_code == 404


def test_who_asked_is_told_with_a_link_that_they_may_open(casino: SimpleNamespace, edit: Edit) -> None:
    from backoffice.bell.models import Notice

    approved(edit({"email": "zebedee@mail.example"}).change_id, casino.yusuf)
    notice = Notice.objects.get(staff=casino.sofia, kind="approvals.active")
    assert notice.url == reverse("players:edit-profile", args=[casino.player.pk])
