"""Handing over unclaimed money as a change by approval: proposed on the player's page, never in force without a second person."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.approvals.forms import AmountsField, ChangeForm
from backoffice.approvals.registry import Difference, Kind, Refused, Values
from backoffice.audit.actors import Actor
from backoffice.ui import money, words
from players.lifecycles import DORMANCY
from players.models import Dormancy
from players.profile import identity
from players.services import PlayerRefused
from wallet.unclaimed import services


class HandOverForm(ChangeForm):
    state = forms.ChoiceField(label=gettext_lazy("State"), choices=[("active", "–"), *DORMANCY.choices])
    amounts = AmountsField(label=gettext_lazy("Amounts"), required=False)


def current(subject: str) -> Values | None:
    player = identity.player_of(subject)
    if player is None:
        return None
    row = Dormancy.objects.filter(player=player).exclude(state="ended").first()
    return {"state": row.state if row else "active", "amounts": services.cash_of(player.pk)}


def _amounts(said: Mapping[str, str]) -> str:
    return ", ".join(f"{money.write(Decimal(amount), code).figure} {code}" for code, amount in said.items())


def diff(old: Values | None, new: Values) -> list[Difference]:
    before = words.of(old["state"]) if old else ""
    return [Difference(_("State"), before, words.of(new["state"])), Difference(_("Amounts"), "", _amounts(new["amounts"]))]


def validate(subject: str, said: Values) -> list[str]:
    player = identity.player_of(subject)
    if player is None or said["state"] != "handed_over":
        return [_("Only money of a dormant account is handed over.")]
    return []


def impact(subject: str, said: Values, _now: datetime) -> list[str]:
    row = Dormancy.objects.filter(player_id=subject).exclude(state="ended").first()
    found = [_("%(amounts)s leave the player's cash and stand as unclaimed, owed as before.") % {"amounts": _amounts(said["amounts"])}]
    if row is not None and row.unclaimed_to:
        found.append(_("They are meant for: %(whom)s. Paying them there is asked for and agreed to by itself.") % {"whom": row.unclaimed_to})
    if row is not None:
        found += list(row.law)
    found.append(_("When the player comes back and is identified, all of it that was not paid on by then is given back."))
    return found


def apply(subject: str, said: Values, *, by: Actor, now: datetime) -> str:
    try:
        services.hand_over(int(subject), said["amounts"], by=by, now=now)
    except PlayerRefused as refused:
        raise Refused(str(refused)) from refused
    return subject


def title(subject: str, _said: Values) -> str:
    return _("Hand over the unclaimed money of player #%(number)s") % {"number": subject}


KIND = Kind(
    services.CODE, gettext_lazy("Unclaimed money to hand over"), services.HAND_OVER, gettext_lazy("Unclaimed money"), HandOverForm,
    lambda: identity.listed(services.CODE), current, apply, title, sees="wallet.view", validate=validate, impact=impact, diff=diff, creatable=False,
    dated=False, least=1, icon="card", find=identity.find, player=identity.player_id,
    page=lambda subject: reverse("wallet:hand-over", args=[subject]),
    about=gettext_lazy("Cash of dormant accounts that nobody claims. Proposed on the player's page; always agreed to by somebody else."),
)  # fmt: skip
