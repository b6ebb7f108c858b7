"""Registration and sign-ins, as the casino's front end reports them."""

from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from backoffice.audit.actors import Actor
from backoffice.audit.personal import Personal
from backoffice.audit.record import record
from backoffice.scope import packs
from backoffice.scope.models import Brand, Jurisdiction
from players import locks
from players.blocks import SIGN_IN, selectors
from players.models import Device, Player, SignIn
from players.services import PlayerRefused


def age_on(born: date, today: date) -> int:
    """Whole years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def licence(brand: Brand, jurisdiction: str) -> Jurisdiction:
    """The jurisdiction of this code, under which the brand is licensed. Raises PlayerRefused: jurisdiction_unknown."""
    law = Jurisdiction.objects.filter(code=jurisdiction, brands=brand).first()
    if law is None:
        raise PlayerRefused(f"{brand.name} is not licensed in {jurisdiction}.", code="jurisdiction_unknown")
    return law


def old_enough(brand: Brand, law: Jurisdiction, birth_date: date, *, now: datetime) -> None:
    """Raises PlayerRefused (`too_young`) with the clause. Days are those of the brand's clock."""
    least = packs.number(law.pk, "registration.minimum_age", on=now.date())
    if age_on(birth_date, now.astimezone(brand.zone).date()) < least.value:
        raise PlayerRefused(f"Players are at least {least.value} years old here ({least.citation}).", code="too_young")


_TAKEN = {
    "players_player_email_once_a_brand": ("email_taken", "This brand already has a player with this e-mail address."),
    "players_player_external_id": ("external_id_taken", "This external id belongs to another player."),
}


def insert(player: Player, *, email: str, phone: str) -> None:
    """Keep a new player, what is personal encrypted and with digests to find it by. Raises PlayerRefused: email_taken, external_id_taken."""
    player.email, player.phone = email, phone
    try:
        with transaction.atomic():
            player.save(force_insert=True)
    except IntegrityError as taken:
        for constraint, (code, words) in _TAKEN.items():
            if constraint in str(taken):
                raise PlayerRefused(words, code=code) from taken
        raise


def described(player: Player) -> dict[str, Any]:
    """A new player, as a fact says it."""
    born = player.birth_date
    assert born is not None  # noqa: S101 (only an erased player has none)
    return {
        "external_id": player.external_id, "name": Personal(player.name), "birth_date": Personal(born.isoformat()),
        "email": Personal(player.email), "country": player.country, "jurisdiction": player.jurisdiction.code, "language": player.language,
        "currency": player.currency, "test": player.is_test,
    }  # fmt: skip


@transaction.atomic
def register_player(
    *,
    brand: Brand,
    jurisdiction: str,
    external_id: str,
    first_name: str,
    last_name: str,
    birth_date: date,
    country: str,
    currency: str,
    email: str,
    phone: str = "",
    language: str = "en",
    is_test: bool = False,
    by: Actor,
    now: datetime,
) -> Player:
    """Open an account. The same external id again with the same e-mail gives the same player.

    Raises PlayerRefused: jurisdiction_unknown, too_young (with the clause), external_id_taken, email_taken.
    """
    law = licence(brand, jurisdiction)
    old_enough(brand, law, birth_date, now=now)
    known = Player.objects.filter(brand=brand, external_id=external_id).first()
    if known is not None:
        if known.email.strip().lower() == email.strip().lower():
            return known
        raise PlayerRefused("This external id belongs to another player.", code="external_id_taken")
    player = Player(
        brand=brand, jurisdiction=law, external_id=external_id, first_name=first_name.strip(), last_name=last_name.strip(), birth_date=birth_date,
        country=country, language=language, currency=currency, is_test=is_test, registered_at=now,
    )  # fmt: skip
    try:
        insert(player, email=email, phone=phone)
    except PlayerRefused as refused:
        if refused.code == "external_id_taken":  # the same request, at the same moment
            return Player.objects.get(brand=brand, external_id=external_id)
        raise
    record("player.registered", actor=by, at=now, brand_id=brand.pk, player_id=player.pk, subject=player, after=described(player))
    return player


@transaction.atomic
def record_sign_in(
    *, player_id: int, fingerprint: str, device_label: str, ip: str, country: str = "", succeeded: bool = True, by: Actor, now: datetime
) -> dict[str, Any]:
    """A player signed in at the front end, or failed to. Returns whether the device is new, whether the player may come in and, if not, why.

    Raises Player.DoesNotExist.
    """
    player = locks.player(player_id)
    if player.erased_at is not None:  # nothing about the person is kept any more
        return {"admitted": False, "new_device": False, "state": player.state, "refused": f"account_{player.state}" if succeeded else None, "until": None}
    device, new = None, False
    if fingerprint:
        device, new = Device.objects.get_or_create(
            player=player, fingerprint=fingerprint, defaults={"label": device_label[:120], "first_seen_at": now, "last_seen_at": now}
        )
        if not new:
            Device.objects.filter(pk=device.pk, last_seen_at__lt=now).update(last_seen_at=now, label=device_label[:120] or device.label)
    block = selectors.first(player.pk, SIGN_IN, now=now) if succeeded else None
    refused = (f"account_{player.state}" if player.state != "active" else "sign_in_blocked" if block else None) if succeeded else None
    admitted = succeeded and refused is None
    SignIn.objects.create(player=player, device=device, at=now, ip=ip, country=country, succeeded=admitted)
    if admitted:
        Player.objects.filter(pk=player.pk).update(last_sign_in_at=now)
    record(
        "player.signed_in" if admitted else "player.sign_in_refused", actor=by, at=now, brand_id=player.brand_id, player_id=player.pk, subject=player,
        after={"device": Personal(device_label), "new_device": new, "country": country, "ip": Personal(ip), **({"refused": refused} if refused else {})},
    )  # fmt: skip
    until = block.ends_at if block and refused == "sign_in_blocked" else None
    return {"admitted": admitted, "new_device": new, "state": player.state, "refused": refused, "until": until}
