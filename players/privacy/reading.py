"""Reading what the law keeps of an erased player: by who may, for a reason, on the record."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from players.models import Erasure, Kept
from players.privacy import READ_KEPT, held
from players.services import PlayerRefused

MOST = 50  # pieces at once


@transaction.atomic
def read(*, part_id: int, reason: str, by: Staff, now: datetime) -> list[dict[str, Any]]:
    """The rows, once the fact that they were read is on the record. Raises PlayerRefused: not_allowed, reason, nothing_kept."""
    part = _opened(part_id, reason, by=by, now=now)
    pieces = Kept.objects.filter(erasure=part).order_by("number")[:MOST]
    return [{name: value for name, value in row.items() if not name.startswith("_")} for row in _rows(pieces)]


@transaction.atomic
def read_file(*, part_id: int, file: int, reason: str, by: Staff, now: datetime) -> held.Kept:
    """One file of the rows, once the fact that it was read is on the record. Raises as `read`, and PlayerRefused `no_file`."""
    part = _opened(part_id, reason, by=by, now=now, file=file)
    find = held.get(part.kind).kept_file
    for piece in Kept.objects.filter(erasure=part).order_by("number").iterator(chunk_size=10) if find is not None else ():
        for row in _rows([piece]):
            if any(one["number"] == file for one in row.get("files", ())):
                try:
                    return find(row, file)  # type: ignore[misc]
                except held.NotKept as gone:
                    raise PlayerRefused(str(gone), code="no_file") from gone
    raise PlayerRefused(_("There is no such file."), code="no_file")


def _rows(pieces: Iterable[Kept]) -> Iterable[dict[str, Any]]:
    return (json.loads(line) for piece in pieces for line in piece.lines.splitlines())


def _opened(part_id: int, reason: str, *, by: Staff, now: datetime, **more: Any) -> Erasure:
    if not by.may(READ_KEPT):
        raise PlayerRefused(_("Your role does not read this."), code="not_allowed")
    if not reason.strip():
        raise PlayerRefused(_("Say why you have to see it."), code="reason")
    part = Erasure.objects.filter(pk=part_id, state="kept", brand_id__in=by.reach()).first()
    if part is None:
        raise PlayerRefused(_("Nothing of it is kept any more."), code="nothing_kept")
    record(
        "player.kept_read", actor=Actor.staff(by), at=now, brand_id=part.brand_id, player_id=part.player_id, subject=("players.erasure", part.pk),
        after={"kind": part.kind, **more}, reason=reason.strip()[:300],
    )  # fmt: skip
    return part
