"""Refusing an address after too many failed sign-ins in a row, until a person lifts it.

Rate limits slow an attacker down; this stops one who is patient. Unknown addresses are counted the same way, so the
refusal never tells whether an account exists.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from backoffice.access.facts import record_fact
from backoffice.access.models import Lockout, Staff


def key_of(email: str) -> str:
    return salted_hmac("access.lockout", email.strip().lower(), algorithm="sha256").hexdigest()


def limit() -> int:
    return settings.SIGN_IN_FAILURES_BEFORE_LOCK


def locked_at(email: str) -> datetime | None:
    """Since when the address is refused, if it is."""
    return Lockout.objects.filter(key=key_of(email)).values_list("locked_at", flat=True).first()


@transaction.atomic
def note_failure(email: str, *, now: datetime | None = None) -> bool:
    """Count a failed password or code. Answers whether the address is locked from now on."""
    now = now or timezone.now()
    key = key_of(email)
    Lockout.objects.bulk_create([Lockout(key=key, last_failed_at=now)], ignore_conflicts=True)
    Lockout.objects.filter(key=key).update(failures=F("failures") + 1, last_failed_at=now)
    newly = Lockout.objects.filter(key=key, failures__gte=limit(), locked_at=None).update(locked_at=now)
    staff = Staff.objects.filter(email=email.strip().lower()).first()
    if staff is not None:
        record_fact(type="staff.sign_in_failed", actor=None, at=now, subject=staff)
        if newly:
            record_fact(type="staff.locked_out", actor=None, at=now, subject=staff, after={"failures": limit()})
    return Lockout.objects.filter(key=key, locked_at__isnull=False).exists()


def clear(email: str) -> None:
    """A complete sign-in ends the row of failures."""
    Lockout.objects.filter(key=key_of(email), locked_at=None).delete()
