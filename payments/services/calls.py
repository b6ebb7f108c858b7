"""Calling a provider from a committed row: no transaction is open meanwhile, and every call is written down."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import SystemRandom
from typing import Any, TypeVar

import structlog
from django.db import connection
from django.utils import timezone

from payments.models import Deposit, Payment, ProviderCall, Refund, Withdrawal
from payments.providers import protocol, registry

T = TypeVar("T")
_random = SystemRandom()
NAMES: dict[type[Payment], str] = {Deposit: "deposit", Withdrawal: "withdrawal", Refund: "refund"}
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How a call ended: `answered` with an answer, `refused` (a definite no, or an amount that the provider cannot express),
    `unavailable` (definitely not taken) or `unknown`."""

    word: str
    answer: Any = None
    detail: str = ""


def call(payment: Payment, *, operation: str, make: Callable[[], Any]) -> Outcome:
    """Make one call and keep a line of it. Raises RuntimeError inside a transaction: a call must not hold locks."""
    if connection.in_atomic_block:
        raise RuntimeError("A provider is never called inside a transaction.")
    started = timezone.now()
    try:
        outcome = Outcome("answered", make())
    except (protocol.ProviderUnavailable, registry.UnknownProvider, registry.BadProviderSettings) as unavailable:
        outcome = Outcome("unavailable", detail=str(unavailable))
    except (protocol.ProviderRefused, ValueError) as refused:
        outcome = Outcome("refused", detail=str(refused))
    except protocol.OutcomeUnknown as unknown:
        outcome = Outcome("unknown", detail=str(unknown))
    except Exception as surprise:
        # A fault of ours after a byte was sent must never read as "not taken".
        log.exception("provider_call_failed", provider=payment.provider, operation=operation, reference=payment.reference)
        outcome = Outcome("unknown", detail=f"{type(surprise).__name__} in our adapter")
    ProviderCall.objects.create(
        payment_type=NAMES[type(payment)], payment_id=payment.pk, provider=payment.provider,
        operation=operation, reference=payment.reference, outcome=outcome.word, detail=outcome.detail[:300], started_at=started, ended_at=timezone.now(),
    )  # fmt: skip
    return outcome


def new_reference(kind: str, payment_id: int, attempt: int) -> str:
    """Our name for one attempt at the provider. The random end keeps it unique for ever: ids come again after a restore, references must not."""
    return f"{kind}-{payment_id}-{attempt}-{secrets.token_hex(3)}"


def backoff(tries: int, *, least: float = 2.0, most: float = 300.0) -> timedelta:
    """How long to wait before the next try: doubling, with jitter of a half, bounded."""
    seconds = min(most, least * 2 ** min(tries, 12))
    return timedelta(seconds=seconds * _random.uniform(0.5, 1.0))
