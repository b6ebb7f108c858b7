"""What operations does by itself. A message is only a hint: what is due stands in the committed rows."""

from celery import shared_task
from django.utils import timezone

from backoffice.operations import probing, pulses
from backoffice.operations.metrics import tallies


@shared_task
def probe() -> int:
    """Read the probes that are due. Overlapping runs skip each other's."""
    return probing.sweep()


@shared_task
def tally() -> int:
    """Count facts and ledger transactions that got their positions, for metrics."""
    return tallies.sweep()


@shared_task
def forget_old() -> int:
    now = timezone.now()
    return probing.forget_old(now=now) + pulses.forget_gone(now=now)
