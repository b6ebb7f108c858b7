"""Segments over HTTP: which there are, and who is in one, for the systems that write to players."""

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from backoffice.integrations.auth import SignedKey, key_of
from backoffice.integrations.problems import Problem
from backoffice.integrations.schemas import Moment, Output
from players.models import Segment, SegmentMember
from players.segments import runs

router = Router(tags=["Segments"])
READ = SignedKey("players:read")
MOST = 1_000


class SegmentOut(Output):
    code: str
    name: str
    size: int | None = Field(description="Players in it as of the last computation; null before the first.")
    as_of: Moment | None


class MembersOut(Output):
    as_of: Moment | None = Field(description="When the members were last computed whole. A computation under way is already in what is listed.")
    players: list[int] = Field(description="Ids, ascending.")
    after: int | None = Field(description="Send it as `after` for the next page; null on the last.")


@router.get("/segments", response={200: list[SegmentOut]}, auth=READ, summary="Segments")
def segments(request: HttpRequest) -> list[SegmentOut]:
    """Those in use of the brand, by code."""
    rows = list(Segment.objects.filter(brand=key_of(request).brand, active=True).order_by("code"))
    whole, _latest = runs.of_all([one.pk for one in rows])
    return [
        SegmentOut(code=one.pk, name=one.name, size=run.size if (run := whole.get(one.pk)) else None, as_of=run.started_at if run else None) for one in rows
    ]  # fmt: skip


@router.get("/segments/{code}/players", response={200: MembersOut}, auth=READ, summary="Players of a segment")
def members(request: HttpRequest, code: str, after: int = Query(0, ge=0), limit: int = Query(MOST, ge=1, le=MOST)) -> MembersOut:
    """Ids only. Whether one may be written to is asked apart: a segment says nothing about consent."""
    segment = Segment.objects.filter(brand=key_of(request).brand, active=True, pk=code).first()
    if segment is None:
        raise Problem(404, "not_found", "There is no such segment in use.")
    found = list(SegmentMember.objects.filter(segment=segment, player_id__gt=after).order_by("player_id").values_list("player_id", flat=True)[: limit + 1])
    run = runs.last_whole(segment)
    return MembersOut(as_of=run.started_at if run else None, players=found[:limit], after=found[limit - 1] if len(found) > limit else None)
