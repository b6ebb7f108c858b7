"""Requests about personal data over HTTP: the front end passes on what a player asks for."""

from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import ConfigDict, Field, StringConstraints

from backoffice.integrations import problems
from backoffice.integrations.answers import idempotent
from backoffice.integrations.auth import SignedKey, key_of, machine
from backoffice.integrations.problems import Problem
from backoffice.integrations.schemas import Input, Moment, Output, PathId
from players import api as players_api
from players.api import player_of
from players.lifecycles import ACCESS
from players.models import AccessRequest
from players.privacy import access

router = Router(tags=["Players"])
READ, WRITE = SignedKey("personal_data:read"), SignedKey("personal_data:write")
_REFUSED: dict[str, Any] = {
    "player_erased": (410, "", "The player was erased: nothing personal is written or read any more."),
    "waits": (409, "", "A request is open already."), "request_known": (409, "#/external_id", "This id belongs to another player's request."),
    "received_at": (422, "#/received_at", "It lies ahead, or too long ago."), "law_unknown": (409, "", "No law is in force there that says until when."),
}  # fmt: skip
for _code, _refusal in _REFUSED.items():
    players_api.REFUSALS.setdefault(_code, _refusal)
    problems.describe(_code, _refusal[0], _refusal[2])


class AccessIn(Input):
    model_config = ConfigDict(json_schema_extra={"example": {"external_id": "dsar-77"}})

    external_id: Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=60)] = Field(description="Your own id of it")
    received_at: Moment | None = Field(default=None, description="When the player asked; now unless given. The deadline runs from then")


class AccessOut(Output):
    id: int
    name: str = Field(description="What staff call it, such as PD-31")
    player_id: int
    external_id: str | None
    state: str = Field(description=", ".join(ACCESS.states))
    received_at: Moment
    due_at: Moment
    clause: str = Field(description="The law that says until when")
    extended_at: Moment | None = Field(description="When it was extended; `due_at` is then the later day")
    ended_at: Moment | None


@router.post("/players/{player_id}/personal-data", response={201: AccessOut}, auth=WRITE, summary="Ask for everything held about a player")
@idempotent(201)
def ask_for_everything(request: HttpRequest, player_id: PathId, payload: AccessIn) -> AccessOut:
    """Staff are told, have the file made and bring it to the player. The same external id again gives the same request."""
    player = player_of(request, player_id)
    row = access.ask(
        player_id=player.pk, channel="front_end", external_id=payload.external_id, received_at=payload.received_at, key=f"api:{payload.external_id}",
        by=machine(request), now=timezone.now(),
    )  # fmt: skip
    return _request(row)


@router.get("/personal-data/{request_id}", response={200: AccessOut}, auth=READ, summary="A request for everything held")
def show_request(request: HttpRequest, request_id: PathId) -> AccessOut:
    """Ask after the message `player.access_answered`. The file itself is never sent over this interface."""
    found = AccessRequest.objects.filter(pk=request_id, brand_id=key_of(request).brand_id).first()
    if found is None:
        raise Problem(404, "not_found", f"There is no request {request_id}.")
    return _request(found)


def _request(row: AccessRequest) -> AccessOut:
    return AccessOut(
        id=row.pk, name=row.name, player_id=row.player_id, external_id=row.external_id or None, state=row.state, received_at=row.received_at,
        due_at=row.due_at, clause=row.clause, extended_at=row.extended_at, ended_at=row.ended_at,
    )  # fmt: skip
