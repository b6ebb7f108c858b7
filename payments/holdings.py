"""What this room holds about players (players/privacy/held.py)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from payments.lifecycles import TO_DECIDE
from payments.models import Deposit, Payment, ProviderCall, WebhookEvent, Withdrawal
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


def _call(row: ProviderCall) -> Said:
    return {
        "payment": f"{row.payment_type} {row.payment_id}", "provider": row.provider, "operation": row.operation, "reference": row.reference,
        "outcome": row.outcome, "detail": row.detail, "started_at": row.started_at.isoformat(),
    }  # fmt: skip


def _no_detail(rows: Sequence[ProviderCall]) -> None:
    ProviderCall.objects.filter(pk__in=[row.pk for row in rows]).update(detail="")


def _calls(player_id: int) -> QuerySet[ProviderCall]:
    return ProviderCall.objects.filter(
        payment_type="deposit", payment_id__in=Deposit.objects.filter(player_id=player_id).values("pk")
    ) | ProviderCall.objects.filter(payment_type="withdrawal", payment_id__in=Withdrawal.objects.filter(player_id=player_id).values("pk"))


def _news(player_id: int) -> QuerySet[WebhookEvent]:
    """What providers sent about the player's payments, by any reference that an attempt ever had. What still has to be handled is emptied then."""
    references = {
        reference for rows in (Deposit.objects.filter(player_id=player_id), Withdrawal.objects.filter(player_id=player_id), _calls(player_id))
        for reference in rows.values_list("reference", flat=True) if reference
    }  # fmt: skip
    return WebhookEvent.objects.filter(reference__in=references, handled_at__isnull=False)


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
            key="payments.calls", title=gettext_lazy("Words exchanged with providers"), models=("payments.ProviderCall",), order=52, law=AML, rows=_calls,
            keeps=_call, erase=_no_detail, left_out=MACHINES, stays=STAYS,
        ),
        Holding(
            key="payments.news", title=gettext_lazy("What providers sent about payments"), models=("payments.WebhookEvent",), order=53, law=AML, rows=_news,
            read=_some_news, keeps=_event, erase=_no_body, left_out=MACHINES, stays=STAYS,
        ),
    )  # fmt: skip
