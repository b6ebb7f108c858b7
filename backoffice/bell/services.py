"""Telling people, and what they do with what they were told. A notice is no fact of its own: what it tells of is on the record."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.bell import kinds
from backoffice.bell.models import Mail, Notice, Preference
from backoffice.runtime import outgoing

KEPT = timedelta(days=90)
_INSERT = """
INSERT INTO bell_notice (staff_id, kind, params, url, brand_id, at, key)
SELECT unnest(%(staff)s::bigint[]), %(kind)s, %(params)s::jsonb, %(url)s, %(brand)s, %(now)s, %(key)s
ON CONFLICT (staff_id, key) DO NOTHING RETURNING id, staff_id
"""


@transaction.atomic
def notify(
    *, to: Iterable[Staff], kind: str, params: Mapping[str, str | int], key: str, now: datetime, url: str = "", brand_id: int | None = None, mail: bool = False
) -> int:
    """Tell people something in the caller's transaction; gives how many were told. The same key tells the same person once.

    `mail` sends an e-mail too, whatever the person chose; otherwise their choice for the kind counts. `url` is a page of this house.
    Raises kinds.UnknownKind. The caller has chosen people who reach the brand.
    """
    found = kinds.get(kind)
    people = sorted({one.pk for one in to if one.is_active})
    if not people:
        return 0
    with connection.cursor() as cursor:
        values = {
            "staff": people, "kind": kind, "params": json.dumps(dict(params)), "url": url, "brand": brand_id, "now": now, "key": key[:120],
        }  # fmt: skip
        cursor.execute(_INSERT, values)
        told = cursor.fetchall()
    if told:
        chosen = dict(Preference.objects.filter(staff_id__in=people, kind=kind).values_list("staff_id", "mail")) if not mail else {}
        wanted = [notice for notice, staff in told if mail or chosen.get(staff, found.mail)]
        Mail.objects.bulk_create([Mail(notice_id=notice, queued_at=now, next_attempt_at=now) for notice in wanted])
    return len(told)


def mark_seen(*, by: Staff, now: datetime, notice_id: int | None = None) -> int:
    """Mark one notice of this person's, or all of them, as seen. Somebody else's stays. Gives how many were marked."""
    rows = Notice.objects.visible_to(by).filter(seen_at=None)
    return (rows.filter(pk=notice_id) if notice_id is not None else rows).update(seen_at=now)


@transaction.atomic
def prefer(*, by: Staff, mail: Mapping[str, bool]) -> None:
    """Choose by kind whether one is mailed too. Raises kinds.UnknownKind."""
    rows = [Preference(staff=by, kind=kinds.get(kind).code, mail=wanted) for kind, wanted in mail.items()]
    Preference.objects.bulk_create(rows, update_conflicts=True, unique_fields=["staff", "kind"], update_fields=["mail"])


def send(mail_id: int) -> str:
    """Send the e-mail about one notice and return its state."""
    return outgoing.send(Mail.objects.select_related("notice__staff", "notice__brand"), mail_id, write=_write, nobody="The account is closed.")


def _write(row: Mail) -> EmailMessage | None:
    """In the person's language. Somebody whose account was closed meanwhile gets none."""
    notice, staff = row.notice, row.notice.staff
    if not staff.is_active:
        return None
    with translation.override(staff.language):
        text = notice.text
        lines = [_("Hello %(name)s,") % {"name": staff.short_name}, "", text]
        if notice.brand is not None:
            lines += [_("Brand: %(brand)s") % {"brand": notice.brand.name}]
        lines += ["", f"{settings.PUBLIC_URL}{notice.url}" if notice.url else settings.PUBLIC_URL]
    subject = " ".join(text.split())[:120]
    return EmailMessage(subject, "\n".join(lines), to=[staff.email], headers={"Message-ID": f"<notice.{notice.pk}@countroom>"})


def send_due() -> int:
    """What the clock calls: everything that is due, a batch at a time."""
    found = outgoing.due(Mail.objects.all(), now=timezone.now())
    for one in found:
        send(one)
    return len(found)


def forget_old(*, now: datetime, batch: int = 5_000) -> int:
    """Remove what was seen and is older than ninety days, a batch a call."""
    old = Notice.objects.filter(at__lt=now - KEPT, seen_at__isnull=False).order_by("at").values_list("pk", flat=True)[:batch]
    return Notice.objects.filter(pk__in=list(old)).delete()[0]


def choices_of(staff: Any) -> dict[str, bool]:
    """By kind, whether this person is mailed."""
    chosen = dict(Preference.objects.filter(staff=staff).values_list("kind", "mail"))
    return {kind.code: chosen.get(kind.code, kind.mail) for kind in kinds.every()}
