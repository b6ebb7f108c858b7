"""The people of the demo: one for each role, with a password that everybody knows and a second factor of their own."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import CommandError
from django.db import transaction

from backoffice.access import services
from backoffice.access.models import Role, Staff
from backoffice.scope.models import Brand

PASSWORD: Final = "demo-countroom"  # noqa: S105  (the demo's, refused in production)
DOMAIN: Final = "countroom.example"


@dataclass(frozen=True)
class Person:
    role: str
    name: str
    timezone: str = "Europe/Malta"
    brands: int | None = field(default=None)  # how many, in order of name; None is all
    key: str = ""  # what `signin` calls them; the role when empty

    @property
    def email(self) -> str:
        return f"{self.name.lower().replace(' ', '.')}@{DOMAIN}"

    @property
    def known_as(self) -> str:
        return self.key or self.role


PEOPLE: Final = (
    Person("support", "Sofia Marin"),
    Person("payments-l1", "Ana Novak"),
    Person("payments-l1", "Emil Sand", "Europe/Stockholm", brands=1, key="payments-l1-one-brand"),
    Person("payments-l2", "Lars Berg", "Europe/Stockholm"),
    Person("head-of-payments", "Ines Camilleri"),
    Person("kyc", "Yusuf Kaya"),
    Person("fraud", "Tessa Lind", "Europe/London"),
    Person("compliance", "Oren Vella"),
    Person("crm", "Priya Shah", "Europe/London"),
    Person("games", "Jonas Weber", "Europe/Berlin"),
    Person("finance", "Marta Kowalczyk", "Europe/Warsaw"),
    Person("auditor", "Henrik Dahl", "Europe/Stockholm"),
    Person("owner", "Dana Petrova"),
)


def refuse_in_production() -> None:
    if settings.PRODUCTION:
        raise CommandError("Demo people exist only outside production. COUNTROOM_ENV is production.")


def seed(*, now: datetime) -> list[Staff]:
    """Everybody of the demo, with role, second factor and reach. Running it again changes nothing."""
    refuse_in_production()
    brands = list(Brand.objects.order_by("name"))
    # Everybody has the same password: it is hashed once, which is most of the work, and outside any transaction.
    hashed = "" if Staff.objects.filter(is_demo=True).count() == len(PEOPLE) else make_password(PASSWORD)
    return [_one(person, brands if person.brands is None else brands[: person.brands], hashed=hashed, now=now) for person in PEOPLE]


@transaction.atomic
def _one(person: Person, brands: list[Brand], *, hashed: str, now: datetime) -> Staff:
    staff = Staff.objects.filter(email=person.email).first()
    if staff is None:
        staff = services.create_staff(email=person.email, name=person.name, timezone=person.timezone, is_demo=True, by=None, now=now)
        staff.password = hashed
        staff.save(update_fields=["password"])
    services.grant_role(staff=staff, role=Role.objects.get(code=person.role), by=None, now=now, reason="Demo")
    services.set_reach(staff=staff, brands=brands, by=None, now=now)
    if not Authenticator.objects.filter(user=staff, type=Authenticator.Type.TOTP).exists():
        totp.TOTP.activate(staff, totp.generate_totp_secret())
        RecoveryCodes.activate(staff)
    return staff


def find(known_as: str) -> Staff:
    """The demo's person for a role, or for the key of an extra person."""
    refuse_in_production()
    person = next((person for person in PEOPLE if person.known_as == known_as), None)
    if person is None:
        raise CommandError(f"There is no demo person for {known_as}. Choose one of: {', '.join(one.known_as for one in PEOPLE)}")
    staff = Staff.objects.filter(email=person.email, is_demo=True).first()
    if staff is None:
        raise CommandError("The demo's people are not here yet. Run: manage.py seed_staff")
    return staff


def code(staff: Staff, *, ahead: int = 0) -> str:
    """The code that this person's app would show now, or `ahead` periods of 30 s later."""
    refuse_in_production()
    found = Authenticator.objects.get(user=staff, type=Authenticator.Type.TOTP)
    return totp.format_hotp_value(totp.hotp_value(decrypt(found.data["secret"]), int(time.time()) // 30 + ahead))
