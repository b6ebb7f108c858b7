"""Tickets over HTTP: the help desk puts its own here, as often as it likes."""

from typing import Annotated, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Router
from pydantic import ConfigDict, Field, StringConstraints

from backoffice.integrations import problems
from backoffice.integrations.auth import SignedKey, key_of, machine
from backoffice.integrations.problems import Error, Problem
from backoffice.integrations.schemas import Id, Input, Moment, Output, Text
from players.api import REFUSALS
from players.models import Player, Ticket
from players.tickets.services import LONGEST_TEXT, Said, keep_ticket

router = Router(tags=["Tickets"])
READ, WRITE = SignedKey("tickets:read"), SignedKey("tickets:write")
MOST_MESSAGES = 100

_REFUSED = {
    "ticket_wrong": (422, "", "A ticket has an id, one of our states, and a link that begins with https://."),
    "ticket_of_another": (409, "#/player_id", "This ticket is another player's here."),
}
REFUSALS.update(_REFUSED)
for _code, (_status, _, _meaning) in _REFUSED.items():
    problems.describe(_code, _status, _meaning)

TicketId = Annotated[str, Path(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class MessageIn(Input):
    id: Annotated[str, Text(60)] = Field(description="Your own id of the message. One that is here already stays as it is")
    author: Literal["player", "agent"]
    name: Annotated[str, Text(80, least=0)] = ""
    text: Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT)]
    at: Moment


class TicketIn(Input):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "player_id": 4711, "subject": "Where is my withdrawal?", "state": "open", "link": "https://desk.example/tickets/8801",
                "opened_at": "2026-11-25T09:00:00Z", "updated_at": "2026-11-25T09:00:00Z",
                "messages": [{"id": "m1", "author": "player", "text": "I asked for it on Monday.", "at": "2026-11-25T09:00:00Z"}],
            }
        }
    )  # fmt: skip

    player_id: Id
    subject: Annotated[str, Text(200)]
    state: Literal["open", "pending", "solved", "closed"] = Field(description="pending: it waits for the player")
    link: Annotated[str, StringConstraints(strict=True, pattern=r"^(?:https://[^\s\x00-\x1f]{1,490})?$")] = ""
    opened_at: Moment
    updated_at: Moment = Field(description="When you last changed it: what is older than what is kept here changes nothing")
    messages: list[MessageIn] = Field(default=[], max_length=MOST_MESSAGES, description="New ones, or all of them; a hundred a request at most")


class TicketOut(Output):
    id: str
    player_id: int
    subject: str
    state: str
    link: str | None
    opened_at: Moment
    updated_at: Moment
    messages: int = Field(description="How many are kept here")


@router.put("/tickets/{ticket_id}", response={200: TicketOut}, auth=WRITE, summary="Keep a ticket")
def put_ticket(request: HttpRequest, ticket_id: TicketId, payload: TicketIn) -> TicketOut:
    """Makes it or brings it up to date, under your own id. The same again changes nothing, so it needs no Idempotency-Key."""
    brand_id = key_of(request).brand_id
    if not Player.objects.filter(pk=payload.player_id, brand_id=brand_id).exists():
        detail = f"There is no player {payload.player_id}."
        raise Problem(422, "player_unknown", detail, errors=[Error("#/player_id", detail)])
    ticket = keep_ticket(
        brand_id=brand_id, external_id=ticket_id, player_id=payload.player_id, subject=payload.subject, state=payload.state, link=payload.link,
        opened_at=payload.opened_at, updated_at=payload.updated_at, by=machine(request), now=timezone.now(),
        messages=[Said(one.id, one.author, one.name, one.text, one.at) for one in payload.messages],
    )  # fmt: skip
    return _ticket(ticket)


@router.get("/tickets/{ticket_id}", response={200: TicketOut}, auth=READ, summary="A ticket")
def show_ticket(request: HttpRequest, ticket_id: TicketId) -> TicketOut:
    """As it is kept here, without what was said."""
    found = Ticket.objects.filter(brand_id=key_of(request).brand_id, external_id=ticket_id).first()
    if found is None:
        raise Problem(404, "not_found", f"There is no ticket {ticket_id}.")
    return _ticket(found)


problems.describe("player_unknown", 422, "The brand has no such player.")


def _ticket(row: Ticket) -> TicketOut:
    return TicketOut(
        id=row.external_id, player_id=row.player_id, subject=row.subject, state=row.state, link=row.link or None, opened_at=row.opened_at,
        updated_at=row.updated_at, messages=row.messages.count(),
    )  # fmt: skip
