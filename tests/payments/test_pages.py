"""The queue and the decision page: what they show to whom, in every state, and what they cost."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.audit.actors import Actor
from backoffice.work import claims
from payments import locks
from payments.lifecycles import WITHDRAWAL
from payments.models import Withdrawal
from payments.providers.protocol import PayoutState
from payments.queues import SUBJECT
from payments.services import calls, payouts, withdrawals
from tests.casino import new_withdrawal, open_casino
from tests.people import make_person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def nova(opened):
    return open_casino()


@pytest.fixture
def ana(nova):
    return make_person("payments-l1", brands=[nova], name="Ana Novak")


@pytest.fixture
def lars(nova):
    return make_person("payments-l2", brands=[nova], name="Lars Berg")


def brought_to(state: str, *, brand, ana, lars) -> Withdrawal:
    """A withdrawal in a state, along the moves that lead there."""
    now = timezone.now()
    withdrawal = new_withdrawal(brand, "5000.00" if state == "awaiting_second" else "100.00", now=now - timedelta(minutes=5))
    decide = {"withdrawal_id": withdrawal.pk, "version": 1, "key": f"k{withdrawal.pk}", "by": ana, "note": "", "now": now}
    if state == "held":
        withdrawals.hold_withdrawal(**decide, reason_code="LARGE_AMOUNT", until=now + timedelta(days=1))
    elif state == "rejected":
        withdrawals.reject_withdrawal(**decide, reason_code="NAME_MISMATCH")
    elif state == "cancelled":
        WITHDRAWAL.move(withdrawal, to="cancelled", by=Actor.player(withdrawal.player_id), now=now, also={"decided_at": now, "decided_by_kind": "player"})
    elif state != "requested":
        withdrawals.approve_withdrawal(**decide, reason_code="CHECKS_OK")
    if state in {"sent", "settled", "returned", "failed", "unknown"}:
        Withdrawal.objects.filter(pk=withdrawal.pk).update(dispatch_at=now, next_attempt_at=now)
        payouts.claim(withdrawal.pk, now=now + timedelta(seconds=1))
        told = {"settled": PayoutState.PAID, "returned": PayoutState.RETURNED, "failed": PayoutState.FAILED}
        sent = Withdrawal.objects.get(pk=withdrawal.pk)
        if state in told:
            payouts.told(withdrawal_id=sent.pk, reference=sent.reference, state=told[state], provider_id="np-1", sequence=1, fee=None, now=now)
        elif state == "unknown":
            calls.unknown(locks.player_then_withdrawal(sent.pk), WITHDRAWAL, "timed out", now=now)
    withdrawal.refresh_from_db()
    assert withdrawal.state == state
    return withdrawal


@pytest.mark.parametrize("state", WITHDRAWAL.states)
def test_the_page_shows_every_state_to_everybody_who_may_read_it(nova, ana, lars, state):
    withdrawal = brought_to(state, brand=nova, ana=ana, lars=lars)
    readers = {"ana": ana, "lars": lars, "auditor": make_person("auditor", brands=[nova])}
    for name, reader in readers.items():
        response = signed_in(reader).get(reverse("payments:withdrawal", args=[withdrawal.pk]))
        assert (name, response.status_code) == (name, 200)
        decides = 'name="outcome"' in response.content.decode()
        expected = {"requested": {"ana", "lars"}, "held": {"ana", "lars"}, "awaiting_second": {"lars"}}.get(state, set())
        assert decides == (name in expected), (state, name)


def test_the_first_approver_is_not_asked_again(nova, ana, lars):
    withdrawal = brought_to("awaiting_second", brand=nova, ana=ana, lars=lars)
    page = signed_in(ana).get(reverse("payments:withdrawal", args=[withdrawal.pk])).content.decode()
    assert "Another approver must confirm" in page


def test_the_queue_costs_at_most_eight_queries_and_a_decision_eighteen(nova, ana):
    for _each in range(60):
        new_withdrawal(nova, "40.00", now=timezone.now())
    client = signed_in(ana)
    client.get("/withdrawals/")
    with CaptureQueriesContext(connection) as queue:
        assert client.get("/withdrawals/").status_code == 200
    withdrawal = Withdrawal.objects.order_by("due_at", "pk").first()
    assert withdrawal is not None
    client.get(f"/withdrawals/{withdrawal.pk}/")  # what a process remembers for half a minute: reason codes, canned notes
    with CaptureQueriesContext(connection) as page:
        assert client.get(f"/withdrawals/{withdrawal.pk}/").status_code == 200
    with CaptureQueriesContext(connection) as decision:
        sent = {"outcome": "approved", "reason_code": "CHECKS_OK", "version": 1, "key": "k", "note": ""}
        assert client.post(f"/withdrawals/{withdrawal.pk}/decide", sent).status_code == 303
    assert (len(queue) <= 8, len(page) <= 18, len(decision) <= 18) == (True, True, True), (len(queue), len(page), len(decision))


def ids(client: Client, address: str) -> list[int]:
    found = re.findall(r'href="/withdrawals/(\d+)/', client.get(address).content.decode())
    return [int(one) for one in found]


def test_pages_follow_each_other_without_gap_or_repeat_in_both_directions(nova, ana):
    now = timezone.now()
    expected = [new_withdrawal(nova, "40.00", now=now - timedelta(minutes=number // 2)).pk for number in range(60)]
    client = signed_in(ana)
    first = ids(client, "/withdrawals/?size=25")
    seen, address = [], "/withdrawals/?size=25"
    while True:
        page = client.get(address).content.decode()
        seen += [int(one) for one in re.findall(r'href="/withdrawals/(\d+)/', page)]
        older = re.search(r'href="(\?[^"]*after=[^"]+)" rel="next"', page)
        if older is None:
            break
        address = "/withdrawals/" + older.group(1).replace("&amp;", "&")
    order = list(Withdrawal.objects.order_by("due_at", "pk").values_list("pk", flat=True))
    assert seen == order
    assert sorted(seen) == sorted(expected)
    back = re.search(r'href="(\?[^"]*before=[^"]+)" rel="prev"', page)
    assert back is not None
    assert ids(client, "/withdrawals/" + back.group(1).replace("&amp;", "&")) == order[25:50]
    assert first == order[:25]


def test_the_figures_above_the_list_are_the_sizes_of_their_lists(nova, ana, lars):
    for state in ("requested", "held", "awaiting_second", "sent", "rejected"):
        brought_to(state, brand=nova, ana=ana, lars=lars)
    late = new_withdrawal(nova, "10.00", now=timezone.now() - timedelta(days=3))
    claims.take(subject=(SUBJECT, late.pk), by=ana, now=timezone.now())
    client = signed_in(ana)
    page = client.get("/withdrawals/").content.decode()
    for view in ("open", "mine", "late", "second", "held", "flight"):
        shown = re.search(rf'href="\?view={view}"[^>]*>[^<]*<span class="n">(\d+)</span>', page)
        assert shown is not None, view
        assert (view, int(shown.group(1))) == (view, len(ids(client, f"/withdrawals/?view={view}")))


def test_filters_narrow_and_what_nobody_understands_is_said(nova, ana):
    small, large = new_withdrawal(nova, "10.00"), new_withdrawal(nova, "900.00")
    yen = new_withdrawal(nova, "5000", currency="JPY")
    client = signed_in(ana)
    assert ids(client, "/withdrawals/?least=500&currency=EUR") == [large.pk]
    assert ids(client, "/withdrawals/?currency=JPY") == [yen.pk]
    assert ids(client, f"/withdrawals/?q=WD-{small.pk}") == [small.pk]
    assert ids(client, f"/withdrawals/?q={large.player.last_name}") == [large.pk]
    page = client.get("/withdrawals/?colour=red&least=many").content.decode()
    assert "colour=red" in page
    assert "least=many" in page


def test_another_brands_withdrawal_is_not_there(nova, ana):
    from backoffice.scope.models import Brand

    other = new_withdrawal(Brand.objects.get(code="fjord"), "100.00", currency="SEK")
    before = Withdrawal.objects.values().get(pk=other.pk)
    client = signed_in(ana)
    sent = {"outcome": "approved", "reason_code": "CHECKS_OK", "version": 1, "key": "k", "note": ""}
    assert client.get(f"/withdrawals/{other.pk}/").status_code == 404
    assert client.post(f"/withdrawals/{other.pk}/decide", sent).status_code == 404
    assert Withdrawal.objects.values().get(pk=other.pk) == before


def test_a_stale_decision_answers_409_with_who_decided_and_the_typed_note(nova, ana, lars):
    withdrawal = brought_to("rejected", brand=nova, ana=ana, lars=lars)
    sent = {"outcome": "approved", "reason_code": "CHECKS_OK", "version": 1, "key": "late", "note": "Called her, all fine"}
    for headers in ({}, {"HX-Request": "true"}):
        response = signed_in(lars).post(f"/withdrawals/{withdrawal.pk}/decide", sent, headers=headers)
        page = response.content.decode()
        assert response.status_code == 409
        assert "Someone else decided this" in page
        assert "Ana Novak" in page
        assert "Called her, all fine" in page
        assert ("<html" in page) == (not headers)


def test_the_same_form_sent_twice_decides_once(nova, ana):
    withdrawal = new_withdrawal(nova, "100.00")
    sent = {"outcome": "rejected", "reason_code": "NAME_MISMATCH", "version": 1, "key": "double", "note": ""}
    client = signed_in(ana)
    assert [client.post(f"/withdrawals/{withdrawal.pk}/decide", sent).status_code for _again in range(2)] == [303, 303]
    withdrawal.refresh_from_db()
    assert (withdrawal.state, withdrawal.version) == ("rejected", 2)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"outcome": "rejected", "reason_code": "CHECKS_OK"}, "Choose a reason that fits this outcome"),
        ({"outcome": "held", "reason_code": "LARGE_AMOUNT", "until": ""}, "Say until when"),
        ({"outcome": "held", "reason_code": "LARGE_AMOUNT", "until": "2020-01-01T10:00"}, "in the future"),
        ({"outcome": "approved", "reason_code": "APPROVED_OTHER"}, "Write what the reason is"),
        ({"outcome": "burnt", "reason_code": "CHECKS_OK"}, "Select a valid choice"),
    ],
)
def test_a_form_that_is_wrong_says_what_to_do_and_nothing_happens(nova, ana, data, says):
    withdrawal = new_withdrawal(nova, "100.00")
    response = signed_in(ana).post(f"/withdrawals/{withdrawal.pk}/decide", {"version": 1, "key": "k", "note": "", **data})
    assert response.status_code == 422
    assert says in response.content.decode()
    withdrawal.refresh_from_db()
    assert (withdrawal.state, withdrawal.version) == ("requested", 1)


def test_two_people_who_start_at_once_get_two_items(nova, ana, lars):
    now = timezone.now()
    first, second = new_withdrawal(nova, "1.00", now=now - timedelta(minutes=2)), new_withdrawal(nova, "2.00", now=now - timedelta(minutes=1))
    assert signed_in(ana).post("/withdrawals/start")["Location"] == f"/withdrawals/{first.pk}/"
    assert signed_in(lars).post("/withdrawals/start")["Location"] == f"/withdrawals/{second.pk}/"
    assert signed_in(lars).get(f"/withdrawals/{first.pk}/").content.decode().count("claimed by") == 1


def test_home_says_what_waits(nova, ana):
    new_withdrawal(nova, "10.00", now=timezone.now() - timedelta(days=3))
    page = signed_in(ana).get("/").content.decode()
    assert "Withdrawals: 1 late" in page
    assert Decimal(1) == Withdrawal.objects.count()
