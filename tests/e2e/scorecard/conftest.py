"""What every measure needs: the machine on the board, and a queue that fills its page."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from bench.harness import machine
from payments.models import Withdrawal
from tests.casino import new_withdrawal
from tests.databases import Server
from tests.e2e.conftest import House
from tests.e2e.scorecard.board import BOARD

ROWS = 50


@pytest.fixture(scope="session", autouse=True)
def _machine(server: Server) -> None:
    BOARD.machine = machine(SimpleNamespace(cluster=server))  # type: ignore[arg-type]


@pytest.fixture
def house(house: House) -> House:
    """Without the payments worker of the fault tests, which sweeps without a pause and would take a processor from what is measured."""
    house.processes["worker"].terminate()
    return house


@pytest.fixture
def full_queue(house: House) -> list[Withdrawal]:
    """More withdrawals to decide than a page holds, each small enough for one person."""
    return [new_withdrawal(house.brand, f"{10 + number}.00", now=timezone.now()) for number in range(ROWS + 10)]


@pytest.fixture
def seen_by(browser: Any, open_browser: Any) -> Any:
    """The state of a person who has signed in, for browsers that have nothing of ours in their cache."""
    return lambda person: open_browser(person).context.storage_state()
