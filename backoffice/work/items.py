"""What people do about an item without deciding it: sleep, assignment, escalation, tags, take-over. Each is a fact on the record.

`subject` is the queue's subject and the item's id; `brand_id` and `player_id` are the item's own, for the record. A caller has checked
that the person may work the queue and sees the item.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.access.models import Role, Staff
from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from backoffice.work import telling
from backoffice.work.models import Capacity, Claim, Item

LONGEST_SLEEP = timedelta(days=90)
MOST_TAGS = 10


class NotPossible(Exception):
    """What was asked cannot be done to this item now. The message says why and what to do."""


@dataclass(frozen=True)
class Subject:
    """An item as the kit knows it: where it points to and what its facts belong to."""

    type: str
    id: int
    brand_id: int
    player_id: int | None = None
    label: str = ""  # how people call it
    told: str = ""  # how notices call it, which are kept: without what names a person; the label when empty

    @classmethod
    def of(cls, subject_type: str, row: Any) -> "Subject":
        return cls(subject_type, row.pk, row.brand_id, getattr(row, "player_id", None), str(row))


def _locked(subject: Subject) -> Item:
    """The item's row, made when nobody touched it before, locked until the transaction ends."""
    Item.objects.bulk_create([Item(subject_type=subject.type, subject_id=subject.id, brand_id=subject.brand_id)], ignore_conflicts=True)
    return Item.objects.select_for_update(no_key=True, of=("self",)).get(subject_type=subject.type, subject_id=subject.id)


def _noted(kind: str, subject: Subject, *, by: Any, now: datetime, before: Mapping[str, Any], after: Mapping[str, Any], reason: str = "") -> int:
    return record(
        kind, actor=by if isinstance(by, Actor) else Actor.staff(by), at=now,
        brand_id=subject.brand_id, player_id=subject.player_id, subject=(subject.type, subject.id),
        before=before, after=after, reason=reason,
    )  # fmt: skip


@transaction.atomic
def snooze(subject: Subject, *, until: datetime, reason: str, by: Any, now: datetime) -> Item:
    """Let it sleep: it leaves the views until then and comes back by itself. Raises NotPossible."""
    if until <= now:
        raise NotPossible(_("Choose a moment that is still to come."))
    if until > now + LONGEST_SLEEP:
        raise NotPossible(_("Nothing sleeps longer than %(days)s days.") % {"days": LONGEST_SLEEP.days})
    if not reason.strip():
        raise NotPossible(_("Say why it can wait."))
    item = _locked(subject)
    before = {"snoozed_until": item.snoozed_until}
    item.snoozed_until = until
    item.save(update_fields=["snoozed_until"])
    _noted("work.snoozed", subject, by=by, now=now, before=before, after={"snoozed_until": until, "note": reason.strip()})
    return item


@transaction.atomic
def wake(subject: Subject, *, by: Any, now: datetime) -> Item:
    item = _locked(subject)
    if item.snoozed_until is not None and item.snoozed_until > now:
        before = {"snoozed_until": item.snoozed_until}
        item.snoozed_until = None
        item.save(update_fields=["snoozed_until"])
        _noted("work.woken", subject, by=by, now=now, before=before, after={"snoozed_until": None})
    return item


def may_assign(*, to: Staff | None, by: Any) -> None:
    """Everybody who works a queue may take an item or give it back; giving it to others is a permission. Raises NotPossible."""
    if to is not None and to.pk != by.pk and not by.may("work.assign_others"):
        raise NotPossible(_("Assigning to other people is not yours; you may take it yourself."))


@transaction.atomic
def assign(subject: Subject, *, to: Staff | None, permission: str, by: Any, now: datetime) -> Item:
    """Make it somebody's work, or nobody's. Raises NotPossible when they may not do it, do not reach the brand, are away or full."""
    if to is not None:
        _may_take(subject, to, permission=permission, now=now)
    item = _locked(subject)
    if item.assignee_id == (to.pk if to else None):
        return item
    before = {"assignee": item.assignee_id}
    item.assignee, item.assigned_at = to, now if to else None
    item.save(update_fields=["assignee", "assigned_at"])
    fact = _noted("work.assigned", subject, by=by, now=now, before=before, after={"assignee": to.pk if to else None, "name": to.name if to else ""})
    if to is not None:
        telling.tell(telling.ASSIGNED, subject, to=[to], by=by, fact=fact, now=now)
    return item


def _may_take(subject: Subject, to: Staff, *, permission: str, now: datetime) -> None:
    words = {"name": to.name}
    if not to.is_active or not to.may(permission):
        raise NotPossible(_("%(name)s may not work this queue.") % words)
    if subject.brand_id not in to.reach():
        raise NotPossible(_("%(name)s does not work on this brand.") % words)
    capacity = Capacity.objects.select_for_update(no_key=True, of=("self",)).filter(staff=to, subject_type=subject.type).first()
    if capacity is None:
        return
    if capacity.away_from and capacity.away_until and capacity.away_from <= now < capacity.away_until:
        raise NotPossible(_("%(name)s is away.") % words)
    if capacity.most is not None and _held_by(to, subject) >= capacity.most:
        raise NotPossible(_("%(name)s has %(most)s already, as many as agreed.") % {**words, "most": capacity.most})


def _held_by(staff: Staff, subject: Subject) -> int:
    """Open items of the queue that are this person's, without the one in question."""
    from backoffice.work import queues

    held = Item.objects.filter(subject_type=subject.type, assignee=staff).exclude(subject_id=subject.id).values("subject_id")
    queue = queues.get(subject.type)
    return queue.rows(staff).filter(queue.open, pk__in=held).count()


@transaction.atomic
def escalate(subject: Subject, *, to: str, roles: Iterable[str], reason: str, by: Any, now: datetime) -> Item:
    """Hand it to people of a role, who find it under "Escalated". Raises NotPossible."""
    if to not in set(roles):
        raise NotPossible(_("Choose to whom it is escalated."))
    if not reason.strip():
        raise NotPossible(_("Say what they should look at."))
    item = _locked(subject)
    before = {"escalated_to": item.escalated_to}
    item.escalated_to, item.escalated_at = to, now
    item.save(update_fields=["escalated_to", "escalated_at"])
    role = Role.objects.filter(code=to).values_list("name", flat=True).first() or to
    fact = _noted("work.escalated", subject, by=by, now=now, before=before, after={"escalated_to": to, "role": role, "note": reason.strip()})
    people = Staff.objects.of_role(to, brand_id=subject.brand_id)
    telling.tell(telling.ESCALATED, subject, to=people, by=by, fact=fact, now=now, why=reason.strip(), role=role)
    return item


def clean_tag(text: str) -> str:
    """As it is kept: lower case, single spaces. Raises NotPossible for nothing or for too much."""
    tag = " ".join(text.lower().split())
    if not tag or len(tag) > 40:  # noqa: PLR2004 (the column's width)
        raise NotPossible(_("A tag has 1 to 40 characters."))
    return tag


@transaction.atomic
def tag(subject: Subject, *, add: Iterable[str] = (), remove: Iterable[str] = (), by: Any, now: datetime) -> Item:
    """Add and remove tags; `by` is somebody of the staff, or an Actor. Raises NotPossible."""
    wanted, unwanted = [clean_tag(one) for one in add], {clean_tag(one) for one in remove}
    item = _locked(subject)
    before = list(item.tags)
    after = sorted(({*before, *wanted}) - unwanted)
    if len(after) > MOST_TAGS:
        raise NotPossible(_("An item has at most %(most)s tags.") % {"most": MOST_TAGS})
    if after != before:
        item.tags = after
        item.save(update_fields=["tags"])
        _noted("work.tagged", subject, by=by, now=now, before={"tags": before}, after={"tags": after})
    return item


@transaction.atomic
def take_over(subject: Subject, *, reason: str, by: Any, now: datetime) -> Claim:
    """Take somebody else's claim, saying why. Raises NotPossible without a reason."""
    from backoffice.work import claims

    if not reason.strip():
        raise NotPossible(_("Say why you take it over."))
    held = Claim.objects.select_for_update(of=("self",)).filter(subject_type=subject.type, subject_id=subject.id).select_related("staff").first()
    if held is not None and held.staff_id != by.pk:
        before = {"claimed_by": held.staff_id, "name": held.staff.name}
        held.delete()
        after = {"claimed_by": by.pk, "name": by.name, "note": reason.strip()}
        fact = _noted("work.taken_over", subject, by=by, now=now, before=before, after=after)
        if held.until > now:  # a claim that had run out was nobody's any more
            telling.tell(telling.TAKEN_OVER, subject, to=[held.staff], by=by, fact=fact, now=now, why=reason.strip())
    if not claims.take(subject=(subject.type, subject.id), by=by, now=now):
        raise NotPossible(_("Somebody else took it at the same moment. Look again."))
    return Claim.objects.select_related("staff").get(subject_type=subject.type, subject_id=subject.id)


def set_capacity(
    *, staff: Staff, subject_type: str, most: int | None, away_from: datetime | None, away_until: datetime | None, by: Any, now: datetime
) -> Capacity:
    """How much somebody takes and when they are away. Raises ValidationError."""
    with transaction.atomic():
        found, _made = Capacity.objects.select_for_update(of=("self",)).get_or_create(staff=staff, subject_type=subject_type)
        before = {"most": found.most, "away_from": found.away_from, "away_until": found.away_until}
        found.most, found.away_from, found.away_until = most, away_from, away_until
        found.full_clean()
        found.save()
        record(
            "work.capacity_set", actor=Actor.staff(by), at=now, subject=("access.staff", staff.pk), before=before,
            after={"queue": subject_type, "most": most, "away_from": away_from, "away_until": away_until},
        )  # fmt: skip
    return found
