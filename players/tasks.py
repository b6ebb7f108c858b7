"""Background work about players."""

from celery import shared_task
from django.utils import timezone

from players import messages


@shared_task
def send_due_messages() -> int:
    """Send what is queued, a batch at a time."""
    due = messages.due(now=timezone.now())
    for message in due:
        messages.send(message)
    return len(due)
