"""What people say about two accounts: one person, or two."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from players import locks
from players.lifecycles import DUPLICATE
from players.models import Duplicate, Merge
from players.services import PlayerRefused

WORK = "players.duplicates"


def is_merged(row: Duplicate) -> bool:
    return Merge.objects.filter(duplicate=row, state="merged").exists()


@transaction.atomic
def judge(*, duplicate_id: int, same: bool, note: str, by: Staff, now: datetime) -> Duplicate:
    """Say that both are one person, or two, also anew. Two people come back only when they share something more.

    Raises Duplicate.DoesNotExist, NotAllowed, PlayerRefused without a reason (`note`), when just that is said already (`said`), or while they are
    merged (`merged`).
    """
    if not note.strip():
        raise PlayerRefused(_("Say why."), code="note")
    rows = Duplicate.objects.filter(pk=duplicate_id)
    if not rows.exists():
        raise Duplicate.DoesNotExist
    locks.owner_of(rows)
    row = rows.select_for_update(of=("self",)).get()
    if row.state == ("confirmed" if same else "dismissed"):
        raise PlayerRefused(_("It was judged so before."), code="said")
    if row.state == "confirmed" and is_merged(row):
        raise PlayerRefused(_("These two accounts are merged. Undo the merge first."), code="merged")
    also = {"decided_at": now, "decided_by": by, **({} if same else {"judged": row.evidence})}
    DUPLICATE.move(
        row, to="confirmed" if same else "dismissed", by=Actor.staff(by), may=by.may, now=now, note=note.strip(), also=also,
        evidence={"with": row.first_id, "shares": row.evidence},
    )  # fmt: skip
    return row
