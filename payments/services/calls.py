"""Calling a provider from a committed row: no transaction is open meanwhile, every call is written down, and what follows when nothing is known yet."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Any, TypeVar

import structlog
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import Lifecycle
from backoffice.audit.record import machine
from payments.models import Deposit, Payment, ProviderCall, Refund, Withdrawal
from payments.providers import protocol, registry

T = TypeVar("T")
_random = SystemRandom()
NAMES: dict[type[Payment], str] = {Deposit: "deposit", Withdrawal: "withdrawal", Refund: "refund"}
MODELS = {kind: model for model, kind in NAMES.items()}
CALL_LEASE = timedelta(seconds=45)  # a worker that has not come back by then was lost; its row is asked about
# A call ended without being taken: only then the same reference may be sent again.
NOT_TAKEN = Q(state="sent", provider_id="", last_call_ended_at__isnull=False, failure="unavailable")
SILENCE = timedelta(minutes=10)  # webhooks tell how a payment goes on; when none has come for so long, it is asked about
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


def house() -> Actor:
    """Who moves payments that no person moves."""
    return Actor.system(machine())


def not_taken(payment: Withdrawal | Refund) -> bool:
    """NOT_TAKEN, of one row."""
    return payment.state == "sent" and not payment.provider_id and payment.last_call_ended_at is not None and payment.failure == "unavailable"


def unavailable(payment: Withdrawal | Refund, *, now: datetime) -> None:
    """A call was not taken for certain: the same reference is sent again after a while."""
    wait = now + backoff(payment.tries)
    _update(payment, failure="unavailable", last_call_ended_at=now, tries=payment.tries + 1, next_attempt_at=wait)


def later(payment: Withdrawal | Refund, *, now: datetime) -> None:
    """Nothing was learnt: ask again after a while."""
    _update(payment, tries=payment.tries + 1, next_attempt_at=now + backoff(payment.tries))


def unknown(payment: Withdrawal | Refund, lifecycle: Lifecycle, detail: str, *, now: datetime) -> None:
    """Nobody knows whether a locked payment was taken: it is asked about until somebody does, and never sent meanwhile."""
    if payment.state == "unknown":
        later(payment, now=now)
        return
    lifecycle.move(
        payment, to="unknown", by=house(), now=now, evidence={"detail": detail[:200], "reference": payment.reference},
        also={"tries": 1, "last_call_ended_at": now, "failure": "", "next_attempt_at": now + backoff(0)},
    )  # fmt: skip


def _update(payment: Payment, **columns: Any) -> None:
    type(payment)._default_manager.filter(pk=payment.pk).update(**columns)


def backoff(tries: int, *, least: float = 2.0, most: float = 300.0) -> timedelta:
    """How long to wait before the next try: doubling, with jitter of a half, bounded."""
    seconds = min(most, least * 2 ** min(tries, 12))
    return timedelta(seconds=seconds * _random.uniform(0.5, 1.0))
