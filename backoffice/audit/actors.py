"""Who did it: staff, a player, the system or an integration, and from where."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backoffice.access.models import Staff


@dataclass(frozen=True)
class Origin:
    """Where a request came from. Set once per request; a worker has none."""

    ip: str = ""
    session: str = ""  # the last characters of a digest of the session key: enough to tell sessions apart, useless to take one over
    request_id: str = ""


NOWHERE = Origin()
origin: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)


@dataclass(frozen=True)
class Actor:
    """Who performed an action. `Actor.staff(user)` and its siblings read the request's origin by themselves."""

    kind: str
    id: int | None
    label: str
    origin: Origin = NOWHERE

    @classmethod
    def staff(cls, staff: Staff) -> Actor:
        return cls("staff", staff.pk, staff.name, origin.get())

    @classmethod
    def player(cls, player_id: int, *, ip: str = "") -> Actor:
        """A player, who came through the casino's front end: `ip` is the player's own, as the front end saw it."""
        here = origin.get()
        return cls("player", player_id, f"Player #{player_id}", replace(here, ip=ip or here.ip))

    @classmethod
    def system(cls, label: str) -> Actor:
        return cls("system", None, label, origin.get())

    @classmethod
    def integration(cls, label: str, *, id: int | None = None) -> Actor:  # noqa: A002
        return cls("integration", id, label, origin.get())
