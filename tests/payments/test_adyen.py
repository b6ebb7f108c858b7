"""Adyen from one end to the other: our API, our workers, its sandbox over HTTP, its notifications at our door."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from payments.models import Deposit, WebhookEvent
from payments.providers import registry
from payments.providers.conformance import Delivery, eventually
from payments.services import deposits, webhooks
from tests.api import Casino, payment
from tests.payments.adyen import HMAC, KEY, Sandbox, items
from tests.payments.nordpay import Receiver

URL = "/api/providers/adyen/webhooks"


@pytest.fixture(autouse=True)
def _adyen(adyen: Sandbox, settings: Any) -> Any:
    provider = {
        "class": "payments.providers.adyen.Adyen", "url": f"{adyen.url}/v71", "key": KEY, "merchant_account": "Countroom", "hmac_keys": HMAC,
        "return_url": "https://casino.example/cashier", "capture": "event",
    }  # fmt: skip
    settings.PAYMENT_PROVIDERS = {"adyen": provider}
    registry.forget()
    yield
    registry.forget()


def begun(casino: Casino, token: str) -> Deposit:
    player = casino.nova.register()
    instrument = casino.nova.instrument(player, provider="adyen", token=token)
    made = casino.nova.post("/deposits", payment(player, instrument))
    return Deposit.objects.get(pk=made.json()["id"])


def delivered(receiver: Receiver, code: str) -> Delivery:
    def come() -> Delivery | None:
        return next((each for each in list(receiver.deliveries) if f'"{code}"'.encode() in each.body), None)

    return eventually(come, f"no {code} comes in")


def pass_on(each: Delivery) -> Any:
    """What Adyen sent, at our door."""
    return Client().generic("POST", URL, each.body, content_type="application/json", headers=dict(each.headers))


def handled() -> None:
    for row in WebhookEvent.objects.filter(handled_at=None):
        webhooks.handle(row.pk, now=row.received_at)


def test_a_deposit_is_credited_by_its_capture(committed_casino: Casino, adyen_receiver: Receiver) -> None:
    deposit = begun(committed_casino, "tok_4242")
    assert deposits.step(deposit.pk) == "authorised"
    capture = delivered(adyen_receiver, "CAPTURE")
    for _ in range(2):
        assert pass_on(capture).status_code == 200
    handled()
    deposit.refresh_from_db()
    assert (deposit.state, WebhookEvent.objects.filter(kind="deposit.captured").count()) == ("credited", 1)
    assert deposit.provider_id == next(item["originalReference"] for item in items(adyen_receiver) if item["eventCode"] == "CAPTURE")


def test_a_player_is_led_to_3d_secure(committed_casino: Casino) -> None:
    deposit = begun(committed_casino, "tok_redirect")
    assert deposits.step(deposit.pk) == "initiated"
    deposit.refresh_from_db()
    assert "/checkoutshopper/threeDS/redirect/" in deposit.redirect_url


def test_a_forged_notification_stays_outside(committed_casino: Casino, adyen_receiver: Receiver) -> None:
    deposit = begun(committed_casino, "tok_4242")
    deposits.step(deposit.pk)
    capture = delivered(adyen_receiver, "CAPTURE")
    document = json.loads(capture.body)
    document["notificationItems"][0]["NotificationRequestItem"]["amount"]["value"] += 1
    answer = pass_on(Delivery(headers=capture.headers, body=json.dumps(document).encode()))
    assert (answer.status_code, WebhookEvent.objects.count()) == (401, 0)
