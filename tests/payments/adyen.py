"""A real Adyen sandbox process for tests, and the strings that conformance checks pull."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from payments.providers.adyen import Adyen
from payments.providers.conformance import Delivery, Fate
from payments.providers.protocol import Method
from tests.payments.nordpay import ROOT, NordpayControl, Receiver, fresh

KEY = "api-key"
HMAC = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
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
        command = [sys.executable, "-m", "payments.sandboxes.adyen", "--port", str(self.port), "--data", str(self.data), "--key", KEY, "--hmac", HMAC]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("adyen listens on "), line
        self.port = int(line.rpartition(":")[2])

    def kill(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.kill()
        self.process.wait(timeout=20)
        self.process.stdout.close()

    def call(self, method: str, path: str, body: object = None, **options: Any) -> httpx.Response:
        with httpx.Client(trust_env=False) as client:
            return client.request(method, self.url + path, json=body, headers={"X-API-Key": KEY}, timeout=10, **options)

    def test(self, path: str, body: object = None) -> dict[str, Any]:
        answer = self.call("POST", f"/test/{path}", body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def behave(self, **values: object) -> None:
        self.test("behaviour", {"reset": True, **QUICK, **values})

    def books(self, prefix: str = "") -> dict[str, Any]:
        return self.call("GET", "/test/books", params={"prefix": prefix}).json()

    def adapter(self, **options: Any) -> Adyen:
        base = options.pop("base", self.url)
        chosen = {
            "url": f"{base}/v71", "key": KEY, "merchant_account": "Countroom", "hmac_keys": HMAC, "transfers_url": f"{base}/btl/v4",
            "transfers_key": KEY, "balance_account": "BA1", "transfer_hmac_keys": HMAC, "balances_url": f"{base}/bcl/v2",
            "disputes_url": f"{base}/ca/services/DisputeService/v30", "timeout": 2.0, "sleep": lambda seconds: None, **options,
        }  # fmt: skip
        return Adyen(code="adyen", **chosen)


class AdyenControl(NordpayControl):
    """Adyen's strings: the tokens are the same."""

    signs_time = False

    def __init__(self, sandbox: Sandbox, receiver: Receiver) -> None:
        self.adyen = sandbox
        self.receiver = receiver

    def reference(self) -> str:
        return fresh("c")

    def method(self, currency: str) -> Method:
        return Method.CARD

    def token(self, fate: Fate) -> str:
        return self.TOKENS[fate]

    def times(self, movement: str, reference: str) -> int:
        entry = self.adyen.books(reference)["references"].get(reference, {"movements": {}})
        return entry["movements"].get(self.MOVEMENTS[movement], 0)

    def webhooks(self) -> list[Delivery]:
        return list(self.receiver.deliveries)

    def unreachable(self) -> Adyen:  # type: ignore[override]
        return self.adyen.adapter(base="http://127.0.0.1:1")


def items(receiver: Receiver) -> list[dict[str, Any]]:
    """Every item of every standard notification so far."""
    told = [json.loads(delivery.body) for delivery in list(receiver.deliveries)]
    return [wrapped["NotificationRequestItem"] for document in told for wrapped in document.get("notificationItems", [])]


# ---- fixtures ----


@pytest.fixture(scope="module")
def shared_adyen(tmp_path_factory):
    sandbox = Sandbox(tmp_path_factory.mktemp("adyen"))
    sandbox.start()
    yield sandbox
    sandbox.kill()


@pytest.fixture(scope="module")
def shared_adyen_receiver(shared_adyen):
    receiver = Receiver()
    shared_adyen.test("webhook-endpoint", {"url": receiver.url})
    yield receiver
    receiver.close()


@pytest.fixture
def adyen(shared_adyen):
    shared_adyen.behave()
    return shared_adyen


@pytest.fixture
def adyen_receiver(shared_adyen_receiver):
    shared_adyen_receiver.deliveries.clear()
    shared_adyen_receiver.answer = lambda event: 200
    return shared_adyen_receiver
