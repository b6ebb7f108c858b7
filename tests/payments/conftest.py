"""What payments tests share: a sandbox and a webhook receiver, a casino that the API's tests open, hints without a broker."""

from collections.abc import Iterator
from typing import Any

import pytest

from payments import hints
from payments.providers import registry
from tests.api import Casino, open_casino
from tests.payments.adyen import adyen, adyen_receiver, shared_adyen, shared_adyen_receiver
from tests.payments.nordpay import KEY, SECRET, Sandbox, receiver, sandbox, shared_receiver, shared_sandbox
from tests.payments.stripe import shared_stripe, shared_stripe_receiver, stripe, stripe_receiver

__all__ = [
    "adyen", "adyen_receiver", "receiver", "sandbox", "shared_adyen", "shared_adyen_receiver", "shared_receiver", "shared_sandbox", "shared_stripe",
    "shared_stripe_receiver", "stripe", "stripe_receiver",
]  # fmt: skip

# Short patience, and a breaker that never opens: these tests mean every failure.
QUIET = {"timeout": 2.0, "not_found_final_after": 1, "breaker": {"failures": 100_000, "percent": 100}}


@pytest.fixture
def nordpay(sandbox: Sandbox, settings: Any) -> Iterator[Sandbox]:
    """The sandbox process as the provider that our services call, over the real adapter."""
    sandbox.behave()
    settings.PAYMENT_PROVIDERS = {"nordpay": {"class": "payments.providers.nordpay.Nordpay", "url": sandbox.url, "key": KEY, "webhook_secret": SECRET, **QUIET}}
    registry.forget()
    yield sandbox
    registry.forget()


@pytest.fixture
def casino(db: None, opened: None) -> Casino:
    return open_casino()


@pytest.fixture
def committed_casino(committed_db: object, opened: None) -> Casino:
    return open_casino()


@pytest.fixture
def hinted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The hints that went out, instead of a broker."""
    sent: list[tuple[str, int]] = []
    monkeypatch.setattr(hints, "_send", lambda task, row, seconds: sent.append((task.rpartition(".")[2], row)))
    return sent
