"""The only writes to blocks, under the player's lock: what moves money takes the same one and reads blocks after it."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.access import reach
from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.record import machine, record
from backoffice.bell import kinds
from backoffice.bell.services import notify
from players import locks
from players.blocks import CONTACT, reasons, sources
from players.lifecycles import BLOCK
from players.models import Block, Player
from players.services import PlayerRefused
from players.telling import contact_changed

log = structlog.get_logger(__name__)
LONGEST = timedelta(days=365 * 10)
ENDED = kinds.Kind("players.block_ended", gettext_lazy("A block that you set has ended"), gettext_lazy("%(what)s of %(player)s is no longer blocked"), "shield")


@transaction.atomic
def set_block(
    *, player_id: int, kind: str, reason: str, note: str = "", ends_at: datetime | None = None, source: str = sources.STAFF, by: Actor, now: datetime
) -> Block:
    """Block one thing for a player, until `ends_at` or until it is lifted. It counts from the commit on.

    Raises PlayerRefused: block_unknown (kind, source or reason), block_note (a note is needed), block_end (not in the future, or above
    ten years), already_blocked (by the same source); Player.DoesNotExist.
    """
    player = locks.player(player_id)
    if kind not in dict(Block.KINDS) or not sources.takes(source, reason):
        raise PlayerRefused(_("There is no such block or reason."), code="block_unknown")
    if reasons.needs_note(reason) and not note.strip():
        raise PlayerRefused(_("Say in a note why."), code="block_note")
    if ends_at is not None and not now < ends_at <= now + LONGEST:
        raise PlayerRefused(_("It ends in the future, within ten years, or stays until it is lifted."), code="block_end")
    before = Block.objects.filter(player=player, kind=kind, source=source, state="active").first()
    if before is not None and before.ends_at is not None and before.ends_at <= now:
        _expire(before)
    elif before is not None:
        raise PlayerRefused(_("This is blocked already. Lift that block first."), code="already_blocked")
    return _put(player, kind, source, reason, note.strip()[:400], ends_at, by=by, now=now)


def _put(player: Player, kind: str, source: str, reason: str, note: str, ends_at: datetime | None, *, by: Actor, now: datetime) -> Block:
    block = Block.objects.create(
        brand_id=player.brand_id, player=player, kind=kind, source=source, reason=reason, note=note, set_at=now, ends_at=ends_at,
        set_by_id=by.id if by.kind == "staff" else None, set_by_label=by.label,
    )  # fmt: skip
    record(
        "block.set", actor=by, at=now, brand_id=player.brand_id, player_id=player.pk, subject=block, reason=reason,
        after={"kind": kind, "source": source, "until": ends_at, "state": "active", "version": 1, **({"note": block.note} if block.note else {})},
    )  # fmt: skip
    _contact(block, player, now=now)
    return block


def carry_over(block: Block, *, to: Player, why: str, by: Actor, now: datetime) -> tuple[Block | None, Block | None]:
    """Set what is blocked on one account on another one of the same person, unless that has the same for as long or longer.

    Gives the block that was set, and the shorter one that it took the place of. For services that hold the lock of `to`.
    """
    here = Block.objects.filter(player=to, kind=block.kind, source=block.source, state="active").first()
    if here is not None and here.ends_at is not None and here.ends_at <= now:
        _expire(here)
        here = None
    if here is not None and (here.ends_at is None or (block.ends_at is not None and block.ends_at <= here.ends_at)):
        return None, None
    if here is not None:
        _lift(here, to, why, by=by, now=now)
    return _put(to, block.kind, block.source, block.reason, why[:400], block.ends_at, by=by, now=now), here


def take_back(made_id: int, instead_of: int | None, *, player: Player, why: str, by: Actor, now: datetime) -> None:
    """Undo `carry_over`: what it set is lifted, unless it has ended, and what it took the place of is set again, unless its end has come.

    For services that hold the player's lock.
    """
    made = Block.objects.filter(pk=made_id, player=player, state="active").first()
    if made is None:
        return
    _lift(made, player, why, by=by, now=now)
    was = Block.objects.filter(pk=instead_of, player=player).first() if instead_of is not None else None
    if was is not None and (was.ends_at is None or was.ends_at > now):
        _put(player, was.kind, was.source, was.reason, was.note, was.ends_at, by=by, now=now)


def _lift(block: Block, player: Player, why: str, *, by: Actor, now: datetime) -> None:
    BLOCK.move(
        block, to="lifted", by=by, now=now, may=lambda _permission: True, note=why[:400], evidence={"kind": block.kind},
        also={"ended_at": now, "ended_by_id": by.id if by.kind == "staff" else None, "ended_why": why[:400]},
    )  # fmt: skip
    _contact(block, player, now=now)


@transaction.atomic
def lift_block(*, block_id: int, player_id: int, version: int, why: str, by: Staff, now: datetime) -> Block:
    """Let the player do it again. Raises PlayerRefused: block_unknown, block_over (it has ended), block_changed (since `version`),
    block_not_yours (its source decides alone), block_note (say why)."""
    player = locks.player(player_id)
    block = Block.objects.select_for_update(of=("self",)).filter(pk=block_id, player=player).first()
    if block is None:
        raise PlayerRefused(_("The player has no such block."), code="block_unknown")
    if block.state != "active" or (block.ends_at is not None and block.ends_at <= now):
        raise PlayerRefused(_("This block has ended already."), code="block_over")
    if block.version != version:
        raise PlayerRefused(_("It changed since you saw it. Look again."), code="block_changed")
    if not sources.shown(block.source).staff_lift:
        raise PlayerRefused(_("Staff cannot lift it: it was not set by staff."), code="block_not_yours")
    if not why.strip():
        raise PlayerRefused(_("Say why it is lifted."), code="block_note")
    BLOCK.move(
        block, to="lifted", by=Actor.staff(by), now=now, may=by.may, note=why.strip()[:400], evidence={"kind": block.kind},
        also={"ended_at": now, "ended_by_id": by.pk, "ended_why": why.strip()[:400]},
    )  # fmt: skip
    _contact(block, player, now=now)
    _tell(block, player, now=now, but=by.pk)
    return block


def _expire(block: Block) -> None:
    """Write down that it ended when it did."""
    assert block.ends_at is not None  # noqa: S101
    BLOCK.move(block, to="expired", by=Actor.system(machine()), now=block.ends_at, evidence={"kind": block.kind}, also={"ended_at": block.ends_at})


def end_due(*, now: datetime, batch: int = 100) -> int:
    """Write the facts of blocks whose end has come; they have stopped counting by themselves. Gives how many."""
    due = list(Block.objects.filter(state="active", ends_at__lte=now).order_by("ends_at").values_list("pk", "player_id")[:batch])
    ended = 0
    for pk, player_id in due:
        try:
            with transaction.atomic():
                player = Player.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=player_id).first()
                block = Block.objects.filter(pk=pk, state="active").first()
                if player is None or block is None:  # somebody is at it
                    continue
                _expire(block)
                _contact(block, player, now=now)
                _tell(block, player, now=now)
                ended += 1
        except NotAllowed:
            log.exception("block_not_ended", block=pk)
    return ended


def _contact(block: Block, player: Player, *, now: datetime) -> None:
    """The CRM hears of what changes how the player may be contacted."""
    if block.kind == CONTACT or sources.shown(block.source).excludes:
        contact_changed(player, key=f"block:{block.pk}:{block.version}", now=now)


def _tell(block: Block, player: Player, *, now: datetime, but: int | None = None) -> None:
    """Who set it hears that it is over, unless they ended it themselves."""
    who = block.set_by if block.set_by_id not in {None, but} else None
    if who is None or not reach.reaching([Staff.objects.with_roles().get(pk=who.pk)], player.brand_id):
        return
    params = {"what": str(block.get_kind_display()), "player": f"#{player.pk}"}
    url = reverse("players:blocks", args=[player.pk])
    notify(to=[who], kind=ENDED.code, params=params, url=url, key=f"{ENDED.code}:{block.pk}", now=now, brand_id=player.brand_id)
