"""Statements over HTTP: the player asks at the front end, which polls and fetches."""

from datetime import date
from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import ConfigDict, Field, StringConstraints

from backoffice.integrations import problems
from backoffice.integrations.answers import idempotent
from backoffice.integrations.answers import key as request_key
from backoffice.integrations.auth import SignedKey, key_of, machine
from backoffice.integrations.problems import Problem
from backoffice.integrations.schemas import Day, Input, Moment, Output, PathId
from backoffice.jobs import files
from players import api as players_api
from players.api import player_of
from players.models import Player
from wallet.models import Statement
from wallet.statements import services
from wallet.statements.paper import CONTENT_TYPES
from wallet.statements.words import language_for

router = Router(tags=["Statements"])
ALLOWED = SignedKey("wallet:statements")
_REFUSALS = {
    "statement_period": (422, "#/until", "The period is longer than a year, ends before it begins, or lies in the future."),
    "statement_language": (422, "#/language", "Statements are not made in this language."),
    "statement_form": (422, "#/format", "A statement is pdf or csv."),
    "statement_not_ready": (409, "", "The statement is being made. Ask again."),
    "statement_gone": (410, "", "The statement was not issued, or its file was removed. Ask for it anew."),
}
players_api.REFUSALS.update(_REFUSALS)
for _code, (_status, _, _meaning) in _REFUSALS.items():
    problems.describe(_code, _status, _meaning)
STATES = {"queued": "making", "running": "making", "ready": "ready", "expired": "gone"}  # anything else: it was not issued


class StatementIn(Input):
    model_config = ConfigDict(json_schema_extra={"example": {"since": "2026-01-01", "until": "2026-03-31", "language": "sv", "format": "pdf"}})

    since: Day = Field(description="The first day, on the brand's clock")
    until: Day = Field(description="The last day, itself included; today at the latest, and less than a year after the first")
    language: Annotated[str, StringConstraints(strict=True, pattern=r"^(?:[a-z]{2}(?:-[A-Z]{2})?)?$")] = Field(
        default="", description="en, de or sv; the player's own when empty, and English where it is none of these"
    )
    format: Literal["pdf", "csv"] = "pdf"


class StatementOut(Output):
    id: int
    player_id: int
    since: date
    until: date
    time_zone: str = Field(description="Whose days these are")
    language: str
    format: str
    state: str = Field(description="making, ready, gone (its file was removed) or failed (it was not issued)")
    asked_at: Moment
    issued_at: Moment | None
    expires_at: Moment | None = Field(description="Until when the file can be fetched")
    sha256: str | None = Field(description="Of the file")


@router.post("/players/{player_id}/statements", response={201: StatementOut}, auth=ALLOWED, summary="Ask for a statement")
@idempotent(201)
def ask_statement(request: HttpRequest, player_id: PathId, payload: StatementIn) -> StatementOut:
    """Deposits, withdrawals, incentive credits, adjustments and play of up to a year. It is made in the background: poll it, then fetch the file."""
    player = player_of(request, player_id)
    language = payload.language or language_for(player.language)
    made = services.ask_as_front_end(
        player=player, since=payload.since, until=payload.until, language=language, form=payload.format, key=f"{key_of(request).pk} {request_key(request)}",
        by=machine(request), now=timezone.now(),
    )  # fmt: skip
    return _statement(made)


@router.get("/players/{player_id}/statements/{statement_id}", response={200: StatementOut}, auth=ALLOWED, summary="How far a statement has come")
def show_statement(request: HttpRequest, player_id: PathId, statement_id: PathId) -> StatementOut:
    return _statement(_found(player_of(request, player_id), statement_id))


@router.get("/players/{player_id}/statements/{statement_id}/file", response={200: None}, auth=ALLOWED, summary="The statement itself")
def statement_file(request: HttpRequest, player_id: PathId, statement_id: PathId) -> HttpResponse:
    """The bytes of the PDF or CSV. That it was fetched is on the record. 409 while it is being made, 410 when there is none."""
    statement = _found(player_of(request, player_id), statement_id)
    job = services.fetch(statement=statement, by=machine(request), now=timezone.now())
    with files.storage().open(job.file, "rb") as opened:
        content = opened.read()
    headers = {"Content-Disposition": f'attachment; filename="{job.filename}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=CONTENT_TYPES[statement.form], headers=headers)


def _found(player: Player, statement_id: int) -> Statement:
    try:
        return services.of_front_end(player, statement_id)
    except Statement.DoesNotExist:
        raise Problem(404, "not_found", f"The player has no statement {statement_id}.") from None


def _statement(row: Statement) -> StatementOut:
    job = row.job
    return StatementOut(
        id=row.pk, player_id=row.player_id, since=row.since, until=row.until, time_zone=row.timezone, language=row.language, format=row.form,
        state=STATES.get(job.state, "failed"), asked_at=row.asked_at, issued_at=row.issued_at, expires_at=job.expires_at if job.state == "ready" else None,
        sha256=row.sha256 or None,
    )  # fmt: skip
