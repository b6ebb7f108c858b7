"""People for tests: with a role, a reach and a second factor, signed in without walking through the pages."""

from collections.abc import Iterable

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.test import Client
from django.utils import timezone

from backoffice.access import services
from backoffice.access.models import Role, Staff
from backoffice.scope.models import Brand, Jurisdiction

PASSWORD = "a long enough secret"


def make_brand(code: str = "nova", *, market: str = "MT") -> Brand:
    jurisdiction, _ = Jurisdiction.objects.get_or_create(code=market, defaults={"name": f"Market {market}", "regulator": f"R{market}"})
    brand, _ = Brand.objects.get_or_create(code=code, defaults={"name": code.title(), "timezone": "Europe/Malta", "base_currency": "EUR"})
    brand.jurisdictions.add(jurisdiction)
    return brand


def make_person(*roles: str, brands: Iterable[Brand] = (), name: str = "", second_factor: bool = True, password: str | None = PASSWORD) -> Staff:
    """A person with these roles (by code) on these brands."""
    number = Staff.objects.count() + 1
    name = name or f"{(roles[0] if roles else 'nobody').replace('-', ' ').title()} {number}"
    now = timezone.now()
    person = services.create_staff(email=f"person{number}@countroom.example", name=name, password=password, timezone="Europe/Malta", by=None, now=now)
    for code in roles:
        services.grant_role(staff=person, role=Role.objects.get(code=code), by=None, now=now)
    services.set_reach(staff=person, brands=brands, by=None, now=now)
    if second_factor:
        totp.TOTP.activate(person, totp.generate_totp_secret())
    return person


def code_of(person: Staff, *, ahead: int = 0) -> str:
    """What the person's authenticator app shows."""
    import time

    from allauth.mfa.utils import decrypt

    secret = decrypt(Authenticator.objects.get(user=person, type=Authenticator.Type.TOTP).data["secret"])
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + ahead))


def signed_in(person: Staff) -> Client:
    """A browser in which the person has just signed in."""
    client = Client()
    client.force_login(person)
    return client
