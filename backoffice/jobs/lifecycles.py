"""What may follow what in the life of a job."""

from backoffice.audit.lifecycle import Lifecycle

# Words for who may move a job that are not permissions: the service says whether this person is one.
REQUESTER, APPROVER, SYSTEM = "requester", "approver", "system"
SUBJECT = "jobs.job"

JOB = Lifecycle(
    SUBJECT,
    mapping={"queued": REQUESTER, "cancelled": REQUESTER, "expired": SYSTEM},  # an import whose columns nobody has named yet
    awaiting_approval={"queued": APPROVER, "rejected": APPROVER, "cancelled": REQUESTER, "expired": SYSTEM},
    queued={"running": SYSTEM, "cancelled": REQUESTER},
    # Back to approval: it turned out larger than what may go without.
    running={"ready": SYSTEM, "failed": SYSTEM, "cancelled": REQUESTER, "awaiting_approval": SYSTEM, "checked": SYSTEM, "done": SYSTEM},
    # An import after its dry run: nothing is written before somebody confirms it.
    checked={"queued": REQUESTER, "awaiting_approval": REQUESTER, "cancelled": REQUESTER, "expired": SYSTEM},
    ready={"expired": SYSTEM},
    cancelled={"queued": REQUESTER},  # taken up again where it stopped, as long as its pieces are there
    final={"done", "failed", "rejected", "expired"},
)
UNFINISHED = ("mapping", "queued", "running", "checked", "awaiting_approval")
TONES = {
    "mapping": ("attention", 0), "checked": ("attention", 1), "done": ("success", 2),
    "awaiting_approval": ("attention", 0), "queued": ("neutral", 0), "running": ("info", 1), "ready": ("success", 2), "cancelled": ("neutral", 2),
    "failed": ("critical", 2), "rejected": ("critical", 2), "expired": ("neutral", 2),
}  # fmt: skip
