"""Making a statement, a piece at a time: settle the horizon, read every account, compose, prove, print.

A piece counts when its row is committed together with the job's lease; a kill loses one piece. Nothing is locked while it is made.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from django.core.files.base import ContentFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.record import machine, record
from backoffice.bell.services import notify
from backoffice.jobs import files
from backoffice.jobs.kinds import Impossible
from backoffice.jobs.models import Part
from backoffice.jobs.runner import Slice, TooSlow, brief
from wallet.models import Statement
from wallet.statements import composing, paper, reading, sections
from wallet.statements.kind_of_notice import WRONG
from wallet.statements.periods import Period
from wallet.statements.reading import DoesNotAddUp, NoLongerKept, Stand
from wallet.statements.services import KEPT, MAKE
from wallet.statements.words import said

log = structlog.get_logger(__name__)
READ = "read"


def step(slice_: Slice) -> bool:
    """One piece of a statement. Raises Impossible, Lost."""
    job = slice_.job
    statement = Statement.objects.select_related("player__jurisdiction", "brand").get(job=job)
    staff = Staff.objects.with_roles().get(pk=job.requested_by_id) if job.requested_by_id else None
    if staff is not None and not (staff.is_active and staff.may(MAKE) and statement.brand_id in {brand.pk for brand in staff.brands}):
        raise Impossible(_("Rights of who asked for it no longer cover it."))
    with translation.override(staff.language if staff else "en"):
        try:
            if job.phase == "":
                return _begin(slice_, statement)
            if job.phase == "reading":
                return _read(slice_, statement)
            return _issue(slice_, statement)
        except files.Damaged:
            slice_.begin_again()
            return True
        except (NoLongerKept, paper.CannotPrint) as why:
            raise Impossible(str(why)) from why
        except DoesNotAddUp as wrong:
            _refuse(slice_, statement, str(wrong))
            return False


def _began(slice_: Slice) -> datetime:
    assert slice_.job.started_at is not None  # noqa: S101
    return slice_.job.started_at


def _begin(slice_: Slice, statement: Statement) -> bool:
    period = Period(statement.since, statement.until, ZoneInfo(statement.timezone))
    with brief():
        stand = Stand.begin(statement.player_id, period.begins(), period.ends(now=_began(slice_)))
    try:
        with brief():
            total: int | None = reading.count(statement.player_id)
    except TooSlow:
        total = None
    slice_.keep(phase="reading", total=total, progress={"stand": stand.kept(), "since": timezone.now().isoformat()})
    return True


def _read(slice_: Slice, statement: Statement) -> bool:
    job = slice_.job
    stand = Stand.read(job.progress["stand"])
    if stand.over:
        slice_.keep(phase="writing")
        return True
    with brief():
        count, content = reading.piece(stand, ZoneInfo(statement.timezone))
    name, digest = files.write_part(job, content) if content else ("", "")
    with transaction.atomic():
        if content:
            number = Part.objects.filter(job=job, kind=READ).count()
            Part.objects.create(job=job, kind=READ, number=number, name=name, rows=content.count(b"\n"), sha256=digest)
        done = job.done + count
        total = None if job.total is None else max(job.total, done)
        slice_.keep(progress={**job.progress, "stand": stand.kept()}, done=done, total=total)
    return True


def _contents(slice_: Slice) -> Iterator[bytes]:
    for part in Part.objects.filter(job=slice_.job, kind=READ):
        yield files.read_part(part)
        slice_.keep()


def _issue(slice_: Slice, statement: Statement) -> bool:
    job, zone = slice_.job, ZoneInfo(statement.timezone)
    stand = Stand.read(job.progress["stand"])
    parts = composing.compose(stand, _contents(slice_), zone=zone, currency=statement.player.currency)
    themes = [(said(one.title, statement.language), one.load(statement.player_id, stand.begins, stand.ends)) for one in sections.every()]
    made = paper.Paper(statement, statement.player.name, stand.horizon, stand.ends, _began(slice_), parts, [one for one in themes if one[1]])
    content = paper.content(made, meanwhile=slice_.keep)
    digest, lines, now = hashlib.sha256(content).hexdigest(), composing.listed(parts), timezone.now()
    name = files.keep(job, ContentFile(content), statement.form)
    try:
        with transaction.atomic():
            slice_.move(
                "ready", file=name, size=len(content), sha256=digest, done=lines, total=lines, expires_at=now + KEPT, phase="", progress={},
                evidence={"lines": lines, "sha256": digest, "size": len(content)},
            )  # fmt: skip
            issued = {"issued_at": now, "horizon": stand.horizon, "lines": lines, "sha256": digest}
            Statement.objects.filter(pk=statement.pk).update(**issued)
            closing = {f"{part.currency} {part.money}": [part.opening, part.closing] for part in parts}
            record(
                "statement.issued", actor=Actor.system(machine()), at=now, brand_id=statement.brand_id, player_id=statement.player_id, subject=statement,
                after={
                    "since": statement.since, "until": statement.until, "language": statement.language, "form": statement.form, "lines": lines,
                    "horizon": stand.horizon, "sha256": digest, "balances": closing,
                },
            )  # fmt: skip
    except BaseException:
        files.discard(name)
        raise
    files.discard_parts(job)
    return False


def _refuse(slice_: Slice, statement: Statement, wrong: str) -> None:
    """Never issued: on the record, in the log, and to whoever keeps the books."""
    log.error("statement_does_not_add_up", statement=statement.pk, player=statement.player_id, detail=wrong)
    now = timezone.now()
    with transaction.atomic():
        record(
            "statement.refused", actor=Actor.system(machine()), at=now, brand_id=statement.brand_id, player_id=statement.player_id, subject=statement,
            after={"detail": wrong},
        )  # fmt: skip
        people = {one.pk: one for role in ("finance", "owner") for one in Staff.objects.of_role(role, brand_id=statement.brand_id)}
        notify(
            to=people.values(), kind=WRONG.code, params={"name": statement.name, "player": statement.player_id}, key=f"{WRONG.code}:{statement.pk}", now=now,
            url=reverse("players:player", args=[statement.player_id]) + "?tab=payments", brand_id=statement.brand_id,
        )  # fmt: skip
        slice_.move("failed", outcome=_("It does not add up with the ledger, so it was not issued. Finance has been told."))
    files.discard_everything(slice_.job)
