"""The results page and the palette's list: order, paging, actions, cost, and what the record keeps of a search."""

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.audit import personal, vault
from backoffice.audit.models import Event
from backoffice.search import registry
from payments.models import Withdrawal
from payments.services.withdrawals import approve_withdrawal
from players.models import Player
from tests.casino import everything, new_player
from tests.people import signed_in


def fact():
    return Event.objects.get(type="search.personal")


def options(page):
    """(group, title, address) of the palette's list, in its order."""
    found, group = [], ""
    for heading, href, title in re.findall(
        r'<h3 id="pal-(\w+)"|role="option"[^>]*href="([^"]*)"[^>]*>.*?<span class="words">(?:<span>)?([^<]*)', page.content.decode()
    ):
        group = heading or group
        if not heading:
            found.append((group, title, href.replace("&amp;", "&")))
    return found


def test_a_search_by_a_personal_value_is_a_fact_that_only_the_players_key_opens(house, ana, find):
    find(ana, house.mia.email)

    said = fact()
    after = json.loads(said.after)
    assert (said.actor_id, said.player_id, said.brand_id, said.subject_type, said.subject_id) == (ana.pk, house.mia.pk, house.nova.pk, "access.staff", ana.pk)
    assert (after["by"], after["players"]) == (["email"], 1)
    assert house.mia.email not in said.after
    assert personal.open_values(after, player_id=house.mia.pk)["searched"] == {"email": [house.mia.email]}

    personal.erase(player_id=house.mia.pk, reason="asked", now=timezone.now())
    assert personal.open_values(after, player_id=house.mia.pk)["searched"] is None


def test_a_search_that_leads_to_nobody_or_to_many_keeps_a_digest(house, ana, auditor, find):
    find(ana, "email:nobody@mail.example")
    after = json.loads(fact().after)
    assert after == {"by": ["email"], "players": 0, "digests": {"email": [vault.digest("nobody@mail.example", purpose="search.email")]}}

    find(auditor, "card:4242")
    last = Event.objects.filter(type="search.personal").latest("id")
    assert last.player_id is None
    assert json.loads(last.after) == {"by": ["card"], "players": 2, "digests": {"card": [vault.digest("4242", purpose="search.card")]}}


def test_the_palette_records_it_too_and_an_erased_player_does_not_break_it(house, ana):
    personal.erase(player_id=house.mia.pk, reason="asked", now=timezone.now())
    signed_in(ana).get("/search/palette", {"q": f"device:{house.mia.devices.get().fingerprint}"})
    after = json.loads(fact().after)
    assert (fact().player_id, after["by"], list(after["digests"])) == (house.mia.pk, ["device"], ["device"])


@pytest.mark.parametrize("text", ["mia", "wd:1", "is:late", "tx:np-1", "player:mia", "card:42", "colour:red email:mia@mail.example"])
def test_other_searches_and_refused_ones_are_not_on_the_record(house, ana, find, text):
    signed_in(ana).get("/search", {"q": text})
    assert not Event.objects.filter(type="search.personal").exists()


def test_the_value_is_in_no_log_line(house, ana, caplog):
    with caplog.at_level("DEBUG"):
        signed_in(ana).get("/search", {"q": house.mia.email})
    assert [line for line in caplog.messages if house.mia.email in line and "django.db" not in line] == []


def test_the_page_needs_no_javascript(house, ana):
    client = signed_in(ana)
    home = client.get("/").content.decode()
    assert '<form action="/search"' in home
    page = client.get("/search", {"q": "kowal"}).content.decode()
    assert "<script" not in page.split("</head>")[1]
    assert f">{house.mia.name} <small>#{house.mia.pk}</small>" in page
    assert f'href="{reverse("players:player", args=[house.mia.pk])}"' in page


def test_the_results_page_remembers_where_one_came_from_and_not_what_was_searched_before(house, ana):
    at = reverse("payments:withdrawal", args=[house.open.pk])
    page = signed_in(ana).get("/search", {"q": house.mia.email, "at": at}).content.decode()
    assert set(re.findall(r'name="at" value="([^"]*)"', page)) == {at}
    assert set(re.findall(r'name="at" value="([^"]*)"', signed_in(ana).get(f"{at}?view=late").content.decode())) == {f"{at}?view=late"}


def test_a_group_shows_ten_and_all_of_it_page_by_page(house, ana):
    for _ in range(58):
        new_player(house.nova)
    client = signed_in(ana)
    first = client.get("/search", {"q": "kowalska"})
    [group] = [one for one in first.context["groups"] if one["group"].provider.code == "players"]
    assert len(group["group"].found.hits) == registry.IN_GROUP
    assert group["all"] == "/search?q=kowalska&group=players"

    whole = client.get(group["all"])
    [one] = whole.context["groups"]
    assert (one["group"].found.total, len(one["group"].found.hits)) == (60, registry.ON_PAGE)
    rest = client.get(one["next"])
    [two] = rest.context["groups"]
    assert len(two["group"].found.hits) == 10
    assert two["next"] == ""
    shown = [hit.id for hit in one["group"].found.hits] + [hit.id for hit in two["group"].found.hits]
    assert sorted(shown) == sorted(f"#{pk}" for pk in Player.objects.filter(brand=house.nova).values_list("pk", flat=True))


def test_a_group_that_one_may_not_see_is_not_there(house, support):
    client = signed_in(support)
    assert client.get("/search", {"q": "12", "group": "postings"}).status_code == 404
    assert client.get("/search", {"q": "12", "group": "nothing"}).status_code == 404


def test_the_palette_has_exact_ids_first_then_actions_people_payments_and_pages(house, ana):
    at = reverse("payments:withdrawal", args=[house.open.pk])
    groups = [group for group, _title, _url in options(signed_in(ana).get("/search/palette", {"q": "", "at": at}))]
    assert list(dict.fromkeys(groups)) == ["actions"]

    found = options(signed_in(ana).get("/search/palette", {"q": house.open.name, "at": at}))
    assert found[0] == ("exact", house.mia.name, at)
    found = [group for group, _title, _url in options(signed_in(ana).get("/search/palette", {"q": f"player:{house.mia.pk}", "at": "/"}))]
    assert list(dict.fromkeys(found)) == ["exact", "withdrawals", "deposits"]
    found = options(signed_in(ana).get("/search/palette", {"q": "withdr", "at": "/"}))
    assert found[-2] == ("pages", "Withdrawals", "/withdrawals/")  # the last one leads to all results


def test_actions_choose_and_go_and_change_nothing(house, ana):
    at = reverse("payments:withdrawal", args=[house.open.pk])
    before = everything(house.open)
    client = signed_in(ana)
    found = {title: url for _group, title, url in options(client.get("/search/palette", {"q": "", "at": f"{at}?view=late"}))}
    name = house.open.name
    assert found == {
        f"Approve: {name}": f"{at}?view=late&outcome=approved#decide", f"Reject: {name}": f"{at}?view=late&outcome=rejected#decide",
        f"Hold until: {name}": f"{at}?view=late&outcome=held#decide", f"Assign to me: {name}": f"{at}?view=late#take-it",
        f"Claim: {name}": f"{at}?view=late#claim-it",
    }  # fmt: skip
    page = client.get(found[f"Reject: {name}"].split("#")[0]).content.decode()
    assert re.search(r'name="outcome" value="(\w+)"[^>]*checked', page)[1] == "rejected"
    assert 'id="take-it"' in page
    assert 'id="claim-it"' in page
    assert everything(house.open) == before


def test_actions_are_for_who_may_and_for_what_can_still_be_decided(house, ana, support, auditor):
    at = reverse("payments:withdrawal", args=[house.open.pk])
    for person, place in (
        (support, at),
        (auditor, at),
        (ana, reverse("payments:withdrawal", args=[house.elsewhere.pk])),
        (ana, "//evil.example/x"),
        (ana, "/withdrawals/"),
    ):
        assert [one for one in options(signed_in(person).get("/search/palette", {"q": "approve", "at": place})) if one[0] == "actions"] == []
    approve_withdrawal(withdrawal_id=house.open.pk, version=1, key="k", by=ana, reason_code="CHECKS_OK", note="", now=timezone.now())
    titles = [title for _group, title, _url in options(signed_in(ana).get("/search/palette", {"q": "", "at": at}))]
    assert titles == [f"Assign to me: {house.open.name}"]
    assert Withdrawal.objects.get(pk=house.open.pk).state == "approved"


@pytest.mark.parametrize(
    ("text", "most"),
    # four for the session and the person, then one for each group that may answer, one more for the fact and its key
    [("kowal", 8), ("is:late", 7), ("card:4242", 11), ("12345", 9), ("colour:red", 4)],
)
def test_the_palette_costs_one_query_a_group(house, ana, text, most):
    client = signed_in(ana)
    client.get("/search/palette", {"q": text})
    with CaptureQueriesContext(connection) as captured:
        client.get("/search/palette", {"q": text})
    assert len(captured) <= most, [query["sql"][:120] for query in captured]
