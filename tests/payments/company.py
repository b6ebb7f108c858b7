"""A company's sandbox process for tests, the strings that conformance checks pull, and the fixtures."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from payments.providers.protocol import Method
from tests.payments.nordpay import QUICK, ROOT, NordpayControl, Receiver


class Company:
    """One process: start, kill -9 and start again on the same data and port. `name` is the folder below payments/sandboxes, `arguments` its secrets."""

    name: ClassVar[str]
    arguments: ClassVar[tuple[str, ...]]
    headers: ClassVar[dict[str, str]]  # what signs a request in

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = 0
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", f"payments.sandboxes.{self.name}", "--port", str(self.port), "--data", str(self.data), *self.arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith(f"{self.name} listens on "), line
        self.port = int(line.rpartition(":")[2])

    def kill(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=20)
        self.process.stdout.close()

    def call(self, method: str, path: str, body: object = None, **options: Any) -> httpx.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        if body is not None:
            options["json"] = body
        with httpx.Client(trust_env=False) as client:
            return client.request(method, self.url + path, headers=headers, timeout=10, **options)

    def test(self, path: str, body: object = None) -> dict[str, Any]:
        answer = self.call("POST", f"/test/{path}", body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def behave(self, **values: object) -> None:
        self.test("behaviour", {"reset": True, **QUICK, **values})

    def books(self, prefix: str = "") -> dict[str, Any]:
        return self.call("GET", "/test/books", params={"prefix": prefix}).json()

    def adapter(self, **options: Any) -> Any:
        """The provider's adapter over this process; `base` for another address."""
        raise NotImplementedError


class CompanyControl(NordpayControl):
    """Nordpay's strings: companies take its tokens and move its money."""

    def __init__(self, company: Company, receiver: Receiver) -> None:
        self.sandbox: Any = company
        self.receiver = receiver

    def method(self, currency: str) -> Method:
        return Method.CARD

    def unreachable(self) -> Any:
        return self.sandbox.adapter(base="http://127.0.0.1:1")


def fixtures(company: type[Company]) -> Any:
    """Four fixtures: one process for a module and its receiver; both with everything put back before each test."""
    name = company.name

    @pytest.fixture(scope="module", name=f"shared_{name}")
    def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
        sandbox = company(tmp_path_factory.mktemp(name))
        sandbox.start()
        yield sandbox
        sandbox.kill()

    @pytest.fixture(scope="module", name=f"shared_{name}_receiver")
    def listening(request: pytest.FixtureRequest) -> Iterator[Receiver]:
        receiver = Receiver()
        request.getfixturevalue(f"shared_{name}").test("webhook-endpoint", {"url": receiver.url})
        yield receiver
        receiver.close()

    @pytest.fixture(name=name)
    def fresh_process(request: pytest.FixtureRequest) -> Company:
        sandbox: Company = request.getfixturevalue(f"shared_{name}")
        sandbox.behave()
        return sandbox

    @pytest.fixture(name=f"{name}_receiver")
    def fresh_receiver(request: pytest.FixtureRequest) -> Receiver:
        receiver: Receiver = request.getfixturevalue(f"shared_{name}_receiver")
        receiver.deliveries.clear()
        receiver.answer = lambda event: 200
        return receiver

    return process, listening, fresh_process, fresh_receiver
