"""How a player may be contacted, over HTTP: read by the CRM before it sends, consents written by the front end."""

from typing import Annotated, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import ConfigDict, Field, StrictBool, StringConstraints

from backoffice.integrations import problems
from backoffice.integrations.answers import idempotent
from backoffice.integrations.auth import machine
from backoffice.integrations.schemas import Input, Moment, Output, PathId, Text
from players.api import READ, REFUSALS, WRITE, player_of
from players.contact import CHANNELS
from players.models import Player
from players.services.consents import record_consent
from players.telling import contact_words

router = Router(tags=["Players"])

_REFUSED = {
    "consent_words": (422, "#/text_version", "A yes names the version of the words that the player agreed to."),
    "consent_future": (422, "#/at", "A consent is not given in the future."),
}
REFUSALS.update(_REFUSED)
for _code, (_status, _, _meaning) in _REFUSED.items():
    problems.describe(_code, _status, _meaning)


class ConsentIn(Input):
    model_config = ConfigDict(json_schema_extra={"example": {"channel": "email", "given": True, "source": "registration", "text_version": "marketing-3"}})

    channel: Literal["email", "sms", "phone", "post", "push"]
    given: StrictBool = Field(description="false: the player said no, or took a yes back")
    source: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9-]{1,59}$")] = Field(description="Where: registration, preferences ...")
    text_version: Annotated[str, Text(60, least=0)] = Field(default="", description="Which words the player agreed to. Needed for a yes")
    at: Moment | None = Field(default=None, description="When the player said so; now when absent")


class ContactLine(Output):
    channel: str = Field(description=", ".join(CHANNELS))
    purpose: str = Field(description="service or marketing")
    allowed: bool
    why: str = Field(
        description="owed, consented, not_objected; contact_blocked, excluded, account_suspended, account_closed, account_dormant, account_merged, withdrawn, "
        "no_consent, law_unknown, no_address"
    )
    citation: str | None = Field(description="The clause, where the law says so")


class ContactOut(Output):
    player_id: int
    contact: list[ContactLine]


def _contact(player: Player) -> ContactOut:
    return ContactOut(player_id=player.pk, contact=[ContactLine(**line) for line in contact_words(player, now=timezone.now())])


@router.get("/players/{player_id}/contact", response={200: ContactOut}, auth=READ, summary="How a player may be contacted")
def show_contact(request: HttpRequest, player_id: PathId) -> ContactOut:
    """One answer for each channel and purpose, from consent, exclusion, blocks and law. Ask at the moment of sending."""
    return _contact(player_of(request, player_id))


@router.post("/players/{player_id}/consents", response={201: ContactOut}, auth=WRITE, summary="Keep a consent, or its end")
@idempotent(201)
def keep_consent(request: HttpRequest, player_id: PathId, payload: ConsentIn) -> ContactOut:
    """The latest one of a channel counts; earlier ones stay. The answer is how the player may be contacted from now on."""
    player = player_of(request, player_id)
    record_consent(player_id=player.pk, by=machine(request), now=timezone.now(), **payload.model_dump())
    return _contact(player)
