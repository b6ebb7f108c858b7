"""What can be brought in about players from files."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.access.models import Staff
from backoffice.jobs.imports.declared import ImportKind, Problem, Scope, Values
from backoffice.jobs.imports.fields import Field, text, whole
from backoffice.work.notes import services
from players.models import Player
from players.places import player_subject


def _players(rows: Sequence[Values], scope: Scope) -> dict[Any, Player]:
    """By number and by external id, those of the brand."""
    wanted = Q(pk__in=[row["player"] for row in rows if row["player"]]) | Q(external_id__in=[row["external_id"] for row in rows if row["external_id"]])
    found = Player.objects.visible_to(scope.staff).filter(wanted, brand=scope.brand)
    return {name: player for player in found for name in (player.pk, player.external_id)}


def _check(values: Values, loaded: dict[Any, Player]) -> Iterable[Problem]:
    number, external = values["player"], values["external_id"]
    if number is None and external is None:
        yield Problem("", _("It names no player."), _("Give our number or the external id."))
        return
    for field, name in (("player", number), ("external_id", external)):
        if name is not None and name not in loaded:
            yield Problem(field, _("The brand has no such player."), _("Look up the number, or choose the brand of this player."))
            return
    if number is not None and external is not None and loaded[number] != loaded[external]:
        yield Problem("external_id", _("It is another player's than the number."), _("Leave one of them empty."))


def _note(values: Values, loaded: dict[Any, Player], *, by: Staff, now: datetime, key: str) -> str:
    player = loaded[values["player"] or values["external_id"]]
    services.write(player_subject(player), text=values["text"], key=key, by=by, now=now, tell=False)
    return _("Note about player %(number)s written") % {"number": f"#{player.pk}"}


NOTES = ImportKind(
    code="players.note", title=gettext_lazy("Notes about players"), about=gettext_lazy("Writes a note about each player that the file names, in your name."),
    permission="work.note", of_brand=True, load=_players, check=_check, commit=_note,
    fields=(
        Field(key="player", label=gettext_lazy("Player"), type=whole(), help=gettext_lazy("Our number, such as 4711"), aliases=("player id", "number")),
        Field(
            key="external_id", label=gettext_lazy("External id"), type=text(80), help=gettext_lazy("The casino front end's own id, instead of our number"),
            aliases=("customer id", "user id"),
        ),
        Field(
            key="text", label=gettext_lazy("Note"), type=text(2_000), required=True, help=gettext_lazy("What colleagues shall know"),
            aliases=("comment", "remark"),
        ),
    ),
)  # fmt: skip
