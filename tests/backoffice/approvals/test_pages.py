"""The pages of changes and settings: what they show to whom, without JavaScript, and what they cost."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.registry import registry
from backoffice.approvals.services import decisions, drafts
from backoffice.scope.models import Brand
from payments.models import ReasonCode
from players.models import Duplicate
from tests import factories
from tests.backoffice.alerts.tools import put_rule
from tests.backoffice.approvals.conftest import NAME, REASON, VALUES, policy, proposed
from tests.casino import new_instrument, paid_in
from tests.people import make_brand, make_person, signed_in
from tests.world import segment_of
from wallet import currencies, ledger
from wallet.kinds import AccountKind, TransactionKind
from wallet.ledger import House

pytestmark = pytest.mark.django_db


def text(response) -> str:
    return response.content.decode()


def test_from_the_form_to_the_force_without_a_script(ines, dana):
    """Propose, review, submit; somebody else finds it, reads the diff and approves."""
    writer, approver = signed_in(ines), signed_in(dana)
    form = text(writer.get(reverse("approvals:propose", args=[REASON, NAME])))
    assert 'value="Name does not match"' in form
    key = re.search(r'name="key" value="([^"]+)"', form)[1]
    sent = {**VALUES, "key": key, "active": "on"}
    made = writer.post(reverse("approvals:propose", args=[REASON, NAME]), sent)
    change = ChangeRequest.objects.get()
    assert (made.status_code, made["Location"]) == (302, reverse("approvals:review", args=[change.pk]))
    assert writer.post(reverse("approvals:propose", args=[REASON, NAME]), sent)["Location"] == made["Location"]
    page = text(writer.get(made["Location"]))
    assert "<del>" in page
    assert "Name does not match</del>" in page
    assert "Name differs</ins>" in page
    assert "Chosen for 0 withdrawals in the last 30 days" in page
    assert writer.post(made["Location"], {"version": 1, "reason": ""}).status_code == 422
    done = writer.post(made["Location"], {"version": 1, "reason": "Clearer", "start_day": "", "start_time": ""})
    assert (done.status_code, done["Location"]) == (302, reverse("approvals:change", args=[change.pk]))
    own = text(writer.get(done["Location"]))
    assert 'name="outcome"' not in own
    assert "somebody else decides" in own
    assert "Withdraw it" in own

    assert change.title in text(approver.get(reverse("approvals:inbox")))
    assert "1 change awaits your approval" in text(approver.get("/"))
    page = text(approver.get(reverse("approvals:change", args=[change.pk])))
    assert 'name="outcome"' in page
    assert "Withdraw it" not in page
    answer = {"outcome": "approved", "reason": "", "version": 2, "key": "a"}
    assert approver.post(reverse("approvals:decide", args=[change.pk]), answer).status_code == 303
    assert ReasonCode.objects.get(pk=NAME).label == "Name differs"
    assert approver.post(reverse("approvals:decide", args=[change.pk]), answer).status_code == 303  # again: the same answer
    assert approver.post(reverse("approvals:decide", args=[change.pk]), {**answer, "key": "b"}).status_code == 422
    history = text(writer.get(reverse("approvals:history", args=[REASON, NAME])))
    assert "Version 2" in history
    assert "Version 1" in history
    assert "Restore" in history
    assert "awaits your approval" not in text(approver.get("/"))


def test_somebody_else_was_faster(ines, dana, oren):
    change = proposed(ines, now=timezone.now())
    decisions.reject(change_id=change.pk, version=change.version, key="r", by=dana, reason="No", now=timezone.now())
    head = make_person("owner")
    sent = {"outcome": "approved", "reason": "I typed this", "version": change.version, "key": "a"}
    answer = signed_in(head).post(reverse("approvals:decide", args=[change.pk]), sent, HTTP_HX_REQUEST="true")
    assert answer.status_code == 409
    assert "Somebody else moved this first" in text(answer)
    assert "I typed this" in text(answer)
    assert "<html" not in text(answer)
    assert ChangeRequest.objects.get(pk=change.pk).state == "rejected"


def test_a_rejection_asks_for_its_reason_and_under_htmx_leads_on(ines, dana):
    change = proposed(ines, now=timezone.now())
    client, address = signed_in(dana), reverse("approvals:decide", args=[change.pk])
    assert client.post(address, {"outcome": "rejected", "reason": "", "version": change.version, "key": "r"}).status_code == 422
    done = client.post(address, {"outcome": "rejected", "reason": "No", "version": change.version, "key": "r"}, HTTP_HX_REQUEST="true")
    assert (done.status_code, done["HX-Redirect"]) == (204, reverse("approvals:inbox"))


def test_a_stale_change_says_so_and_offers_to_begin_again(ines, dana):
    first, second = proposed(ines, key="k1", now=timezone.now()), proposed(ines, key="k2", label="Third way", now=timezone.now())
    assert first.name in text(signed_in(dana).get(reverse("approvals:change", args=[second.pk])))
    for number, change in enumerate((first, second)):
        decisions.approve(change_id=change.pk, version=change.version, key=f"a{number}", by=dana, now=timezone.now())
    page = text(signed_in(ines).get(reverse("approvals:change", args=[second.pk])))
    assert "changed by somebody else in the meantime" in page
    assert "Propose it again" in page


def test_restoring_opens_the_review_of_a_new_draft(ines, dana):
    change = proposed(ines, now=timezone.now())
    decisions.approve(change_id=change.pk, version=change.version, key="a", by=dana, now=timezone.now())
    client = signed_in(ines)
    answer = client.post(reverse("approvals:restore", args=[REASON, NAME, 1]), {"key": "x"})
    draft = ChangeRequest.objects.get(restored_from=1)
    assert (answer.status_code, answer["Location"]) == (302, reverse("approvals:review", args=[draft.pk]))
    assert "brings version 1 back" in text(client.get(answer["Location"]))
    assert client.post(reverse("approvals:restore", args=[REASON, NAME, 9]), {"key": "x"}).status_code == 404


def test_a_change_of_a_brand_out_of_reach_does_not_exist(ines, dana, oren):
    fjord = make_brand("fjord", market="SE")
    everywhere = make_person("compliance", brands=[fjord])
    values = {
        "kind": REASON, "brand": "fjord", "amounts": {}, "approvals": 1, "roles": [], "substitutes": [], "night_from": "", "night_until": "", "timezone": "UTC",
        "position": 0, "active": True,
    }  # fmt: skip
    draft = drafts.draft(kind="approvals.policy", values=values, by=everywhere, key="k", now=timezone.now())
    sent = drafts.submit(change_id=draft.pk, version=1, reason="x", by=everywhere, now=timezone.now())
    client = signed_in(oren)  # of Nova alone
    assert client.get(reverse("approvals:change", args=[sent.pk])).status_code == 404
    assert sent.title not in text(client.get(reverse("approvals:inbox") + "?view=all"))
    assert client.post(reverse("approvals:decide", args=[sent.pk]), {"outcome": "approved", "version": sent.version, "key": "a"}).status_code == 404
    with pytest.raises(drafts.NotAllowed):
        drafts.draft(kind="approvals.policy", values=values, by=oren, key="k", now=timezone.now())


def test_filters_tabs_and_pages_follow_each_other(ines, dana):
    now = timezone.now()
    for number in range(53):
        proposed(ines, key=f"k{number}", label=f"Label {number}", now=now + timedelta(seconds=number))
    client = signed_in(dana)
    first = text(client.get(reverse("approvals:inbox")))
    assert ">53</span>" in first
    seen = re.findall(r'href="/changes/(\d+)/"', first)
    older = re.search(r'href="(\?[^"]*after=[^"]+)" rel="next"', first)[1].replace("&amp;", "&")
    second = text(client.get(reverse("approvals:inbox") + older))
    seen += re.findall(r'href="/changes/(\d+)/"', second)
    assert seen == [str(pk) for pk in ChangeRequest.objects.order_by("-pk").values_list("pk", flat=True)]
    back = re.search(r'href="(\?[^"]*before=[^"]+)" rel="prev"', second)[1].replace("&amp;", "&")
    assert re.findall(r'href="/changes/(\d+)/"', text(client.get(reverse("approvals:inbox") + back))) == seen[:50]
    assert "Label 7" in text(client.get(reverse("approvals:inbox") + "?view=all&q=Label 7"))
    assert "No changes match" in text(client.get(reverse("approvals:inbox") + "?view=all&state=failed"))
    assert "Not understood" in text(client.get(reverse("approvals:inbox") + "?colour=blue"))
    assert text(signed_in(ines).get(reverse("approvals:inbox") + "?view=mine")).count("/changes/") >= 50


def test_every_kind_shows_its_things_its_forms_and_says_again_what_is_in_force(dana, oren):
    """A form that is filled in with the values in force and sent back changes nothing: for every thing of every kind."""
    policy(amounts={}, roles=["owner"], substitutes=["compliance"], night_from="22:00", night_until="06:00", timezone="Europe/Malta")
    from backoffice.scope import markets

    markets.open_market("MT", now=timezone.now())
    put_rule(owner=dana)
    client, player = signed_in(dana), factories.player(Brand.objects.get(code="nova"))
    segment_of(player.brand)
    other = factories.player(player.brand)
    pair = Duplicate.objects.create(
        brand=player.brand, first=player, player=other, other_brand=player.brand, evidence=["device"], strength=2, found_at=timezone.now()
    )
    currencies.add(code="EUR", name="Euro", exponent=2, kind="fiat")
    ledger.post(
        kind=TransactionKind.ADJUSTED, key="pot", brand=player.brand_id, amount=Decimal(1), currency="EUR", source=House(AccountKind.ADJUSTMENTS),
        target=House(AccountKind.UNCLAIMED, "MT"),
    )  # fmt: skip
    paid = paid_in(player, new_instrument(player), "20.00")
    keys = (str(player.pk), str(pair.pk), "nova:MT:EUR", str(paid.pk))
    for kind in registry.kinds:
        assert client.get(reverse("approvals:things", args=[kind.code])).status_code == 200
        if kind.creatable:
            assert client.get(reverse("approvals:propose-new", args=[kind.code])).status_code == 200
        # Of what is about people only those with a change on its way are listed; each of the others is found.
        subjects = list(kind.subjects()) or [found for key in keys if (found := kind.find(key))]
        assert subjects
        for one in subjects:
            values = kind.current(one.key)
            if values is None:
                continue
            form = kind.form.of(values, subject=one.key)
            assert (one.key, form.is_valid(), form.errors) == (one.key, True, {})
            assert form.values() == values
        for view in ("history", "propose"):
            own = view == "propose" and kind.page is not None
            assert client.get(reverse(f"approvals:{view}", args=[kind.code, subjects[0].key])).status_code == (302 if own else 200)


def test_what_the_pages_cost(ines, dana):
    now = timezone.now()
    policy(roles=["owner"])
    for number in range(10):
        proposed(ines, key=f"k{number}", label=f"Label {number}", now=now)
    client, change = signed_in(dana), ChangeRequest.objects.filter(kind=REASON).latest("pk")
    counted = {}
    for name, args in (("inbox", []), ("change", [change.pk]), ("settings", []), ("things", [REASON]), ("history", [REASON, NAME])):
        client.get(reverse(f"approvals:{name}", args=args))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse(f"approvals:{name}", args=args)).status_code == 200
        counted[name] = len(queries)
    allowed = {"inbox": 10, "change": 14, "settings": 7, "things": 8, "history": 12}
    assert {name: (counted[name], most) for name, most in allowed.items() if counted[name] > most} == {}
