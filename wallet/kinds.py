"""Kinds of accounts and of transactions. Numbers are stored; they never change their meaning.

An account's number says how it is kept: below 10 it is a player's, from 10 to 39 the house's and appended (nobody locks it),
from 40 on the house's and running (locked, with a floor).
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AccountKind(models.IntegerChoices):
    CASH = 1, _("Cash")
    BONUS = 2, _("Bonus")
    HOLD = 3, _("Held for withdrawals")
    PSP_CLEARING = 10, _("PSP clearing")
    PSP_FEES = 11, _("PSP fees")
    BANK = 12, _("Bank")
    CHAIN_WALLET = 13, _("Chain wallet")
    GAME_REVENUE = 14, _("Game revenue")
    BONUS_COST = 15, _("Bonus cost")
    CHARGEBACK_LOSS = 16, _("Chargeback loss")
    ADJUSTMENTS = 17, _("Adjustments")
    FX = 18, _("Currency exchange")
    AFFILIATE_PAYABLE = 19, _("Affiliate payable")
    WRITE_OFF = 20, _("Write-off")
    TAX_WITHHELD = 21, _("Tax withheld")
    JACKPOT_ACCRUAL = 22, _("Jackpot contributions")
    NETWORK_FEES = 23, _("Network fees")
    UNCLAIMED = 24, _("Unclaimed money")
    UNALLOTTED = 26, _("Money to be allotted")
    MIGRATION = 29, _("Migration")
    JACKPOT_POOL = 40, _("Jackpot pool")
    ROLLING_RESERVE = 41, _("Rolling reserve")
    BONUS_BUDGET = 42, _("Bonus budget")
    AFFILIATE_CARRY_OVER = 43, _("Affiliate carry-over")

    @property
    def of_player(self) -> bool:
        return self < 10

    @property
    def running(self) -> bool:
        return self < 10 or self >= 40


class TransactionKind(models.IntegerChoices):
    DEPOSIT_CREDITED = 1, _("Deposit credited")
    DEPOSIT_FEE = 2, _("Deposit fee")
    DEPOSIT_REFUNDED = 3, _("Deposit refunded")
    DEPOSIT_REVERSED = 4, _("Deposit reversed")
    CHARGED_BACK = 5, _("Charged back")
    CHARGEBACK_REVERSED = 6, _("Chargeback reversed")
    CHARGEBACK_FEE = 7, _("Chargeback fee")
    RECEIVED_UNALLOTTED = 8, _("Received, to be allotted")
    ALLOTTED = 9, _("Allotted to the player")
    HELD = 10, _("Held for withdrawal")
    HOLD_RELEASED = 11, _("Hold released")
    HOLD_EXPIRED = 12, _("Hold expired")
    PAID_OUT = 13, _("Paid out")
    PAYOUT_RETURNED = 14, _("Payout returned")
    PAYOUT_FEE = 15, _("Payout fee")
    SETTLED_BY_PSP = 20, _("Settled by PSP")
    BET = 30, _("Bet")
    WIN = 31, _("Win")
    ROLLED_BACK = 32, _("Rolled back")
    JACKPOT_CONTRIBUTED = 33, _("Jackpot contributed")
    JACKPOT_WON = 34, _("Jackpot won")
    FREE_ROUND_WON = 35, _("Free round won")
    JACKPOT_SWEPT = 36, _("Jackpot swept")
    BONUS_GRANTED = 40, _("Bonus granted")
    BONUS_CONVERTED = 41, _("Bonus converted")
    BONUS_FORFEITED = 42, _("Bonus forfeited")
    BONUS_EXPIRED = 43, _("Bonus expired")
    ADJUSTED = 50, _("Adjusted")
    EXCHANGED = 51, _("Exchanged")
    CRYPTO_CONFIRMED = 60, _("Crypto deposit confirmed")
    NETWORK_FEE = 61, _("Network fee")
    SWEPT = 62, _("Swept")
    COMMISSION_ACCRUED = 70, _("Commission accrued")
    COMMISSION_PAID = 71, _("Commission paid")
    TAX_WITHHELD = 80, _("Tax withheld")
    WRITTEN_OFF = 81, _("Written off")
    TRANSFERRED = 82, _("Transferred")
    HANDED_OVER = 83, _("Unclaimed money handed over")
    CLAIMED = 84, _("Unclaimed money given back")
    MERGED = 85, _("Merged into another account")
    MERGE_UNDONE = 86, _("Merge undone")
    REMITTED = 87, _("Unclaimed money paid to whom the law names")
    IMPORTED = 90, _("Imported")


class Reference(models.IntegerChoices):
    """What kind of business row a transaction points at. Plain numbers, so that the ledger knows no higher room."""

    DEPOSIT = 1, "payments.deposit"
    WITHDRAWAL = 2, "payments.withdrawal"
    HOLD = 3, "wallet.hold"
    ROUND = 4, "games.round"
    GRANT = 5, "bonuses.grant"
    ADJUSTMENT = 6, "wallet.adjustment"
    DORMANCY = 7, "players.dormancy"
    MERGE = 9, "players.merge"
    REMITTANCE = 10, "wallet.remittance"
    REFUND = 11, "payments.refund"
    BENCH = 99, "bench"
