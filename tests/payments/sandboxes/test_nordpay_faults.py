"""Bad days: what the rates and tokens do to an answer, and what a kill does to the books."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import subprocess
import sys
import threading
import time

import httpx
import pytest

from payments.providers.conformance import eventually
from tests.payments.nordpay import KEY, QUICK, ROOT, Sandbox, fresh, running


def answer_of(send):
    """The status of the answer, or what came instead of one."""
    try:
        answer = send()
    except httpx.TimeoutException:
        return "silence"
    except httpx.TransportError:
        return "closed"
    return answer.status_code if answer.headers["Content-Type"] == "application/json" and answer.text[:1] == "{" else "nonsense"


FAULTS = [
    ("timeout", "silence", True),
    ("timeout_before", "silence", False),
    ("drop_after", "closed", True),
    ("drop_before", "closed", False),
    ("http_500", 500, False),
    ("http_500_after", 500, True),
    ("garbage", "nonsense", True),
    ("late", 201, True),
]


@pytest.mark.parametrize(("fault", "seen", "taken"), FAULTS)
@pytest.mark.parametrize("kind", ["deposit", "payout"])
def test_a_rate_of_one_strikes_every_request(sandbox, kind, fault, seen, taken):
    sandbox.behave(**{fault: "1"})
    reference = fresh("x")
    send = getattr(sandbox, kind)
    assert struck(sandbox, send, reference, seen=seen) == seen
    sandbox.behave()
    assert (sandbox.ask(reference).get("reference") == reference) is taken


@pytest.mark.parametrize(("fault", "seen", "taken"), FAULTS)
def test_a_token_strikes_until_the_payment_is_taken(sandbox, fault, seen, taken):
    reference = fresh("x")
    assert struck(sandbox, sandbox.payout, reference, seen=seen, token=f"tok_{fault}") == seen
    assert (sandbox.ask(reference).get("reference") == reference) is taken
    if taken:
        assert sandbox.payout(reference, token=f"tok_{fault}").status_code == 201  # the first answer, at last
        sandbox.wait_for(reference, "paid")
        assert sandbox.books(reference)["references"][reference]["movements"] == {"paid_out": 1}


def struck(sandbox, send, reference, *, seen, **fields):
    """What comes of a request; little patience where silence must come."""
    sandbox.patience = 0.4 if seen == "silence" else 10
    try:
        return answer_of(lambda: send(reference, **fields))
    finally:
        sandbox.patience = 10


def test_asking_can_fail_too_when_told_so(sandbox):
    reference = fresh("p")
    sandbox.payout(reference)
    sandbox.behave(http_500="1", operations=["ask"])
    assert sandbox.call("GET", f"/v1/payments/by-reference/{reference}").status_code == 500
    assert sandbox.payout(fresh("p")).status_code == 201


@pytest.mark.parametrize(
    ("rate", "kind", "status"),
    [("return_rate", "payout", "returned"), ("reverse_rate", "deposit", "reversed"), ("charge_back_rate", "deposit", "charged_back"),
     ("fail", "payout", "failed"), ("fail", "deposit", "failed"), ("expire", "deposit", "expired")],
)  # fmt: skip
def test_a_rate_decides_what_becomes_of_a_payment(sandbox, rate, kind, status):
    sandbox.behave(**{rate: "1"})
    reference = fresh("x")
    getattr(sandbox, kind)(reference)
    sandbox.wait_for(reference, status)


def test_the_same_seed_brings_the_same_fates_and_another_seed_others(tmp_path):
    references = [f"r{number}" for number in range(40)]

    def fates(name, seed):
        with running(tmp_path / name, seed=seed) as sandbox:
            sandbox.behave(drop_after="0.2", drop_before="0.2", http_500="0.2", refuse="0.3")
            shuffled = random.Random(name).sample(references, len(references))
            met = {reference: answer_of(lambda reference=reference: sandbox.payout(reference)) for reference in shuffled}
            return met, sorted(sandbox.books()["references"])

    first = fates("a", "7")
    assert first == fates("b", "7")
    assert first != fates("c", "8")
    assert set(first[0].values()) == {201, 422, 500, "closed"}


# ---- kills ----


def test_a_kill_after_the_answer_loses_nothing(tmp_path):
    with running(tmp_path) as sandbox:
        sandbox.behave(return_rate="0.5")
        references = [fresh("p") for _ in range(20)]
        first = {reference: sandbox.payout(reference).text for reference in references}
        sandbox.kill()
        sandbox.start()
        for reference in references:
            assert sandbox.payout(reference).text == first[reference]
        assert sandbox.call("GET", "/v1/test/behaviour").json()["return_rate"] == "0.5"
        books = settled(sandbox)["references"]
        assert sorted(books) == sorted(references)
        assert all(entry["movements"] in ({"paid_out": 1}, {"paid_out": 1, "returned": 1}) for entry in books.values())


def settled(sandbox):
    """The books once nothing more is planned for anybody."""

    def look():
        with contextlib.closing(sqlite3.connect(f"file:{sandbox.data}/nordpay.sqlite3?mode=ro", uri=True)) as database:
            (planned,) = database.execute("SELECT count(*) FROM payments WHERE plan <> '[]'").fetchone()
        return None if planned else sandbox.books()

    return eventually(look, "the payments do not settle")


def test_kills_under_load_neither_lose_nor_double_what_was_answered(tmp_path):
    with running(tmp_path) as sandbox:
        sandbox.behave(drop_after="0.3")
        references = [fresh("p") for _ in range(80)]
        queue, answered, guard = list(reversed(references)), set(), threading.Lock()

        def work():
            while True:
                with guard:
                    if not queue:
                        return
                    reference = queue.pop()
                if answer_of(lambda reference=reference: sandbox.payout(reference)) == 201:
                    answered.add(reference)

        for _ in range(3):
            workers = [threading.Thread(target=work) for _ in range(4)]
            for worker in workers:
                worker.start()
            while len(answered) < len(references) // 8 and any(worker.is_alive() for worker in workers):
                time.sleep(0.001)
            sandbox.kill()
            for worker in workers:
                worker.join()
            sandbox.start(**QUICK)
            books = sandbox.books()["references"]
            assert answered <= set(books)  # whatever was answered is in the books
            queue.extend(reference for reference in references if reference not in books)

        for reference in references:
            if sandbox.ask(reference).get("reference") != reference:
                answer_of(lambda reference=reference: sandbox.payout(reference))
        books = settled(sandbox)
        assert [books["references"][reference]["movements"] for reference in references] == [{"paid_out": 1}] * len(references)
        totals = books["currencies"]["EUR"]
        assert (totals["paid_out"], totals["in_flight"], totals["fees"], totals["balance"]) == ("2000.00", "0.00", "24.00", "-2024.00")


def test_the_books_cannot_be_rewritten(tmp_path):
    with running(tmp_path) as sandbox:
        sandbox.behave()
        reference = fresh("p")
        sandbox.payout(reference)
        sandbox.wait_for(reference, "paid")
    database = sqlite3.connect(tmp_path / "nordpay.sqlite3")
    for statement in ("UPDATE movements SET amount = '1'", "DELETE FROM movements"):
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            database.execute(statement)
    database.close()


# ---- starting and stopping ----


def test_two_processes_do_not_share_a_folder(tmp_path):
    with running(tmp_path):
        command = [
            sys.executable,
            "-m",
            "payments.sandboxes.nordpay",
            "--port",
            "0",
            "--data",
            str(tmp_path),
            "--key",
            KEY,
            "--secret",
            "s",
        ]
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=20)
    assert (second.returncode, second.stdout) == (1, "")
    assert "another process uses" in second.stderr


def test_a_taken_port_is_told(tmp_path):
    with running(tmp_path / "a") as sandbox:
        command = [sys.executable, "-m", "payments.sandboxes.nordpay", "--port", str(sandbox.port), "--data", str(tmp_path / "b")]
        second = subprocess.run([*command, "--key", KEY, "--secret", "s"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=20)
    assert second.returncode == 1
    assert f"cannot listen on port {sandbox.port}" in second.stderr


def test_it_ends_cleanly_when_told_even_with_callers_waiting(tmp_path):
    sandbox = Sandbox(tmp_path)
    sandbox.start()
    sandbox.behave(timeout="1")
    waiting = threading.Thread(target=lambda: answer_of(lambda: sandbox.payout(fresh("p"))))
    waiting.start()
    assert sandbox.stop() == 0
    waiting.join()


def test_it_shares_no_code_with_the_back_office():
    script = (
        "import sys, payments.sandboxes.nordpay.__main__\n"
        "own = [name for name in sys.modules if name.split('.')[0] in ('payments', 'backoffice', 'wallet', 'players', 'django')]\n"
        "print([name for name in own if name not in ('payments', 'payments.sandboxes') and not name.startswith('payments.sandboxes.')])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.strip() == "[]"
