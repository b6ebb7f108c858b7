"""What a payment's page shows of the way to the provider and back: calls, news, postings, each part read once."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from backoffice.audit.models import Event
from payments.models import Chargeback, Deposit, Payment, PaymentException, ProviderCall, Refund, WebhookEvent
from payments.services.calls import NAMES
from wallet.currencies import EXACT
from wallet.kinds import Reference
from wallet.models import Entry, Transaction

REFUND_KEYS = ("paid", "released", "came_back")  # their postings refer to the deposit
MOST = 50  # calls and news that a page shows


@dataclass(frozen=True)
class Posting:
    transaction: Transaction
    entries: list[Entry]


def postings_where(of_it: Q) -> list[Posting]:
    """The ledger's postings, oldest first, with their entries. Two queries."""
    found = list(Transaction.objects.filter(of_it).order_by("pk"))
    if not found:
        return []
    entries: dict[int, list[Entry]] = {}
    for entry in Entry.objects.filter(transaction_id__in=[one.pk for one in found]).select_related("account", "currency").order_by("leg"):
        entries.setdefault(entry.transaction_id, []).append(entry)
    return [Posting(one, entries.get(one.pk, [])) for one in found]


def postings_of(payment: Payment) -> list[Posting]:
    """Of a deposit with everything that went back of it, or of one refund."""
    if isinstance(payment, Refund):
        return postings_where(Q(reference_type=Reference.REFUND, reference_id=payment.pk) | Q(key__in=[f"refund:{payment.pk}:{what}" for what in REFUND_KEYS]))
    return postings_where(Q(reference_type=Reference.DEPOSIT, reference_id=payment.pk))


def history(staff: Any, subjects: list[tuple[str, int]], *, limit: int = 60) -> list[Event]:
    """Facts about these things, newest first, as far as this person may see them."""
    about = Q()
    for kind, pk in subjects:
        about |= Q(subject_type=kind, subject_id=pk)
    return list(Event.objects.visible_to(staff).filter(about)[:limit])


def calls(payment: Payment) -> list[ProviderCall]:
    """Every word with the provider, oldest first."""
    return list(ProviderCall.objects.filter(payment_type=NAMES[type(payment)], payment_id=payment.pk).order_by("started_at")[:MOST])


@dataclass(frozen=True)
class News:
    """A provider's message as a page shows it: `raw` is what came, word for word."""

    event: WebhookEvent
    raw: str


def news(payment: Payment) -> list[News]:
    """What the provider told of it, oldest first."""
    about = Q(payment_type=NAMES[type(payment)], payment_id=payment.pk) | (Q(reference=payment.reference) if payment.reference else Q(pk=None))
    return [News(event, readable(bytes(event.body))) for event in WebhookEvent.objects.filter(about).order_by("received_at", "pk")[:MOST]]


def readable(body: bytes) -> str:
    """Bytes as text: JSON with a line for each value, anything else as it is, with what is no text escaped."""
    text = body.decode("utf-8", "backslashreplace")
    try:
        return json.dumps(json.loads(text, parse_float=Decimal), indent=2, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        return text


@dataclass(frozen=True)
class Trail:
    """Everything around one deposit."""

    refunds: list[Refund]
    chargebacks: list[Chargeback]
    exceptions: list[PaymentException]

    @property
    def gone_back(self) -> Decimal:
        """What was paid back or taken back, units of the deposit's currency."""
        paid = [one.amount for one in self.refunds if one.state == "paid"] + [one.amount for one in self.chargebacks if one.taken]
        total = Decimal(0)
        for amount in paid:
            total = EXACT.add(total, Decimal(amount))
        return total


def of_deposit(deposit: Deposit) -> Trail:
    about = Q(payment_type="deposit", payment_id=deposit.pk)
    refunds = list(Refund.objects.filter(deposit=deposit).select_related("requested_by").order_by("pk"))
    if refunds:
        about |= Q(payment_type="refund", payment_id__in=[one.pk for one in refunds])
    return Trail(refunds, list(Chargeback.objects.filter(deposit=deposit).order_by("pk")), list(PaymentException.objects.filter(about).order_by("-pk")[:20]))


def moments(facts: list[Event]) -> dict[str, datetime]:
    """When each kind of fact was first seen, by its last word."""
    return {fact.type.rpartition(".")[2]: fact.happened_at for fact in facts}
