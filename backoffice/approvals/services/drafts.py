"""Proposing: a draft is written and changed by one person until it is submitted, or taken back."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.approvals import rules
from backoffice.approvals.lifecycles import CHANGE, REQUESTER, SUBJECT
from backoffice.approvals.models import ChangeRequest, Version
from backoffice.approvals.registry import Kind, Values, registry
from backoffice.approvals.services import Drifted, Invalid, NotAllowed, ReasonRequired, StaleChange, applying, telling
from backoffice.audit.actors import Actor
from backoffice.audit.record import record

PATIENCE = timedelta(days=14)  # a change that nobody decides about expires
OUTLOOK = timedelta(days=366)  # how far ahead one may be dated


def locked(change_id: int) -> ChangeRequest:
    """The change, locked for this transaction. Every move of a change begins here; the lock of its kind comes second."""
    return ChangeRequest.objects.select_for_update(of=("self",)).select_related("policy").get(pk=change_id)


def check(kind: Kind, subject: str, values: Values) -> Values:
    """The values as the kind's form reads them. Raises Invalid with everything that is wrong."""
    form = kind.form.of(values, subject=subject)
    if not form.is_valid():
        raise Invalid(form.problems())
    found = form.values()
    if problems := kind.validate(subject, found):
        raise Invalid(problems)
    return found


@transaction.atomic
def draft(*, kind: str, subject: str = "", values: Values, by: Staff, key: str, now: datetime, restored_from: int | None = None) -> ChangeRequest:
    """Write a draft of new values for a thing, or for a new one when `subject` is empty. The same key again gives the same draft.

    Raises NotAllowed without the kind's permission or outside one's brands, Invalid, Drifted never: it is written against what is now.
    """
    made = ChangeRequest.objects.filter(requested_by=by, key=key).first()
    if made is not None:
        return made
    found = registry.kind(kind)
    if not by.may(found.permission):
        raise NotAllowed(_("Proposing it needs the permission %(name)s.") % {"name": found.permission})
    base = found.current(subject) if subject else None
    if subject and base is None:
        raise Invalid([_("There is no “%(name)s”.") % {"name": subject}])
    if not subject and not found.creatable:
        raise Invalid([_("Nothing of this kind is added here.")])
    checked = check(found, subject, values)
    brand_id = _reached(found, subject, base, checked, by)
    change, fresh = ChangeRequest.objects.get_or_create(
        requested_by=by, key=key,
        defaults={
            "kind": kind, "subject": subject, "title": found.title(subject, checked)[:160], "brand_id": brand_id, "base": base, "payload": checked,
            "created_at": now, "restored_from": restored_from,
        },
    )  # fmt: skip
    if fresh:
        record(
            "change.drafted", actor=Actor.staff(by), at=now, brand_id=brand_id, player_id=change.player_id,
            subject=(SUBJECT, change.pk),
            after={"kind": kind, "thing": subject, "values": checked, **({"restored_from": restored_from} if restored_from else {})},
        )  # fmt: skip
    return change


@transaction.atomic
def edit_draft(*, change_id: int, version: int, values: Values, by: Staff, now: datetime) -> ChangeRequest:
    """Put other values into one's draft, against what is in force now. Raises NotAllowed, StaleChange, Invalid."""
    change = _own(change_id, version, by)
    kind = registry.kind(change.kind)
    base = kind.current(change.subject) if change.subject else None
    checked = check(kind, change.subject, values)
    if change.payload == checked and change.base == base:
        return change
    before = change.payload
    change.brand_id = _reached(kind, change.subject, base, checked, by)
    change.payload, change.base, change.title = checked, base, kind.title(change.subject, checked)[:160]
    change.version += 1
    change.save(update_fields=["payload", "base", "title", "brand", "version"])
    record(
        "change.edited", actor=Actor.staff(by), at=now, brand_id=change.brand_id, player_id=change.player_id,
        subject=(SUBJECT, change.pk), before={"values": before},
        after={"values": checked},
    )  # fmt: skip
    return change


@transaction.atomic
def submit(
    *, change_id: int, version: int, reason: str, by: Staff, now: datetime, effective_at: datetime | None = None, expires_at: datetime | None = None
) -> ChangeRequest:
    """Hand one's draft in. Where nobody else has to agree it takes effect at once, or on its date.

    Raises NotAllowed, StaleChange, ReasonRequired, Drifted when what it was drafted against is no longer so, Invalid when nothing
    would change, the values are no longer right, or the dates make no sense.
    """
    change = _own(change_id, version, by)
    kind = registry.kind(change.kind)
    if not by.may(kind.permission):
        raise NotAllowed(_("Proposing it needs the permission %(name)s.") % {"name": kind.permission})
    if not reason.strip():
        raise ReasonRequired(_("Say why."))
    if (kind.current(change.subject) if change.subject else None) != change.base:
        raise Drifted(change)
    if change.payload == change.base:
        raise Invalid([_("Nothing would change.")])
    check(kind, change.subject, change.payload)
    last = expires_at or (max(now, effective_at or now) + PATIENCE)
    if effective_at is not None and (not kind.dated or effective_at > now + OUTLOOK):
        raise Invalid([_("It can be dated at most a year ahead.") if kind.dated else _("It says its own date.")])
    if last <= now:
        raise Invalid([_("It would expire before anybody can decide.")])
    amount, currency = kind.amount(change.payload) or (None, "")
    rule = rules.resolve(change.kind, brand_id=change.brand_id, amount=amount, currency=currency, fresh=True)
    also: dict[str, Any] = {
        "reason": reason.strip(), "submitted_at": now, "effective_at": effective_at, "expires_at": last, "policy_id": rule.policy_id,
        "needed": rule.needed, "amount": amount, "currency": currency,
    }  # fmt: skip
    CHANGE.move(
        change, to="review", by=Actor.staff(by), may=lambda word: word == REQUESTER, now=now, reason=reason.strip(), fact="change.submitted", also=also,
        evidence={"values": change.payload, "needed": rule.needed, "policy": rule.policy_id, "effective_at": effective_at},
    )  # fmt: skip
    if rule.needed == 0:
        applying.put_into_force(change, by=None, now=now)
    else:
        telling.awaits(change, rule, now=now)
    return change


@transaction.atomic
def withdraw(*, change_id: int, version: int, by: Staff, now: datetime, reason: str = "") -> ChangeRequest:
    """Take one's own change back while it is not in force. Again, it changes nothing. Raises NotAllowed, StaleChange."""
    change = locked(change_id)
    if change.requested_by_id != by.pk:
        raise NotAllowed(_("Only who asked for a change takes it back."))
    if change.state == "withdrawn":
        return change
    if change.version != version:
        raise StaleChange(change)
    CHANGE.move(
        change, to="withdrawn", by=Actor.staff(by), may=lambda word: word == REQUESTER, now=now, reason=reason.strip(), also={"outcome": reason.strip()[:400]}
    )
    return change


def restore(*, kind: str, subject: str, number: int, by: Staff, key: str, now: datetime) -> ChangeRequest:
    """Draft an old version's values again, against what is in force now. Raises as `draft`, Version.DoesNotExist."""
    old = Version.objects.get(kind=kind, subject=subject, number=number)
    found = registry.kind(kind)
    values = found.revive(old.values, found.current(subject))
    return draft(kind=kind, subject=subject, values=values, by=by, key=key, now=now, restored_from=number)


def _own(change_id: int, version: int, by: Staff) -> ChangeRequest:
    change = locked(change_id)
    if change.requested_by_id != by.pk:
        raise NotAllowed(_("Only who wrote a draft works on it."))
    if change.version != version or change.state != "draft":
        raise StaleChange(change)
    return change


def _reached(kind: Kind, subject: str, base: Values | None, values: Values, by: Staff) -> int | None:
    """The brand that the change belongs to. Both what it was and what it becomes must be within reach."""
    brands = {kind.brand_of(subject, values)} | ({kind.brand_of(subject, base)} if base is not None else set())
    everywhere = {brand.pk for brand in by.brands}
    if any(one is not None and one not in everywhere for one in brands):
        raise NotAllowed(_("That brand is out of your reach."))
    return brands.pop() if len(brands) == 1 else None
