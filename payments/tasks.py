"""Background work about payments. A message is only a hint: each sweep finds what is due in the committed rows."""

from collections.abc import Callable, Iterable
from typing import Any

import structlog
from celery import shared_task
from django.utils import timezone

from payments.services import deposits, exceptions, payouts, refunds, webhooks

log = structlog.get_logger(__name__)


@shared_task
def step_withdrawal(withdrawal_id: int) -> str:
    return payouts.step(withdrawal_id)


@shared_task
def step_deposit(deposit_id: int) -> str:
    return deposits.step(deposit_id)


@shared_task
def step_refund(refund_id: int) -> str:
    return refunds.step(refund_id)


@shared_task
def handle_webhook(event_pk: int) -> str:
    return webhooks.handle(event_pk, now=timezone.now())


@shared_task
def sweep() -> int:
    """Everything that is due about money in motion, a batch of each. Runs every few seconds; overlapping runs do no harm."""
    now = timezone.now()
    done = _each(webhooks.due(now=now), lambda event: webhooks.handle(event, now=timezone.now()))
    done += _each(payouts.due(now=now), payouts.step)
    done += _each(refunds.due(now=now), refunds.step)
    return done + _each(deposits.due(now=now), deposits.step)


@shared_task
def sweep_exceptions() -> int:
    """What has been on its way for too long becomes an exception; what has moved on is none any more."""
    return exceptions.sweep(now=timezone.now())


def _each(rows: Iterable[int], work: Callable[[int], Any]) -> int:
    """Work on each row; one that cannot be worked on is logged, and the rows behind it get their turn all the same."""
    done = 0
    for row in rows:
        try:
            work(row)
            done += 1
        except Exception:
            log.exception("payments.sweep_failed", row=row)
    return done
