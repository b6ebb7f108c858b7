"""Asking for an export: what may be asked, what needs a reason, and who else has to agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.record import record
from backoffice.jobs import notices, runner, services
from backoffice.jobs.exports.formats import FORMATS
from backoffice.jobs.exports.sources import Source, sources
from backoffice.jobs.lifecycles import SUBJECT
from backoffice.jobs.models import Job
from backoffice.jobs.permissions import EXPORT, UNMASKED
from backoffice.jobs.runner import TooSlow, brief

KIND = "export"
MOST_WITHOUT_APPROVAL = 100_000
PAGE, ALL = "page", "all"


class Invalid(Exception):
    """What was asked for cannot be, in words."""


@dataclass(frozen=True)
class Size:
    """How many rows match, counted up to just above what needs no approval. `known` is False when even that took too long."""

    rows: int
    known: bool = True

    @property
    def large(self) -> bool:
        return not self.known or self.rows > MOST_WITHOUT_APPROVAL

    def __str__(self) -> str:
        if not self.known:
            return _("an unknown number of")
        return _("more than %(n)s") % {"n": f"{MOST_WITHOUT_APPROVAL:,}"} if self.large else f"{self.rows:,}"


def size(source: Source, staff: Any, query: QueryDict, *, now: datetime) -> Size:
    try:
        with brief():
            return Size(source.matching(staff, query, now).order_by().values(source.pk)[: MOST_WITHOUT_APPROVAL + 1].count())
    except TooSlow:
        return Size(0, known=False)


def needs_approval(size: Size, *, in_clear: bool) -> bool:
    return in_clear or size.large


def request_export(
    *, code: str, query: QueryDict, scope: str, columns: Iterable[str], form: str, masked: bool, reason: str, by: Staff, key: str, now: datetime
) -> Job:
    """Ask for a file of a list. `query` is the screen's address, `scope` "page" or "all", `form` a format's code. The same key gives the same job.

    It waits for somebody else when it is larger than MOST_WITHOUT_APPROVAL or holds personal data in clear, as the policies say.
    Raises NotAllowed without the permissions, Invalid without columns, without rows, or without a reason where personal data is in it.
    """
    made = Job.objects.filter(requested_by=by, key=key).first()
    if made is not None:
        return made
    source = sources.get(code)
    if not (by.may(source.permission) and by.may(EXPORT)):
        raise NotAllowed(_("You may not export this list."))
    chosen = source.chosen(columns)
    if not chosen or form not in FORMATS:
        raise Invalid(_("Choose at least one column and a format."))
    personal = any(column.value.personal for column in chosen)
    in_clear = personal and not masked
    if in_clear and not by.may(UNMASKED):
        raise NotAllowed(_("You may not export personal data in clear."))
    if personal and not reason.strip():
        raise Invalid(_("Say what it is for: personal data is in it."))
    ids = source.page(by, query, now) if scope == PAGE else []
    found = Size(len(ids)) if scope == PAGE else size(source, by, query, now=now)
    if found.known and not found.rows:
        raise Invalid(_("Nothing matches, so there is nothing to export."))
    needed = services.rule(KIND, fresh=True).needed if needs_approval(found, in_clear=in_clear) else 0
    kept = QueryDict(mutable=True)
    for name, value in source.kept(query):
        kept.appendlist(name, value)
    spec = {
        "query": kept.urlencode(), "columns": [column.key for column in chosen], "format": form, "masked": masked or not personal, "scope": scope, "ids": ids,
        "narrowed_to": by.chosen_brand.pk if by.chosen_brand else None, "personal": personal, "filters": source.filters(query),
    }  # fmt: skip
    brands = sorted(by.reach())
    with transaction.atomic():
        job, fresh = Job.objects.get_or_create(
            requested_by=by, key=key,
            defaults={
                "kind": KIND, "code": code, "title": str(source.title), "spec": spec, "reason": reason.strip()[:400], "brands": brands,
                "brand_id": brands[0] if len(brands) == 1 else None, "requested_at": now, "needed": needed,
                "state": "awaiting_approval" if needed else "queued", "next_attempt_at": None if needed else now,
                "expires_at": now + services.PATIENCE if needed else None,
                "filename": f"{code.rpartition('.')[2]}-{now:%Y%m%d-%H%M}.{FORMATS[form].suffix}",
            },
        )  # fmt: skip
        if fresh:
            record(
                "export.requested", actor=Actor.staff(by), at=now, brand_id=job.brand_id, subject=(SUBJECT, job.pk), reason=reason.strip(),
                after={
                    "list": code, "query": spec["query"], "columns": spec["columns"], "format": form, "masked": spec["masked"], "personal": personal,
                    "needed": needed, "brands": brands,
                },
            )  # fmt: skip
            notices.tell(job, now=now)
            if not needed:
                runner.hint(job.pk)
    return job
