"""What may follow what in the life of a change."""

from backoffice.audit.lifecycle import Lifecycle

# Words for who may move a change that are not permissions: the service says whether this person is one.
REQUESTER, APPROVER, SYSTEM = "requester", "approver", "system"
SUBJECT = "approvals.change"

CHANGE = Lifecycle(
    SUBJECT,
    draft={"review": REQUESTER, "withdrawn": REQUESTER},
    review={
        "scheduled": APPROVER, "rejected": APPROVER, "active": SYSTEM, "withdrawn": REQUESTER, "expired": SYSTEM, "stale": SYSTEM, "failed": SYSTEM,
    },
    scheduled={"active": SYSTEM, "withdrawn": REQUESTER, "stale": SYSTEM, "failed": SYSTEM},
    active={"ended": SYSTEM},
    final={"rejected", "withdrawn", "expired", "stale", "failed", "ended"},
)  # fmt: skip
OPEN = ("draft", "review", "scheduled")
TONES = {
    "draft": ("neutral", 0), "review": ("attention", 1), "scheduled": ("info", 1), "active": ("success", 2), "ended": ("neutral", 2),
    "rejected": ("critical", 2), "withdrawn": ("neutral", 2), "expired": ("warning", 2), "stale": ("warning", 1), "failed": ("critical", 2),
}  # fmt: skip
