"""What the clock does to changes. A message is only a hint: the sweep finds what is due in the committed rows."""

from celery import shared_task
from django.utils import timezone

from backoffice.approvals.services import decisions


@shared_task
def sweep() -> int:
    """Everything that is due: scheduled changes come into force, undecided ones expire. Overlapping runs do no harm."""
    return decisions.apply_due(now=timezone.now())
