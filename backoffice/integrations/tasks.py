"""Background work of the HTTP interface."""

from celery import shared_task
from django.utils import timezone

from backoffice.integrations import answers


@shared_task
def forget_old_answers() -> int:
    """Answers to repeated requests are kept for thirty days."""
    return answers.forget_old(now=timezone.now())
