"""Reading what the law keeps of an erased player: by who may, for a reason, on the record."""

import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from players.models import Erasure, Kept
from players.privacy import READ_KEPT
from players.services import PlayerRefused

MOST = 50  # pieces at once


@transaction.atomic
def read(*, part_id: int, reason: str, by: Staff, now: datetime) -> list[dict[str, Any]]:
    """The rows, once the fact that they were read is on the record. Raises PlayerRefused: not_allowed, reason, nothing_kept."""
    if not by.may(READ_KEPT):
        raise PlayerRefused(_("Your role does not read this."), code="not_allowed")
    if not reason.strip():
        raise PlayerRefused(_("Say why you have to see it."), code="reason")
    part = Erasure.objects.filter(pk=part_id, state="kept", brand_id__in=by.reach()).first()
    if part is None:
        raise PlayerRefused(_("Nothing of it is kept any more."), code="nothing_kept")
    record(
        "player.kept_read", actor=Actor.staff(by), at=now, brand_id=part.brand_id, player_id=part.player_id, subject=("players.erasure", part.pk),
        after={"kind": part.kind}, reason=reason.strip()[:300],
    )  # fmt: skip
    pieces = Kept.objects.filter(erasure=part).order_by("number")[:MOST]
    return [json.loads(line) for piece in pieces for line in piece.lines.splitlines()]
