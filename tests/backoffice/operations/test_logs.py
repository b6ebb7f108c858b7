"""What the logs say, and what they must never say: real flows run, and none of the personal values or secrets in them may stand in any line."""

import io
import json
import logging
import re
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
from celery.contrib.testing.worker import start_worker
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backoffice.audit.actors import Actor
from backoffice.celery import app
from backoffice.runtime import logs
from backoffice.scope.models import Brand
from payments.models import Deposit, Withdrawal
from payments.providers import registry
from payments.services import calls, deposits
from tests.api import FrontEnd, open_casino, person
from tests.payments.news import hears
from tests.people import PASSWORD, make_person, signed_in

IBAN, CARD, PHONE, TOKEN = "DE89370400440532013000", "4111111111111111", "+35699123456", "tok_5f3a9c77d1b24e0e9ab1"
FIRST, LAST, EMAIL, HOLDER = "Wilhelmina", "Sörensdottir", "wilhelmina.s@post.example", "W. Sörensdottir-Kay"
GUESSED = "correct horse battery 77"


class Lines(list[dict]):
    """What was written, as production writes it: one JSON object a line."""

    def __init__(self) -> None:
        super().__init__()
        self.stream = io.StringIO()

    def take(self) -> None:
        logs.configure({"level": "DEBUG", "json": True})
        for handler in logging.root.handlers:
            handler.setStream(self.stream)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def read(self) -> list[dict]:
        return [json.loads(line) for line in self.text.splitlines()]

    def of(self, event: str) -> list[dict]:
        return [line for line in self.read() if line["event"] == event]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Every line at every level goes here, through the whole of the production's configuration."""
    before = (logging.root.handlers[:], logging.root.level)
    found = Lines()
    found.take()
    yield found
    logs.configure(settings.LOGGING)
    logging.root.handlers[:], logging.root.level = before


def secrets(front_end: FrontEnd) -> list[str]:
    return [IBAN, CARD, PHONE, TOKEN, FIRST, LAST, EMAIL, HOLDER, PASSWORD, GUESSED, front_end.secret, "wilhelmina", "Sörens", "35699123456", "3704 0044"]


def nothing_of(lines: Lines, words: list[str]) -> None:
    text = json.dumps(lines.read(), ensure_ascii=False)
    assert lines.read(), "nothing was logged, so nothing was tested"
    assert [word for word in words if word.lower() in text.lower()] == []


def test_real_flows_leave_no_personal_data_and_no_secret_in_any_line(db, lines, monkeypatch):
    nova = open_casino().nova
    secret = secrets(nova)
    ana = make_person("payments-l1", "support", brands=[nova.brand], name="Ana Novak")
    secret.append(ana.email)
    client = signed_in(ana)
    client.raise_request_exception = False

    # a player registers, badly first, and adds an account
    nova.post("/players", person(first_name=FIRST, last_name=LAST, email="not an address " + EMAIL, phone=PHONE))
    player = nova.post("/players", person(first_name=FIRST, last_name=LAST, email=EMAIL, phone=PHONE)).json()["id"]
    added = nova.post(
        f"/players/{player}/instruments",
        {"kind": "bank", "label": "SEPA", "provider": "nordpay", "token": TOKEN, "last4": "3000", "holder_name": HOLDER},
    )
    assert added.status_code == 201, added.content
    instrument = added.json()["id"]

    # pays in, and asks for money
    now = timezone.now()
    deposit = deposits.start_deposit(player_id=player, instrument_id=instrument, amount=Decimal(80), currency="EUR", key="in", by=Actor.player(player), now=now)
    hears(deposit, provider_id="pp_1", now=now)
    asked = nova.withdraw(player, instrument, "25.00")
    assert asked.status_code == 201, asked.content
    withdrawal = Withdrawal.objects.get()

    # somebody searches, opens, writes a note, decides
    for query in (EMAIL, f"{FIRST} {LAST}", PHONE, IBAN):
        assert client.get(reverse("search:results"), {"q": query}).status_code == 200
    assert client.get(reverse("payments:withdrawal", args=[withdrawal.pk])).status_code == 200
    client.post(
        reverse("work:note-write"), {"about": f"players.player:{withdrawal.player_id}", "key": "log", "text": f"{FIRST} wrote from {EMAIL}, card {CARD}"}
    )
    decided = client.post(
        reverse("payments:withdrawal-decide", args=[withdrawal.pk]),
        {"outcome": "approved", "reason_code": "CHECKS_OK", "version": withdrawal.version, "key": "k", "note": f"{LAST} called from {PHONE}"},
    )
    assert decided.status_code == 303
    assert Withdrawal.objects.get().state == "awaiting_second"

    # the provider's adapter breaks with everything in its message
    monkeypatch.setattr(registry, "get", lambda code: (_ for _ in ()).throw(RuntimeError(f"{HOLDER} {IBAN} {TOKEN}")))
    monkeypatch.setattr(type(connection), "in_atomic_block", False, raising=False)
    outcome = calls.call(Withdrawal.objects.get(), operation="payout", make=lambda: registry.get("nordpay"))
    monkeypatch.undo()
    assert outcome.word == "unknown"

    # the page breaks, and the API does
    from payments.views import decision

    def breaks(*args: object, **kwargs: object) -> None:
        name, address, password = f"{FIRST} {LAST}", EMAIL, PASSWORD  # locals that a traceback could show
        raise ValueError(f"{name} <{address}> {password} {IBAN} {CARD} {PHONE}")

    monkeypatch.setattr("backoffice.ui.tiles.collect", breaks)
    broken = client.get("/")
    assert broken.status_code == 500
    assert broken["X-Request-Id"] in broken.content.decode()
    monkeypatch.setattr("players.api.register_player", breaks)
    fault = nova.post("/players", person(first_name=FIRST, last_name=LAST, email=EMAIL, phone=PHONE))
    assert fault.status_code == 500
    assert decision is not None

    # the database names the value that it refuses
    log = logging.getLogger("some.library")
    with pytest.raises(IntegrityError, match=re.escape(EMAIL)) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE mails (mail text UNIQUE)")
        cursor.execute("INSERT INTO mails VALUES (%s), (%s)", [EMAIL, EMAIL])
    log.error("could not keep %s", EMAIL, exc_info=refused.value)
    log.error(refused.value)

    # a library that puts values into its lines
    log.warning("mail to %s (%s) failed: %r", EMAIL, FIRST, {"iban": IBAN})
    log.warning(f"sent to {EMAIL}, {PHONE}, {CARD[:4]} {CARD[4:8]} {CARD[8:12]} {CARD[12:]}, DE89 3704 0044 0532 0130 00, Bearer {TOKEN}")  # noqa: G004

    # addresses that hold a person, a failed sign-in, and an id that is none
    assert client.get(f"/players/{EMAIL}/").status_code == 404
    assert client.get("/", {"q": EMAIL}, headers={"X-Request-Id": EMAIL}).status_code == 500
    assert client.get("/healthz", headers={"X-Request-Id": IBAN}).status_code == 200
    assert client.get("/healthz", headers={"X-Request-Id": PHONE[1:]}).status_code == 200
    assert Client().post("/sign-in/", {"login": ana.email, "password": GUESSED}).status_code == 200
    Client().post("/account/password/forgotten/", {"email": ana.email})
    Client(enforce_csrf_checks=True).post("/sign-in/", {"login": ana.email, "password": PASSWORD})

    nothing_of(lines, secret)
    routes = {line["route"] for line in lines.of("request")}
    assert {"platform:register", "search:results", "payments:withdrawal-decide", "account_login", "none", "ui:home"} <= {
        one.removeprefix("integrations:") for one in routes
    }
    crash = next(line for line in lines.read() if line.get("route") is None and "ValueError" in line.get("exception", ""))
    assert re.search(r"tests/backoffice/operations/test_logs\.py:\d+ in breaks", crash["exception"])


def test_a_request_has_one_line_with_who_where_and_how_long(db, lines):
    nova = open_casino().nova
    ana = make_person("payments-l1", brands=[nova.brand, Brand.objects.get(code="fjord")])
    client = signed_in(ana)
    client.post("/scope/", {"brand": nova.brand.code})
    client.get("/", headers={"X-Request-Id": "edge-1234-abcd"})
    line = lines.of("request")[-1]
    assert (line["request_id"], line["route"], line["method"], line["status"]) == ("edge-1234-abcd", "ui:home", "GET", 200)
    assert (line["staff"], line["brand"], line["level"]) == (ana.pk, nova.brand.pk, "info")
    assert isinstance(line["ms"], int)
    nova.get("/withdrawals")
    machine = lines.of("request")[-1]
    assert (machine["key"], machine["brand"], "staff" in machine) == (nova.key.key_id, nova.brand.pk, False)
    assert Client().get("/healthz").status_code == 200
    assert lines.of("request")[-1]["level"] == "debug"


def test_a_task_has_one_line_under_the_id_of_the_request_that_sent_it(committed_db, lines):
    import structlog

    @app.task(name="tests.works", shared=False)
    def works() -> None:
        structlog.get_logger("tests").info("inside")

    @app.task(name="tests.breaks", shared=False)
    def breaks() -> None:
        raise ValueError(f"{EMAIL} {IBAN}")

    app.control.purge()  # hints that other tests left
    with start_worker(app, perform_ping_check=False, pool="solo", loglevel="INFO"):
        lines.take()  # starting has set logging up anew
        with structlog.contextvars.bound_contextvars(request_id="edge-1234-abcd"):
            works.apply_async()
            breaks.apply_async()
        by_clock = works.apply_async()
        deadline = time.monotonic() + 60
        while len(lines.of("task")) < 3 and time.monotonic() < deadline:
            time.sleep(0.1)
    done = {(line["task"], line["outcome"], line["request_id"]) for line in lines.of("task")}
    assert done == {
        ("tests.works", "success", "edge-1234-abcd"), ("tests.breaks", "failure", "edge-1234-abcd"),
        ("tests.works", "success", by_clock.id.replace("-", "")),
    }  # fmt: skip
    assert [line["request_id"] for line in lines.of("inside")] == ["edge-1234-abcd", by_clock.id.replace("-", "")]
    failed = lines.of("task_failed")[0]
    assert failed["exception"].startswith("ValueError\n")
    assert "in breaks" in failed["exception"]
    nothing_of(lines, [EMAIL, IBAN])


def test_the_id_goes_out_to_whom_we_call():
    import structlog

    assert logs.outgoing() == {}
    with structlog.contextvars.bound_contextvars(request_id="edge-1234-abcd"):
        assert logs.outgoing() == {"X-Request-Id": "edge-1234-abcd"}


def test_the_provider_sees_the_id(monkeypatch):
    import httpx
    import structlog

    from payments.providers.transport import Transport

    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("x-request-id"))
        return httpx.Response(200, stream=httpx.ByteStream(b"{}"))

    transport = Transport(url="https://api.nordpay.example", headers={}, timeout=1, connect_timeout=1)
    transport._client = httpx.Client(base_url="https://api.nordpay.example", transport=httpx.MockTransport(answer))
    transport.get("/v1/x")
    with structlog.contextvars.bound_contextvars(request_id="edge-1234-abcd"):
        transport.post("/v1/x", body={}, key="k")
    assert seen == [None, "edge-1234-abcd"]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("mia@mail.example wrote", "[e-mail] wrote"),
        ("to <mia.k+1@mail.co.example>,", "to <[e-mail]>,"),
        ("DE89 3704 0044 0532 0130 00", "[account]"),
        ("de89370400440532013000", "[account]"),
        ("DE00370400440532013000", "DE00370400440532013000"),  # the check digits do not fit: no account
        ("4111-1111-1111-1111", "[card]"),
        ("4111111111111112", "4111111111111112"),
        ("call +356 99 123 456 now", "call [phone] now"),
        ("0035699123456", "[phone]"),
        ("redis://:secret@10.0.0.1:6379/0", "redis://[secret]@10.0.0.1:6379/0"),
        ("Authorization: Bearer abc.def", "Authorization: [secret]"),
        ("/account/?key=abc&next=/", "/account/?[query]"),
        ("x" * 40, "[long]"),
        ("2026-11-25T09:00:00.123456Z", "2026-11-25T09:00:00.123456Z"),
        ("2026-11-25T09:00:00+00:00", "2026-11-25T09:00:00+00:00"),
        ("withdrawal WD-4711 of 2,500.00 EUR", "withdrawal WD-4711 of 2,500.00 EUR"),
        ("0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"),  # an id
    ],
)
def test_what_looks_like_personal_data_is_taken_out(text, clean):
    assert logs.clean_text(text) == clean


def test_fields_are_cleaned_by_name_and_all_the_way_down():
    rows = [{"password": "p", "n": 1}, ("mia@mail.example",)]
    event = {"event": "x", "email": "a", "first_name": "Mia", "rows": rows, "wrong": ValueError("Mia"), "ok": True}
    assert logs.scrub(None, "info", event) == {
        "event": "x", "email": "[removed]", "first_name": "[removed]", "rows": [{"password": "[removed]", "n": 1}, ["[e-mail]"]], "wrong": "ValueError",
        "ok": True,
    }  # fmt: skip


def test_an_exception_is_told_with_its_causes_and_never_with_what_it_says():
    def inner() -> None:
        raise KeyError(EMAIL)

    def outer() -> None:
        try:
            inner()
        except KeyError as wrong:
            raise ValueError(FIRST) from wrong

    with pytest.raises(ValueError, match=FIRST) as raised:
        outer()
    here = r"  tests/backoffice/operations/test_logs\.py:\d+ in "
    kinds = rf"ValueError\n{here}test_an_\w+\n{here}outer\ncaused by KeyError\n{here}outer\n{here}inner"
    assert re.fullmatch(kinds, logs.describe(raised.value))


def test_error_pages_carry_the_requests_id(db, monkeypatch):
    client = signed_in(make_person("support"))
    client.raise_request_exception = False
    for address, status in (("/nowhere/", 404), ("/operations/health/", 403)):
        answer = client.get(address, headers={"X-Request-Id": "edge-1234-abcd"})
        assert (answer.status_code, "edge-1234-abcd" in answer.content.decode()) == (status, True)
    strict = Client(enforce_csrf_checks=True)
    assert "edge-1234-abcd" in strict.post("/sign-in/", {}, headers={"X-Request-Id": "edge-1234-abcd"}).content.decode()
    assert Deposit.objects.count() == 0
