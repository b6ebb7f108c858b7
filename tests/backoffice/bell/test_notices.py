"""Notices: told once, to the right people, on the bell and by e-mail, and seen."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy

from backoffice.access import services as access
from backoffice.access.models import Staff
from backoffice.approvals.services import decisions, drafts
from backoffice.bell import kinds, services
from backoffice.bell.models import Mail, Notice
from backoffice.work import claims, items
from backoffice.work.items import NotPossible, Subject
from payments.queues import SUBJECT
from tests.backoffice.approvals.conftest import NAME, REASON, VALUES, policy
from tests.casino import new_withdrawal, open_casino
from tests.people import make_brand, make_person, signed_in

pytestmark = pytest.mark.django_db
NOW = timezone.now()
KIND = kinds.Kind("test.kind", gettext_lazy("Tests"), gettext_lazy("%(what)s happened"))


@pytest.fixture(autouse=True)
def _kind(monkeypatch):
    monkeypatch.setattr(kinds, "_kinds", {**kinds._kinds, KIND.code: KIND})


@pytest.fixture
def nova(opened):
    return open_casino()


@pytest.fixture
def ana(nova):
    return make_person("payments-l1", brands=[nova], name="Ana Novak")


@pytest.fixture
def lars(nova):
    return make_person("payments-l2", brands=[nova], name="Lars Berg")


def tell(*people, key="k", mail=False, brand_id=None, what="It", now=NOW, url="/live/"):
    return services.notify(to=people, kind=KIND.code, params={"what": what}, key=key, now=now, url=url, brand_id=brand_id, mail=mail)


def told(person) -> list[str]:
    return [notice.text for notice in Notice.objects.filter(staff=person).order_by("pk")]


def test_a_retry_tells_nobody_twice_and_mails_nobody_twice(ana, lars):
    assert tell(ana, mail=True) == 1
    assert tell(ana, lars, what="It again", mail=True) == 1
    assert (told(ana), told(lars)) == (["It happened"], ["It again happened"])
    assert Mail.objects.count() == 2


def test_an_unknown_kind_tells_nobody(ana):
    with pytest.raises(kinds.UnknownKind):
        services.notify(to=[ana], kind="no.such", params={}, key="k", now=NOW)
    assert Notice.objects.count() == 0


def test_a_closed_account_is_told_nothing(ana):
    ana.is_active = False
    assert tell(ana) == 0


def test_a_notice_leads_to_a_page_of_this_house_only(ana):
    for url in ("https://evil.example/", "//evil.example/"):
        with pytest.raises(IntegrityError), transaction.atomic():
            tell(ana, url=url)
    assert Notice.objects.count() == 0


def test_the_words_are_in_the_readers_language(ana):
    """The parameters are kept, the sentence is made when it is read."""
    tell(ana, what="Deposit")
    with translation.override("de"):
        assert Notice.objects.get().text == "Deposit happened"
    assert KIND.write({}) == " happened"


def test_who_lost_a_claim_is_told_by_whom_and_why(nova, ana, lars):
    withdrawal = new_withdrawal(nova, now=NOW)
    subject = Subject.of(SUBJECT, withdrawal)
    claims.take(subject=(SUBJECT, withdrawal.pk), by=ana, now=NOW)
    with pytest.raises(NotPossible):
        items.take_over(subject, reason=" ", by=lars, now=NOW)
    assert told(ana) == []

    items.take_over(subject, reason="Ana has gone home", by=lars, now=NOW)
    items.take_over(subject, reason="Again", by=lars, now=NOW)  # it is his already

    assert told(ana) == [f"Lars Berg took over WD-{withdrawal.pk}: Ana has gone home"]
    assert told(lars) == []
    assert Notice.objects.get().url == reverse("payments:withdrawal", args=[withdrawal.pk])


def test_a_claim_that_ran_out_is_nobodys_to_be_told_about(nova, ana, lars):
    withdrawal = new_withdrawal(nova, now=NOW)
    claims.take(subject=(SUBJECT, withdrawal.pk), by=ana, now=NOW)
    items.take_over(Subject.of(SUBJECT, withdrawal), reason="Late", by=lars, now=NOW + claims.LEASE)
    assert told(ana) == []


def test_an_assignment_tells_who_got_it_and_not_who_took_it(nova, ana, lars):
    withdrawal = new_withdrawal(nova, now=NOW)
    subject = Subject.of(SUBJECT, withdrawal)
    for _repeat in range(2):
        items.assign(subject, to=ana, permission="payments.decide", by=lars, now=NOW)
    items.assign(subject, to=lars, permission="payments.decide", by=lars, now=NOW)
    items.assign(subject, to=None, permission="payments.decide", by=lars, now=NOW)
    assert told(ana) == [f"Lars Berg assigned WD-{withdrawal.pk} to you"]
    assert told(lars) == []


def test_an_escalation_tells_the_holders_of_the_role_who_reach_the_brand(nova, ana, lars):
    elsewhere = make_person("payments-l2", brands=[make_brand("fjord", market="SE")], name="Eva Elsewhere")
    withdrawal = new_withdrawal(nova, now=NOW)
    items.escalate(Subject.of(SUBJECT, withdrawal), to="payments-l2", roles=["payments-l2"], reason="Odd bank", by=ana, now=NOW)
    assert told(lars) == [f"Ana Novak escalated WD-{withdrawal.pk} to Payments L2: Odd bank"]
    assert (told(elsewhere), told(ana)) == ([], [])
    assert Mail.objects.get().notice.staff == lars  # escalations are mailed unless one chose otherwise


def proposed(by, key="k"):
    draft = drafts.draft(kind=REASON, subject=NAME, values={**VALUES, "label": f"Words {key}"}, by=by, key=key, now=NOW)
    return drafts.submit(change_id=draft.pk, version=draft.version, reason="Clearer", by=by, now=NOW)


def test_a_change_tells_who_may_approve_and_then_its_requester_what_became_of_it(nova):
    ines, dana = make_person("head-of-payments", brands=[nova], name="Ines"), make_person("owner", name="Dana")
    other = make_person("crm", brands=[nova])
    policy(roles=["owner"])
    change = proposed(ines)
    assert told(dana) == [f"{change.name} awaits your approval: {change.title}"]
    assert (told(ines), told(other)) == ([], [])

    decisions.approve(change_id=change.pk, version=change.version, key="a", by=dana, now=NOW)
    decisions.approve(change_id=change.pk, version=change.version, key="a", by=dana, now=NOW)
    assert told(ines) == [f"{change.name} is in force: {change.title}"]

    second = proposed(ines, key="2")
    decisions.reject(change_id=second.pk, version=second.version, key="r", by=dana, reason="Not clearer", now=NOW)
    assert told(ines)[1:] == [f"{second.name} was rejected: {second.title}. Not clearer"]

    third = proposed(ines, key="3")
    decisions.apply_due(now=NOW + timedelta(days=15))
    assert told(ines)[2:] == [f"{third.name} expired, since nobody decided in time: {third.title}"]


def test_what_nobody_else_has_to_agree_to_tells_nobody(nova):
    ines = make_person("head-of-payments", brands=[nova])
    policy(approvals=0)
    assert proposed(ines).state == "active"
    assert Notice.objects.count() == 0


def test_each_person_chooses_by_kind_what_is_mailed(ana, lars):
    signed_in(ana).post(reverse("bell:settings"), {KIND.code: "mail", "no.such": "mail"})
    tell(ana, lars)
    assert [one.notice.staff for one in Mail.objects.all()] == [ana]
    signed_in(ana).post(reverse("bell:settings"), {KIND.code: "bell"})
    tell(ana, lars, key="2")
    assert Mail.objects.count() == 1
    tell(ana, key="3", mail=True)  # what names e-mail itself is mailed whatever one chose
    assert Mail.objects.count() == 2


def test_a_mail_is_sent_once_says_the_brand_and_leads_home(nova, ana, settings):
    settings.PUBLIC_URL = "https://office.example"
    tell(ana, mail=True, brand_id=nova.pk)
    assert services.send_due() == 1
    assert services.send_due() == 0
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == ([ana.email], "It happened")
    assert sent.body == "Hello Ana,\n\nIt happened\nBrand: Nova\n\nhttps://office.example/live/"
    assert Mail.objects.get().state == "sent"


def test_a_mail_server_that_is_away_is_tried_again_later_and_not_for_ever(ana, monkeypatch):
    def away(*_args, **_kwargs):
        raise OSError("no route")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", away)
    tell(ana, mail=True)
    for attempt in range(1, 9):
        assert services.send_due() == 1
        row = Mail.objects.get()
        assert (row.attempts, row.state) == (attempt, "queued" if attempt < 8 else "failed")
        assert services.send_due() == 0  # not before its time
        if attempt < 8:
            wait = row.next_attempt_at - timezone.now()
            assert timedelta(minutes=2**attempt) - timedelta(seconds=30) < wait <= timedelta(minutes=2**attempt * 1.25)
            Mail.objects.update(next_attempt_at=timezone.now())
    assert Mail.objects.get().error == "no route"


def test_an_account_closed_meanwhile_gets_no_mail(ana):
    tell(ana, mail=True)
    Staff.objects.filter(pk=ana.pk).update(is_active=False)
    services.send_due()
    assert (mail.outbox, Mail.objects.get().state) == ([], "failed")


def pip(client, page="/") -> str:
    found = re.search(r'title="Notices">.*?<span class="pip">([^<]+)</span>', client.get(page).content.decode())
    return found[1] if found else ""


def test_the_bell_counts_what_is_unseen_and_the_list_shows_the_same(nova, ana, lars):
    client = signed_in(ana)
    assert pip(client) == ""
    for number in range(3):
        tell(ana, key=f"k{number}", what=f"Thing {number}", brand_id=nova.pk)
    tell(lars)
    assert pip(client) == "3"
    page = client.get(reverse("bell:notices")).content.decode()
    assert re.findall(r"<b>(Thing \d happened)</b>", page) == ["Thing 2 happened", "Thing 1 happened", "Thing 0 happened"]

    first = Notice.objects.get(staff=ana, key="k0")
    gone = client.post(reverse("bell:open", args=[first.pk]))
    assert (gone.status_code, gone["Location"]) == (302, "/live/")
    assert pip(client) == "2"
    assert "Thing 0" not in client.get(reverse("bell:notices")).content.decode()
    assert "Thing 0" in client.get(reverse("bell:notices") + "?view=all").content.decode()

    client.post(reverse("bell:seen-all"))
    assert pip(client) == ""
    assert "Nothing new" in client.get(reverse("bell:notices")).content.decode()
    assert Notice.objects.get(staff=lars).seen_at is None


def test_nobody_opens_or_marks_a_notice_of_somebody_else(ana, lars):
    tell(ana)
    notice, client = Notice.objects.get(), signed_in(lars)
    for verb in ("open", "seen"):
        assert client.post(reverse(f"bell:{verb}", args=[notice.pk])).status_code == 404
    services.mark_seen(by=lars, now=NOW)
    assert Notice.objects.get().seen_at is None


def test_a_brand_that_one_no_longer_reaches_takes_its_notices_along(nova, ana):
    tell(ana, brand_id=nova.pk, key="1")
    tell(ana, key="2")
    client = signed_in(ana)
    assert pip(client) == "2"
    access.revoke_reach(staff=ana, brand=nova, by=None, now=NOW)
    assert pip(client) == "1"
    assert client.post(reverse("bell:seen", args=[Notice.objects.get(key="1").pk])).status_code == 404


def test_filters_and_pages(ana):
    for number in range(53):
        tell(ana, key=f"k{number}", what=f"Thing {number}")
    client, here = signed_in(ana), reverse("bell:notices")
    first = client.get(here).content.decode()
    older = re.search(r'href="(\?[^"]*after=[^"]+)" rel="next"', first)[1].replace("&amp;", "&")
    second = client.get(here + older).content.decode()
    assert re.findall(r"<b>Thing (\d+) ", first + second) == [str(number) for number in reversed(range(53))]
    back = re.search(r'href="(\?[^"]*before=[^"]+)" rel="prev"', second)[1].replace("&amp;", "&")
    assert re.findall(r"<b>Thing (\d+) ", client.get(here + back).content.decode()) == [str(number) for number in range(52, 2, -1)]
    assert "No notices match" in client.get(here + "?kind=work.assigned").content.decode()
    assert "Thing 7 " in client.get(here + "?kind=test.kind&view=all").content.decode() + second
    assert "Not understood" in client.get(here + "?colour=blue").content.decode()


def test_the_bell_costs_no_query_and_its_page_one(ana):
    tell(ana)
    client = signed_in(ana)
    counted = {}
    for name in ("access:profile", "bell:notices"):
        client.get(reverse(name))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse(name))
        counted[name] = len(queries)
        own = [one["sql"] for one in queries if "bell_notice" in one["sql"]]
        assert len(own) == (1 if name == "access:profile" else 2)  # one of them reads the person too
    assert counted["bell:notices"] == counted["access:profile"] + 1


def test_old_notices_go_once_they_were_seen(ana):
    for key, seen in (("old", True), ("old and unseen", False)):
        tell(ana, key=key, now=NOW - timedelta(days=91))
        Notice.objects.filter(key=key, seen_at=None).update(seen_at=NOW if seen else None)
    tell(ana, key="new")
    assert services.forget_old(now=NOW) == 1
    assert sorted(Notice.objects.values_list("key", flat=True)) == ["new", "old and unseen"]
