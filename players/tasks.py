"""Background work about players."""

from celery import shared_task
from django.utils import timezone

from players import messages
from players.blocks.services import end_due
from players.dormancy import services as dormancy
from players.duplicates import finding
from players.privacy import erasing
from players.segments import runs


@shared_task
def send_due_messages() -> int:
    """Send what is queued, a batch at a time."""
    due = messages.due(now=timezone.now())
    for message in due:
        messages.send(message)
    return len(due)


@shared_task
def end_blocks() -> int:
    """Write down which blocks have ended, a batch at a time."""
    return end_due(now=timezone.now())


@shared_task
def find_duplicates() -> int:
    """Look at the next thousand players for others that share something with them. It goes round and round."""
    return finding.sweep(now=timezone.now())


@shared_task
def compute_segments() -> int:
    """Begin what is due and go on with what has begun."""
    return runs.sweep(now=timezone.now())


@shared_task
def find_dormant() -> int:
    """The next chunk of the daily round for accounts that nobody uses, and those whose time has come."""
    return dormancy.sweep(now=timezone.now())


@shared_task
def erase_due() -> int:
    """Go on with erasures, and remove what the law no longer keeps."""
    return erasing.sweep(now=timezone.now())
