"""Stripe from one end to the other: our API, our workers, its sandbox over HTTP, its events at our door."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from django.test import Client

from payments.models import Chargeback, Deposit, WebhookEvent
from payments.providers import registry
from payments.providers.conformance import Delivery, eventually
from payments.services import deposits, webhooks
from tests.api import Casino, payment
from tests.payments.nordpay import Receiver
from tests.payments.stripe import KEY, SECRET, Sandbox

URL = "/api/providers/stripe/webhooks"


@pytest.fixture(autouse=True)
def _stripe(stripe: Sandbox, settings: Any) -> Any:
    provider = {
        "class": "payments.providers.stripe.Stripe", "url": f"{stripe.url}/v1", "key": KEY, "webhook_secrets": [SECRET],
        "return_url": "https://casino.example/cashier",
    }  # fmt: skip
    settings.PAYMENT_PROVIDERS = {"stripe": provider}
    registry.forget()
    yield
    registry.forget()


def begun(casino: Casino, method: str) -> Deposit:
    player = casino.nova.register()
    instrument = casino.nova.instrument(player, provider="stripe", token=f"cus_1/{method}")
    made = casino.nova.post("/deposits", payment(player, instrument))
    return Deposit.objects.get(pk=made.json()["id"])


def delivered(receiver: Receiver, kind: str, about: str) -> Delivery:
    def come() -> Delivery | None:
        return next((each for each in list(receiver.deliveries) if f'"{kind}"'.encode() in each.body and about.encode() in each.body), None)

    return eventually(come, f"no {kind} comes in")


def pass_on(each: Delivery) -> int:
    """What Stripe sent, at our door."""
    return Client().generic("POST", URL, each.body, content_type="application/json", headers=dict(each.headers)).status_code


def handled() -> None:
    for row in WebhookEvent.objects.filter(handled_at=None):
        webhooks.handle(row.pk, now=row.received_at)


def test_a_deposit_is_credited_and_a_dispute_about_it_is_a_chargeback(committed_casino: Casino, stripe: Sandbox, stripe_receiver: Receiver) -> None:
    deposit = begun(committed_casino, "pm_4242")
    assert deposits.step(deposit.pk) == "credited"
    deposit.refresh_from_db()
    succeeded = delivered(stripe_receiver, "payment_intent.succeeded", deposit.reference)
    assert [pass_on(succeeded) for _ in range(2)] == [200, 200]
    stripe.test(f"charge-back/{deposit.provider_id}")
    assert pass_on(delivered(stripe_receiver, "charge.dispute.funds_withdrawn", deposit.provider_id)) == 200
    handled()
    chargeback = Chargeback.objects.get(deposit=deposit)
    assert (chargeback.state, chargeback.amount, chargeback.reason) == ("opened", deposit.amount, "10.4")
    stripe.test(f"charge-back-won/{deposit.provider_id}")
    assert pass_on(delivered(stripe_receiver, "charge.dispute.closed", deposit.provider_id)) == 200
    handled()
    chargeback.refresh_from_db()
    deposit.refresh_from_db()
    assert (chargeback.state, deposit.state) == ("won", "credited")
    assert WebhookEvent.objects.filter(kind="deposit.captured").count() == 1


def test_a_player_is_led_to_3d_secure_and_an_event_tells_that_they_paid(committed_casino: Casino, stripe_receiver: Receiver) -> None:
    deposit = begun(committed_casino, "pm_redirect")
    assert deposits.step(deposit.pk) == "initiated"
    deposit.refresh_from_db()
    assert httpx.get(deposit.redirect_url, trust_env=False).headers["location"].startswith("https://casino.example/cashier?")
    assert pass_on(delivered(stripe_receiver, "payment_intent.succeeded", deposit.reference)) == 200
    handled()
    deposit.refresh_from_db()
    assert deposit.state == "credited"


def test_a_player_who_says_no_is_asked_about(committed_casino: Casino, stripe_receiver: Receiver) -> None:
    deposit = begun(committed_casino, "pm_redirect")
    deposits.step(deposit.pk)
    deposit.refresh_from_db()
    httpx.get(deposit.redirect_url, params={"agree": "no"}, trust_env=False)
    assert pass_on(delivered(stripe_receiver, "payment_intent.payment_failed", deposit.reference)) == 200
    handled()
    assert deposits.step(deposit.pk) == "failed"


def test_what_comes_after_we_gave_up_is_credited(committed_casino: Casino, stripe_receiver: Receiver) -> None:
    deposit = begun(committed_casino, "pm_redirect")
    deposits.step(deposit.pk)
    deposit.refresh_from_db()
    Deposit.objects.filter(pk=deposit.pk).update(state="expired", next_attempt_at=None)
    httpx.get(deposit.redirect_url, trust_env=False)
    assert pass_on(delivered(stripe_receiver, "payment_intent.succeeded", deposit.reference)) == 200
    handled()
    deposit.refresh_from_db()
    assert deposit.state == "credited"


def test_a_decline_is_final(committed_casino: Casino) -> None:
    deposit = begun(committed_casino, "pm_fail")
    assert deposits.step(deposit.pk) == "failed"
    deposit.refresh_from_db()
    assert deposit.provider_id.startswith("pi_")


def test_a_forged_event_stays_outside(committed_casino: Casino, stripe_receiver: Receiver) -> None:
    deposit = begun(committed_casino, "pm_4242")
    deposits.step(deposit.pk)
    succeeded = delivered(stripe_receiver, "payment_intent.succeeded", deposit.reference)
    assert pass_on(Delivery(headers=succeeded.headers, body=succeeded.body.replace(b"succeeded", b"cancelled"))) == 401
    assert WebhookEvent.objects.count() == 0
