"""Blocks over HTTP, for the front end to say what a player may not do. The house's reason stays in the house."""

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import Field

from backoffice.integrations.schemas import Moment, Output, PathId
from players.api import READ, player_of
from players.blocks import selectors

router = Router(tags=["Players"])


class BlockOut(Output):
    kind: str = Field(description="sign_in, deposit, play, bonus, withdrawal or contact")
    source: str = Field(description="Who decides about it: staff, or another source such as an exclusion")
    since: Moment
    until: Moment | None = Field(description="When it ends by itself; null when somebody has to lift it")


class BlocksOut(Output):
    player_id: int
    blocks: list[BlockOut]


@router.get("/players/{player_id}/blocks", response={200: BlocksOut}, auth=READ, summary="What is blocked for a player")
def show_blocks(request: HttpRequest, player_id: PathId) -> BlocksOut:
    """Those that stand now. Deposits, withdrawals and sign-ins are refused here as well; play and bonuses are yours to refuse."""
    player = player_of(request, player_id)
    found = selectors.in_force(player.pk, now=timezone.now())
    return BlocksOut(
        player_id=player.pk, blocks=[BlockOut(kind=one.kind, source=one.source, since=one.set_at, until=one.ends_at) for one in found]
    )  # fmt: skip
