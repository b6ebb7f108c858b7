"""The only ways to merge two accounts and to take it back. Called by the approvals' engine (kind.py), under the locks of both players."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from players import locks
from players.lifecycles import MERGE, PLAYER
from players.merging import parts, telling
from players.merging.parts import Pair
from players.models import Duplicate, Instruction, Merge, Player
from players.profile import instructions
from players.services import PlayerRefused

_LAST = """
WITH RECURSIVE way (id, steps) AS (
    SELECT stays_id, 1 FROM players_merge WHERE goes_id = %s AND state = 'merged'
    UNION ALL SELECT m.stays_id, w.steps + 1 FROM way w JOIN players_merge m ON m.goes_id = w.id AND m.state = 'merged' WHERE w.steps < 100
) SELECT id FROM way ORDER BY steps DESC LIMIT 1
"""


def last_of(player_id: int) -> int | None:
    """The account into which this one is merged in the end, over any number of steps; None while it is an account of its own."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST, [player_id])
        row = cursor.fetchone()
    return int(row[0]) if row else None


def standing(duplicate_id: int) -> Merge | None:
    """The merge of a pair that is in force."""
    return Merge.objects.filter(duplicate=duplicate_id, state="merged").select_related("stays__brand", "goes__brand", "merged_by").first()


def pair_of(duplicate: Duplicate, stays_id: int, *, now: datetime) -> Pair:
    """Raises PlayerRefused (`stays`) when the account is none of the two."""
    both = {duplicate.first_id: duplicate.first, duplicate.player_id: duplicate.player}
    if stays_id not in both:
        raise PlayerRefused(_("Choose which of the two accounts stays."), code="stays")
    stays = both.pop(stays_id)
    return Pair(stays, both.popitem()[1], now)


def refusals(duplicate: Duplicate, pair: Pair) -> list[str]:
    """Everything that stands in the way of a merge, in words."""
    return list(_refusals(duplicate, pair))


def _refusals(duplicate: Duplicate, pair: Pair) -> Iterable[str]:
    if duplicate.state != "confirmed":
        yield _("Nobody has confirmed that both are one person. Judge the pair first.")
    if pair.stays.brand_id != pair.goes.brand_id:
        yield _("They are accounts of two brands. Money and history stay with the brand.")
    elif pair.stays.jurisdiction_id != pair.goes.jurisdiction_id:
        yield _("They are under two jurisdictions. What is owed under one licence does not move to another.")
    if pair.stays.is_test != pair.goes.is_test:
        yield _("One of them is a test player.")
    yield from _states(pair)
    for _key, part in parts.every():
        yield from part.refuses(pair)


def _states(pair: Pair) -> Iterable[str]:
    for one in (pair.goes, pair.stays):
        if one.state == "merged":
            words = {"number": one.pk, "last": last_of(one.pk)}
            yield _("Account #%(number)s is merged into #%(last)s already. Look at that one.") % words
        if one.erased_at is not None:
            yield _("Account #%(number)s was erased.") % {"number": one.pk}
        if one.state == "dormant":
            yield _("Account #%(number)s is dormant. Identify the person, or close it, first.") % {"number": one.pk}
    if pair.stays.state == "closed":
        yield _("Account #%(number)s is closed. Let the other one stay, or open it again first.") % {"number": pair.stays.pk}
    if pair.goes.state == "suspended" and pair.stays.state == "active":
        words = {"goes": pair.goes.pk, "stays": pair.stays.pk}
        yield _("Account #%(goes)s is suspended and #%(stays)s is not. Suspend that one as well, or lift the suspension first.") % words


@transaction.atomic
def merge(*, duplicate_id: int, stays_id: int, reason: str, by: Actor, now: datetime) -> Merge:
    """Merge the other account of a confirmed pair into the one that stays.

    Raises PlayerRefused (`merge`) with everything that stands in the way, and then nothing has happened; Duplicate.DoesNotExist.
    """
    duplicate = _locked(duplicate_id)
    pair = pair_of(duplicate, stays_id, now=now)
    problems = refusals(duplicate, pair)
    if problems:
        raise PlayerRefused(" ".join(problems), code="merge")
    made = Merge.objects.create(
        brand_id=pair.stays.brand_id, duplicate=duplicate, stays=pair.stays, goes=pair.goes, state_before=pair.goes.state, merged_at=now,
        merged_by_id=by.id if by.kind == "staff" else None,
    )  # fmt: skip
    made.kept = {key: dict(part.carry(pair, made, by=by, now=now)) for key, part in parts.every()}
    made.save(update_fields=["kept"])
    PLAYER.move(pair.goes, to="merged", by=by, may=_approved, now=now, reason=reason, evidence={"into": pair.stays.pk})
    record(
        "merge.made", actor=by, at=now, brand_id=made.brand_id, player_id=made.player_id, subject=made, reason=reason,
        after={"state": "merged", "goes": pair.goes.pk, "stays": pair.stays.pk},
    )  # fmt: skip
    instructions.ask(Instruction.SESSIONS, pair.goes, reason=_("Merged into account #%(number)s") % {"number": pair.stays.pk}, by=by, now=now)
    telling.merged(made, now=now)
    return made


def undo_refusals(made: Merge, *, now: datetime) -> list[str]:
    """Everything that stands in the way of taking a merge back, in words."""
    return list(_undo_refusals(made, Pair(made.stays, made.goes, now)))


def _undo_refusals(made: Merge, pair: Pair) -> Iterable[str]:
    if made.state != "merged":
        yield _("It was undone before.")
        return
    if pair.goes.erased_at is not None:
        yield _("Account #%(number)s was erased.") % {"number": pair.goes.pk}
    if pair.stays.state == "merged":
        words = {"number": pair.stays.pk, "last": last_of(pair.stays.pk)}
        yield _("Account #%(number)s itself was merged into #%(last)s since. Undo that first.") % words
    for key, part in parts.every():
        yield from part.refuses_undo(pair, made.kept.get(key, {}))


@transaction.atomic
def undo(*, duplicate_id: int, reason: str, by: Actor, now: datetime) -> Merge:
    """Take the merge of a pair back: money by the reverse postings, the account to the state that it had.

    Raises PlayerRefused (`merge`) with everything that stands in the way, and then nothing has happened; Duplicate.DoesNotExist.
    """
    made, pair = _standing_locked(duplicate_id, now=now)
    problems = undo_refusals(made, now=now)
    if problems:
        raise PlayerRefused(" ".join(problems), code="merge")
    for key, part in reversed(parts.every()):
        part.undo(pair, made, made.kept.get(key, {}), by=by, now=now)
    PLAYER.move(
        pair.goes, to=made.state_before, by=by, may=_approved, now=now, fact="player.unmerged", reason=reason, evidence={"from": pair.stays.pk}
    )  # fmt: skip
    MERGE.move(
        made, to="undone", by=by, may=_approved, now=now, fact="merge.undone", reason=reason, also={"undone_at": now},
        evidence={"goes": pair.goes.pk, "stays": pair.stays.pk},
    )  # fmt: skip
    telling.unmerged(made, now=now)
    return made


def late(goes_id: int) -> list[tuple[parts.Part, list[str]]]:
    """What came in on a merged account since, part by part, in words."""
    found = [(part, list(part.late(goes_id))) for _key, part in parts.every()]
    return [(part, words) for part, words in found if words]


def late_refusals(made: Merge, *, now: datetime) -> list[str]:
    """Everything that stands in the way of carrying over what came in late, in words."""
    return list(_late_refusals(made, Pair(made.stays, made.goes, now)))


def _late_refusals(made: Merge, pair: Pair) -> Iterable[str]:
    if made.state != "merged":
        yield _("It was undone before.")
        return
    if pair.stays.erased_at is not None:
        yield _("Account #%(number)s was erased.") % {"number": pair.stays.pk}
    if not late(pair.goes.pk):
        yield _("Nothing is on account #%(number)s.") % {"number": pair.goes.pk}
    for _key, part in parts.every():
        if part.carry_late is not None:
            yield from part.refuses(pair)


@transaction.atomic
def carry_late(*, duplicate_id: int, reason: str, by: Actor, now: datetime) -> Merge:
    """Carry what came in on the merged account over to the one that stays, all that is there now. Where nothing else moved since the merge it can
    still be undone, with this.

    Raises PlayerRefused (`merge`) with everything that stands in the way, and then nothing has happened; Duplicate.DoesNotExist.
    """
    made, pair = _standing_locked(duplicate_id, now=now)
    problems = late_refusals(made, now=now)
    if problems:
        raise PlayerRefused(" ".join(problems), code="merge")
    for key, part in parts.every():
        if part.carry_late is not None:
            made.kept[key] = dict(part.carry_late(pair, made, made.kept.get(key, {}), by=by, now=now))
    made.save(update_fields=["kept"])
    both = {"goes": pair.goes.pk, "stays": pair.stays.pk}
    record("merge.late_carried", actor=by, at=now, brand_id=made.brand_id, player_id=pair.stays.pk, subject=made, reason=reason, after=both)
    record("player.late_carried", actor=by, at=now, brand_id=made.brand_id, player_id=pair.goes.pk, subject=pair.goes, reason=reason, after=both)
    return made


def _standing_locked(duplicate_id: int, *, now: datetime) -> tuple[Merge, Pair]:
    """The merge of a pair that is in force with both accounts, locked in the one order. Raises PlayerRefused (`merge`) when nothing is merged."""
    duplicate = _locked(duplicate_id)
    made = Merge.objects.select_for_update(of=("self",)).filter(duplicate=duplicate, state="merged").first()
    if made is None:
        raise PlayerRefused(_("It was undone before."), code="merge")
    pair = pair_of(duplicate, made.stays_id, now=now)
    made.stays, made.goes = pair.stays, pair.goes
    return made, pair


def _locked(duplicate_id: int) -> Duplicate:
    """The pair with both accounts, locked in the one order: players by number, then the pair."""
    first_id, player_id = Duplicate.objects.values_list("first_id", "player_id").get(pk=duplicate_id)
    both = locks.both(first_id, player_id)
    duplicate = Duplicate.objects.select_for_update(of=("self",)).get(pk=duplicate_id)
    duplicate.first, duplicate.player = both[first_id], both[player_id]
    return duplicate


def _approved(_permission: str) -> bool:
    return True  # who asked held it then, and somebody else has agreed


def merged_into(player: Player) -> Player | None:
    """The account that a merged one leads to."""
    last = last_of(player.pk) if player.state == "merged" else None
    return Player.objects.filter(pk=last).first() if last is not None else None
