"""What this room holds about players (players/privacy/held.py)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from payments.lifecycles import TO_DECIDE
from payments.models import Deposit, Payment, ProviderCall, Withdrawal
from players.models import Player
from players.privacy import held, retention
from players.privacy.held import AML, Holding, Said
from wallet import currencies

STAYS = gettext_lazy("Amounts, states and times stay for the accounts, under the player's number.")
REASONS = gettext_lazy("Notes of colleagues about a decision: they may speak of suspicions, which the law forbids to tell.")
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
            key="payments.calls", title=gettext_lazy("Words exchanged with providers"), models=("payments.ProviderCall",), order=52,
            rows=lambda player_id: ProviderCall.objects.filter(
                payment_type="deposit", payment_id__in=Deposit.objects.filter(player_id=player_id).values("pk")
            ) | ProviderCall.objects.filter(payment_type="withdrawal", payment_id__in=Withdrawal.objects.filter(player_id=player_id).values("pk")),
            left_out=gettext_lazy("How our machines and a provider's spoke about a payment; what came of it stands with the payment."), stays=STAYS,
        ),
    )  # fmt: skip
