"""A real Nordpay process for tests, a receiver for its webhooks, and the strings that conformance checks pull."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from payments.providers.conformance import Delivery, Fate, NotApplicable, eventually
from payments.providers.nordpay import Nordpay
from payments.providers.protocol import CRYPTO, Method

ROOT = Path(__file__).parents[2]
KEY = "merchant-key"
SECRET = "webhook-secret"
QUICK = {"step_delay": "0.01", "return_delay": "0.01", "webhook_backoff": "0.02", "webhook_backoff_cap": "0.1", "late_seconds": "0.05"}


class Sandbox:
    """One Nordpay: start, kill -9 and start again on the same data and port."""

    def __init__(self, data: Path, *, seed: str = "7") -> None:
        self.data = data
        self.seed = seed
        self.port = 0
        self.patience = 10.0  # seconds until an answer is given up
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, **behaviour: str) -> None:
        command = [sys.executable, "-m", "payments.sandboxes.nordpay", "--port", str(self.port), "--data", str(self.data)]
        command += ["--key", KEY, "--secret", SECRET, "--seed", self.seed]
        if behaviour:
            command += ["--behaviour", json.dumps(behaviour)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("nordpay listens on "), line
        self.port = int(line.rpartition(":")[2])

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self._wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self._wait()

    def _wait(self) -> int:
        assert self.process is not None
        assert self.process.stdout is not None
        code = self.process.wait(timeout=20)
        self.process.stdout.close()
        self.process = None
        return code

    def call(self, method: str, path: str, body: object = None, *, key: str = "", **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {KEY}", **options.pop("headers", {})}
        if key:
            headers["Idempotency-Key"] = key
        if isinstance(body, (bytes, str)):
            options["content"] = body
            headers.setdefault("Content-Type", "application/json")
        elif body is not None:
            options["json"] = body
        return _client.request(method, self.url + path, headers=headers, timeout=self.patience, **options)

    def behave(self, **values: object) -> None:
        response = self.call("POST", "/v1/test/behaviour", {"reset": True, **QUICK, **values})
        assert response.status_code == 200, response.text

    def books(self, prefix: str = "") -> dict[str, Any]:
        return self.call("GET", "/v1/test/books", params={"prefix": prefix}).json()

    def ask(self, reference: str) -> dict[str, Any]:
        return self.call("GET", f"/v1/payments/by-reference/{reference}").json()

    def wait_for(self, reference: str, status: str) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            payment = self.ask(reference)
            return payment if payment.get("status") == status else None

        return eventually(reached, f"{reference} does not become {status}")

    def deposit(self, reference: str, **fields: object) -> httpx.Response:
        body = {"reference": reference, "amount": "40.00", "currency": "EUR", "method": "card", "token": "tok_4242", **fields}
        return self.call("POST", "/v1/deposits", body, key=f"key-{reference}")

    def payout(self, reference: str, **fields: object) -> httpx.Response:
        body = {
            "reference": reference,
            "amount": "25.00",
            "currency": "EUR",
            "method": "bank",
            "token": "tok_iban",
            "name": "Maja Lind",
            **fields,
        }
        return self.call("POST", "/v1/payouts", body, key=f"key-{reference}")

    def adapter(self, **options: Any) -> Nordpay:
        chosen = {"url": self.url, "key": KEY, "webhook_secret": SECRET, "timeout": 2.0, "sleep": lambda seconds: None, **options}
        return Nordpay(code="nordpay", **chosen)


class Receiver:
    """Takes webhooks. `answer` decides the status of each; everything that came is kept in `deliveries`."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.answer: Callable[[dict[str, Any]], int] = lambda event: 204
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.deliveries.append(Delivery(headers=dict(self.headers.items()), body=body))
                self.send_response(receiver.answer(json.loads(body)))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hooks"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def events(self, reference: str = "") -> list[dict[str, Any]]:
        told = [json.loads(delivery.body) for delivery in list(self.deliveries)]
        return [event for event in told if not reference or event["payment"]["reference"] == reference]

    def types(self, reference: str) -> list[str]:
        return [event["type"] for event in self.events(reference)]

    def wait_for_types(self, reference: str, expected: list[str]) -> None:
        eventually(lambda: True if self.types(reference) == expected else None, f"{self.types(reference)} is not {expected}")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class NordpayControl:
    """Nordpay's strings, for the conformance checks."""

    signs_time = True

    TOKENS = {
        Fate.SUCCEED: "tok_4242",
        Fate.FAIL: "tok_fail",
        Fate.REFUSE: "tok_refuse",
        Fate.RETURN: "tok_return",
        Fate.TAKE_AND_DROP: "tok_drop_after",
        Fate.TAKE_AND_STAY_SILENT: "tok_timeout",
        Fate.TAKE_AND_ANSWER_500: "tok_http_500_after",
        Fate.TAKE_AND_TALK_NONSENSE: "tok_garbage",
        Fate.DROP: "tok_drop_before",
        Fate.STAY_SILENT: "tok_timeout_before",
        Fate.ANSWER_500: "tok_http_500",
    }
    MOVEMENTS = {"taken": "captured", "paid_out": "paid_out", "returned": "returned", "refunded": "refunded"}

    def __init__(self, sandbox: Sandbox, receiver: Receiver) -> None:
        self.sandbox = sandbox
        self.receiver = receiver

    def reference(self) -> str:
        return fresh("c")

    def method(self, currency: str) -> Method:
        return Method.CRYPTO if currency in CRYPTO else Method.BANK

    def token(self, fate: Fate) -> str:
        if fate not in self.TOKENS:
            raise NotApplicable(fate)
        return self.TOKENS[fate]

    def times(self, movement: str, reference: str) -> int:
        entry = self.sandbox.books(reference)["references"].get(reference, {"movements": {}})
        return entry["movements"].get(self.MOVEMENTS[movement], 0)

    def webhooks(self) -> list[Delivery]:
        return list(self.receiver.deliveries)

    def unreachable(self) -> Nordpay:
        return self.sandbox.adapter(url="http://127.0.0.1:1")

    def with_clock(self, offset: int) -> Nordpay:
        return self.sandbox.adapter(clock=lambda: time.time() + offset)


_numbers = itertools.count()
_client = httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))  # no connection outlives a killed process


def fresh(prefix: str) -> str:
    """A reference never used before, in this run or another."""
    return f"{prefix}-{os.getpid()}-{next(_numbers)}-{uuid.uuid4().hex[:8]}"


@contextlib.contextmanager
def running(data: Path, **options: Any) -> Iterator[Sandbox]:
    """A sandbox that ends with the block."""
    sandbox = Sandbox(data, **options)
    sandbox.start()
    try:
        yield sandbox
    finally:
        if sandbox.process is not None:
            sandbox.kill()


# ---- fixtures ----


@pytest.fixture(scope="module")
def shared_sandbox(tmp_path_factory):
    with running(tmp_path_factory.mktemp("nordpay")) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def shared_receiver(shared_sandbox):
    receiver = Receiver()
    assert shared_sandbox.call("POST", "/v1/webhook-endpoint", {"url": receiver.url}).status_code == 200
    yield receiver
    receiver.close()


@pytest.fixture
def sandbox(shared_sandbox):
    """One process for each module, its behaviour put back before each test."""
    shared_sandbox.behave()
    return shared_sandbox


@pytest.fixture
def receiver(shared_receiver):
    shared_receiver.deliveries.clear()
    shared_receiver.answer = lambda event: 204
    return shared_receiver
