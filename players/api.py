"""Players over HTTP: registration, sign-ins and instruments, as the casino's front end reports them.

Answers carry no name, address or birth date: the front end has them, and what is not sent cannot leak.
"""

from typing import Annotated, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import ConfigDict, Field, IPvAnyAddress, StrictBool, StringConstraints

from backoffice.integrations import problems
from backoffice.integrations.answers import idempotent
from backoffice.integrations.auth import SignedKey, key_of, machine
from backoffice.integrations.problems import Error, Problem
from backoffice.integrations.schemas import Country, CurrencyCode, Day, Input, Moment, Output, PathId, Text
from players import guards
from players.blocks.selectors import in_force
from players.merging.services import merged_into
from players.models import Instrument, Player
from players.services import PlayerRefused
from players.services.instruments import add_instrument, remove_instrument
from players.services.registration import record_sign_in, register_player

router = Router(tags=["Players"])
READ, WRITE = SignedKey("players:read"), SignedKey("players:write")

# code of the house: (status, pointer into the body, meaning)
REFUSALS: dict[str, tuple[int, str, str]] = {
    "jurisdiction_unknown": (422, "#/jurisdiction", "The brand is not licensed there."),
    "currency_unknown": (422, "#/currency", "The currency is not set up here."),
    "too_young": (422, "#/birth_date", "The person is too young under the law of the jurisdiction; the detail names the clause."),
    "external_id_taken": (409, "#/external_id", "Another player of the brand has this external id."),
    "email_taken": (409, "#/email", "Another player of the brand has this e-mail address."),
    "card_number": (422, "#/token", "A card number was sent where a provider's token belongs. It was not kept."),
    "instrument_kind": (422, "#/kind", "There is no such kind of instrument."),
    "provider_unknown": (422, "#/provider", "No provider of this code is connected."),
    "instrument_unknown": (404, "", "The player has no such instrument."),
}
for _code, (_status, _, _meaning) in REFUSALS.items():
    problems.describe(_code, _status, _meaning)


def _refused(refused: PlayerRefused) -> Problem:
    status, pointer, _ = REFUSALS.get(refused.code, (409, "", ""))
    return Problem(status, refused.code, str(refused), errors=[Error(pointer, str(refused))] if pointer else [])


problems.translate(PlayerRefused, _refused)

_EMAIL = r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f.]+$"
Email = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, max_length=254, pattern=_EMAIL)]
Phone = Annotated[str, StringConstraints(strict=True, pattern=r"^(?:\+?[0-9][0-9 ()-]{4,24})?$")]


class PlayerIn(Input):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "external_id": "web-48213", "jurisdiction": "MT", "first_name": "Maja", "last_name": "Lind", "birth_date": "1990-05-31",
                "country": "MT", "currency": "EUR", "email": "maja.lind@mail.example", "phone": "+356 2123 4567", "language": "en",
            }
        }
    )  # fmt: skip

    external_id: Annotated[str, Text(80)] = Field(description="Your own id of the player, unique within the brand")
    jurisdiction: Annotated[str, Text(8)] = Field(description="The licence under which the player plays, such as MT, SE, GB, DE, CA-ON")
    first_name: Annotated[str, Text(80)]
    last_name: Annotated[str, Text(80)]
    birth_date: Day
    country: Country
    currency: CurrencyCode = Field(description="The currency that the player chose")
    email: Email
    phone: Phone = ""
    language: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]{2}(?:-[A-Z]{2})?$")] = "en"
    test: StrictBool = Field(default=False, description="A test account: it stands in no figure")


class MergedInto(Output):
    player_id: int
    external_id: str


class PlayerOut(Output):
    id: int
    external_id: str
    state: str = Field(description="active, suspended, closed, dormant, or merged: an account of the same person that was merged into another one")
    merged_into: MergedInto | None = Field(default=None, description="Of a merged account, the one that stays: lead the person there")
    blocked: list[str] = Field(
        description="What is refused now: sign_in, deposit, play, bonus, withdrawal, contact. `/players/{id}/blocks` says since when and until when. "
        "Ask before each game and each bonus: it counts from the next request on"
    )
    jurisdiction: str
    country: str
    currency: str
    language: str
    test: bool
    registered_at: Moment
    last_sign_in_at: Moment | None


class SignInIn(Input):
    model_config = ConfigDict(
        json_schema_extra={"example": {"ip": "203.0.113.7", "country": "MT", "fingerprint": "d41f8c", "device": "iPhone, Safari", "succeeded": True}}
    )

    ip: IPvAnyAddress = Field(description="The player's address, as you saw it")
    country: Country | None = None
    fingerprint: Annotated[str, Text(80, least=0)] = Field(default="", description="Tells the player's devices apart")
    device: Annotated[str, Text(120, least=0)] = Field(default="", description="In words, such as iPhone, Safari")
    succeeded: StrictBool = Field(default=True, description="False for a wrong password")


class SignInOut(Output):
    admitted: bool = Field(description="Whether the player may come in. Do not let them in otherwise")
    new_device: bool
    state: str
    refused: str | None = Field(
        description="Why not: sign_in_blocked, account_suspended, account_closed, account_dormant, account_merged. "
        "null when admitted, or when you reported a failure"
    )
    merged_into: MergedInto | None = Field(
        default=None, description="With account_merged, the account that stays: sign the person in to that one, and report it as that one's sign-in"
    )
    until: Moment | None = Field(description="When a block ends by itself; null when it has no end")


class InstrumentIn(Input):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"kind": "card", "label": "Visa", "provider": "nordpay", "token": "tok_8f31c0", "last4": "4242", "holder_name": "Maja Lind"}
        }
    )

    kind: Literal["card", "bank", "wallet", "crypto"]
    label: Annotated[str, Text(40)] = Field(description="Visa, SEPA, Bitcoin ...")
    provider: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    token: Annotated[str, Text(120)] = Field(description="The provider's name for it. Never a card number")
    last4: Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9A-Za-z]{1,4}$")] = Field(description="Its last four characters")
    holder_name: Annotated[str, Text(160, least=0)] = Field(default="", description="Who owns it, in the provider's words")
    detail: Annotated[str, Text(160, least=0)] = Field(default="", description="IBAN or address, kept encrypted. Not for cards")
    country: Country | None = None


class InstrumentOut(Output):
    id: int
    player_id: int
    kind: str
    label: str
    provider: str
    last4: str
    country: str | None
    added_at: Moment
    changed_at: Moment
    removed_at: Moment | None


def player_of(request: HttpRequest, player_id: int) -> Player:
    """A player of the key's own brand. Raises Problem 404, for another brand's player too."""
    found = Player.objects.select_related("jurisdiction").filter(pk=player_id, brand_id=key_of(request).brand_id).first()
    if found is None:
        raise Problem(404, "not_found", f"There is no player {player_id}.")
    return found


@router.post("/players", response={201: PlayerOut}, auth=WRITE, summary="Register a player")
@idempotent(201)
def register(request: HttpRequest, payload: PlayerIn) -> PlayerOut:
    """Opens an account. The same external id with the same e-mail gives the same player again."""
    brand = key_of(request).brand
    asked = guards.Registration(brand, payload.jurisdiction, payload.country, payload.currency)
    for guard in guards.registration:
        guard(asked)
    player = register_player(
        brand=brand, jurisdiction=payload.jurisdiction, external_id=payload.external_id, first_name=payload.first_name, last_name=payload.last_name,
        birth_date=payload.birth_date, country=payload.country, currency=payload.currency, email=payload.email, phone=payload.phone,
        language=payload.language, is_test=payload.test, by=machine(request), now=timezone.now(),
    )  # fmt: skip
    return _player(player)


@router.get("/players/{player_id}", response={200: PlayerOut}, auth=READ, summary="A player")
def show(request: HttpRequest, player_id: PathId) -> PlayerOut:
    return _player(player_of(request, player_id))


@router.post("/players/{player_id}/sign-ins", response={201: SignInOut}, auth=WRITE, summary="Report a sign-in")
@idempotent(201)
def sign_in(request: HttpRequest, player_id: PathId, payload: SignInIn) -> SignInOut:
    """Tell of each sign-in, failed ones too, and let the player in only when `admitted` says so."""
    player = player_of(request, player_id)
    answer = record_sign_in(
        player_id=player.pk, fingerprint=payload.fingerprint, device_label=payload.device, ip=str(payload.ip), country=payload.country or "",
        succeeded=payload.succeeded, by=machine(request), now=timezone.now(),
    )  # fmt: skip
    return SignInOut(**answer, merged_into=_merged_into(player) if answer["refused"] == "account_merged" else None)


@router.post("/players/{player_id}/instruments", response={201: InstrumentOut}, auth=WRITE, summary="Add or change an instrument")
@idempotent(201)
def add(request: HttpRequest, player_id: PathId, payload: InstrumentIn) -> InstrumentOut:
    """An instrument is known by provider and token: sent again with another holder or detail it is changed, which reviewers see."""
    player = player_of(request, player_id)
    for guard in guards.instruments:
        guard(guards.NewInstrument(payload.kind, payload.provider))
    instrument = add_instrument(
        player_id=player.pk, kind=payload.kind, label=payload.label, provider=payload.provider, token=payload.token, last4=payload.last4,
        holder_name=payload.holder_name, detail=payload.detail, country=payload.country or "", by=machine(request), now=timezone.now(),
    )  # fmt: skip
    return _instrument(instrument)


@router.get("/players/{player_id}/instruments", response={200: list[InstrumentOut]}, auth=READ, summary="A player's instruments")
def instruments(request: HttpRequest, player_id: PathId) -> list[InstrumentOut]:
    """Those in use, oldest first, at most a hundred."""
    player = player_of(request, player_id)
    return [_instrument(one) for one in Instrument.objects.filter(player=player, removed_at=None).order_by("pk")[:100]]


@router.delete("/players/{player_id}/instruments/{instrument_id}", response={200: InstrumentOut}, auth=WRITE, summary="Take an instrument out of use")
def remove(request: HttpRequest, player_id: PathId, instrument_id: PathId) -> InstrumentOut:
    """Its history stays. A second time changes nothing."""
    player = player_of(request, player_id)
    return _instrument(remove_instrument(instrument_id=instrument_id, player_id=player.pk, by=machine(request), now=timezone.now()))


def _merged_into(player: Player) -> MergedInto | None:
    last = merged_into(player)
    return MergedInto(player_id=last.pk, external_id=last.external_id) if last is not None else None


def _player(player: Player) -> PlayerOut:
    return PlayerOut(
        id=player.pk, external_id=player.external_id, state=player.state, merged_into=_merged_into(player),
        blocked=sorted({one.kind for one in in_force(player.pk, now=timezone.now())}), jurisdiction=player.jurisdiction.code, country=player.country,
        currency=player.currency, language=player.language, test=player.is_test, registered_at=player.registered_at,
        last_sign_in_at=player.last_sign_in_at,
    )  # fmt: skip


def _instrument(one: Instrument) -> InstrumentOut:
    return InstrumentOut(
        id=one.pk, player_id=one.player_id, kind=one.kind, label=one.label, provider=one.provider, last4=one.last4, country=one.country or None,
        added_at=one.added_at, changed_at=one.changed_at, removed_at=one.removed_at,
    )  # fmt: skip
