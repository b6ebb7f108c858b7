"""What the kit of queues does by itself."""

from celery import shared_task
from django.utils import timezone

from backoffice.work import presence


@shared_task
def sweep_presence() -> int:
    return presence.sweep(now=timezone.now())
