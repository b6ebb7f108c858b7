"""Lifecycles as tables: each state, the states that may follow, and who may move there.

The word beside a move is a permission of staff, or `player`, `system` for those who are not staff. `move()` is the only way to
change a state: it compares and sets state and version, stamps, and records the fact, so that no caller can forget it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from backoffice.ui import words


class NotAllowed(Exception):
    """The state does not lead there, or this actor may not move it."""


class Stale(Exception):
    """Somebody else moved it first. Carries the row as it is now."""

    def __init__(self, row: Any) -> None:
        super().__init__(f"{row} was changed by somebody else.")
        self.row = row


class Lifecycle:
    """`Lifecycle("payments.withdrawal", requested={"held": "payments.decide"}, final={"settled"})`."""

    def __init__(self, subject: str, *, final: frozenset[str] | set[str] = frozenset(), **moves: Mapping[str, str]) -> None:
        self.subject = subject
        self.noun = subject.rpartition(".")[2]
        self.moves: dict[str, dict[str, str]] = {state: dict(targets) for state, targets in moves.items()}
        self.final = frozenset(final)
        self.states = [*self.moves, *sorted(self.final)]
        words.declare(self.states)
        unknown = {target for targets in self.moves.values() for target in targets} - set(self.states)
        if unknown:
            raise ValueError(f"{subject}: {', '.join(sorted(unknown))} is entered but not described.")

    @property
    def choices(self) -> list[tuple[str, Promise]]:
        return [(state, words.lazy(state)) for state in self.states]

    @property
    def open(self) -> list[str]:
        return list(self.moves)

    def constraint(self, name: str) -> models.CheckConstraint:
        return models.CheckConstraint(condition=Q(state__in=self.states), name=name)

    def who(self, state: str, to: str) -> str | None:
        """Who may move from `state` to `to`, or None when nobody may."""
        return self.moves.get(state, {}).get(to)

    def allows(self, row: Any, to: str) -> bool:
        return self.who(row.state, to) is not None

    def move(
        self,
        row: Any,
        *,
        to: str,
        by: Actor,
        now: datetime,
        may: Any = None,
        reason: str = "",
        note: str = "",
        fact: str = "",
        also: Mapping[str, Any] | None = None,
        evidence: Mapping[str, Any] | None = None,
        authorised_by_id: int | None = None,
    ) -> None:
        """Move `row` (locked by the caller) to a state and record it. `also` are further columns to set in the same update.

        Raises NotAllowed when the table has no such move for this actor; Stale when state or version changed under the caller.
        """
        needed = self.who(row.state, to)
        if needed is None:
            raise NotAllowed(_("It is “%(state)s” and cannot become “%(to)s”.") % {"state": words.of(row.state), "to": words.of(to)})
        if by.kind == "staff":
            if needed in {"player", "system"} or may is None or not may(needed):
                raise NotAllowed(_("It becomes “%(to)s” only by who holds %(needed)s.") % {"to": words.of(to), "needed": needed})
        elif needed != by.kind and not (needed == "system" and by.kind == "integration") and not (by.kind == "system" and needed != "player"):
            raise NotAllowed(f"Moving a {self.noun} to {to.replace('_', ' ')} is for {needed}, not for {by.kind}.")
        before = {"state": row.state, "version": row.version}
        columns: dict[str, Any] = {"state": to, "version": F("version") + 1, **(also or {})}
        changed = type(row)._default_manager.filter(pk=row.pk, state=row.state, version=row.version).update(**columns)
        if not changed:
            raise Stale(type(row)._default_manager.get(pk=row.pk))
        row.state, row.version = to, row.version + 1
        for name, value in (also or {}).items():
            setattr(row, name, value)
        record(
            fact or f"{self.noun}.{to}",
            actor=by, at=now, brand_id=row.brand_id, player_id=getattr(row, "player_id", None) or (row.pk if self.noun == "player" else None),
            subject=(self.subject, row.pk), before=before,
            after={"state": to, "version": row.version, **({"note": note} if note else {}), **(evidence or {})},
            reason=reason, authorised_by_id=authorised_by_id,
        )  # fmt: skip
