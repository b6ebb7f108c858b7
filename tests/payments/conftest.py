"""What payments tests share: a sandbox and a webhook receiver, a casino that the API's tests open, hints without a broker."""

import pytest

from payments import hints
from tests.api import Casino, open_casino
from tests.payments.nordpay import receiver, sandbox, shared_receiver, shared_sandbox

__all__ = ["receiver", "sandbox", "shared_receiver", "shared_sandbox"]


@pytest.fixture
def casino(db: None) -> Casino:
    return open_casino()


@pytest.fixture
def committed_casino(committed_db: object) -> Casino:
    return open_casino()


@pytest.fixture
def hinted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The hints that went out, instead of a broker."""
    sent: list[tuple[str, int]] = []
    monkeypatch.setattr(hints, "_send", lambda task, row, seconds: sent.append((task.rpartition(".")[2], row)))
    return sent
