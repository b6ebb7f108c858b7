"""Bringing a player back over HTTP, after the front end has identified them again."""

from typing import Annotated, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import ConfigDict, Field

from backoffice.integrations import problems
from backoffice.integrations.answers import idempotent
from backoffice.integrations.auth import SignedKey, machine
from backoffice.integrations.schemas import Input, Output, PathId, Text
from players import api as players_api
from players.api import player_of
from players.dormancy import services

router = Router(tags=["Players"])
WRITE = SignedKey("players:write")
players_api.REFUSALS["not_dormant"] = (409, "", "The account is not dormant.")
problems.describe("not_dormant", 409, "The account is not dormant.")


class ReactivationIn(Input):
    model_config = ConfigDict(json_schema_extra={"example": {"identified_by": "electronic_id", "reference": "eid-2026-88412"}})

    identified_by: Literal["electronic_id", "document", "bank", "in_person"] = Field(description="How you identified the player again, beyond the sign-in")
    reference: Annotated[str, Text(120)] = Field(description="Where it can be looked up: the number of the check at its provider, of the document's file")


class ReactivationOut(Output):
    player_id: int
    state: str


@router.post("/players/{player_id}/reactivation", response={200: ReactivationOut}, auth=WRITE, summary="Open a dormant account after identification")
@idempotent(200)
def reactivate_account(request: HttpRequest, player_id: PathId, payload: ReactivationIn) -> ReactivationOut:
    """A sign-in to a dormant account is answered with `account_dormant`. Identify the player again, say how, and let them in from then on."""
    player = player_of(request, player_id)
    now = services.reactivate_by_front_end(
        player_id=player.pk, identified_by=payload.identified_by, reference=payload.reference, by=machine(request), now=timezone.now()
    )
    return ReactivationOut(player_id=now.pk, state=now.state)
