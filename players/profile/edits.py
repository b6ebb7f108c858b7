"""Changing a profile. What identifies a person goes to somebody else for approval; the rest changes at once. Each with a reason, on the record."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.services import Invalid, drafts
from backoffice.audit import vault
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed, Stale
from backoffice.audit.personal import Erased, Personal
from backoffice.audit.record import record
from backoffice.work import idempotency
from players import locks
from players.models import Address, Player
from players.models.profile import PARTS
from players.profile import identity, telling, values
from players.profile.values import IDENTITY, PLAIN
from players.services import PlayerRefused


@dataclass(frozen=True)
class Edited:
    """What became of an edit: the fields that are changed now, and the change that waits for somebody, if any."""

    changed: tuple[str, ...] = ()
    change_id: int | None = None
    waits: bool = False


def waiting(player_id: int) -> ChangeRequest | None:
    """The change of the player's identity that is on its way."""
    rows = ChangeRequest.objects.filter(kind=identity.CODE, subject=str(player_id), state__in=identity.OPEN)
    return rows.select_related("requested_by").first()


def edit_profile(*, player_id: int, version: int, said: Mapping[str, str], reason: str, key: str, by: Staff, now: datetime) -> Edited:
    """Bring the values of a profile to what `said` says, field by field; what it does not name stays. The same key again gives the same answer.

    Raises NotAllowed, Stale when the player changed since `version`, PlayerRefused for a wrong value (its code is the field), without a
    reason (`reason`), when nothing would change (`nothing`), while a change of the identity is on its way (`waits`), after erasure (`erased`).
    """
    if not by.may(identity.EDIT):
        raise NotAllowed(_("Editing profiles is not yours."))
    # What was said is personal: only a keyed digest of it is kept.
    content = {"version": version, "said": vault.digest(json.dumps(dict(said), sort_keys=True), purpose="player.edit"), "reason": reason}
    with idempotency.once(scope=f"players.profile:{player_id}", key=f"{by.pk}:{key}", content=content, now=now) as slot:
        if not slot.replayed:
            done = _edit(player_id, version, said, reason.strip(), key=key, by=by, now=now)
            slot.answer = {"changed": list(done.changed), "change": done.change_id, "waits": done.waits}
        return Edited(tuple(slot.answer["changed"]), slot.answer["change"], slot.answer["waits"])


@transaction.atomic
def _edit(player_id: int, version: int, said: Mapping[str, str], reason: str, *, key: str, by: Staff, now: datetime) -> Edited:
    if not reason:
        raise PlayerRefused(_("Say why."), code="reason")
    player = Player.objects.select_related("brand", "jurisdiction").get(pk=player_id)
    if player.version != version:
        raise Stale(player)
    if player.erased_at is not None:
        raise PlayerRefused(_("The player's personal values were erased; nothing personal is written any more."), code="erased")
    was = values.of(player)
    wanted = values.changed(player, said, now=now)
    if not wanted:
        raise PlayerRefused(_("Nothing would change."), code="nothing")
    sensitive = {name: wanted[name] for name in IDENTITY if name in wanted}
    # The change comes before the player's lock: whoever approves one takes them in that order too.
    change = _propose(player, {name: was[name] for name in IDENTITY} | sensitive, reason, key=key, by=by, now=now) if sensitive else None
    at_once = {name: wanted[name] for name in PLAIN if name in wanted}
    if at_once:
        _write(player_id, version + (change is not None and change.state == "active"), at_once, reason, by=by, now=now)
    in_force = sensitive if change is not None and change.state == "active" else {}
    return Edited(tuple(sorted([*at_once, *in_force])), change.pk if change else None, change is not None and change.state == "review")


def _propose(player: Player, whole: Mapping[str, str], reason: str, *, key: str, by: Staff, now: datetime) -> ChangeRequest:
    if (other := waiting(player.pk)) is not None:
        words = _("%(name)s waits for approval and changes the same. It has to be decided or taken back first.")
        raise PlayerRefused(words % {"name": other.name}, code="waits")
    subject = str(player.pk)
    try:
        draft = drafts.draft(kind=identity.CODE, subject=subject, values=identity.seal(subject, dict(whole)), by=by, key=f"profile:{key}"[:80], now=now)
        return drafts.submit(change_id=draft.pk, version=draft.version, reason=reason[:400], by=by, now=now)
    except Erased as gone:
        raise PlayerRefused(_("The player's personal values were erased; nothing personal is written any more."), code="erased") from gone
    except Invalid as invalid:
        raise PlayerRefused(str(invalid), code="nothing") from invalid


def _write(player_id: int, version: int, wanted: Mapping[str, str], reason: str, *, by: Staff, now: datetime) -> None:
    player = locks.player(player_id)
    if player.version != version:
        raise Stale(player)
    was = values.of(player)
    for name in ("country", "language"):
        setattr(player, name, wanted.get(name, was[name]))
    player.version += 1
    player.save(update_fields=["country", "language", "version"])
    if wanted.keys() & set(PARTS):
        home = Address(player=player, changed_at=now)
        home.parts = {part: wanted.get(part, was[part]) for part in PARTS}
        home.save()

    def fact(said: Mapping[str, str]) -> dict[str, object]:
        return {name: Personal(said[name]) if name in PARTS else said[name] for name in wanted}

    record(
        "player.profile_changed", actor=Actor.staff(by), at=now, brand_id=player.brand_id, player_id=player.pk, subject=player, before=fact(was),
        after=fact(wanted), reason=reason,
    )  # fmt: skip
    telling.profile_changed(player, wanted, now=now)
