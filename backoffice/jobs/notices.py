"""The one place where people are told that a job went on."""

from backoffice.jobs import tray
from backoffice.jobs.models import Job


def tell(job: Job) -> None:
    """A job moved to the state that it has now. Called in the transaction of the move, for every move that somebody could wait for.

    Worth a word to who asked for it: `ready`, `failed`, `rejected`, and `queued` after an approval; to who may approve: `awaiting_approval`.
    """
    tray.forget(job.requested_by_id)
