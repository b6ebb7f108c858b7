"""The list of all players: its filters, its saved views, its export, and tags on many at once."""

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from backoffice.approvals.services.applying import enact
from backoffice.audit.actors import Actor
from backoffice.audit.models import Event
from backoffice.jobs.exports.sources import sources
from backoffice.scope.models import Jurisdiction, PackVersion
from backoffice.work import items, listing
from backoffice.work.listing import Asked
from backoffice.work.models import Item, SavedView
from players import contact
from players.blocks import sources as block_sources
from players.blocks.services import set_block
from players.lists import LIST
from players.models import Player
from players.places import SUBJECT, player_subject
from players.segments.kind import SUBJECT as SEGMENTS
from players.segments.kind import in_use
from players.services.consents import record_consent
from tests.casino import new_player, open_casino
from tests.people import make_brand, make_person, signed_in

ADDRESS = reverse("players:players")


@pytest.fixture
def casino(db: None, opened: None) -> SimpleNamespace:
    nova = open_casino()
    fjord = make_brand("fjord", market="SE")
    people = [new_player(nova) for _each in range(4)]
    return SimpleNamespace(
        nova=nova, fjord=fjord, people=people, elsewhere=new_player(fjord, currency="SEK"), sofia=make_person("support", brands=[nova], name="Sofia Marin")
    )  # fmt: skip


def shown(client: Any, query: str = "") -> set[int]:
    return {int(pk) for pk in re.findall(r'<tr id="row-(\d+)"', client.get(f"{ADDRESS}?{query}").text)}


def tags(player: Player) -> list[str]:
    return list(Item.objects.filter(subject_type=SUBJECT, subject_id=player.pk).values_list("tags", flat=True).first() or [])


def bulk(client: Any, verb: str, **data: Any) -> Any:
    return client.post(reverse("players:players-bulk", args=[verb]), {"key": "k", **data})


# ---- filters


def test_each_filter_finds_its_players_and_never_one_out_of_reach(casino: SimpleNamespace) -> None:
    one, two, three, four = casino.people
    Player.objects.filter(pk=one.pk).update(country="FI", state="closed", last_sign_in_at=timezone.now() - timedelta(days=3))
    Player.objects.filter(pk=two.pk).update(last_sign_in_at=timezone.now() - timedelta(days=45), registered_at="2026-03-10T22:59:00Z")
    Player.objects.filter(pk=three.pk).update(last_sign_in_at=None, registered_at="2026-03-10T23:01:00Z")  # the next day in Malta
    Player.objects.filter(pk=four.pk).update(last_sign_in_at=timezone.now() - timedelta(days=200))
    items.tag(player_subject(two), add=["vip"], by=casino.sofia, now=timezone.now())
    items.tag(player_subject(casino.elsewhere), add=["vip"], by=casino.sofia, now=timezone.now())
    client = signed_in(casino.sofia)
    everybody = {one.pk, two.pk, three.pk, four.pk}
    for query, found in {
        "": everybody, "country=fi": {one.pk}, "country=SE": set(), "state=closed": {one.pk}, "tag=vip": {two.pk},
        "brand=nova": everybody, "brand=fjord": set(),
        "signed_in=7": {one.pk}, "signed_in=30": {one.pk}, "signed_in=90": {one.pk, two.pk}, "signed_in=-30": {two.pk, four.pk}, "signed_in=-90": {four.pk},
        "signed_in=never": {three.pk}, "registered_from=2026-03-10&registered_until=2026-03-10": {two.pk},
        "registered_from=2026-03-11&registered_until=2026-03-11": {three.pk}, "tag=vip&state=closed": set(),
    }.items():  # fmt: skip
        assert shown(client, query) == found, query
    page = client.get(f"{ADDRESS}?country=Finland&registered_from=yesterday&signed_in=1000").text
    assert re.findall(r"Not understood: ([^<]+)", page) == ["country=Finland", "registered_from=yesterday", "signed_in=1000"]


def test_what_no_text_can_hold_is_not_understood(casino: SimpleNamespace) -> None:
    page = signed_in(casino.sofia).get(f"{ADDRESS}?q=a%00b&tag=%00vip&brand=nova%00").text
    assert re.findall(r"Not understood: ([^<]+)", page) == ["q=a\ufffdb", "tag=\ufffdvip", "brand=nova\ufffd"]


def test_a_digit_that_no_number_is_made_of_finds_nobody(casino: SimpleNamespace) -> None:
    assert signed_in(casino.sofia).get(f"{ADDRESS}?q=²").status_code == 200


def test_segments_are_offered_by_brand_and_none_of_a_brand_out_of_reach(casino: SimpleNamespace) -> None:
    for brand in (casino.nova, casino.fjord):
        values = {"code": f"big-{brand.code}", "name": "Big", "about": "", "brand": brand.pk, "every_hours": 1, "active": True, "country_is": ["MT"]}
        enact(kind=SEGMENTS, subject="", values=values, reason="Test", now=timezone.now())
    in_use.forget()  # on_commit does not run inside a test
    options = re.compile(r'<option value="(big-[a-z]+)"[^>]*>([^<]+)')
    assert options.findall(signed_in(casino.sofia).get(ADDRESS).text) == [("big-nova", "Big")]
    both = make_person("support", brands=[casino.nova, casino.fjord], name="Both")
    assert sorted(options.findall(signed_in(both).get(ADDRESS).text)) == [("big-fjord", "Big, Fjord"), ("big-nova", "Big, Nova")]


def test_the_brand_is_offered_to_who_works_on_several(casino: SimpleNamespace) -> None:
    both = make_person("support", brands=[casino.nova, casino.fjord])
    assert '<option value="fjord">Fjord</option>' in signed_in(both).get(ADDRESS).text
    assert "Fjord" not in signed_in(casino.sofia).get(ADDRESS).text
    assert shown(signed_in(both), "brand=fjord") == {casino.elsewhere.pk}


def _every_case(casino: SimpleNamespace) -> None:
    """States, addresses, blocks, exclusion and consents in every combination, under a law that asks for consent, one that does not for all, and none."""
    now = timezone.now()
    laws = list(casino.nova.jurisdictions.order_by("code"))
    none = Jurisdiction.objects.create(code="XX", name="Nowhere", regulator="None")
    casino.nova.jurisdictions.add(none)
    for law in [*laws, none]:
        for block in (None, "contact", "play", "excluded"):
            for said in (None, True, False):
                player = new_player(casino.nova)
                Player.objects.filter(pk=player.pk).update(jurisdiction=law)
                if block in {"contact", "play"}:
                    set_block(player_id=player.pk, kind=block, reason="CHARGEBACK", by=Actor.system("t"), now=now)
                elif block:
                    set_block(player_id=player.pk, kind="play", reason="SELF", source="exclusion", by=Actor.system("t"), now=now)
                for channel in contact.CHANNELS if said is not None else ():
                    record_consent(player_id=player.pk, channel=channel, given=not said, source="web", text_version="v1", at=now, by=Actor.player(1), now=now)
                    record_consent(player_id=player.pk, channel=channel, given=said, source="app", text_version="v1", at=now, by=Actor.player(1), now=now)
    for number, player in enumerate(Player.objects.filter(brand=casino.nova).order_by("pk")):
        more = {
            0: {"state": "suspended"},
            1: {"email_cipher": "", "email_digest": ""},
            2: {"state": "closed"},
            3: {"phone_cipher": "1:x", "phone_digest": "1:x"},
            4: {"state": "dormant"},
            5: {"state": "merged"},
        }
        Player.objects.filter(pk=player.pk).update(**more.get(number % 9, {}))


def test_the_database_finds_who_may_be_contacted_as_the_one_answer_says(casino: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(block_sources._sources, "exclusion", block_sources.Source("exclusion", "Exclusion", {"SELF": "Self"}, excludes=True))
    _every_case(casino)
    assert PackVersion.objects.filter(jurisdiction__code="XX").count() == 0
    people, now = list(Player.objects.filter(brand=casino.nova)), timezone.now()
    answers, seen = contact.Contacts(people, now=now), set()
    for channel in contact.CHANNELS:
        for purpose in contact.PURPOSES:
            said = {one.pk for one in people if answers.answer(one.pk, channel, purpose).allowed}
            found = set(contact.allowed(Player.objects.filter(brand=casino.nova), channel, purpose, now=now).values_list("pk", flat=True))
            assert found == said, (channel, purpose)
            seen |= {answers.answer(one.pk, channel, purpose).why for one in people}
    assert seen == set(contact.WHY)
    client = signed_in(casino.sofia)
    some = {one.pk for one in people if answers.answer(one.pk, "email", "marketing").allowed}
    assert shown(client, "contact=marketing-email&size=100") == some
    assert 0 < len(some) < len(people)


def test_the_list_is_saved_as_a_view_and_exported_within_reach(casino: SimpleNamespace) -> None:
    client = signed_in(casino.sofia)
    Player.objects.filter(pk=casino.people[0].pk).update(country="FI")
    client.post(reverse("players:players-save-view"), {"name": "Finland", "query": "view=all&country=FI&signed_in=-30&registered_from=2026-01-01"})
    view = SavedView.objects.get(name="Finland")
    assert view.query == "view=all&signed_in=-30&country=FI&registered_from=2026-01-01"
    source = sources.get("players.player")
    query = QueryDict("view=all&country=FI")
    assert list(source.matching(casino.sofia, query, timezone.now()).values_list("pk", flat=True)) == [casino.people[0].pk]
    assert casino.elsewhere.pk not in set(source.rows(casino.sofia).values_list("pk", flat=True))
    assert source.filters(query) == [("View", "All"), ("Country", "FI")]


# ---- tags on many


def test_a_tag_is_added_to_many_after_a_page_that_says_to_whom_and_stands_on_each_timeline(casino: SimpleNamespace) -> None:
    one, two, three, _four = casino.people
    client = signed_in(casino.sofia)
    ids = [one.pk, two.pk, casino.elsewhere.pk]
    page = bulk(client, "tag", ids=ids).text
    assert (str(one) in page, str(casino.elsewhere) in page, "is not yours to see" in page) == (True, False, True)
    assert Event.objects.filter(type="work.tagged").count() == 0
    done = bulk(client, "tag", ids=ids, confirmed="1", **{"set-tag": " VIP  Gold "}).text
    assert "2 of 2 done" in done
    assert [tags(player) for player in (one, two, three, casino.elsewhere)] == [["vip gold"], ["vip gold"], [], []]
    facts = Event.objects.filter(type="work.tagged").order_by("player_id").values_list("player_id", "subject_type", "actor_id")
    assert list(facts) == [(one.pk, SUBJECT, casino.sofia.pk), (two.pk, SUBJECT, casino.sofia.pk)]
    again = bulk(client, "tag", ids=ids, confirmed="1", **{"set-tag": "vip gold"}).text
    assert ("2 of 2 done" in again, Event.objects.filter(type="work.tagged").count()) == (True, 2)
    bulk(client, "untag", ids=[one.pk], confirmed="1", **{"set-tag": "vip gold"})
    assert [tags(player) for player in (one, two)] == [[], ["vip gold"]]


def test_each_player_has_an_outcome_of_their_own(casino: SimpleNamespace) -> None:
    one, two, *_more = casino.people
    items.tag(player_subject(one), add=[f"tag {number}" for number in range(10)], by=casino.sofia, now=timezone.now())
    page = bulk(signed_in(casino.sofia), "tag", ids=[one.pk, two.pk], confirmed="1", **{"set-tag": "vip"}).text
    assert ("1 of 2 done" in page, "An item has at most 10 tags." in page) == (True, True)
    assert (len(tags(one)), tags(two)) == (10, ["vip"])


def test_all_that_match_are_those_of_the_snapshot_or_nobody(casino: SimpleNamespace) -> None:
    client = signed_in(casino.sofia)
    asked = Asked.read(LIST, QueryDict("country=PL"))
    token = listing.snapshot(casino.sofia, asked, now=timezone.now()).token()
    given = {"all": "1", "snapshot": token, "country": "PL", "confirmed": "1", "set-tag": "vip"}
    new_player(casino.nova)
    refused = bulk(client, "tag", **given)
    assert (refused.status_code, "4 matched; now it is 5" in refused.text) == (409, True)
    assert [tags(player) for player in casino.people] == [[]] * 4
    token = listing.snapshot(casino.sofia, asked, now=timezone.now()).token()
    assert "5 of 5 done" in bulk(client, "tag", **{**given, "snapshot": token}).text
    assert [tags(player) for player in casino.people] == [["vip"]] * 4
    assert tags(casino.elsewhere) == []


def test_who_may_not_tag_finds_no_boxes_and_changes_nothing(casino: SimpleNamespace) -> None:
    auditor = signed_in(make_person("auditor", brands=[casino.nova]))
    page = auditor.get(ADDRESS).text
    assert ("data-select-all" in page, "Add tag" in page) == (False, False)
    answer = bulk(auditor, "tag", ids=[casino.people[0].pk], confirmed="1", **{"set-tag": "vip"})
    assert (answer.status_code, tags(casino.people[0])) == (403, [])
    page = signed_in(casino.sofia).get(ADDRESS).text
    assert ("data-select-all" in page, "Add tag" in page, "Remove tag" in page, "Start reviewing" in page) == (True, True, True, False)


def test_the_list_costs_the_same_however_long_it_is(casino: SimpleNamespace, django_assert_max_num_queries: Any) -> None:
    client = signed_in(casino.sofia)
    client.get(ADDRESS)
    for _round in range(2):
        with django_assert_max_num_queries(8):
            client.get(f"{ADDRESS}?signed_in=-30&contact=service-email&tag=vip")
        for _each in range(10):
            new_player(casino.nova)


def test_filters_fold_behind_one_button_that_says_how_many_are_set_and_the_search_stays(db: None) -> None:
    nova = open_casino()
    client, address = signed_in(make_person("support", brands=[nova])), reverse("players:players")
    for query, says in (("", "Filters"), ("?state=active&q=%231", "Filters (1)"), ("?state=active&country=MT", "Filters (2)")):
        page = client.get(address + query).text
        before, folded = page.split('<details class="fold">')
        button, rest = folded.split("</summary>", 1)
        inside = rest.split("</details>", 1)[0]
        assert button.rsplit("</svg>", 1)[1] == says
        assert ('name="q"' in before, 'name="q"' in inside) == (True, False)
        assert all(f'name="{name}"' in inside for name in ("state", "country"))
