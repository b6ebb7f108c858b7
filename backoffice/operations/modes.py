"""Which mode the house is in, and setting it: normal, read-only (nobody writes), maintenance (only who may work in it comes in).

The one row is the truth. Every process remembers it for a second, so that a mode holds everywhere within two. Where money leaves, the row
itself is asked under a lock (`hold`): once a mode is set, no payout is taken up any more.
"""

import time
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Subquery
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _

from backoffice.access.decorators import require
from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from backoffice.operations.models import MAINTENANCE, NORMAL, Mode
from backoffice.operations.permissions import MODES

log = structlog.get_logger(__name__)
REMEMBERED = 1.0  # seconds
SUBJECT = ("operations.mode", 1)


class ModeRefused(Exception):
    """The mode was not set; the message says why."""


class ModeStale(ModeRefused):
    """Somebody else set it meanwhile."""


@dataclass(frozen=True)
class Now:
    """The mode as a process knows it."""

    mode: str = NORMAL
    reason: str = ""
    expected_end: datetime | None = None
    set_at: datetime | None = None
    set_by: str = ""

    @property
    def writes(self) -> bool:
        """Whether staff and machines may change anything."""
        return self.mode == NORMAL

    @property
    def closed(self) -> bool:
        """Whether only those who may work in maintenance come in."""
        return self.mode == MAINTENANCE


_known = Now()
_until = 0.0


def current() -> Now:
    """The mode, at most a second old. While the database cannot be asked, the one that was known last holds."""
    global _known, _until
    now = time.monotonic()
    if now >= _until:
        try:
            _known = _read()
        except DatabaseError as away:
            log.warning("mode_not_read", error=type(away).__name__)
        _until = now + REMEMBERED
    return _known


def forget() -> None:
    """Ask the database at the next question."""
    global _known, _until
    _known, _until = Now(), 0.0


def _read() -> Now:
    row = Mode.objects.select_related("set_by").filter(pk=1).first()
    return Now() if row is None else Now(row.mode, row.reason, row.expected_end, row.set_at, row.set_by.name if row.set_by else "")


def row() -> Subquery:
    """The row as a JSON value, read together with the person of a request."""
    found = JSONObject(mode=F("mode"), reason=F("reason"), expected_end=F("expected_end"), set_at=F("set_at"), set_by=F("set_by__name"))
    return Subquery(Mode.objects.filter(pk=1).values(found=found)[:1])


def hold() -> bool:
    """Inside a transaction: whether money may leave, held until its end. Setting a mode waits for those who have asked, and they for it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT mode = 'normal' FROM operations_mode WHERE id = 1 FOR SHARE")
        found = cursor.fetchone()
    return bool(found and found[0])


@transaction.atomic
def put(
    *, mode: str, reason: str, now: datetime, by: Staff | None, version: int | None = None, expected_end: datetime | None = None, label: str = "Command line"
) -> Mode:
    """Set the mode, on the record. `by` is None for the command line, which needs no permission but a login to the server.

    `version` is of the row that the person saw. The same again changes nothing, so that a double click is harmless.
    Raises NotPermitted, ModeRefused (unknown mode, no reason, an end that has passed), ModeStale.
    """
    if by is not None:
        require(by, MODES)
    if mode not in Mode.MODES:
        raise ModeRefused(_("There is no such mode."))
    reason = " ".join(reason.split())[:200]
    if not reason:
        raise ModeRefused(_("Say why."))
    if mode == NORMAL:
        expected_end = None
    elif expected_end is not None and expected_end <= now:
        raise ModeRefused(_("The expected end has passed already."))
    row = Mode.objects.select_for_update().get(pk=1)
    actor = Actor.staff(by) if by is not None else Actor.system(label)
    if row.mode == mode and (mode == NORMAL or (row.reason == reason and _same(row.expected_end, expected_end))):
        return row
    if version is not None and row.version != version:
        raise ModeStale(_("Somebody else set the mode meanwhile. Look at it again."))
    before = {"mode": row.mode, "expected_end": row.expected_end}
    row.mode, row.reason, row.expected_end = mode, "" if mode == NORMAL else reason, expected_end
    row.set_by, row.set_at, row.version = by, now, row.version + 1
    row.save()
    record("house.mode_set", actor=actor, at=now, subject=SUBJECT, before=before, after={"mode": mode, "expected_end": expected_end}, reason=reason)
    transaction.on_commit(forget)
    return row


def _same(one: datetime | None, other: datetime | None) -> bool:
    """Ends within a minute are the same: a form says in how many minutes, and a double click says it a moment later."""
    if one is None or other is None:
        return one is other
    return abs((one - other).total_seconds()) < 60  # noqa: PLR2004
