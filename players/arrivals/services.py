"""The only way in for players of another system. Keeping a player is registration's (players/services/registration.py)."""

import json
from dataclasses import asdict, dataclass, field
from datetime import date, datetime

from django.db import transaction

from backoffice.access.models import Staff
from backoffice.audit import vault
from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from backoffice.scope.models import Brand
from backoffice.work import items
from players.models import Address, Arrival, Player
from players.places import player_subject
from players.services import PlayerRefused
from players.services.consents import first_consents
from players.services.registration import described, insert, licence, old_enough

SOURCE = "migration"  # of a file that names none


@dataclass(frozen=True, kw_only=True)
class Arriving:
    """What a row says of a player. `front_end_id` is the casino front end's own id, where it is not the other system's."""

    source: str
    external_id: str
    front_end_id: str
    jurisdiction: str
    first_name: str
    last_name: str
    birth_date: date
    country: str
    language: str
    currency: str
    email: str
    phone: str
    home: dict[str, str]
    state: str
    registered_at: datetime
    consents: tuple[tuple[str, bool, datetime], ...] = ()  # channel, yes or no, when the player said so
    consent_source: str = ""
    consent_words: str = ""
    tags: tuple[str, ...] = ()
    more: dict[str, str] = field(default_factory=dict)  # what other rooms read of the row, as text

    @property
    def digest(self) -> str:
        """Keyed, since what it is made of is personal."""
        return vault.digest(json.dumps(asdict(self), sort_keys=True, default=str), purpose="player.arrival")


@dataclass(frozen=True)
class Arrived:
    """`new`: the player was made now. `same`: the row says what it said when the player was made."""

    player: Player
    new: bool
    same: bool = True


def find(brand: Brand, arriving: Arriving) -> Arrived | None:
    known = Arrival.objects.select_related("player").filter(brand=brand, source=arriving.source, external_id=arriving.external_id).first()
    return None if known is None else Arrived(known.player, new=False, same=known.digest == arriving.digest)


@transaction.atomic
def bring_in(*, brand: Brand, arriving: Arriving, by: Staff, now: datetime) -> Arrived:
    """Make a player of another system one of the brand's, with the day on which they registered there. A second time changes nothing.

    Raises PlayerRefused as registration does (jurisdiction_unknown, too_young, email_taken, external_id_taken), as consents do, and `tags`.
    """
    known = find(brand, arriving)
    if known is not None:
        return known
    law, actor = licence(brand, arriving.jurisdiction), Actor.staff(by)
    old_enough(brand, law, arriving.birth_date, now=now)
    player = Player(
        brand=brand, jurisdiction=law, external_id=arriving.front_end_id, state=arriving.state, first_name=arriving.first_name, last_name=arriving.last_name,
        birth_date=arriving.birth_date, country=arriving.country, language=arriving.language, currency=arriving.currency, registered_at=arriving.registered_at,
    )  # fmt: skip
    try:
        insert(player, email=arriving.email, phone=arriving.phone)
    except PlayerRefused:
        raced = find(brand, arriving)  # another import of the same player ended meanwhile
        if raced is not None:
            return raced
        raise
    Arrival.objects.create(
        player=player, brand=brand, source=arriving.source, external_id=arriving.external_id, digest=arriving.digest, arrived_at=now
    )  # fmt: skip
    if any(arriving.home.values()):
        home = Address(player=player, changed_at=now)
        home.parts = arriving.home
        home.save(force_insert=True)
    record(
        "player.imported", actor=actor, at=now, brand_id=brand.pk, player_id=player.pk, subject=player,
        after={
            **described(player), "source": arriving.source, "id_there": arriving.external_id, "registered_at": arriving.registered_at, "state": arriving.state
        },
    )  # fmt: skip
    first_consents(
        player,
        arriving.consents,
        source=arriving.consent_source,
        text_version=arriving.consent_words,
        reason=f"Imported from {arriving.source}",
        by=actor,
        now=now,
    )
    if arriving.tags:
        try:
            items.tag(player_subject(player), add=arriving.tags, by=by, now=now)
        except items.NotPossible as why:
            raise PlayerRefused(str(why), code="tags") from why
    return Arrived(player, new=True)
