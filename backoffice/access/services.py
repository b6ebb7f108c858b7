"""The only ways to change people, their roles, their reach and their locks. Each one is a fact on the record.

`by` is the acting person, or None when the house itself acts (set-up, seeding).
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils.translation import gettext as _
from guardian.models import UserObjectPermission
from guardian.shortcuts import assign_perm, remove_perm

from backoffice.access import lockouts, reach, sessions
from backoffice.access.facts import record_fact
from backoffice.access.models import Lockout, Role, Staff
from backoffice.access.roles import OWNER
from backoffice.scope.models import Brand


class OwnRights(Exception):
    """Somebody tried to change their own rights."""

    def __init__(self) -> None:
        super().__init__(_("Nobody changes their own roles or reach. Ask another owner."))


class LastOwner(Exception):
    """The change would leave the house without an owner."""

    def __init__(self) -> None:
        super().__init__(_("This is the last active owner. Make somebody else an owner first."))


class NeedsApproval(Exception):
    """A policy asks for somebody else's agreement: the change has to be proposed."""

    def __init__(self) -> None:
        super().__init__(_("Here a second person agrees to roles. Propose it under Settings, Roles of people."))


# Asked before a person grants or revokes a role; the room of approvals, which stands above this one, plugs in here.
role_guards: list[Callable[[Staff | None], None]] = []


@transaction.atomic
def create_staff(*, email: str, name: str, by: Staff | None, now: datetime, password: str | None = None, timezone: str = "UTC", is_demo: bool = False) -> Staff:
    """Add a person, without rights. Without a password they choose one by e-mail; a second factor follows at sign-in."""
    person = Staff(email=email.strip().lower(), name=name.strip(), timezone=timezone, is_demo=is_demo, joined_at=now)
    person.set_password(password)
    person.full_clean(exclude=["password"])
    person.save()
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    record_fact(type="staff.created", actor=by, at=now, subject=person, after={"email": person.email, "name": person.name})
    return person


@transaction.atomic
def set_active(*, staff: Staff, active: bool, by: Staff | None, now: datetime, reason: str) -> None:
    """Close an account, which ends its sessions at once, or open it again."""
    _not_yourself(staff, by)
    locked = _lock(staff)
    if not active:
        _keep_an_owner(locked)
    if locked.is_active == active:
        return
    Staff.objects.filter(pk=staff.pk).update(is_active=active)
    if not active:
        sessions.end_all(staff.pk)
    staff.is_active = active
    staff.forget()
    kind = "staff.reopened" if active else "staff.closed"
    record_fact(type=kind, actor=by, at=now, subject=staff, before={"active": not active}, after={"active": active}, reason=reason)


@transaction.atomic
def grant_role(*, staff: Staff, role: Role, by: Staff | None, now: datetime, reason: str = "") -> None:
    _not_yourself(staff, by)
    _agreed(by)
    _lock(staff)
    before = _role_codes(staff)
    if role.code in before:
        return
    staff.roles.add(role)
    staff.forget()
    after = sorted([*before, role.code])
    record_fact(type="staff.role_granted", actor=by, at=now, subject=staff, before={"roles": before}, after={"roles": after}, reason=reason)


@transaction.atomic
def revoke_role(*, staff: Staff, role: Role, by: Staff | None, now: datetime, reason: str = "") -> None:
    _not_yourself(staff, by)
    _agreed(by)
    locked = _lock(staff)
    before = _role_codes(staff)
    if role.code not in before:
        return
    if role.code == OWNER:
        _keep_an_owner(locked)
    staff.roles.remove(role)
    staff.forget()
    after = [code for code in before if code != role.code]
    record_fact(type="staff.role_revoked", actor=by, at=now, subject=staff, before={"roles": before}, after={"roles": after}, reason=reason)


@transaction.atomic
def grant_reach(*, staff: Staff, brand: Brand, by: Staff | None, now: datetime) -> None:
    """Let a person work on a brand. What they may do there comes from their roles."""
    _not_yourself(staff, by)
    _lock(staff)
    if _granted(staff, brand):
        return
    assign_perm(f"scope.{reach.PERMISSION}", staff, brand)
    staff.forget()
    record_fact(type="staff.reach_granted", actor=by, at=now, brand=brand, subject=staff, after={"brand": brand.code})


@transaction.atomic
def revoke_reach(*, staff: Staff, brand: Brand, by: Staff | None, now: datetime) -> None:
    _not_yourself(staff, by)
    _lock(staff)
    if not _granted(staff, brand):
        return
    remove_perm(f"scope.{reach.PERMISSION}", staff, brand)
    staff.forget()
    record_fact(type="staff.reach_revoked", actor=by, at=now, brand=brand, subject=staff, before={"brand": brand.code})


@transaction.atomic
def lift_lockout(*, staff: Staff, by: Staff | None, now: datetime, reason: str = "") -> bool:
    """Let a person sign in again. Answers whether they were locked."""
    _not_yourself(staff, by)
    lifted, _ = Lockout.objects.filter(key=lockouts.key_of(staff.email), locked_at__isnull=False).delete()
    if lifted:
        record_fact(type="staff.lockout_lifted", actor=by, at=now, subject=staff, reason=reason)
    return bool(lifted)


@transaction.atomic
def reset_second_factor(*, staff: Staff, by: Staff | None, now: datetime, reason: str) -> None:
    """For a lost phone: forget the app and the recovery codes, end every session; the next sign-in sets up anew."""
    _not_yourself(staff, by)
    Authenticator.objects.filter(user=staff).delete()
    sessions.end_all(staff.pk)
    record_fact(type="staff.second_factor_reset", actor=by, at=now, subject=staff, reason=reason)


def set_reach(*, staff: Staff, brands: Iterable[Brand], by: Staff | None, now: datetime) -> None:
    """Grant several brands, one fact each."""
    for brand in brands:
        grant_reach(staff=staff, brand=brand, by=by, now=now)


def _not_yourself(staff: Staff, by: Staff | None) -> None:
    if by is not None and by.pk == staff.pk:
        raise OwnRights


def _agreed(by: Staff | None) -> None:
    for guard in role_guards:
        guard(by)


def _lock(staff: Staff) -> Staff:
    """Changes of one person's rights happen one after the other."""
    return Staff.objects.select_for_update(of=("self",)).get(pk=staff.pk)


def _role_codes(staff: Staff) -> list[str]:
    return sorted(staff.roles.values_list("code", flat=True))


def _granted(staff: Staff, brand: Brand) -> bool:
    kind = ContentType.objects.get_for_model(Brand)
    return UserObjectPermission.objects.filter(user=staff, object_pk=str(brand.pk), content_type=kind, permission__codename=reach.PERMISSION).exists()


def _keep_an_owner(staff: Staff) -> None:
    """Refuse to lose the last active owner. Owners are locked together, so that two cannot remove each other."""
    owners = set(Staff.objects.select_for_update(of=("self",)).filter(roles__code=OWNER, is_active=True).order_by("pk").values_list("pk", flat=True))
    if owners == {staff.pk}:
        raise LastOwner
