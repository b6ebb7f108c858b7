"""What alerts do by themselves. A message is only a hint: the sweep finds what is due in the committed rows."""

from celery import shared_task
from django.utils import timezone

from backoffice.alerts import evaluating


@shared_task
def evaluate() -> int:
    """Look at every rule that is due. Overlapping runs skip each other's rules."""
    return evaluating.sweep(now=timezone.now())
