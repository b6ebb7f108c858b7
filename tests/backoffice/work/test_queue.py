"""The list that every queue has: views, filters, bulk verbs, saved views, live refresh. Held against the withdrawal queue."""

import random
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from backoffice.work import claims, items, listing, presence, queues
from backoffice.work.items import Subject
from backoffice.work.listing import Asked
from backoffice.work.models import Item, SavedView
from payments.models import Withdrawal
from payments.queues import SUBJECT, WITHDRAWALS
from tests.casino import new_withdrawal
from tests.people import make_brand, make_person, signed_in

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def ines(nova):
    return make_person("head-of-payments", brands=[nova], name="Ines Camilleri")


def ids(client: Client, address: str) -> list[int]:
    return [int(one) for one in re.findall(r'<tr id="row-(\d+)"', client.get(address).content.decode())]


def sleep(withdrawal: Withdrawal, by, hours: int = 2) -> None:
    items.snooze(Subject.of(SUBJECT, withdrawal), until=timezone.now() + timedelta(hours=hours), reason="Later", by=by, now=timezone.now())


def test_what_sleeps_leaves_the_open_view_and_stands_under_snoozed(nova, ana):
    awake, asleep = new_withdrawal(nova, now=NOW), new_withdrawal(nova, now=NOW)
    sleep(asleep, ana)
    client = signed_in(ana)

    assert ids(client, "/withdrawals/") == [awake.pk]
    assert ids(client, "/withdrawals/?view=snoozed") == [asleep.pk]
    assert sorted(ids(client, "/withdrawals/?view=all")) == sorted([awake.pk, asleep.pk])

    Item.objects.update(snoozed_until=timezone.now() - timedelta(seconds=1))
    assert sorted(ids(client, "/withdrawals/")) == sorted([awake.pk, asleep.pk])


def test_mine_is_what_i_claimed_and_what_was_assigned_to_me(nova, ana, lars):
    claimed, assigned, _other = (new_withdrawal(nova, now=NOW) for _ in range(3))
    claims.take(subject=(SUBJECT, claimed.pk), by=ana, now=timezone.now())
    items.assign(Subject.of(SUBJECT, assigned), to=ana, permission="payments.decide", by=lars, now=NOW)

    assert sorted(ids(signed_in(ana), "/withdrawals/?view=mine")) == sorted([claimed.pk, assigned.pk])
    assert ids(signed_in(lars), "/withdrawals/?view=mine") == []


def test_a_tag_narrows_the_list(nova, ana):
    tagged, _plain = new_withdrawal(nova, now=NOW), new_withdrawal(nova, now=NOW)
    items.tag(Subject.of(SUBJECT, tagged), add=["vip"], by=ana, now=NOW)

    assert ids(signed_in(ana), "/withdrawals/?tag=vip") == [tagged.pk]


def test_the_size_of_every_tab_equals_its_list_over_random_filters(nova, ana):
    draw = random.Random(20261122)  # noqa: S311 (a test's draw)
    for number in range(25):
        withdrawal = new_withdrawal(nova, draw.choice(["20.00", "75.00", "2500.00"]), now=NOW - timedelta(hours=draw.randrange(60)))
        if number % 5 == 0:
            sleep(withdrawal, ana)
        if number % 4 == 0:
            claims.take(subject=(SUBJECT, withdrawal.pk), by=ana, now=timezone.now())
    now = timezone.now()
    counted = listing.counts(WITHDRAWALS, ana, now=now)
    for tab in WITHDRAWALS.tabs:
        if tab.counted:
            assert counted.by_tab[tab.key] == len(listing.page(ana, Asked(WITHDRAWALS, tab, sort="due", size=100), now=now).rows), tab.key
    for _ in range(30):
        query = QueryDict(mutable=True)
        for name, values in {
            "view": ["open", "late", "all", "snoozed"],
            "least": ["", "50", "1000"],
            "currency": ["", "EUR", "SEK"],
            "kind": ["", "bank", "card"],
        }.items():
            query[name] = draw.choice(values)
        asked = Asked.read(WITHDRAWALS, query)
        asked.size = 100
        assert listing.snapshot(ana, asked, now=now).count == len(listing.page(ana, asked, now=now).rows), query


@pytest.mark.parametrize("query", ["sort=nonsense", "size=9", "least=many", "least=-1", "state=lost", "colour=red", "after=1", "view=x"])
def test_what_is_not_understood_is_shown_and_not_obeyed(nova, ana, query):
    withdrawal = new_withdrawal(nova, now=NOW)
    page = signed_in(ana).get(f"/withdrawals/?{query}").content.decode()

    assert f"Not understood: {query}" in page
    assert f'id="row-{withdrawal.pk}"' in page


def bulk(client: Client, verb: str, **data):
    return client.post(f"/withdrawals/bulk/{verb}", data)


def test_a_bulk_verb_first_says_what_it_would_do_and_then_what_it_did(nova, ana):
    chosen = [new_withdrawal(nova, now=NOW) for _ in range(3)]
    client = signed_in(ana)

    asked = bulk(client, "tag", ids=[one.pk for one in chosen])
    assert asked.status_code == 200
    assert all(one.name in asked.content.decode() for one in chosen)
    assert Item.objects.count() == 0

    wrong = bulk(client, "tag", ids=[one.pk for one in chosen], confirmed="1", **{"set-tag": ""})
    assert wrong.status_code == 422

    done = bulk(client, "tag", ids=[one.pk for one in chosen], confirmed="1", **{"set-tag": "Friday"})
    assert "3 of 3 done" in done.content.decode()
    assert [item.tags for item in Item.objects.all()] == [["friday"]] * 3


def test_approving_in_bulk_leaves_out_what_a_check_holds_against_and_happens_once(nova, ana):
    low, high = new_withdrawal(nova, "40.00", now=NOW), new_withdrawal(nova, "2500.00", now=NOW)
    client = signed_in(ana)
    low.instrument.withdrawals.update(requested_at=NOW)

    page = bulk(client, "approve", ids=[low.pk, high.pk]).content.decode()
    assert "above the limit" in page
    why = re.search(rf"{low.name}</th><td>([^<]+)</td>", page)

    data = {"ids": [low.pk, high.pk], "confirmed": "1", "key": "once"}
    first, second = bulk(client, "approve", **data), bulk(client, "approve", **data)
    assert (first.status_code, second.status_code) == (200, 200)
    high.refresh_from_db()
    assert high.state == "requested"
    low.refresh_from_db()
    assert low.state == ("requested" if why else "approved")
    assert low.version == (1 if why else 2)


def test_all_that_match_is_refused_when_the_view_drifted_and_nothing_is_done(nova, ana):
    for _ in range(3):
        new_withdrawal(nova, now=NOW)
    client = signed_in(ana)
    asked = Asked.read(WITHDRAWALS, QueryDict("view=open"))
    token = listing.snapshot(ana, asked, now=timezone.now()).token()
    asked_page = bulk(client, "tag", view="open", all="1", snapshot=token)
    assert asked_page.status_code == 200

    new_withdrawal(nova, now=NOW)
    refused = bulk(client, "tag", view="open", all="1", snapshot=token, confirmed="1", **{"set-tag": "friday"})

    assert refused.status_code == 409

    assert "3 matched; now it is 4" in refused.content.decode()
    assert Item.objects.count() == 0
    fresh = listing.snapshot(ana, asked, now=timezone.now()).token()
    assert "4 of 4 done" in bulk(client, "tag", view="open", all="1", snapshot=fresh, confirmed="1", **{"set-tag": "friday"}).content.decode()


def test_all_that_match_is_bound_to_the_filters_and_not_to_the_page(nova, ana):
    small = [new_withdrawal(nova, "20.00", now=NOW) for _ in range(2)]
    new_withdrawal(nova, "900.00", now=NOW)
    token = listing.snapshot(ana, Asked.read(WITHDRAWALS, QueryDict("view=open&most=100")), now=timezone.now()).token()

    bulk(signed_in(ana), "tag", view="open", most="100", all="1", snapshot=token, confirmed="1", **{"set-tag": "small"})

    assert sorted(Item.objects.values_list("subject_id", flat=True)) == sorted(one.pk for one in small)


def test_ids_of_another_brand_are_left_out_of_bulk(nova, ana):
    elsewhere = new_withdrawal(make_brand("fjord", market="SE"), currency="SEK", now=NOW)
    page = bulk(signed_in(ana), "tag", ids=[elsewhere.pk], confirmed="1", **{"set-tag": "x"}).content.decode()

    assert "0 of 0 done" in page
    assert Item.objects.count() == 0


def test_assigning_to_others_is_for_who_may(nova, ana, lars):
    withdrawal = new_withdrawal(nova, now=NOW)
    refused = bulk(signed_in(ana), "assign", ids=[withdrawal.pk], confirmed="1", **{"set-assignee": lars.pk}).content.decode()
    assert "not yours" in refused

    bulk(signed_in(lars), "assign", ids=[withdrawal.pk], confirmed="1", **{"set-assignee": ana.pk})

    assert Item.objects.get().assignee == ana


def test_a_saved_view_is_private_or_shared_with_a_role_and_locked_against_others(nova, ana, lars, ines):
    mine, hers = signed_in(ana), signed_in(ines)
    mine.post("/withdrawals/views", {"name": "Small ones", "query": "view=open&most=50"})
    hers.post("/withdrawals/views", {"name": "Large ones", "query": "view=open&least=500", "role": "payments-l1", "locked": "on"})

    page = mine.get("/withdrawals/").content.decode()
    assert "Small ones" in page
    assert "Large ones" in page
    assert "Large ones" not in signed_in(lars).get("/withdrawals/").content.decode()

    shared = SavedView.objects.get(name="Large ones")
    mine.post(f"/withdrawals/views/{shared.pk}/remove")
    assert SavedView.objects.filter(pk=shared.pk).exists()
    mine.post("/withdrawals/views", {"name": "Everybody", "query": "", "role": "payments-l1"})
    assert not SavedView.objects.filter(name="Everybody").exists()
    private = SavedView.objects.get(name="Small ones")
    assert hers.post(f"/withdrawals/views/{private.pk}/remove").status_code == 404
    mine.post(f"/withdrawals/views/{private.pk}/remove")
    assert not SavedView.objects.filter(pk=private.pk).exists()


def test_a_saved_view_keeps_its_filters_and_no_place_in_the_list(nova, ana):
    client = signed_in(ana)
    client.post("/withdrawals/views", {"name": "Odd", "query": "view=open&least=50&after=1~2&colour=red&saved=7"})

    assert SavedView.objects.get().query == "view=open&least=50"


def test_the_live_refresh_tells_of_new_items_and_claims_without_moving_a_row(nova, ana, lars):
    first = new_withdrawal(nova, now=NOW)
    client = signed_in(ana)
    page = client.get("/withdrawals/").content.decode()
    url = re.search(r'id="live" hx-get="([^"]+)"', page).group(1).replace("&amp;", "&")
    assert " new" not in client.get(f"{url}&ids={first.pk}").content.decode()

    new_withdrawal(nova, now=NOW)
    claims.take(subject=(SUBJECT, first.pk), by=lars, now=timezone.now())
    told = client.get(f"{url}&ids={first.pk}").content.decode()

    assert "1 new" in told
    assert re.search(rf'id="who-{first.pk}"[^>]*>.*Lars Berg', told)

    Withdrawal.objects.filter(pk=first.pk).update(state="rejected", decided_by_kind="system", decided_at=NOW)
    assert "1 of these was decided" in client.get(f"{url}&ids={first.pk}").content.decode()


def test_a_poll_that_has_nothing_new_says_nothing(nova, ana):
    first = new_withdrawal(nova, now=NOW)
    client = signed_in(ana)
    told = client.get(f"/withdrawals/live?top={first.pk}&ids={first.pk}").content.decode()
    said = re.search(r"said=(\w+)", told).group(1)

    assert client.get(f"/withdrawals/live?top={first.pk}&ids={first.pk}&said={said}").status_code == 204


def test_who_else_has_an_item_open_is_shown(nova, ana, lars):
    withdrawal = new_withdrawal(nova, now=NOW)
    assert signed_in(lars).post(f"/withdrawals/{withdrawal.pk}/heartbeat").status_code == 204

    page = signed_in(ana).get(f"/withdrawals/{withdrawal.pk}/").content.decode()
    assert re.search(r"Also looking at it.*Lars Berg", page, re.DOTALL)
    presence.sweep(now=timezone.now() + timedelta(minutes=6))
    assert "Also looking at it" not in signed_in(ana).get(f"/withdrawals/{withdrawal.pk}/").content.decode()


def test_the_decision_page_offers_what_can_be_done_about_the_item(nova, ana, lars):
    withdrawal = new_withdrawal(nova, now=NOW)
    client = signed_in(ana)
    address = f"/withdrawals/{withdrawal.pk}/item"
    later = (timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")

    client.post(f"{address}/take")
    client.post(f"{address}/tag", {"set-tag": "vip"})
    client.post(f"{address}/snooze", {"set-until": later, "set-reason": "Waits for the bank"})
    client.post(f"{address}/escalate", {"set-role": "fraud", "set-reason": "New cards"})

    item = Item.objects.get()
    assert (item.assignee, item.tags, item.escalated_to, item.snoozed_until is not None) == (ana, ["vip"], "fraud", True)
    page = client.get(f"/withdrawals/{withdrawal.pk}/").content.decode()
    for words in ("Sleeps until", "Escalated to Fraud", "vip"):
        assert words in page
    client.post(f"{address}/wake")
    client.post(f"{address}/untag", {"set-tag": "vip"})
    item.refresh_from_db()
    assert (item.tags, item.snoozed_until) == ([], None)
    assert client.post(f"{address}/explode").status_code == 404


def test_a_queue_says_at_once_what_it_forgot():
    with pytest.raises(ValueError, match="none of its sorts"):
        queues.Queue(
            subject="x", title="x", plural="xs", singular="x", namespace="x", rows_model=Withdrawal, rows=Withdrawal.objects.visible_to, view="payments.view",
            work="payments.decide", tabs=(), columns=(), order="due",
        )  # fmt: skip


def test_amounts_of_the_confirm_page_add_up_per_currency(nova, ana):
    from backoffice.work import bulk as bulks

    for amount in ("20.00", "30.50"):
        new_withdrawal(nova, amount, now=NOW)
    verb = queues.Verb("sum", "Sum", lambda *_a, **_k: queues.Done("done"), money=True)
    chosen = bulks.choose(
        WITHDRAWALS,
        verb,
        ana,
        ids=list(Withdrawal.objects.values_list("pk", flat=True)),
        asked=Asked.read(WITHDRAWALS, QueryDict("")),
        all_matching=None,
        now=NOW,
    )
    assert chosen.sums == {"EUR": Decimal("50.50")}
    assert chosen.largest.amount == Decimal("30.50")


def state(client: Client, address: str) -> tuple[list[int], str, str]:
    """What an address shows: its rows in order, and where the pager leads in both directions."""
    page = client.get(address).content.decode()
    newer, older = (re.search(rf'href="(\?[^"]*)" rel="{way}"', page) for way in ("prev", "next"))
    rows = [int(one) for one in re.findall(r'<tr id="row-(\d+)"', page)]
    return rows, newer.group(1).replace("&amp;", "&") if newer else "", older.group(1).replace("&amp;", "&") if older else ""


def test_an_address_gives_the_same_rows_after_a_reload_and_to_a_colleague(nova, ana, lars):
    draw = random.Random(20261125)  # noqa: S311 (a test's draw)
    for number in range(32):  # many of the same amount and moment, so that only a tiebreak orders them
        withdrawal = new_withdrawal(nova, draw.choice(["20.00", "75.00", "2500.00"]), now=NOW - timedelta(hours=draw.randrange(6)))
        if number % 9 == 0:
            sleep(withdrawal, ana)
    mine, theirs = signed_in(ana), signed_in(lars)
    turned = 0
    for _ in range(10):
        query = {
            "view": draw.choice(["open", "all", "all", "late", "snoozed"]), "sort": draw.choice(["", "due", "amount", "-amount", "-requested"]),
            "size": draw.choice(["25", "25", "50"]), "least": draw.choice(["", "", "50"]), "kind": draw.choice(["", "", "bank"]),
            "currency": draw.choice(["", "", "EUR", "SEK"]), "q": draw.choice(["", "", "", "kowal"]),
        }  # fmt: skip
        address = "/withdrawals/?" + "&".join(f"{name}={value}" for name, value in query.items() if value)
        for number in range(draw.randrange(2, 5)):
            seen = state(mine, address)
            assert state(mine, address) == seen, address
            assert state(theirs, address) == seen, address
            turned += number > 0
            onward = [one for one in seen[1:] if one]
            if not onward:
                break
            address = "/withdrawals/" + draw.choice(onward)
    assert turned >= 3  # pages that were reached by the pager
