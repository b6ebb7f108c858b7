"""What this room holds about players (players/privacy/held.py)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from payments.lifecycles import TO_DECIDE
from payments.models import Chargeback, Deposit, Payment, PaymentException, ProviderCall, Refund, WebhookEvent, Withdrawal
from payments.services import calls
from players.models import Player
from players.privacy import held, retention
from players.privacy.held import AML, Holding, Said
from wallet import currencies

STAYS = gettext_lazy("Amounts, states and times stay for the accounts, under the player's number.")
REASONS = gettext_lazy("Notes of colleagues about a decision: they may speak of suspicions, which the law forbids to tell.")
MACHINES = gettext_lazy("How our machines and a provider's spoke about a payment; what came of it stands with the payment.")
GOING = ("initiated", "authorised", "captured", "unknown")


def _payment(row: Payment) -> dict[str, Any]:
    return {
        "number": str(row), "amount": currencies.text(row.amount, row.currency), "currency": row.currency, "requested_at": row.requested_at.isoformat(),
        "instrument": str(row.instrument), "provider": row.provider, "reference": row.reference, "provider_id": row.provider_id,
    }  # fmt: skip


def _deposit(row: Deposit) -> Said:
    return {**_payment(row), "state": row.state, "credited_at": row.credited_at.isoformat() if row.credited_at else None}


def _withdrawal(row: Withdrawal) -> Said:
    return {
        **_payment(row), "state": row.state, "decided_at": row.decided_at.isoformat() if row.decided_at else None,
        "decided_by": row.decided_by_kind, "settled_at": row.settled_at.isoformat() if row.settled_at else None,
    }  # fmt: skip


def _whole_deposit(row: Deposit) -> Said:
    return {**_deposit(row), "failure": row.failure}


def _whole_withdrawal(row: Withdrawal) -> Said:
    return {**_withdrawal(row), "reason_code": row.reason_code, "note": row.note, "failure": row.failure}


def _no_deposit(rows: Sequence[Deposit]) -> None:
    Deposit.objects.filter(pk__in=[row.pk for row in rows]).update(failure="", redirect_url="")


def _no_withdrawal(rows: Sequence[Withdrawal]) -> None:
    Withdrawal.objects.filter(pk__in=[row.pk for row in rows]).update(note="", failure="")


def _refund(row: Refund) -> Said:
    return {**_payment(row), "state": row.state, "paid_at": row.paid_at.isoformat() if row.paid_at else None, "of": f"DP-{row.deposit_id}"}


def _whole_refund(row: Refund) -> Said:
    return {**_refund(row), "reason": row.reason, "failure": row.failure}


def _no_refund(rows: Sequence[Refund]) -> None:
    Refund.objects.filter(pk__in=[row.pk for row in rows]).update(reason="", failure="")


def _chargeback(row: Chargeback) -> Said:
    return {
        "number": row.name, "deposit": f"DP-{row.deposit_id}", "amount": currencies.text(row.amount, row.currency), "currency": row.currency,
        "state": row.state, "reason": row.reason, "opened_at": row.opened_at.isoformat(), "provider": row.provider, "dispute_id": row.dispute_id,
    }  # fmt: skip


def _whole_chargeback(row: Chargeback) -> Said:
    return {**_chargeback(row), "note": row.note}


def _no_chargeback(rows: Sequence[Chargeback]) -> None:
    Chargeback.objects.filter(pk__in=[row.pk for row in rows]).update(note="")


def _exception(row: PaymentException) -> Said:
    return {
        "number": row.name, "payment": row.payment_name, "kind": row.kind, "amount": currencies.text(row.amount, row.currency), "currency": row.currency,
        "state": row.state, "opened_at": row.opened_at.isoformat(),
    }  # fmt: skip


def _whole_exception(row: PaymentException) -> Said:
    return {**_exception(row), "detail": row.detail, "resolution": row.resolution, "note": row.note}


def _no_exception(rows: Sequence[PaymentException]) -> None:
    PaymentException.objects.filter(pk__in=[row.pk for row in rows]).update(note="", detail="")


def _call(row: ProviderCall) -> Said:
    return {
        "payment": f"{row.payment_type} {row.payment_id}", "provider": row.provider, "operation": row.operation, "reference": row.reference,
        "outcome": row.outcome, "detail": row.detail, "started_at": row.started_at.isoformat(),
    }  # fmt: skip


def _no_detail(rows: Sequence[ProviderCall]) -> None:
    ProviderCall.objects.filter(pk__in=[row.pk for row in rows]).update(detail="")


def _calls(player_id: int) -> QuerySet[ProviderCall]:
    found = ProviderCall.objects.none()
    for model, kind in calls.NAMES.items():
        found |= ProviderCall.objects.filter(payment_type=kind, payment_id__in=model._default_manager.filter(player_id=player_id).values("pk"))
    return found


def _news(player_id: int) -> QuerySet[WebhookEvent]:
    """What providers sent about the player's payments, by any reference that an attempt ever had. What still has to be handled is emptied then."""
    rows = [*(model._default_manager.filter(player_id=player_id) for model in calls.NAMES), _calls(player_id)]
    references = {reference for one in rows for reference in one.values_list("reference", flat=True) if reference}
    about = Q(reference__in=references)
    for model, kind in calls.NAMES.items():
        about |= Q(payment_type=kind, payment_id__in=model._default_manager.filter(player_id=player_id).values("pk"))
    return WebhookEvent.objects.filter(about, handled_at__isnull=False)


def _some_news(player_id: int, after: int, most: int) -> Sequence[WebhookEvent]:
    """Found by the index over references, then put in the order of their keys."""
    keys = sorted(_news(player_id).filter(pk__gt=after).order_by().values_list("pk", flat=True))[:most]
    return list(WebhookEvent.objects.filter(pk__in=keys).order_by("pk"))


def _event(row: WebhookEvent) -> Said:
    return {
        "provider": row.provider, "event": row.event_id, "kind": row.kind, "reference": row.reference, "body": bytes(row.body).decode(errors="replace"),
        "received_at": row.received_at.isoformat(), "outcome": row.outcome,
    }  # fmt: skip


def _no_body(rows: Sequence[WebhookEvent]) -> None:
    WebhookEvent.objects.filter(pk__in=[row.pk for row in rows]).update(body=b"")


def obstacles(player: Player, _now: datetime) -> Iterable[str]:
    """Money on its way, in or out."""
    if Deposit.objects.filter(player=player, state__in=GOING).exists():
        yield _("A deposit is under way.")
    if Refund.objects.filter(player=player, state__in=["approved", "sent", "unknown"]).exists():
        yield _("A refund is under way.")
    if Withdrawal.objects.filter(player=player, state__in=(*TO_DECIDE, "approved", "sent", "unknown", "failed")).exists():
        yield _("A withdrawal is open.")


def _of(model: Any) -> Any:
    return lambda player_id: model.objects.filter(player_id=player_id).select_related("instrument")


def plug_in() -> None:
    retention.register_obstacle(obstacles)
    held.register(
        Holding(
            key="payments.deposits", title=gettext_lazy("Deposits"), models=("payments.Deposit",), order=50, law=AML, rows=_of(Deposit), says=_deposit,
            keeps=_whole_deposit, erase=_no_deposit, stays=STAYS,
        ),
        Holding(
            key="payments.withdrawals", title=gettext_lazy("Withdrawals"), models=("payments.Withdrawal",), order=51, law=AML, rows=_of(Withdrawal),
            says=_withdrawal, keeps=_whole_withdrawal, erase=_no_withdrawal, omits=REASONS, stays=STAYS,
        ),
        Holding(
            key="payments.refunds", title=gettext_lazy("Refunds"), models=("payments.Refund",), order=51, law=AML, rows=_of(Refund), says=_refund,
            keeps=_whole_refund, erase=_no_refund, omits=REASONS, stays=STAYS,
        ),
        Holding(
            key="payments.chargebacks", title=gettext_lazy("Chargebacks"), models=("payments.Chargeback",), order=51, law=AML,
            rows=lambda player_id: Chargeback.objects.filter(player_id=player_id), says=_chargeback, keeps=_whole_chargeback, erase=_no_chargeback,
            omits=REASONS, stays=STAYS,
        ),
        Holding(
            key="payments.exceptions", title=gettext_lazy("Payment exceptions"), models=("payments.PaymentException",), order=51, law=AML,
            rows=lambda player_id: PaymentException.objects.filter(player_id=player_id), keeps=_whole_exception, erase=_no_exception,
            says=_exception, omits=REASONS, stays=STAYS,
        ),
        Holding(
            key="payments.calls", title=gettext_lazy("Words exchanged with providers"), models=("payments.ProviderCall",), order=52, law=AML, rows=_calls,
            keeps=_call, erase=_no_detail, left_out=MACHINES, stays=STAYS,
        ),
        Holding(
            key="payments.news", title=gettext_lazy("What providers sent about payments"), models=("payments.WebhookEvent",), order=53, law=AML, rows=_news,
            read=_some_news, keeps=_event, erase=_no_body, left_out=MACHINES, stays=STAYS,
        ),
    )  # fmt: skip
