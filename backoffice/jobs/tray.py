"""The number in the top bar: how many of one's jobs have not ended. On every page, so the database is asked every ten seconds at most."""

from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest

from backoffice.jobs.lifecycles import UNFINISHED
from backoffice.jobs.models import Job

REMEMBERED_SECONDS = 10


def running_count(request: HttpRequest) -> int:
    staff: Any = request.user
    return cache.get_or_set(_key(staff.pk), lambda: Job.objects.filter(requested_by=staff, state__in=UNFINISHED).count(), REMEMBERED_SECONDS) or 0


def forget(staff_id: int) -> None:
    """A job of theirs moved: once others can see it, the number is counted anew."""
    transaction.on_commit(lambda: cache.delete(_key(staff_id)), robust=True)


def _key(staff_id: int) -> str:
    return f"jobs:running:{staff_id}"
