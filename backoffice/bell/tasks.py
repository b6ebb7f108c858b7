"""What the bell does by itself."""

from celery import shared_task
from django.utils import timezone

from backoffice.bell import services


@shared_task
def send_due() -> int:
    """E-mails about notices. Overlapping runs do no harm: each row is leased."""
    return services.send_due()


@shared_task
def forget_old() -> int:
    return services.forget_old(now=timezone.now())
