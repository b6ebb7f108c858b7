"""Lifecycles of money in motion. One table each: state, then the states that may follow and who may move there."""

from backoffice.audit.lifecycle import Lifecycle

DEPOSIT = Lifecycle(
    "payments.deposit",
    initiated={"authorised": "system", "captured": "system", "failed": "system", "expired": "system", "unknown": "system"},
    # Left only by asking the provider; back to initiated when it has the deposit and waits for the player.
    unknown={"authorised": "system", "captured": "system", "failed": "system", "expired": "system", "initiated": "system"},
    authorised={"captured": "system", "failed": "system", "expired": "system"},
    captured={"credited": "system", "reversed": "system"},  # reversed: it had gone back before we heard of it, so nothing was credited
    credited={"reversed": "system", "charged_back": "system"},
    charged_back={"credited": "system"},  # the chargeback was won
    # Given up, but not deaf: money that arrives after all is the player's.
    expired={"captured": "system"},
    failed={"captured": "system"},
    final={"reversed"},
)

WITHDRAWAL = Lifecycle(
    "payments.withdrawal",
    requested={
        "held": "payments.decide", "awaiting_second": "payments.decide", "approved": "payments.decide",
        "rejected": "payments.decide", "cancelled": "player",
    },
    held={
        "requested": "payments.decide", "awaiting_second": "payments.decide", "approved": "payments.decide",
        "rejected": "payments.decide", "cancelled": "player",
    },
    awaiting_second={
        "approved": "payments.approve_second", "rejected": "payments.approve_second",
        "requested": "payments.approve_second", "cancelled": "player",
    },
    approved={"sent": "system", "requested": "payments.decide"},  # back to requested = undo, until dispatch
    sent={"settled": "system", "returned": "system", "failed": "system", "unknown": "system"},
    unknown={"settled": "system", "returned": "system", "failed": "system", "sent": "system"},  # left only by asking the provider
    failed={"requested": "system"},
    settled={"returned": "system"},  # a bank may send money back days after the provider reported it paid
    final={"rejected", "returned", "cancelled"},
)  # fmt: skip

# In the reviewers' queue until somebody has decided.
TO_DECIDE = ("requested", "held", "awaiting_second")

REFUND = Lifecycle(
    "payments.refund",
    approved={"sent": "system"},
    sent={"paid": "system", "failed": "system", "unknown": "system"},
    unknown={"paid": "system", "failed": "system", "sent": "system"},  # left only by asking the provider
    paid={"failed": "system"},  # a bank may send money back days after the provider reported it paid
    final={"failed"},
)

# Moved by what the provider tells; staff decide what is done about it (payments/services/chargebacks.py). A second chargeback is a dispute of its own.
CHARGEBACK = Lifecycle(
    "payments.chargeback",
    inquiry={"opened": "system", "defended": "payments.dispute", "won": "system", "lost": "system"},
    opened={"defended": "payments.dispute", "accepted": "payments.dispute", "won": "system", "lost": "system"},
    defended={"opened": "system", "won": "system", "lost": "system"},  # opened: an inquiry that was answered, and the bank took the money after all
    accepted={"lost": "system", "won": "system"},
    lost={"won": "system"},
    final={"won"},
)

EXCEPTION = Lifecycle("payments.paymentexception", open={"resolved": "payments.decide", "obsolete": "system"}, final={"resolved", "obsolete"})
