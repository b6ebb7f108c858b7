"""Messages to players: what they get, when they get nothing and why, and what staff write to them."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.approvals.services import applying
from backoffice.audit.actors import Actor
from backoffice.audit.models import Event
from backoffice.integrations.models import Delivery
from backoffice.integrations.webhooks.services import create
from backoffice.jobs.exports.sources import sources as lists
from payments.services.withdrawals import reject_withdrawal
from players import messages
from players.blocks.services import set_block
from players.messages import writing
from players.messages.composing import templates
from players.messages.kinds import current
from players.models import Message, MessageTemplate, Player
from players.services import PlayerRefused
from players.services.consents import record_consent
from tests.access_table import HOLDERS
from tests.casino import new_player, new_withdrawal, open_casino, outbox
from tests.people import make_brand, make_person, signed_in

CONTEXT = {"name": "WD-7", "amount": "25.00", "currency": "EUR", "reason": "Please call."}


@pytest.fixture
def desk(db: None, opened: None) -> SimpleNamespace:
    brand = open_casino()
    support = make_person("support", brands=[brand], name="Sofia Marin")
    return SimpleNamespace(brand=brand, support=support, player=new_player(brand), client=signed_in(support))


def queued(player: Player, template: str = "withdrawal_rejected", key: str = "k") -> Message:
    messages.queue(player=player, template=template, key=key, context=CONTEXT, now=timezone.now())
    return Message.objects.get(key=key)


def facts(player: Player) -> list[str]:
    return list(Event.objects.filter(player_id=player.pk, type__startswith="message.").order_by("id").values_list("type", flat=True))


def offer(purpose: str = "marketing", **fields: Any) -> str:
    """A template for staff, put into force by the house."""
    values = {
        "code": "spring_offer", "label": "Spring offer", "purpose": purpose, "fields": {}, "active": True, "subject_en": "Spring at $brand",
        "body_en": "Hello $first_name", **fields,
    }  # fmt: skip
    blank = {f"{part}_{code}": "" for part in ("subject", "body") for code in ("en", "de", "sv", "fi", "fr", "es")}
    applying.enact(kind="players.message_template", subject="", values={**blank, **values}, reason="Test", now=timezone.now())
    templates.forget()
    return "spring_offer"


def blocked(player: Player) -> None:
    set_block(player_id=player.pk, kind="contact", reason="WRONG_ADDRESS", by=Actor.system("test"), now=timezone.now())


@pytest.mark.parametrize(
    ("language", "got", "subject"),
    [
        ("sv", "sv", "Ditt uttag godkändes inte"), ("sv-FI", "sv", "Ditt uttag godkändes inte"), ("de", "de", "Ihre Auszahlung wurde nicht genehmigt"),
        ("pl", "en", "Your withdrawal was not approved"),
    ],
)  # fmt: skip
def test_the_player_reads_their_own_language_with_english_behind_it(desk: SimpleNamespace, language: str, got: str, subject: str) -> None:
    desk.player.language = language
    message = queued(desk.player)
    assert (message.language, message.subject, message.purpose) == (got, subject, "service")
    assert "Mia" in message.body
    assert "WD-7" in message.body
    assert "Please call." in message.body
    assert "$" not in message.body


def test_what_is_queued_is_what_is_sent_also_when_the_template_changes_meanwhile(desk: SimpleNamespace) -> None:
    message = queued(desk.player)
    values = {**(current("withdrawal_rejected") or {}), "subject_en": "Something else"}
    applying.enact(kind="players.message_template", subject="withdrawal_rejected", values=values, reason="Test", now=timezone.now())
    templates.forget()
    assert messages.send(message.pk) == "sent"
    assert [(one.subject, one.body, one.to) for one in mail.outbox] == [(message.subject, message.body, [desk.player.email])]
    assert queued(desk.player, key="next").subject == "Something else"
    fact = Event.objects.get(type="message.sent")
    assert (fact.actor_kind, fact.subject_type, fact.subject_id, fact.player_id) == ("system", "players.message", message.pk, desk.player.pk)


def test_a_player_who_may_not_be_contacted_when_it_is_sent_gets_nothing(desk: SimpleNamespace) -> None:
    message = queued(desk.player)
    blocked(desk.player)
    assert messages.send(message.pk) == "withheld"
    message.refresh_from_db()
    assert (message.state, message.error, message.sent_at, message.next_attempt_at) == ("withheld", "contact_blocked", None, None)
    assert mail.outbox == []
    assert facts(desk.player) == ["message.withheld"]
    assert messages.send(message.pk) == "taken"
    page = desk.client.get(reverse("players:message", args=[message.pk])).text
    assert "Contact is blocked" in page


def test_marketing_goes_only_to_who_agreed_and_service_to_everybody(desk: SimpleNamespace) -> None:
    offer()
    marketing, service = queued(desk.player, "spring_offer", "m1"), queued(desk.player, key="s1")
    assert (messages.send(marketing.pk), messages.send(service.pk)) == ("withheld", "sent")
    said = {"player_id": desk.player.pk, "channel": "email", "source": "preferences", "by": Actor.system("test"), "now": timezone.now()}
    record_consent(given=True, text_version="marketing-3", **said)
    later = queued(desk.player, "spring_offer", "m2")
    assert messages.send(later.pk) == "sent"
    waiting = queued(desk.player, "spring_offer", "m3")
    record_consent(given=False, **said)  # between queueing and sending
    assert messages.send(waiting.pk) == "withheld"
    assert list(Message.objects.filter(key__in=["m1", "m3"]).order_by("pk").values_list("error", flat=True)) == ["no_consent", "withdrawn"]
    assert [one.subject for one in mail.outbox] == ["Your withdrawal was not approved", "Spring at Nova"]


def test_a_player_without_an_address_is_withheld_with_that_reason(desk: SimpleNamespace) -> None:
    message = queued(desk.player)
    desk.player.email = ""
    desk.player.save()
    assert messages.send(message.pk) == "withheld"
    message.refresh_from_db()
    assert message.error == "no_address"


def test_the_crm_hears_what_became_of_it_without_its_words(desk: SimpleNamespace) -> None:
    topics = ["message.sent", "message.withheld", "message.failed"]
    create(name="CRM", url="https://crm.example/hook", topic_codes=topics, brand=desk.brand, by=Actor.system("test"), now=timezone.now())
    messages.send(queued(desk.player).pk)
    blocked(desk.player)
    messages.send(queued(desk.player, key="k2").pk)
    told = list(Delivery.objects.order_by("pk"))
    assert [one.topic for one in told] == ["message.sent", "message.withheld"]
    assert '"why":"contact_blocked"' in told[1].body
    assert "Mia" not in told[0].body + told[1].body


def test_a_mail_server_that_refuses_for_good_is_given_up_and_on_the_record(desk: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_mail: Any) -> int:
        raise OSError("no route")

    message = queued(desk.player)
    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    for _attempt in range(8):
        Message.objects.update(next_attempt_at=timezone.now())
        state = messages.send(message.pk)
    assert state == "failed"
    assert facts(desk.player) == ["message.failed"]


def form_of(player: Player, template: str = "withdrawal_delayed") -> str:
    return f"{reverse('players:message-write', args=[player.pk])}?template={template}"


def test_staff_see_what_the_player_gets_and_send_exactly_that(desk: SimpleNamespace) -> None:
    desk.player.language = "sv"
    desk.player.save()
    url = form_of(desk.player)
    blank = desk.client.get(url)
    assert '<option value="sv" selected>' in blank.text
    sent = {"language": "sv", "value-payment": "WD-481", "key": "once"}
    preview = desk.client.post(url, {**sent, "do": "preview"})
    assert preview.status_code == 200
    assert "vi granskar fortfarande WD-481" in preview.text
    assert not Message.objects.filter(by__isnull=False).exists()

    seen = preview.context["preview"].digest
    done = desk.client.post(url, {**sent, "do": "send", "seen": seen})
    assert (done.status_code, done["Location"]) == (302, f"{reverse('players:player', args=[desk.player.pk])}?tab=messages")
    desk.client.post(url, {**sent, "do": "send", "seen": seen})  # pressed twice
    message = Message.objects.get(by=desk.support)
    assert (message.language, message.subject) == ("sv", "Ditt uttag tar längre tid")
    assert message.body == preview.context["preview"].body
    fact = Event.objects.get(type="message.written")
    assert (fact.actor_label, fact.player_id, fact.subject_id) == ("Sofia Marin", desk.player.pk, message.pk)
    assert messages.send(message.pk) == "sent"
    assert mail.outbox[0].body == message.body
    tab = desk.client.get(done["Location"]).text
    assert "Ditt uttag tar längre tid" in tab
    assert "Sofia Marin" in tab


def test_words_that_changed_since_they_were_seen_are_shown_again_and_not_sent(desk: SimpleNamespace) -> None:
    url, sent = form_of(desk.player), {"language": "en", "value-payment": "WD-481", "key": "once"}
    seen = desk.client.post(url, {**sent, "do": "preview"}).context["preview"].digest
    answer = desk.client.post(url, {**sent, "value-payment": "WD-999", "do": "send", "seen": seen})
    assert answer.status_code == 422
    assert "The words changed since you saw them" in answer.text
    assert "still looking at WD-999" in answer.text
    unseen = desk.client.post(url, {**sent, "do": "send"})  # nothing was previewed: it becomes the preview
    assert unseen.status_code == 200
    assert not Message.objects.filter(by__isnull=False).exists()
    assert facts(desk.player) == []


def test_nothing_can_be_written_to_who_may_not_be_contacted(desk: SimpleNamespace) -> None:
    url, sent = form_of(desk.player), {"language": "en", "value-payment": "WD-481", "key": "once"}
    seen = desk.client.post(url, {**sent, "do": "preview"}).context["preview"].digest
    blocked(desk.player)
    page = desk.client.post(url, {**sent, "do": "preview"}).text
    assert "The player may not be sent it" in page
    assert 'value="send"' not in page
    answer = desk.client.post(url, {**sent, "do": "send", "seen": seen})
    assert answer.status_code == 422
    assert "The player may not be sent it: Contact is blocked." in answer.text
    assert not Message.objects.filter(by__isnull=False).exists()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"template": "withdrawal_paid"}, "template_unknown"),  # the house's own
        ({"template": "no_such"}, "template_unknown"),
        ({"language": "fr"}, "language_unknown"),
        ({"values": {"payment": " "}}, "values_missing"),
        ({"seen": "0" * 64}, "words_changed"),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_is_queued(desk: SimpleNamespace, fields: dict[str, Any], code: str) -> None:
    given = {"template": "withdrawal_delayed", "values": {"payment": "WD-1"}, "language": "en", "seen": "", "key": "k", **fields}
    with pytest.raises(PlayerRefused) as refused:
        writing.write_to_player(player_id=desk.player.pk, by=desk.support, now=timezone.now(), **given)
    assert refused.value.code == code
    assert outbox(desk.player) == []


def test_sending_again_is_a_new_message_with_the_same_words(desk: SimpleNamespace) -> None:
    old = queued(desk.player)
    url = reverse("players:message-resend", args=[old.pk])
    assert "still being sent" in desk.client.post(url, {"key": "a"}, follow=True).text
    messages.send(old.pk)
    answer = desk.client.post(url, {"key": "a"})
    assert desk.client.post(url, {"key": "a"})["Location"] == answer["Location"]
    again = Message.objects.get(resend_of=old)
    assert answer["Location"] == reverse("players:message", args=[again.pk])
    assert (again.body, again.subject, again.language, again.state, again.by) == (old.body, old.subject, old.language, "queued", desk.support)
    assert facts(desk.player) == ["message.sent", "message.resent"]
    assert f"#{again.pk}" in desk.client.get(reverse("players:message", args=[old.pk])).text
    blocked(desk.player)
    assert "may not be sent it" in desk.client.post(url, {"key": "b"}, follow=True).text
    assert Message.objects.count() == 2


@pytest.mark.parametrize("role", ["support", "crm", "games", "auditor"])
def test_only_who_may_write_to_players_does(desk: SimpleNamespace, role: str) -> None:
    old, may = queued(desk.player), role in HOLDERS["players.message"]
    messages.send(old.pk)
    client = signed_in(make_person(role, brands=[desk.brand]))
    assert client.get(form_of(desk.player)).status_code == (200 if may else 403)
    assert client.post(reverse("players:message-resend", args=[old.pk]), {"key": "a"}).status_code == (302 if may else 403)
    assert Message.objects.count() == (2 if may else 1)
    assert client.get(reverse("players:message", args=[old.pk])).status_code == 200


def test_the_log_filters_and_stays_within_reach(desk: SimpleNamespace) -> None:
    withheld, sent = queued(desk.player, key="a"), queued(new_player(desk.brand), key="b")
    theirs = queued(new_player(make_brand("fjord", market="SE")), key="c")
    blocked(desk.player)
    for one in (withheld, sent, theirs):
        messages.send(one.pk)
    url = reverse("players:messages")

    def shown(query: str) -> list[int]:
        return [row.item.pk for row in desk.client.get(f"{url}?{query}").context["rows"]]

    assert shown("view=all") == [sent.pk, withheld.pk]
    assert shown("view=withheld") == [withheld.pk]
    assert shown(f"q=%23{sent.player_id}") == [sent.pk]
    assert shown("purpose=marketing") == []
    assert shown("state=sent") == [sent.pk]
    assert desk.client.get(reverse("players:message", args=[theirs.pk])).status_code == 404
    source = lists.get("players.message")
    crm = make_person("crm", brands=[desk.brand])
    rows = source.prepare(list(source.matching(crm, QueryDict("view=all"), timezone.now()).order_by("pk")), timezone.now())
    columns = {column.key: column for column in source.columns}
    assert [next(iter(columns["why"].cells(row, masked=True))) for row in rows] == ["contact_blocked", ""]


def test_a_page_of_the_log_costs_the_same_however_long_it_is(desk: SimpleNamespace) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert desk.client.get(reverse("players:messages")).status_code == 200
        return len(asked)

    queued(desk.player, key="first")
    cost()  # what is read once
    few = cost()
    for number in range(60):
        queued(desk.player, key=f"k{number}")
    assert cost() == few
    assert few <= 8


def test_the_decision_page_says_who_is_e_mailed_and_does_so(desk: SimpleNamespace) -> None:
    withdrawal = new_withdrawal(desk.brand)
    l1 = make_person("payments-l1", brands=[desk.brand])
    url = reverse("payments:withdrawal", args=[withdrawal.pk])
    assert "e-mails Mia at once" in signed_in(l1).get(url).text
    blocked(withdrawal.player)
    page = signed_in(l1).get(url).text
    assert "e-mails Mia" not in page
    assert "Mia is not e-mailed: Contact is blocked" in page
    reject_withdrawal(withdrawal_id=withdrawal.pk, version=1, key="r", by=l1, reason_code="NAME_MISMATCH", note="", now=timezone.now())
    message = Message.objects.get(player=withdrawal.player, template="withdrawal_rejected")
    assert messages.send(message.pk) == "withheld"


def test_templates_are_closed_to_everything_but_a_change(desk: SimpleNamespace) -> None:
    with pytest.raises(IntegrityError, match="changed by approval only"), transaction.atomic():
        MessageTemplate.objects.filter(pk="support_answer").update(label="Mine")
    assert MessageTemplate.objects.get(pk="support_answer").label == "Answer to a question"


def test_what_the_house_writes_is_never_marketing_nor_ended(desk: SimpleNamespace) -> None:
    template = MessageTemplate(code="x", label="x", purpose="marketing", by_house=True, texts={"en": {"subject": "a", "body": "b"}})
    with pytest.raises(ValidationError, match="players_messagetemplate_house_serves"):
        template.validate_constraints()


def test_a_message_older_than_its_words_is_not_sent_again(desk: SimpleNamespace) -> None:
    now = timezone.now() - timedelta(days=1)
    old = Message.objects.create(
        brand=desk.brand, player=desk.player, template="withdrawal_paid", language="en", key="old", queued_at=now, sent_at=now, state="sent"
    )
    with pytest.raises(PlayerRefused) as refused:
        writing.send_again(message_id=old.pk, key="k", by=desk.support, now=timezone.now())
    assert refused.value.code == "message_wordless"
    page = desk.client.get(reverse("players:message", args=[old.pk])).text
    assert "Its words were not kept" in page
    assert "Send again" not in page
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(pk=old.pk).update(state="lost")
