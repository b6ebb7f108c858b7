"""A living house for the browser: web server, worker and recorder as processes of their own, the sandbox PSP behind them."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from backoffice.access.models import Staff
from backoffice.scope.models import Brand
from tests.casino import open_casino
from tests.databases import Database
from tests.payments.nordpay import KEY, SECRET, Sandbox
from tests.people import PASSWORD, code_of, make_person

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def web(port: int, *options: str) -> list[str]:
    """The command of a web server."""
    granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws"]
    return [*granian, *options, "backoffice.wsgi:application"]


@dataclass
class House:
    """Where it is, who works there, and its processes."""

    url: str
    brand: Brand
    ana: Staff  # payments L1
    lars: Staff  # payments L2
    env: dict[str, str]
    database: Database
    processes: dict[str, subprocess.Popen[bytes]]

    @contextmanager
    def running(self, name: str, command: list[str], **env: str) -> Iterator[subprocess.Popen[bytes]]:
        """One more process of the house, for as long as the block."""
        with (Path(self.env["COUNTROOM_DATA_DIR"]) / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(command, env={**self.env, **env}, cwd=settings.BASE_DIR, stdout=log, stderr=subprocess.STDOUT)
            try:
                yield process
            finally:
                _end(process)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "manage.py", *arguments], env=self.env, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def static_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Static files as production serves them: hashed and compressed."""
    folder = tmp_path_factory.mktemp("static")
    env = {**os.environ, "COMPRESS_STATIC": "1", "COUNTROOM_DATA_DIR": str(folder)}
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"], env=env, cwd=settings.BASE_DIR, check=True)
    return folder / "static"


@pytest.fixture
def house(committed_db: Database, tmp_path: Path, static_files: Path, opened: None) -> Iterator[House]:
    brand = open_casino()
    ana = make_person("payments-l1", brands=Brand.objects.all(), name="Ana Novak")
    lars = make_person("payments-l2", brands=Brand.objects.all(), name="Lars Berg")
    port = free_port()
    nordpay = Sandbox(tmp_path / "nordpay")
    nordpay.data.mkdir()
    (tmp_path / "static").symlink_to(static_files)
    env = {
        **os.environ, **committed_db.environment(), "NORDPAY_KEY": KEY, "NORDPAY_WEBHOOK_SECRET": SECRET,
        "PUBLIC_URL": f"http://127.0.0.1:{port}", "LOG_LEVEL": "WARNING", "COMPRESS_STATIC": "1", "COUNTROOM_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "backoffice.settings",
    }  # fmt: skip
    with ExitStack() as stack:
        nordpay.start(step_delay="0.05", return_delay="0.05", webhook_backoff="0.05")
        stack.callback(nordpay.stop)
        env["NORDPAY_URL"] = nordpay.url
        commands = {
            "web": web(port),
            "worker": [sys.executable, "tests/payments/worker.py"],
            "recorder": [sys.executable, "manage.py", "recorder"],
        }
        processes: dict[str, subprocess.Popen[bytes]] = {}
        house = House(f"http://127.0.0.1:{port}", brand, ana, lars, env, committed_db, processes)
        for name, command in commands.items():
            processes[name] = stack.enter_context(house.running(name, command))
        wait(house.url + "/healthz")
        nordpay.call("POST", "/v1/webhook-endpoint", {"url": f"{house.url}/api/providers/nordpay/webhooks"})
        yield house


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait(url: str) -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # the browser's driver runs an event loop in this thread
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@dataclass
class Seen:
    """What the browser complained about, on every page of a test."""

    problems: list[str]


@pytest.fixture
def open_browser(browser: Browser, house: House) -> Iterator[Callable[..., Page]]:
    """Sign a person in, with password and code, and give their page. Complaints of the browser fail the test at its end."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def sign_in(person: Staff | None, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" and "409" not in message.text else None)
        page.on("pageerror", lambda error: problems.append(str(error)) if "Transition was aborted" not in str(error) else None)
        if person is None:  # signed in already, by what `storage_state` brings
            return page
        page.goto(house.url + "/")
        page.fill("input[name=login]", person.email)
        page.fill("input[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.fill("input[name=code]", code_of(person))
        page.keyboard.press("Enter")
        page.wait_for_url(house.url + "/")
        return page

    yield sign_in
    for context in contexts:
        context.close()
    assert problems == []
