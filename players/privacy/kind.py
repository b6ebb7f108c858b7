"""Erasing a player as something that a second person agrees to."""

from datetime import datetime
from typing import Any

from django import forms
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.access.models import Staff
from backoffice.approvals.forms import ChangeForm
from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.registry import Difference, Kind, Refused, Subject, Values
from backoffice.approvals.services import Invalid, ReasonRequired, drafts
from backoffice.audit.actors import Actor
from backoffice.scope.packs import NoPack
from players.models import Player
from players.privacy import ERASE, erasing, retention
from players.profile import identity
from players.services import PlayerRefused

CODE = "players.erasure"
HELD, ERASED = "held", "erased"
STATES = [(HELD, gettext_lazy("Held")), (ERASED, gettext_lazy("Erased"))]


class ErasureForm(ChangeForm):
    state = forms.ChoiceField(label=gettext_lazy("Personal data"), choices=STATES)


def ask_to_erase(*, player_id: int, reason: str, key: str, by: Staff, now: datetime) -> ChangeRequest:
    """Propose it: somebody else has to agree. The same key again gives the same change.

    Raises approvals' NotAllowed without the permission, PlayerRefused: reason, waits (it is asked for already), obstacles.
    """
    player = Player.objects.get(pk=player_id)
    made = ChangeRequest.objects.filter(requested_by=by, key=f"erase:{key}"[:80]).first()
    if made is not None:
        return made
    if waiting(player) is not None:
        raise PlayerRefused(_("It is asked for already and waits for approval."), code="waits")
    if stands := retention.obstacles(player, now=now):
        raise PlayerRefused(" ".join(stands), code="obstacles")
    try:
        draft = drafts.draft(kind=CODE, subject=str(player_id), values={"state": ERASED}, by=by, key=f"erase:{key}"[:80], now=now)
        return drafts.submit(change_id=draft.pk, version=draft.version, reason=reason[:400], by=by, now=now)
    except ReasonRequired as missing:
        raise PlayerRefused(str(missing), code="reason") from missing
    except Invalid as invalid:
        raise PlayerRefused(str(invalid), code="obstacles") from invalid


def waiting(player: Player) -> ChangeRequest | None:
    """The erasure that is on its way."""
    rows = ChangeRequest.objects.filter(kind=CODE, subject=str(player.pk), state__in=identity.OPEN)
    return rows.select_related("requested_by").first()


def _current(subject: str) -> Values | None:
    player = identity.player_of(subject)
    return {"state": HELD if player.erased_at is None else ERASED} if player is not None else None


def _subjects() -> list[Subject]:
    return identity.listed(CODE)


def _validate(subject: str, said: Values) -> list[str]:
    player = identity.player_of(subject)
    if player is None or said["state"] != ERASED:
        return [_("What is erased does not come back.")]
    return retention.obstacles(player, now=timezone.now())


def _apply(subject: str, _said: Values, *, by: Actor, now: datetime) -> str:
    try:
        erasing.erase_player(player_id=int(subject), by=by, now=now)
    except (PlayerRefused, NoPack) as refused:
        raise Refused(str(refused)) from refused
    return subject


def _impact(subject: str, _said: Values, now: datetime) -> list[str]:
    player = identity.player_of(subject)
    if player is None or player.erased_at is not None:
        return []
    try:
        return [line.words for line in retention.plan(player, now=now, counted=False)]
    except NoPack as missing:
        return [str(missing)]


def _diff(old: Values | None, new: Values) -> list[Difference]:
    names: dict[str, Any] = dict(STATES)
    return [Difference(_("Personal data"), str(names[old["state"]]) if old else "", str(names[new["state"]]))] if old != new else []


def _title(subject: str, _said: Values) -> str:
    return _("Erase player #%(number)s") % {"number": subject}


KIND: Any = Kind(
    CODE, gettext_lazy("Erasures of players"), ERASE, gettext_lazy("Erasure of a player"), ErasureForm, _subjects, _current, _apply, _title,
    sees="players.view", validate=_validate, impact=_impact, diff=_diff, creatable=False, dated=False, least=1, icon="ban", find=identity.find,
    player=identity.player_id, page=lambda subject: reverse("players:erase", args=[subject]),
    about=gettext_lazy("Erasing what is held about a player (GDPR Art. 17). Proposed on the player's page; somebody else always agrees first."),
)  # fmt: skip
