"""E-mail that waits in a table: committed with what it tells of, sent by a worker, retried, never sent twice on purpose.

A room has a model of its own for it, and says how a row is written. The row is the truth, a task only a hint.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

import structlog
from django.core.mail import EmailMessage
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from backoffice.runtime import logs

log = structlog.get_logger(__name__)
MOST_ATTEMPTS = 8
WITHHELD = "withheld"


class Outgoing(models.Model):
    """Base of a table of e-mails."""

    QUEUED, SENT, FAILED = "queued", "sent", "failed"

    state = models.CharField(max_length=8, choices=[(QUEUED, "Queued"), (SENT, "Sent"), (FAILED, "Failed")], default=QUEUED)
    queued_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        abstract = True
        indexes: ClassVar = [models.Index(fields=["next_attempt_at"], condition=Q(state="queued"), name="%(app_label)s_%(class)s_due")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="queued", next_attempt_at__isnull=False) | ~Q(state="queued"), name="%(app_label)s_%(class)s_queued_is_due"
            )
        ]


def due(rows: models.QuerySet[Any], *, now: datetime, batch: int = 100) -> list[int]:
    """Ids of what waits to be sent, oldest first."""
    return list(rows.filter(state=Outgoing.QUEUED, next_attempt_at__lte=now).order_by("next_attempt_at").values_list("pk", flat=True)[:batch])


class Withheld(Exception):  # noqa: N818  (nothing went wrong)
    """It must not go out, and says why in a code. A table whose mails may be withheld has the state `withheld`."""


Ended = Callable[[Any, str, str, datetime], None]


def send(
    rows: models.QuerySet[Any], pk: int, *, write: Callable[[Any], EmailMessage | None], nobody: str, ended: Ended = lambda _row, _state, _error, _now: None
) -> str:
    """Send one and return its state. The lease is committed before the mail goes out, so that two workers do not send it.

    `write` gives the mail, None when there is no address, which fails it with the words `nobody`, or raises Withheld. What cannot be
    sent now is tried again after 2, 4, 8 ... minutes and up to a quarter more, MOST_ATTEMPTS times. `ended` is called in the
    transaction of its last state.
    """
    now = timezone.now()
    with transaction.atomic():
        row = rows.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk, state=Outgoing.QUEUED, next_attempt_at__lte=now).first()
        if row is None:
            return "taken"
        row.attempts += 1
        row.next_attempt_at = now + timedelta(minutes=2**row.attempts * random.uniform(1, 1.25))  # noqa: S311 (spreads, hides nothing)
        row.save(update_fields=["attempts", "next_attempt_at"])
    try:
        mail = write(row)
    except Withheld as why:
        return _end(row, state=WITHHELD, error=str(why), now=now, ended=ended)
    if mail is None:
        return _end(row, state=Outgoing.FAILED, error=nobody, now=now, ended=ended)
    try:
        mail.send()
    except OSError as wrong:
        log.warning("mail_not_sent", table=row._meta.label_lower, row=row.pk, attempt=row.attempts, error=type(wrong).__name__)
        if row.attempts >= MOST_ATTEMPTS:
            return _end(row, state=Outgoing.FAILED, error=logs.clean_text(str(wrong))[:200], now=now, ended=ended)
        return str(row.state)
    return _end(row, state=Outgoing.SENT, error="", now=now, ended=ended)


@transaction.atomic
def _end(row: Any, *, state: str, error: str, now: datetime, ended: Ended) -> str:
    moved = (
        type(row)
        ._default_manager.filter(pk=row.pk, state=Outgoing.QUEUED)
        .update(state=state, error=error, sent_at=now if state == Outgoing.SENT else None, next_attempt_at=None)
    )
    if moved:
        ended(row, state, error, now)
    return state
