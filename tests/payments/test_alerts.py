"""An alert on a failing provider, from the rule on the screen to the bell, the e-mail, the webhook and the live page. The provider is the
sandbox's process, reached over the real adapter; the receiver of the webhook is a process too."""

import re
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core import mail
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse
from django.utils import timezone

from backoffice.alerts.models import Alert, Rule, Standing
from backoffice.alerts.tasks import evaluate
from backoffice.audit import sequencer
from backoffice.audit.actors import Actor
from backoffice.bell.tasks import send_due
from backoffice.integrations.models import Endpoint
from backoffice.integrations.tasks import deliver_webhooks
from payments.models import Deposit
from payments.services import deposits
from payments.tasks import sweep
from tests.backoffice.alerts.tools import listening, values
from tests.casino import new_instrument, new_player, open_casino
from tests.people import make_person, signed_in


def text(response):
    return response.content.decode()


def pay_in(brand, times: int) -> list[str]:
    """Players deposit by card, and the worker takes it to the provider, as its schedule does. Gives the states."""
    for number in range(times):
        player = new_player(brand)
        card = new_instrument(player, kind="card", token=f"tok_captured:{number}" if times == 1 else "")
        deposits.start_deposit(
            player_id=player.pk,
            instrument_id=card.pk,
            amount=Decimal("25.00"),
            currency="EUR",
            key=f"{player.pk}",
            by=Actor.player(player.pk),
            now=timezone.now(),
        )
    sweep()
    return list(Deposit.objects.order_by("-pk").values_list("state", flat=True)[:times])


def test_a_failing_provider_reaches_the_head_of_payments_before_the_players_do(committed_db, nordpay, tmp_path, settings):
    settings.WEBHOOK_PRIVATE_ADDRESSES = True
    nova = open_casino()
    ines, owner = make_person("head-of-payments", brands=[nova], name="Ines Camilleri"), make_person("owner", brands=[nova])
    office, keeper = signed_in(ines), signed_in(owner)
    # The owner adds where the on-call pager listens; the head of payments writes the rule. Both on the screen.
    keeper.post(reverse("integrations:webhook-add"), {"name": "Pager", "url": "http://127.0.0.1/hooks", "topics": ["alert.firing", "alert.resolved"]})
    endpoint = Endpoint.objects.get()
    with listening(tmp_path, endpoint.secret) as receiver:
        Endpoint.objects.update(url=f"{receiver.url}/hooks")
        rule = values(ines, name="Nordpay loses deposits", per="provider", minutes=5, threshold="30", least=5, endpoints=[str(endpoint.pk)])
        sent = {**rule, "mail": "on", "active": "on", "key": "k"}
        review = office.post(reverse("approvals:propose-new", args=["alerts.rule"]), sent)["Location"]
        assert "Would not have fired" in text(office.get(review))
        office.post(review, {"version": 1, "reason": "Support hears of it first today", "start_day": "", "start_time": ""})
        assert Rule.objects.get().active

        assert pay_in(nova, 1) == ["credited"]
        assert evaluate() == 1
        assert Alert.objects.count() == 0  # one deposit, and a good one

        # The provider begins to fail, at run time.
        said = StringIO()
        call_command("sandbox_psp", "--fail-rate", "1", stdout=said)
        assert "fail: 1" in said.getvalue()
        assert pay_in(nova, 6) == ["failed"] * 6

        # What the clock does within ten seconds, and then every few.
        Standing.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
        assert evaluate() == 1
        alert = Alert.objects.get()
        assert (alert.state, alert.provider, alert.volume, round(alert.value)) == ("firing", "nordpay", 7, 86)
        send_due()
        deliver_webhooks()
        sequencer.catch_up()

        words = "Nordpay loses deposits: 85.7 % · nordpay (line at 30 %)"
        home = text(office.get("/"))
        assert re.search(r'title="Notices">.*?<span class="pip">1</span>', home)
        assert words in text(office.get(reverse("bell:notices")))
        assert [(one.to, one.subject) for one in mail.outbox] == [([ines.email], words)]
        (message,) = receiver.took
        assert (message["topic"], message["data"]["provider"], message["data"]["rule"]["name"]) == ("alert.firing", "nordpay", "Nordpay loses deposits")
        live = text(office.get(reverse("work:live") + "?kind=alerts"))
        assert f'<a href="/alerts/{alert.pk}/">Alert fires: Nordpay loses deposits</a>' in live
        assert "Firing" in text(office.get(reverse("alerts:alert", args=[alert.pk])))


def test_the_sandbox_is_made_to_fail_and_to_behave_again(nordpay):
    call_command("sandbox_psp", "--fail-rate", "0.5", "--set", "late=0.25", stdout=StringIO())
    behaviour = nordpay.call("GET", "/v1/test/behaviour").json()
    assert (behaviour["fail"], behaviour["late"]) == ("0.5", "0.25")
    call_command("sandbox_psp", "--as-usual", stdout=StringIO())
    assert nordpay.call("GET", "/v1/test/behaviour").json()["fail"] == "0.04"
    for wrong in (["--fail-rate", "1.5"], ["--fail-rate", "much"], ["--set", "late"], ["--set", "no_such=1"]):
        with pytest.raises(CommandError):
            call_command("sandbox_psp", *wrong, stdout=StringIO())
    assert nordpay.call("GET", "/v1/test/behaviour").json()["fail"] == "0.04"


@pytest.mark.parametrize("production", [True, False])
def test_the_command_is_refused_in_production_and_where_there_is_no_sandbox(settings, production):
    settings.PRODUCTION = production
    settings.PAYMENT_PROVIDERS = {"nordpay": {"url": "http://127.0.0.1:1", "key": "k"}} if production else {}
    with pytest.raises(CommandError, match="no sandbox PSP"):
        call_command("sandbox_psp", "--fail-rate", "1")
