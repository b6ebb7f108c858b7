"""Background work about payments. A message is only a hint: each sweep finds what is due in the committed rows."""

from celery import shared_task
from django.utils import timezone

from payments.services import deposits, payouts, webhooks


@shared_task
def step_withdrawal(withdrawal_id: int) -> str:
    return payouts.step(withdrawal_id)


@shared_task
def step_deposit(deposit_id: int) -> str:
    return deposits.step(deposit_id)


@shared_task
def handle_webhook(event_pk: int) -> str:
    return webhooks.handle(event_pk, now=timezone.now())


@shared_task
def sweep() -> int:
    """Everything that is due about money in motion, a batch of each. Runs every few seconds; overlapping runs do no harm."""
    now = timezone.now()
    done = 0
    for event in webhooks.due(now=now):
        webhooks.handle(event, now=timezone.now())
        done += 1
    for withdrawal in payouts.due(now=now):
        payouts.step(withdrawal)
        done += 1
    for deposit in deposits.due(now=now):
        deposits.step(deposit)
        done += 1
    return done
