"""Kinds of accounts and of transactions. Numbers are stored; they never change their meaning.

An account's number says how it is kept: below 10 it is a player's, from 10 to 39 the house's and appended (nobody locks it),
from 40 on the house's and running (locked, with a floor).
"""

from django.db import models


class AccountKind(models.IntegerChoices):
    CASH = 1, "Cash"
    BONUS = 2, "Bonus"
    HOLD = 3, "Held for withdrawals"
    PSP_CLEARING = 10, "PSP clearing"
    PSP_FEES = 11, "PSP fees"
    BANK = 12, "Bank"
    CHAIN_WALLET = 13, "Chain wallet"
    GAME_REVENUE = 14, "Game revenue"
    BONUS_COST = 15, "Bonus cost"
    CHARGEBACK_LOSS = 16, "Chargeback loss"
    ADJUSTMENTS = 17, "Adjustments"
    FX = 18, "Currency exchange"
    AFFILIATE_PAYABLE = 19, "Affiliate payable"
    WRITE_OFF = 20, "Write-off"
    TAX_WITHHELD = 21, "Tax withheld"
    JACKPOT_ACCRUAL = 22, "Jackpot contributions"
    NETWORK_FEES = 23, "Network fees"
    JACKPOT_POOL = 40, "Jackpot pool"
    ROLLING_RESERVE = 41, "Rolling reserve"
    BONUS_BUDGET = 42, "Bonus budget"
    AFFILIATE_CARRY_OVER = 43, "Affiliate carry-over"

    @property
    def of_player(self) -> bool:
        return self < 10

    @property
    def running(self) -> bool:
        return self < 10 or self >= 40


class TransactionKind(models.IntegerChoices):
    DEPOSIT_CREDITED = 1, "Deposit credited"
    DEPOSIT_FEE = 2, "Deposit fee"
    DEPOSIT_REFUNDED = 3, "Deposit refunded"
    DEPOSIT_REVERSED = 4, "Deposit reversed"
    CHARGED_BACK = 5, "Charged back"
    CHARGEBACK_REVERSED = 6, "Chargeback reversed"
    CHARGEBACK_FEE = 7, "Chargeback fee"
    HELD = 10, "Held for withdrawal"
    HOLD_RELEASED = 11, "Hold released"
    HOLD_EXPIRED = 12, "Hold expired"
    PAID_OUT = 13, "Paid out"
    PAYOUT_RETURNED = 14, "Payout returned"
    PAYOUT_FEE = 15, "Payout fee"
    SETTLED_BY_PSP = 20, "Settled by PSP"
    BET = 30, "Bet"
    WIN = 31, "Win"
    ROLLED_BACK = 32, "Rolled back"
    JACKPOT_CONTRIBUTED = 33, "Jackpot contributed"
    JACKPOT_WON = 34, "Jackpot won"
    FREE_ROUND_WON = 35, "Free round won"
    JACKPOT_SWEPT = 36, "Jackpot swept"
    BONUS_GRANTED = 40, "Bonus granted"
    BONUS_CONVERTED = 41, "Bonus converted"
    BONUS_FORFEITED = 42, "Bonus forfeited"
    BONUS_EXPIRED = 43, "Bonus expired"
    ADJUSTED = 50, "Adjusted"
    EXCHANGED = 51, "Exchanged"
    CRYPTO_CONFIRMED = 60, "Crypto deposit confirmed"
    NETWORK_FEE = 61, "Network fee"
    SWEPT = 62, "Swept"
    COMMISSION_ACCRUED = 70, "Commission accrued"
    COMMISSION_PAID = 71, "Commission paid"
    TAX_WITHHELD = 80, "Tax withheld"
    WRITTEN_OFF = 81, "Written off"
    TRANSFERRED = 82, "Transferred"
    IMPORTED = 90, "Imported"


class Reference(models.IntegerChoices):
    """What kind of business row a transaction points at. Plain numbers, so that the ledger knows no higher room."""

    DEPOSIT = 1, "payments.deposit"
    WITHDRAWAL = 2, "payments.withdrawal"
    HOLD = 3, "wallet.hold"
    ROUND = 4, "games.round"
    GRANT = 5, "bonuses.grant"
    ADJUSTMENT = 6, "wallet.adjustment"
    BENCH = 99, "bench"
