"""Profiles over HTTP: what the front end has to do about sessions and credentials, and the profile itself when staff changed it."""

from datetime import date
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, Field

from backoffice.audit.record import record
from backoffice.integrations import problems
from backoffice.integrations.answers import idempotent
from backoffice.integrations.auth import SignedKey, key_of, machine
from backoffice.integrations.problems import Problem
from backoffice.integrations.schemas import MOST_ID, Input, Moment, Output, PathId, Text
from players import api as players_api
from players.api import player_of
from players.models import Instruction
from players.profile import instructions, values

router = Router(tags=["Players"])
READ, WRITE, PERSONAL = SignedKey("players:read"), SignedKey("players:write"), SignedKey("players:personal")
players_api.REFUSALS["instruction_reported"] = (409, "#/outcome", "It was reported before, with another outcome.")
problems.describe("instruction_reported", 409, "It was reported before, with another outcome.")


class ProfileOut(Output):
    player_id: int
    first_name: str
    last_name: str
    birth_date: date
    email: str
    phone: str
    country: str
    language: str
    street: str
    postal_code: str
    city: str
    region: str


class InstructionOut(Output):
    id: int
    player_id: int
    external_id: str
    kind: str = Field(description="end_sessions or reset_credentials")
    state: str = Field(description="requested, confirmed or failed")
    asked_at: Moment
    reported_at: Moment | None


class InstructionQuery(BaseModel):
    after: int = Field(default=0, ge=0, le=MOST_ID, description="Only those with a higher id")
    limit: int = Field(default=50, ge=1, le=100)


class ReportIn(Input):
    model_config = ConfigDict(json_schema_extra={"example": {"outcome": "done", "detail": "3 sessions"}})

    outcome: Literal["done", "failed"]
    detail: Annotated[str, Text(200, least=0)] = Field(default="", description="For the colleague who asked")


@router.get("/players/{player_id}/profile", response={200: ProfileOut}, auth=PERSONAL, summary="A player's profile, with personal data")
def profile(request: HttpRequest, player_id: PathId) -> ProfileOut:
    """Ask after the message `player.profile_changed`. That it was read is on the record."""
    player = player_of(request, player_id)
    if player.birth_date is None:
        raise Problem(410, "player_erased", "The player was erased.")
    said: dict[str, Any] = {**values.of(player), "birth_date": player.birth_date}
    record("player.profile_read", actor=machine(request), at=timezone.now(), brand_id=player.brand_id, player_id=player.pk, subject=player)
    return ProfileOut(player_id=player.pk, **said)


@router.get("/instructions", response={200: list[InstructionOut]}, auth=READ, summary="What you are asked to do, oldest first")
def list_instructions(request: HttpRequest, asked: Annotated[InstructionQuery, Query()]) -> list[InstructionOut]:
    """Only what was not reported yet. A webhook tells of each at once (`player.end_sessions`, `player.reset_credentials`)."""
    rows = Instruction.objects.filter(brand_id=key_of(request).brand_id, state="requested", pk__gt=asked.after)
    return [_instruction(row) for row in rows.select_related("player").order_by("pk")[: asked.limit]]


@router.post("/instructions/{instruction_id}/report", response={200: InstructionOut}, auth=WRITE, summary="Report an instruction as done or failed")
@idempotent(200)
def report_instruction(request: HttpRequest, instruction_id: PathId, payload: ReportIn) -> InstructionOut:
    """Staff see it as done from now on, and not before."""
    try:
        row = instructions.report(
            instruction_id=instruction_id, brand_id=key_of(request).brand_id, done=payload.outcome == "done", detail=payload.detail, by=machine(request),
            now=timezone.now(),
        )  # fmt: skip
    except Instruction.DoesNotExist:
        raise Problem(404, "not_found", f"There is no instruction {instruction_id}.") from None
    return _instruction(row)


def _instruction(row: Instruction) -> InstructionOut:
    return InstructionOut(
        id=row.pk, player_id=row.player_id, external_id=row.player.external_id, kind=row.kind, state=row.state, asked_at=row.asked_at,
        reported_at=row.reported_at,
    )  # fmt: skip
