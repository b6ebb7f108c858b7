"""What people do with an import: upload a file, say which column is what, confirm the dry run. The worker does the rest (work.py)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import IO

from django.core.files.base import File
from django.db import connection, transaction
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.record import record
from backoffice.jobs import files, notices, runner, services
from backoffice.jobs.imports import reading
from backoffice.jobs.imports.declared import ImportKind, imports
from backoffice.jobs.imports.fields import COMMA, POINT, Field
from backoffice.jobs.imports.work import CHECKED, PATIENCE, ROWS, UPLOAD
from backoffice.jobs.lifecycles import JOB, REQUESTER, SUBJECT
from backoffice.jobs.models import Import, Job, KnownHeading, Part
from backoffice.jobs.permissions import IMPORT
from backoffice.jobs.services import Stale
from backoffice.scope.models import Brand

KIND = "import"
KEPT = timedelta(days=30)  # the file and what became of each row


class Invalid(Exception):
    """What was asked for cannot be, in words."""


def may(staff: Staff, kind: ImportKind) -> bool:
    return staff.may(IMPORT) and staff.may(kind.permission)


def upload(*, code: str, file: IO[bytes], filename: str, brand: Brand | None, by: Staff, key: str, now: datetime) -> Job:
    """Keep a file whose columns are named next. The same key gives the same job.

    Raises NotAllowed, Invalid without the brand that its kind asks for, reading.Unreadable for a file that cannot be read: then nothing is kept.
    """
    made = Job.objects.filter(requested_by=by, key=key).first()
    if made is not None:
        return made
    kind = imports.get(code)
    if not may(by, kind):
        raise NotAllowed(_("You may not import this."))
    if kind.of_brand and (brand is None or brand.pk not in by.reach()):
        raise Invalid(_("Choose the brand that its rows are of."))
    shape = reading.layout(file)
    digest = hashlib.sha256()
    file.seek(0)
    for block in files.blocks(file):
        digest.update(block)
    size = file.tell()
    brands = [brand.pk] if kind.of_brand and brand else sorted(by.reach())
    filename = re.sub(r"[^\w.() -]", "_", filename)[-120:]
    number = _next_number()
    file.seek(0)
    name = files.keep(Job(pk=number), File(file), shape.form)  # before the transaction, which may not wait for a storage
    with transaction.atomic():
        job, fresh = Job.objects.get_or_create(
            requested_by=by, key=key,
            defaults={
                "pk": number, "kind": KIND, "code": code, "title": str(kind.title), "brands": brands, "brand_id": brands[0] if len(brands) == 1 else None,
                "requested_at": now, "state": "mapping", "expires_at": now + PATIENCE, "filename": filename, "size": size, "sha256": digest.hexdigest(),
            },
        )  # fmt: skip
        if fresh:
            Part.objects.create(job=job, kind=UPLOAD, number=0, name=name, rows=0, sha256=job.sha256)
            Import.objects.create(
                job=job, form=shape.form, encoding=shape.encoding, delimiter=shape.delimiter, sheet=shape.sheet[:120],
                others=[one[:120] for one in shape.others], heads=shape.heads, columns=guess(kind, shape.heads, by),
            )  # fmt: skip
            after = {"import": code, "file": filename, "sha256": job.sha256, "size": size, "brands": brands}
            record("import.uploaded", actor=Actor.staff(by), at=now, brand_id=job.brand_id, subject=(SUBJECT, job.pk), after=after)
            notices.tell(job, now=now)
    if not fresh:
        files.discard_everything(Job(pk=number))
    return job


def _next_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('jobs_job', 'id'))")
        return int(cursor.fetchone()[0])


def spelled(heading: str) -> str:
    """A heading in the one spelling in which headings are compared."""
    return "".join(character for character in heading.casefold() if character.isalnum())


def guess(kind: ImportKind, heads: list[str], by: Staff) -> dict[str, int]:
    """By field that this person may bring in, the column that it is most likely read from: as somebody said before, else by its names."""
    fields = kind.fields_for(by)
    known = dict(KnownHeading.objects.filter(code=kind.code).values_list("heading", "field"))
    names = {spelled(name): field.key for field in fields for name in (field.key, str(field.label), *field.aliases)}
    found: dict[str, int] = {}
    for place, head in enumerate(heads):
        field = known.get(spelled(head)) or names.get(spelled(head))
        if field is not None and field in {one.key for one in fields}:
            found.setdefault(field, place)
    return found


def asks_for_sign(kind: ImportKind, columns: Mapping[str, int]) -> bool:
    return any(field.type.decimal for field in kind.fields if field.key in columns)


def _own(job_id: int, version: int, by: Staff) -> tuple[Job, ImportKind]:
    """The locked job. Raises NotAllowed, Stale."""
    job = Job.objects.select_for_update(of=("self",)).select_related("requested_by").get(pk=job_id, kind=KIND)
    if job.code not in imports or by.pk != job.requested_by_id or not may(by, imports.get(job.code)):
        raise NotAllowed(_("Only who uploaded it goes on with it, as long as they may."))
    if job.version != version:
        raise Stale(_("It moved on meanwhile. Look again."))
    return job, imports.get(job.code)


@transaction.atomic
def map_columns(*, job_id: int, version: int, columns: Mapping[str, int], decimal: str, by: Staff, now: datetime) -> Job:
    """Say which column is which field, and send it into its dry run; again after one, to map it otherwise.

    Raises NotAllowed, Stale, Invalid.
    """
    job, kind = _own(job_id, version, by)
    content = Import.objects.get(job=job)
    fields: dict[str, Field] = {field.key: field for field in kind.fields_for(by)}
    if not set(columns) <= set(fields) or not set(columns.values()) <= set(range(len(content.heads))):
        raise Invalid(_("There is no such column."))
    missing = [str(field.label) for field in kind.fields if field.required and field.key not in columns]
    if missing:
        raise Invalid(_("Say which column holds: %(fields)s.") % {"fields": ", ".join(missing)})
    if len(set(columns.values())) < len(columns):
        raise Invalid(_("One column is named twice."))
    if asks_for_sign(kind, columns) and decimal not in {POINT, COMMA}:
        raise Invalid(_("Say how decimals are written in the file."))
    content.columns, content.decimal, content.right, content.wrong, content.tally = dict(columns), decimal or POINT, 0, 0, {}
    content.save(update_fields=["columns", "decimal", "right", "wrong", "tally"])
    known = [KnownHeading(code=kind.code, heading=spelled(content.heads[place])[:120], field=field) for field, place in columns.items()]
    KnownHeading.objects.bulk_create(known, update_conflicts=True, unique_fields=["code", "heading"], update_fields=["field"])
    # What may stand in the file once is seen when it is read: other columns, another reading.
    read = not kind.once and Part.objects.filter(job=job, kind=CHECKED).exists() and Part.objects.filter(job=job, kind=ROWS).exists()
    JOB.move(
        job, to="queued", by=Actor.staff(by), may=lambda word: word == REQUESTER, now=now, fact="import.mapped",
        also={"next_attempt_at": now, "expires_at": None, "phase": "checking" if read else "", "done": 0, "progress": {}},
        evidence={"columns": {field: content.heads[place] for field, place in columns.items()}, "decimal": content.decimal},
    )  # fmt: skip
    files.discard_parts(job, CHECKED)
    runner.hint(job.pk)
    notices.tell(job, now=now)
    return job


@transaction.atomic
def confirm(*, job_id: int, version: int, by: Staff, now: datetime) -> Job:
    """Have the good rows written. It waits for somebody else when there are more of them than its kind lets go without, or with a
    field that is always approved.

    Raises NotAllowed, Stale, Invalid when there is no good row, or a bad one where none may be left out.
    """
    job, kind = _own(job_id, version, by)
    content = Import.objects.get(job=job)
    if job.state != "checked":
        raise Stale(_("It moved on meanwhile. Look again."))
    if not content.right:
        raise Invalid(_("No row of it can be imported."))
    if content.wrong and not kind.partial:
        raise Invalid(_("Every row has to be good before anything is imported. Mend the file and upload it again."))
    needed = services.rule(KIND, fresh=True).needed if content.right > kind.most_without_approval or kind.approved(content.columns) else 0
    needed = max(needed, int(kind.approved(content.columns)))
    also = {"phase": "committing", "total": content.right, "done": 0, "progress": {}, "needed": needed}
    if needed:
        also |= {"expires_at": now + services.PATIENCE}
    else:
        also |= {"expires_at": None, "next_attempt_at": now}
    JOB.move(
        job, to="awaiting_approval" if needed else "queued", by=Actor.staff(by), may=lambda word: word == REQUESTER, now=now, fact="import.confirmed",
        also=also, evidence={"right": content.right, "left_out": content.wrong, "needed": needed},
    )  # fmt: skip
    if not needed:
        runner.hint(job.pk)
    notices.tell(job, now=now)
    return job


@transaction.atomic
def take_rows(*, job_id: int, which: str, by: Staff, now: datetime) -> Job:
    """Say on the record that rows were taken as a file, by who uploaded them. Raises NotAllowed, services.NotAvailable."""
    job = Job.objects.select_for_update(of=("self",)).select_related("requested_by").get(pk=job_id, kind=KIND)
    if by.pk != job.requested_by_id or job.code not in imports or not may(by, imports.get(job.code)):
        raise NotAllowed(_("Only who uploaded it takes its rows, as long as they may."))
    if not set(job.brands) <= {brand.pk for brand in by.brands}:
        raise NotAllowed(_("It holds what is no longer within your reach."))
    if not Part.objects.filter(job=job, kind=ROWS).exists():
        raise services.NotAvailable(_("Its rows are no longer kept."))
    record("import.downloaded", actor=Actor.staff(by), at=now, brand_id=job.brand_id, subject=(SUBJECT, job.pk), after={"what": which, "sha256": job.sha256})
    return job


def earlier(job: Job) -> Job | None:
    """The last time that the same bytes were taken in for the same, if somebody went on with them."""
    same = Job.objects.filter(kind=KIND, code=job.code, sha256=job.sha256, pk__lt=job.pk).exclude(state="mapping")
    return same.select_related("requested_by").order_by("-pk").first()
