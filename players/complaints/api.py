"""Complaints over HTTP: the front end's form sends them in, and reads what became of them."""

from typing import Annotated, Literal

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
from players.complaints import services
from players.lifecycles import COMPLAINT
from players.models import Complaint

router = Router(tags=["Complaints"])
READ, WRITE = SignedKey("complaints:read"), SignedKey("complaints:write")
for _code, _refusal in {
    "complaint_text": (422, "#/text", "The words are missing or too many."),
    "payment_unknown": (422, "#/payment", "The player has no payment of that name."),
    "received_at": (422, "#/received_at", "It lies ahead, or too long ago."),
    "complaint_known": (409, "#/external_id", "Another player's complaint has this external id."),
}.items():
    players_api.REFUSALS[_code] = _refusal
    problems.describe(_code, _refusal[0], _refusal[2])


class ComplaintIn(Input):
    model_config = ConfigDict(
        json_schema_extra={"example": {"category": "payments", "text": "My withdrawal is late.", "payment": "WD-481", "external_id": "form-20817"}}
    )

    category: Literal["payments", "games", "bonuses", "verification", "responsible_gambling", "privacy", "service", "other"]
    channel: Literal["website", "email", "chat", "phone", "post"] = "website"
    text: Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=services.LONGEST)] = Field(
        description="The player's own words; kept encrypted"
    )
    payment: Annotated[str, StringConstraints(strict=True, pattern=r"^(?:(?:WD|DP)-[0-9]{1,18})?$")] = Field(default="", description="`name` of a payment")
    external_id: Annotated[str, StringConstraints(strict=True, strip_whitespace=True, max_length=80)] = Field(default="", description="Your own id of it")
    received_at: Moment | None = Field(default=None, description="When it came; now unless given. The clocks run from then")


class ComplaintOut(Output):
    id: int
    name: str = Field(description="What staff and the player call it, such as CP-31")
    player_id: int
    category: str
    payment: str | None
    state: str = Field(description=", ".join(COMPLAINT.states))
    outcome: str | None = Field(description="upheld, partly_upheld or not_upheld, once it is answered")
    reason: str | None = Field(description="Why, in words that the player may read")
    received_at: Moment
    acknowledged_at: Moment | None
    answer_due_at: Moment
    answered_at: Moment | None


@router.post("/players/{player_id}/complaints", response={201: ComplaintOut}, auth=WRITE, summary="Send a complaint in")
@idempotent(201)
def send_complaint(request: HttpRequest, player_id: PathId, payload: ComplaintIn) -> ComplaintOut:
    """Staff find it in their queue. The same external id again gives the same complaint."""
    player = player_of(request, player_id)
    return _complaint(services.record_complaint(player_id=player.pk, by=machine(request), now=timezone.now(), **payload.model_dump()))


@router.get("/complaints/{complaint_id}", response={200: ComplaintOut}, auth=READ, summary="A complaint")
def show_complaint(request: HttpRequest, complaint_id: PathId) -> ComplaintOut:
    """Ask after the message `complaint.moved`. The player's words are not sent back."""
    found = Complaint.objects.filter(pk=complaint_id, brand_id=key_of(request).brand_id).first()
    if found is None:
        raise Problem(404, "not_found", f"There is no complaint {complaint_id}.")
    return _complaint(found)


def _complaint(row: Complaint) -> ComplaintOut:
    return ComplaintOut(
        id=row.pk, name=row.name, player_id=row.player_id, category=row.category, payment=row.payment or None, state=row.state, outcome=row.outcome or None,
        reason=row.reason or None, received_at=row.received_at, acknowledged_at=row.acknowledged_at, answer_due_at=row.answer_due_at,
        answered_at=row.answered_at,
    )  # fmt: skip
