"""What the kit of queues does by itself."""

from celery import shared_task
from django.utils import timezone

from backoffice.work import presence
from backoffice.work.notes import files


@shared_task
def sweep_presence() -> int:
    return presence.sweep(now=timezone.now())


@shared_task
def discard_stray_files() -> int:
    return files.discard_strays(now=timezone.now())
