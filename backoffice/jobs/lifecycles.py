"""What may follow what in the life of a job."""

from backoffice.audit.lifecycle import Lifecycle

# Words for who may move a job that are not permissions: the service says whether this person is one.
REQUESTER, APPROVER, SYSTEM = "requester", "approver", "system"
SUBJECT = "jobs.job"

JOB = Lifecycle(
    SUBJECT,
    awaiting_approval={"queued": APPROVER, "rejected": APPROVER, "cancelled": REQUESTER, "expired": SYSTEM},
    queued={"running": SYSTEM, "cancelled": REQUESTER},
    # Back to approval: it turned out larger than what may go without.
    running={"ready": SYSTEM, "failed": SYSTEM, "cancelled": REQUESTER, "awaiting_approval": SYSTEM},
    ready={"expired": SYSTEM},
    cancelled={"queued": REQUESTER},  # taken up again where it stopped, as long as its pieces are there
    final={"failed", "rejected", "expired"},
)
UNFINISHED = ("queued", "running", "awaiting_approval")
TONES = {
    "awaiting_approval": ("attention", 0), "queued": ("neutral", 0), "running": ("info", 1), "ready": ("success", 2), "cancelled": ("neutral", 2),
    "failed": ("critical", 2), "rejected": ("critical", 2), "expired": ("neutral", 2),
}  # fmt: skip
