"""Locks of money in motion, in the one global order: the player's row, then the payment, then (by the ledger) accounts by id."""

from payments.models import Deposit, Withdrawal
from players import locks


def player_then_withdrawal(withdrawal_id: int) -> Withdrawal:
    """Lock the withdrawal's player, then the withdrawal, and return it as it is now. Raises Player.DoesNotExist when there is none."""
    locks.owner_of(Withdrawal.objects.filter(pk=withdrawal_id))
    return Withdrawal.objects.select_for_update(no_key=True, of=("self",)).select_related("player", "instrument", "brand", "hold").get(pk=withdrawal_id)


def player_then_deposit(deposit_id: int) -> Deposit:
    """Lock the deposit's player, then the deposit, and return it as it is now. Raises Player.DoesNotExist when there is none."""
    locks.owner_of(Deposit.objects.filter(pk=deposit_id))
    return Deposit.objects.select_for_update(no_key=True, of=("self",)).select_related("player", "instrument", "brand").get(pk=deposit_id)
