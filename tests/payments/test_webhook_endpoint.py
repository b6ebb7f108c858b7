"""The door for providers: signed, of a sane size, kept byte for byte, once."""

import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from payments import hints, tasks
from payments.models import Deposit, WebhookEvent
from payments.providers import registry
from payments.services import deposits, webhooks
from players.models import Player
from tests.api import Casino, payment, problem

SECRET = "webhook-secret"
URL = "/api/providers/nordpay/webhooks"


@pytest.fixture(autouse=True)
def _nordpay(settings: Any) -> Any:
    provider = {"class": "payments.providers.nordpay.Nordpay", "url": "http://127.0.0.1:9", "key": "k", "webhook_secret": SECRET}
    settings.PAYMENT_PROVIDERS = {"nordpay": provider}
    registry.forget()
    yield
    registry.forget()


def event(reference: str, *, number: int = 1, sequence: int = 2, status: str = "captured") -> bytes:
    payment_ = {
        "id": "pay_1", "kind": "deposit", "reference": reference, "status": status, "amount": "25.00", "currency": "EUR", "fee": "0.50",
        "sequence": sequence, "created": "2026-01-01T00:00:00Z", "changed": "2026-01-01T00:00:01Z", "method": "card", "movements": [],
    }  # fmt: skip
    told = {"id": f"evt_{number}", "type": f"deposit.{status}", "created": "2026-01-01T00:00:01Z", "sequence": sequence}
    return json.dumps({**told, "amount": "25.00", "currency": "EUR", "fee": "0.50", "payment": payment_}).encode()


def send(body: bytes, *, at: int | None = None, secret: str = SECRET, url: str = URL, signed: bytes | None = None) -> Any:
    at = int(time.time()) if at is None else at
    digest = hmac.new(secret.encode(), f"{at}.".encode() + (body if signed is None else signed), hashlib.sha256).hexdigest()
    return Client().generic("POST", url, body, content_type="application/json", headers={"Nordpay-Signature": f"t={at},v1={digest}"})


def begun(casino: Casino) -> Deposit:
    player = casino.nova.register()
    made = casino.nova.post("/deposits", payment(player, casino.nova.instrument(player)))
    return Deposit.objects.get(pk=made.json()["id"])


def test_news_is_kept_as_it_came_and_acted_on(casino: Casino) -> None:
    deposit = begun(casino)
    body = event(deposit.reference)
    answer = send(body)

    assert (answer.status_code, answer.json()) == (200, {"received": 1})
    kept = WebhookEvent.objects.get()
    assert (bytes(kept.body), kept.event_id, kept.handled_at) == (body, "evt_1", None)
    tasks.sweep()
    deposit.refresh_from_db()
    assert deposit.state == "credited"
    assert WebhookEvent.objects.get().outcome == "initiated to credited"


def test_news_of_an_erased_player_is_emptied_as_soon_as_it_is_acted_on(casino: Casino) -> None:
    erased, other = begun(casino), begun(casino)
    nobody = {"first_name": "", "last_name": "", "birth_date": None, "email_digest": "", "phone_digest": ""}
    Player.objects.filter(pk=erased.player_id).update(erased_at=timezone.now(), state="closed", **nobody)
    for number, deposit in enumerate((erased, other)):
        send(event(deposit.reference, number=number))
    assert all(bytes(row.body) for row in WebhookEvent.objects.all()), "it is needed until then"
    tasks.sweep()
    kept = {row.reference: bytes(row.body) for row in WebhookEvent.objects.filter(handled_at__isnull=False)}
    assert kept == {erased.reference: b"", other.reference: event(other.reference, number=1)}


def test_the_same_event_again_changes_nothing(casino: Casino) -> None:
    body = event(begun(casino).reference)
    send(body)
    tasks.sweep()
    answer = send(body)

    assert (answer.status_code, answer.json()) == (200, {"received": 0})
    assert WebhookEvent.objects.count() == 1


def test_a_worker_is_told_of_what_is_new(committed_casino: Casino, hinted: list[tuple[str, int]]) -> None:
    body = event(begun(committed_casino).reference)
    hinted.clear()
    send(body)

    assert hinted == [("handle_webhook", WebhookEvent.objects.get().pk)]


def test_a_broker_that_is_away_fails_nothing(committed_casino: Casino, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object, **options: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(hints.current_app, "send_task", away)

    assert send(event(begun(committed_casino).reference)).status_code == 200
    assert WebhookEvent.objects.count() == 1


@pytest.mark.parametrize(
    "wrong", [{"secret": "another"}, {"signed": b"{}"}, {"at": 1_767_225_600}, {"at": 4_000_000_000}], ids=["secret", "body", "old", "future"]
)
def test_what_is_not_signed_now_stays_out(casino: Casino, wrong: dict) -> None:
    problem(send(event(begun(casino).reference), **wrong), 401, "not_signed")
    assert not WebhookEvent.objects.exists()


def test_without_a_signature_nothing_comes_in(db: None) -> None:
    problem(Client().generic("POST", URL, b"{}", content_type="application/json"), 401, "not_signed")


@pytest.mark.parametrize("body", [b"", b"garbage", b"[]", b"{}", b'{"id": "evt_9", "type": "deposit.captured"}', b"\xff\xfe"])
def test_what_is_signed_but_not_understood_is_kept_for_a_person(db: None, body: bytes) -> None:
    problem(send(body), 422, "invalid")
    problem(send(body), 422, "invalid")

    kept = WebhookEvent.objects.get()
    assert (bytes(kept.body), kept.kind, kept.handled_at is not None) == (body, "unread", True)
    assert webhooks.due(now=timezone.now()) == []


def test_too_much_is_refused_before_it_is_looked_at(db: None) -> None:
    problem(send(b" " * 262_145), 413, "too_large")


def test_nobody_else_is_at_this_door(db: None) -> None:
    problem(send(b"{}", url="/api/providers/nobody/webhooks"), 404, "not_found")
    answer = Client().get(URL)
    problem(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "POST"


def test_an_event_that_fails_is_put_off_and_holds_nobody_up(casino: Casino, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = begun(casino), begun(casino)
    send(event(bad.reference, number=1))
    send(event(good.reference, number=2))
    real = deposits.told

    def told(**news: Any) -> str:
        if news["deposit_id"] == bad.pk:
            raise RuntimeError("broken")
        return real(**news)

    monkeypatch.setattr(deposits, "told", told)
    tasks.sweep()

    good.refresh_from_db()
    assert good.state == "credited"
    waiting = WebhookEvent.objects.get(event_id="evt_1")
    assert (waiting.handled_at, waiting.tries, waiting.outcome) == (None, 1, "failed: RuntimeError")
    assert waiting.next_attempt_at is not None
    assert waiting.next_attempt_at > waiting.received_at
