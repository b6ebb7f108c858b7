"""What identifies a player changes by approval: name, date of birth, e-mail and phone. The values stand in the change as in the record, encrypted
with the player's key, so that erasing the key erases them there too."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.approvals.forms import ChangeForm
from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.registry import Difference, Kind, Refused, Subject, Values
from backoffice.audit import personal
from backoffice.audit.actors import Actor
from backoffice.audit.personal import Erased, Personal
from backoffice.audit.record import record
from backoffice.ui import numbers
from players import locks
from players.models import Player
from players.profile import telling, values
from players.profile.values import IDENTITY, LABELS
from players.services import PlayerRefused

CODE, EDIT, REVEAL = "players.identity", "players.edit_profile", "players.reveal"
OPEN = ("review", "scheduled")


def seal(subject: str, said: Values) -> Values:
    """Every value encrypted. Raises Erased."""
    return {name: personal.seal_alike(value, name=name, player_id=int(subject), at=timezone.now()) for name, value in said.items()}


def opened(subject: str, said: Values) -> Values:
    return personal.open_values(said, player_id=int(subject))


class IdentityForm(ChangeForm):
    """Takes and gives sealed values; in between it reads them in clear."""

    first_name = forms.CharField(label=LABELS["first_name"])
    last_name = forms.CharField(label=LABELS["last_name"])
    birth_date = forms.CharField(label=LABELS["birth_date"])
    email = forms.CharField(label=LABELS["email"], required=False)  # one that is there cannot be taken away: the reader refuses it
    phone = forms.CharField(label=LABELS["phone"], required=False)

    @classmethod
    def of(cls, values: Values, *, subject: str) -> "ChangeForm":
        return super().of({name: value or "" for name, value in opened(subject, values).items()}, subject=subject)

    def values(self) -> Values:
        return seal(self.subject, super().values())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        player = player_of(self.subject)
        if player is None:
            raise forms.ValidationError(_("The player is gone."))
        for name in [name for name in IDENTITY if name in cleaned]:
            try:
                cleaned.update(values.changed(player, {name: cleaned[name]}, now=timezone.now()))
            except PlayerRefused as wrong:
                self.add_error(name, str(wrong))
        return cleaned


def player_of(subject: str) -> Player | None:
    known = numbers.is_id(subject)
    return Player.objects.select_related("brand", "jurisdiction").filter(pk=subject).first() if known else None


def player_id(subject: str) -> int | None:
    return int(subject) if subject.isdigit() else None


def current(subject: str) -> Values | None:
    player = player_of(subject)
    if player is None:
        return None
    now = values.of(player)
    try:
        return seal(subject, {name: now[name] for name in IDENTITY})
    except Erased:
        return None  # nothing is changed any more, and what waits becomes stale


def find(subject: str) -> Subject | None:
    player = player_of(subject)
    return Subject(subject, f"#{player.pk}", player.brand.name, player.brand_id) if player else None


def listed(kind: str) -> list[Subject]:
    """Only players with a change on its way: nobody reads a list of all players to change one."""
    keys = ChangeRequest.objects.filter(kind=kind, state__in=OPEN).order_by("-pk").values_list("subject", flat=True)[:200]
    return [one for one in map(find, dict.fromkeys(keys)) if one is not None]


def subjects() -> list[Subject]:
    return listed(CODE)


def title(subject: str, _values: Values) -> str:
    """By number: a title stands in lists and notices in clear."""
    return _("Player #%(number)s") % {"number": subject}


def reads(staff: Any, subject: str, old: Values | None, new: Values) -> list[Difference]:
    clear = staff is not None and staff.may(REVEAL)
    before, after = opened(subject, old or {}), opened(subject, new)

    def words(name: str, value: Any) -> str:
        if value is None:
            return _("erased")
        return value if clear else values.masked(name, value)

    return [
        Difference(str(LABELS[name]), words(name, before[name]) if name in before else "", words(name, after[name]))
        for name in IDENTITY
        if name in new and (old is None or old.get(name) != new[name])
    ]


def looked(subject: str, *, by: Any, now: datetime) -> None:
    """Who reads a change in clear has looked at personal data."""
    player = player_of(subject)
    if player is not None and by.may(REVEAL):
        record("player.revealed", actor=Actor.staff(by), at=now, brand_id=player.brand_id, player_id=player.pk, subject=player, after={"value": "identity"})


def impact(subject: str, said: Values, now: datetime) -> list[str]:
    found = [_("The front end is told which values changed, and fetches them over the API.")]
    player, wanted = player_of(subject), opened(subject, said)
    if player is not None and wanted.get("email") != player.email:
        found.append(_("Messages go to the new address from then on. Nothing is sent to the old one."))
    if player is not None and (wanted.get("first_name"), wanted.get("last_name")) != (player.first_name, player.last_name):
        found.append(_("Checks that compare the holder of an instrument read the new name."))
    return found


def apply(subject: str, said: Values, *, by: Actor, now: datetime) -> str:
    player = locks.player(int(subject))
    before, after = values.of(player), opened(subject, said)
    if None in after.values():
        raise Refused(_("The player's personal values were erased meanwhile."))
    try:
        after |= values.changed(player, after, now=now)
    except PlayerRefused as refused:
        raise Refused(str(refused)) from refused
    changed = [name for name in IDENTITY if before[name] != after[name]]
    for name in changed:
        setattr(player, name, date.fromisoformat(after[name]) if name == "birth_date" else after[name])
    player.version += 1
    try:
        with transaction.atomic():
            player.save()
    except IntegrityError as taken:
        if "players_player_email_once_a_brand" in str(taken):
            raise Refused(_("Another player of this brand has this e-mail address by now.")) from taken
        raise
    record(
        "player.identity_changed", actor=by, at=now, brand_id=player.brand_id, player_id=player.pk, subject=player,
        before={name: Personal(before[name]) for name in changed}, after={name: Personal(after[name]) for name in changed},
    )  # fmt: skip
    telling.profile_changed(player, changed, now=now)
    return subject


KIND = Kind(
    CODE, gettext_lazy("Identities of players"), EDIT, gettext_lazy("Identity of a player"), IdentityForm, subjects, current, apply, title,
    sees="players.view", impact=impact, creatable=False, icon="users", find=find, player=player_id, reads=reads,
    looked=looked, page=lambda subject: reverse("players:edit-profile", args=[subject]),
    about=gettext_lazy("Name, date of birth, e-mail and phone of a player. Proposed on the player's page; in clear only for who may reveal personal data."),
)  # fmt: skip
