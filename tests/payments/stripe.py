"""A real Stripe sandbox process for tests, and the strings that conformance checks pull."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from payments.providers.conformance import Delivery, Fate
from payments.providers.protocol import Method
from payments.providers.stripe import Stripe
from tests.payments.nordpay import ROOT, NordpayControl, Receiver, fresh

KEY = "sk_test_1"
SECRET = "whsec_test"
QUICK = {"step_delay": "0.01", "return_delay": "0.01", "webhook_backoff": "0.02", "webhook_backoff_cap": "0.1", "late_seconds": "0.05"}


class Sandbox:
    """One process: start, kill -9 and start again on the same data and port."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = 0
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "payments.sandboxes.stripe", "--port", str(self.port), "--data", str(self.data), "--key", KEY, "--secret", SECRET]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("stripe listens on "), line
        self.port = int(line.rpartition(":")[2])

    def kill(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.kill()
        self.process.wait(timeout=20)
        self.process.stdout.close()

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {KEY}", **options.pop("headers", {})}
        with httpx.Client(trust_env=False) as client:
            return client.request(method, self.url + path, headers=headers, timeout=10, **options)

    def test(self, path: str, body: object = None) -> dict[str, Any]:
        answer = self.call("POST", f"/test/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def behave(self, **values: object) -> None:
        self.test("behaviour", {"reset": True, **QUICK, **values})

    def books(self, prefix: str = "") -> dict[str, Any]:
        return self.call("GET", "/test/books", params={"prefix": prefix}).json()

    def adapter(self, **options: Any) -> Stripe:
        base = options.pop("base", self.url)
        chosen = {
            "url": f"{base}/v1", "key": KEY, "webhook_secrets": SECRET, "files_url": f"{base}/v1", "timeout": 2.0, "sleep": lambda seconds: None, **options,
        }  # fmt: skip
        return Stripe(code="stripe", **chosen)


class StripeControl(NordpayControl):
    """Stripe's strings: payment methods named as Nordpay's tokens."""

    signs_time = True

    def __init__(self, sandbox: Sandbox, receiver: Receiver) -> None:
        self.stripe = sandbox
        self.receiver = receiver

    def reference(self) -> str:
        return fresh("c")

    def method(self, currency: str) -> Method:
        return Method.CARD

    def token(self, fate: Fate) -> str:
        return f"cus_1/{self.TOKENS[fate].replace('tok_', 'pm_')}"

    def times(self, movement: str, reference: str) -> int:
        entry = self.stripe.books(reference)["references"].get(reference, {"movements": {}})
        return entry["movements"].get(self.MOVEMENTS[movement], 0)

    def webhooks(self) -> list[Delivery]:
        return list(self.receiver.deliveries)

    def unreachable(self) -> Stripe:  # type: ignore[override]
        return self.stripe.adapter(base="http://127.0.0.1:1")

    def with_clock(self, offset: int) -> Stripe:  # type: ignore[override]
        return self.stripe.adapter(clock=lambda: time.time() + offset)


# ---- fixtures ----


@pytest.fixture(scope="module")
def shared_stripe(tmp_path_factory):
    sandbox = Sandbox(tmp_path_factory.mktemp("stripe"))
    sandbox.start()
    yield sandbox
    sandbox.kill()


@pytest.fixture(scope="module")
def shared_stripe_receiver(shared_stripe):
    receiver = Receiver()
    shared_stripe.test("webhook-endpoint", {"url": receiver.url})
    yield receiver
    receiver.close()


@pytest.fixture
def stripe(shared_stripe):
    shared_stripe.behave()
    return shared_stripe


@pytest.fixture
def stripe_receiver(shared_stripe_receiver):
    shared_stripe_receiver.deliveries.clear()
    shared_stripe_receiver.answer = lambda event: 200
    return shared_stripe_receiver
