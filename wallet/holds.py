"""Holds: cash that is promised and cannot be spent. Place, capture in full or in part, release, expire. The caller's transaction."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from players import locks
from wallet import currencies, ledger
from wallet.currencies import EXACT
from wallet.kinds import AccountKind, Reference, TransactionKind
from wallet.ledger import Cash, HeldCash, Place, Posted
from wallet.models import Entry, Hold, Transaction


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
    return EXACT.subtract(EXACT.subtract(Decimal(hold.amount), Decimal(hold.captured)), Decimal(hold.released))


def _moved_before(hold: Hold, key: str) -> Decimal | None:
    """What the posting under this key took from held money, if it stands in the ledger already."""
    posted = Transaction.objects.filter(key=key).values_list("pk", "recorded_at").first()
    if posted is None:
        return None
    legs = Entry.objects.filter(transaction_id=posted[0], recorded_at=posted[1], account__kind=AccountKind.HOLD, account__player_id=hold.player_id)
    amount = legs.values_list("amount", flat=True).first()
    return None if amount is None else Decimal(amount).copy_abs()


def _move(
    hold: Hold, *, amount: Decimal | None, target: Place, kind: TransactionKind, key: str, now: datetime, reference: tuple[Reference, int] | None
) -> Posted:
    """Take `amount` of the hold, or all that remains; under a key that was used before, what it took then."""
    before = _moved_before(hold, key)
    left = remaining(hold)
    if before is None and (not left or (amount is not None and amount > left)):
        raise HoldClosed(f"Of this hold {left} {hold.currency.code} remain{'' if amount is None else f', less than {amount}'}.")
    taken = amount if amount is not None else left if before is None else before
    posted = ledger.post(
        kind=kind, key=key, brand=hold.brand_id, amount=taken, currency=hold.currency.code, source=HeldCash(hold.player_id), target=target,
        effective_at=now, reference=reference,
    )  # fmt: skip
    if not posted.replayed:
        if kind in {TransactionKind.HOLD_RELEASED, TransactionKind.HOLD_EXPIRED}:
            hold.released = EXACT.add(Decimal(hold.released), taken)
        else:
            hold.captured = EXACT.add(Decimal(hold.captured), taken)
        if not remaining(hold):
            hold.state, hold.closed_at = Hold.CLOSED, now
        hold.save(update_fields=["captured", "released", "state", "closed_at"])
    return posted


@transaction.atomic
def capture(
    *, hold_id: int, target: Place, key: str, now: datetime, amount: Decimal | None = None, reference: tuple[Reference, int] | None = None,
    kind: TransactionKind = TransactionKind.PAID_OUT,
) -> Posted:  # fmt: skip
    """Pay held money out to a house account, all that remains or `amount`. Raises HoldClosed when less remains."""
    hold = _locked(hold_id)
    return _move(hold, amount=amount, target=target, kind=kind, key=key, now=now, reference=reference)


@transaction.atomic
def release(*, hold_id: int, key: str, now: datetime, amount: Decimal | None = None, reference: tuple[Reference, int] | None = None) -> Posted:
    """Give held money back to cash, all that remains or `amount`. Raises HoldClosed when less remains."""
    hold = _locked(hold_id)
    return _move(
        hold, amount=amount, target=Cash(hold.player_id), kind=TransactionKind.HOLD_RELEASED, key=key, now=now, reference=reference,
    )  # fmt: skip


def expire_due(*, now: datetime, batch: int = 100) -> int:
    """Give back what is past its time, a batch at a time. Returns how many holds expired."""
    due = list(Hold.objects.filter(state=Hold.PLACED, expires_at__lte=now).order_by("expires_at").values_list("pk", flat=True)[:batch])
    expired = 0
    for hold_id in due:
        with transaction.atomic():
            hold = _locked(hold_id)
            if hold.state == Hold.PLACED:
                expired += 1
                _move(
                    hold, amount=remaining(hold), target=Cash(hold.player_id), kind=TransactionKind.HOLD_EXPIRED,
                    key=f"{hold.key}:expired", now=now, reference=(Reference.HOLD, hold.pk),
                )  # fmt: skip
    return expired
