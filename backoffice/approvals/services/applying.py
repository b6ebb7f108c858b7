"""Putting a change into force: the one place that calls what a kind registered, and the house's own changes."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext_noop

from backoffice.approvals.lifecycles import CHANGE, SUBJECT
from backoffice.approvals.models import ChangeRequest, Version
from backoffice.approvals.registry import Kind, Refused, Values, registry
from backoffice.approvals.services import Invalid
from backoffice.audit.actors import Actor
from backoffice.audit.record import machine, record

_LOCKS = 7_202_604  # the space of advisory locks of kinds


def put_into_force(change: ChangeRequest, *, by: Any, now: datetime) -> None:
    """What happens once nobody else has to agree: in force at once, or scheduled. The caller has locked the change.

    `by` is the person whose approval completed it, or None. A thing that was changed meanwhile makes the change stale; a kind
    that refuses makes it fail. Either way nothing of it is applied, and the change says why.
    """
    authorised = by.pk if by is not None else None
    if change.effective_at is not None and change.effective_at > now:
        actor, may = (Actor.staff(by), lambda word: word == "approver") if by is not None else (_house(), None)
        CHANGE.move(change, to="scheduled", by=actor, may=may, now=now, evidence={"effective_at": change.effective_at})
        return
    kind = registry.kind(change.kind)
    _one_at_a_time(kind)
    if (kind.current(change.subject) if change.subject else None) != change.base:
        words = gettext_noop("What it was drafted against was changed by somebody else in the meantime.")
        CHANGE.move(change, to="stale", by=_house(), now=now, also={"outcome": words}, authorised_by_id=authorised)
        return
    before = {name: getattr(change, name) for name in ("state", "version", "applied_at", "subject")}
    try:
        with transaction.atomic(), translation.override(settings.LANGUAGE_CODE):  # why it fails is kept, for readers of every language
            _apply(change, kind, now=now, authorised=authorised)
    except (Refused, Invalid) as refused:
        for name, value in before.items():
            setattr(change, name, value)
        CHANGE.move(change, to="failed", by=_house(), now=now, also={"outcome": str(refused)[:400]}, authorised_by_id=authorised)


def _apply(change: ChangeRequest, kind: Kind, *, now: datetime, authorised: int | None) -> None:
    from backoffice.approvals.services.drafts import check

    check(kind, change.subject, change.payload)
    CHANGE.move(
        change, to="active", by=_house(), now=now, fact="change.applied", also={"applied_at": now}, authorised_by_id=authorised,
        reason=change.reason, evidence={"values": change.payload},
    )  # fmt: skip
    _write(change, kind, now=now)


def _write(change: ChangeRequest, kind: Kind, *, now: datetime) -> None:
    """Call the kind, then keep the version. The change is active in this transaction, which is what opens the guarded tables."""
    requester = change.requested_by
    # The requester acts, wherever the last approver or the sweep happens to be: so without an address.
    actor = Actor("staff", requester.pk, requester.name) if requester is not None else _house()
    subject = kind.act(change.subject, change.payload, by=actor, now=now)
    ChangeRequest.objects.filter(pk=change.pk).update(applied_in=None)  # closes the tables again (migrations/sql/guards.sql)
    if change.subject != subject:
        change.subject = subject
        change.save(update_fields=["subject"])
    _keep_version(change, kind, now=now)
    _end_previous(change, now=now)


def _keep_version(change: ChangeRequest, kind: Kind, *, now: datetime) -> None:
    last = Version.objects.filter(kind=change.kind, subject=change.subject).order_by("-number").first()
    number = last.number if last else 0
    if last is None and change.base is not None:  # it came with the house: what was found is the first version
        number = 1
        Version.objects.create(
            kind=change.kind, subject=change.subject, number=1, title=kind.title(change.subject, change.base)[:160], values=change.base,
            effective_until=now,
        )  # fmt: skip
    elif last is not None and last.effective_until is None:
        Version.objects.filter(pk=last.pk).update(effective_until=now)
    # What is in force now, in the kind's own words: a restore compares with it.
    values = kind.current(change.subject) or change.payload
    Version.objects.create(
        kind=change.kind, subject=change.subject, number=number + 1, title=kind.title(change.subject, values)[:160], values=values,
        effective_from=now, change=change,
    )  # fmt: skip


def _end_previous(change: ChangeRequest, *, now: datetime) -> None:
    for earlier in ChangeRequest.objects.select_for_update(of=("self",)).filter(kind=change.kind, subject=change.subject, state="active").exclude(pk=change.pk):
        CHANGE.move(earlier, to="ended", by=_house(), now=now, evidence={"followed_by": change.pk})


@transaction.atomic
def enact(*, kind: str, subject: str = "", values: Values, reason: str, now: datetime) -> ChangeRequest | None:
    """The house itself changes something: set-up, seeding, a command at the server's own console. On the record, without approval.

    The values that are in force already change nothing and give None. Raises Invalid, Refused.
    """
    from backoffice.approvals.services.drafts import check

    found = registry.kind(kind)
    _one_at_a_time(found)
    base = found.current(subject) if subject else None
    checked = check(found, subject if base is not None else "", values)
    if base == checked:
        return None
    change = ChangeRequest.objects.create(
        kind=kind, subject=subject if base is not None else "", title=found.title(subject, checked)[:160], brand_id=found.brand_of(subject, checked), base=base,
        payload=checked, reason=reason, state="active", created_at=now, submitted_at=now, applied_at=now,
    )  # fmt: skip
    record(
        "change.enacted", actor=_house(), at=now, brand_id=change.brand_id, player_id=change.player_id,
        subject=(SUBJECT, change.pk), before={"values": base} if base else None,
        after={"kind": kind, "thing": subject, "values": checked}, reason=reason,
    )  # fmt: skip
    _write(change, found, now=now)
    return change


def _one_at_a_time(kind: Kind) -> None:
    """Changes of one kind come into force one after the other, so that what is compared is what is overwritten."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCKS, kind.code])


def _house() -> Actor:
    return Actor.system(machine())
