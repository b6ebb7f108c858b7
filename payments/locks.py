"""Locks of money in motion, in the one global order: the player's row, then the payment, then (by the ledger) accounts by id."""

from typing import TypeVar

from payments.models import Deposit, Payment, Refund, Withdrawal
from players import locks

P = TypeVar("P", bound=Payment)


def player_then(model: type[P], pk: int, *joined: str) -> P:
    """Lock the player of a payment, then the payment, and return it as it is now, with what is `joined`. Raises Player.DoesNotExist when there is none."""
    locks.owner_of(model._default_manager.filter(pk=pk))
    return model._default_manager.select_for_update(no_key=True, of=("self",)).select_related("player", "instrument", "brand", *joined).get(pk=pk)


def player_then_withdrawal(withdrawal_id: int) -> Withdrawal:
    """`player_then`, with the hold."""
    return player_then(Withdrawal, withdrawal_id, "hold")


def player_then_deposit(deposit_id: int) -> Deposit:
    """`player_then`, of a deposit."""
    return player_then(Deposit, deposit_id)


def player_then_refund(refund_id: int) -> Refund:
    """Lock the refund's player, its deposit, then the refund, and return it as it is now. Raises Player.DoesNotExist when there is none."""
    locks.owner_of(Refund.objects.filter(pk=refund_id))
    Deposit.objects.select_for_update(no_key=True, of=("self",)).get(refunds=refund_id)
    joined = ("player", "instrument", "brand", "deposit", "hold")
    return Refund.objects.select_for_update(no_key=True, of=("self",)).select_related(*joined).get(pk=refund_id)
