"""Holds: cash that is promised and cannot be spent. Place, capture in full or in part, release, expire. The caller's transaction."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from players import locks
from wallet import currencies, ledger
from wallet.kinds import Reference, TransactionKind
from wallet.ledger import Cash, HeldCash, Place, Posted
from wallet.models import Hold


class HoldClosed(ledger.LedgerError):
    """Nothing of the hold remains, or less than asked for."""


def _locked(hold_id: int) -> Hold:
    player_id = Hold.objects.values_list("player_id", flat=True).get(pk=hold_id)
    locks.player(player_id)
    return Hold.objects.select_for_update(no_key=True, of=("self",)).select_related("currency").get(pk=hold_id)


@transaction.atomic
def place(
    *,
    player_id: int,
    brand_id: int,
    currency: str,
    amount: Decimal,
    key: str,
    now: datetime,
    expires_at: datetime | None = None,
    reference: tuple[Reference, int] | None = None,
) -> Hold:
    """Move `amount` (units of `currency`) from cash to held. The same key again gives the same hold.

    Raises InsufficientFunds, BadAmount, KeyReused.
    """
    posted = ledger.post(
        kind=TransactionKind.HELD, key=f"{key}:held", brand=brand_id, amount=amount, currency=currency, source=Cash(player_id),
        target=HeldCash(player_id), effective_at=now, reference=reference,
    )  # fmt: skip
    if posted.replayed:
        return Hold.objects.get(key=key)
    return Hold.objects.create(
        player_id=player_id,
        brand_id=brand_id,
        currency=currencies.get(currency),
        amount=amount,
        placed_at=now,
        expires_at=expires_at,
        key=key,
    )


def remaining(hold: Hold) -> Decimal:
    return Decimal(hold.amount) - Decimal(hold.captured) - Decimal(hold.released)


def _move(hold: Hold, *, amount: Decimal, target: Place, kind: TransactionKind, key: str, now: datetime, reference: tuple[Reference, int] | None) -> Posted:
    posted = ledger.post(
        kind=kind, key=key, brand=hold.brand_id, amount=amount, currency=hold.currency.code, source=HeldCash(hold.player_id), target=target,
        effective_at=now, reference=reference,
    )  # fmt: skip
    if not posted.replayed:
        if amount > remaining(hold):
            raise HoldClosed(f"Of this hold {remaining(hold)} {hold.currency.code} remain, less than {amount}.")
        if kind in {TransactionKind.HOLD_RELEASED, TransactionKind.HOLD_EXPIRED}:
            hold.released = Decimal(hold.released) + amount
        else:
            hold.captured = Decimal(hold.captured) + amount
        if not remaining(hold):
            hold.state, hold.closed_at = Hold.CLOSED, now
        hold.save(update_fields=["captured", "released", "state", "closed_at"])
    return posted


@transaction.atomic
def capture(*, hold_id: int, target: Place, key: str, now: datetime, amount: Decimal | None = None, reference: tuple[Reference, int] | None = None) -> Posted:
    """Pay held money out to a house account, all that remains or `amount`. Raises HoldClosed when less remains."""
    hold = _locked(hold_id)
    return _move(
        hold, amount=amount if amount is not None else remaining(hold) or Decimal(hold.amount), target=target, kind=TransactionKind.PAID_OUT,
        key=key, now=now, reference=reference,
    )  # fmt: skip


@transaction.atomic
def release(*, hold_id: int, key: str, now: datetime, amount: Decimal | None = None, reference: tuple[Reference, int] | None = None) -> Posted:
    """Give held money back to cash, all that remains or `amount`. Raises HoldClosed when less remains."""
    hold = _locked(hold_id)
    return _move(
        hold, amount=amount if amount is not None else remaining(hold) or Decimal(hold.amount), target=Cash(hold.player_id),
        kind=TransactionKind.HOLD_RELEASED, key=key, now=now, reference=reference,
    )  # fmt: skip


def expire_due(*, now: datetime, batch: int = 100) -> int:
    """Give back what is past its time, a batch at a time. Returns how many holds expired."""
    due = list(Hold.objects.filter(state=Hold.PLACED, expires_at__lte=now).order_by("expires_at").values_list("pk", flat=True)[:batch])
    for hold_id in due:
        with transaction.atomic():
            hold = _locked(hold_id)
            if hold.state == Hold.PLACED:
                _move(
                    hold, amount=remaining(hold), target=Cash(hold.player_id), kind=TransactionKind.HOLD_EXPIRED,
                    key=f"{hold.key}:expired", now=now, reference=(Reference.HOLD, hold.pk),
                )  # fmt: skip
    return len(due)
