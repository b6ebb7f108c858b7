"""Hints to workers: sent once the row is committed, never needed. The sweep finds the row anyway, a second or two later."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import structlog
from celery import current_app
from django.db import transaction

log = structlog.get_logger(__name__)
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


@contextmanager
def quiet() -> Iterator[None]:
    """Send none in this block: for history that is played in, of which a worker has nothing to do."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


def after_commit(task: str, row: int, *, seconds: float = 0) -> None:
    """Hint at a row by the task's dotted name, `seconds` after the commit. A broker that is away fails nothing."""
    if not _quiet.get():
        transaction.on_commit(lambda: _send(task, row, seconds), robust=True)


def _send(task: str, row: int, seconds: float) -> None:
    try:
        current_app.send_task(task, args=[row], countdown=seconds or None, retry=False, ignore_result=True)
    except Exception as away:  # whatever the broker's client raises
        log.warning("hint_not_sent", task=task, row=row, error=type(away).__name__)


def deposit(deposit_id: int) -> None:
    after_commit("payments.tasks.step_deposit", deposit_id)


def refund(refund_id: int) -> None:
    after_commit("payments.tasks.step_refund", refund_id)


def withdrawal(withdrawal_id: int, *, seconds: float = 0) -> None:
    after_commit("payments.tasks.step_withdrawal", withdrawal_id, seconds=seconds)


def webhook(event_pk: int) -> None:
    after_commit("payments.tasks.handle_webhook", event_pk)
