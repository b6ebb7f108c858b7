"""Background work of the HTTP interface."""

from celery import shared_task
from django.utils import timezone

from backoffice.integrations import answers
from backoffice.integrations.webhooks import delivering


@shared_task
def forget_old_answers() -> int:
    """Answers to repeated requests are kept for thirty days."""
    return answers.forget_old(now=timezone.now())


@shared_task
def deliver_webhook(delivery_id: int) -> str:
    return delivering.deliver(delivery_id)


@shared_task
def deliver_webhooks() -> int:
    """What is due, a batch at a time. Overlapping runs do no harm: each row is leased."""
    return delivering.sweep(now=timezone.now())
