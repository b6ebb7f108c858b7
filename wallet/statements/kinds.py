"""How the ledger's kinds are called on a player's statement, and which of them are game play."""

from decimal import Decimal

from wallet.kinds import TransactionKind as Kind

# What a player sees as one kind of movement. The words of each are in words.py.
OF_KIND: dict[Kind, str] = {
    Kind.DEPOSIT_CREDITED: "deposit", Kind.CRYPTO_CONFIRMED: "deposit", Kind.ALLOTTED: "deposit",
    Kind.DEPOSIT_REFUNDED: "deposit_back", Kind.DEPOSIT_REVERSED: "deposit_back", Kind.CHARGED_BACK: "deposit_back", Kind.CHARGEBACK_REVERSED: "deposit_back",
    Kind.HELD: "held", Kind.HOLD_RELEASED: "held", Kind.HOLD_EXPIRED: "held",
    Kind.PAID_OUT: "withdrawal", Kind.PAYOUT_RETURNED: "withdrawal",
    Kind.BET: "play", Kind.WIN: "play", Kind.ROLLED_BACK: "play", Kind.JACKPOT_CONTRIBUTED: "play", Kind.JACKPOT_WON: "play", Kind.FREE_ROUND_WON: "play",
    Kind.BONUS_GRANTED: "incentive", Kind.BONUS_CONVERTED: "incentive", Kind.BONUS_FORFEITED: "incentive", Kind.BONUS_EXPIRED: "incentive",
    Kind.ADJUSTED: "adjustment", Kind.WRITTEN_OFF: "adjustment", Kind.TRANSFERRED: "adjustment",
    Kind.MERGED: "merged", Kind.MERGE_UNDONE: "merged", Kind.IMPORTED: "adjustment",
    Kind.HANDED_OVER: "unclaimed", Kind.CLAIMED: "unclaimed", Kind.REMITTED: "unclaimed", Kind.EXCHANGED: "exchange", Kind.TAX_WITHHELD: "tax",
    Kind.DEPOSIT_FEE: "fee", Kind.PAYOUT_FEE: "fee", Kind.CHARGEBACK_FEE: "fee", Kind.NETWORK_FEE: "fee",
    Kind.RECEIVED_UNALLOTTED: "other",
    Kind.JACKPOT_SWEPT: "other", Kind.SETTLED_BY_PSP: "other", Kind.SWEPT: "other", Kind.COMMISSION_ACCRUED: "other", Kind.COMMISSION_PAID: "other",
}  # fmt: skip
# In this order on the paper.
ORDER = (
    "deposit", "deposit_back", "withdrawal", "held", "incentive_added", "incentive_removed", "adjustment", "play", "exchange", "fee", "tax", "unclaimed",
    "merged", "other",
)  # fmt: skip
# Of game play, what is a stake: taken when it is negative, given back when it is positive. The rest is won.
STAKES = frozenset({Kind.BET, Kind.ROLLED_BACK, Kind.JACKPOT_CONTRIBUTED})


def of(kind: int, amount: Decimal) -> str:
    """The statement's kind of a movement. Incentive credits are told apart by whether they were added or removed."""
    found = OF_KIND.get(Kind(kind), "other")
    return found if found != "incentive" else "incentive_removed" if amount < 0 else "incentive_added"
