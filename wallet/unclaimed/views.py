"""Proposing to hand unclaimed money over, and giving it back."""

import uuid
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from backoffice.access.decorators import permission_required
from backoffice.ui import toasts
from players.models import Dormancy
from players.profile.views import back, page, sent
from players.views.player import looking_at
from wallet.unclaimed import kind, services


class NoteForm(forms.Form):
    note = forms.CharField(label=gettext_lazy("Note"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)


def _form(request: HttpRequest) -> NoteForm:
    return NoteForm(request.POST or None, initial={"key": uuid.uuid4().hex})


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(services.HAND_OVER)
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    seen, form = looking_at(request, pk), _form(request)
    form.fields["note"].help_text = _("How the player was looked for.")
    looking, status, done = sent(seen, form, lambda: services.propose(player_id=pk, by=seen.staff, now=seen.now, **form.cleaned_data))
    if done is not None:
        toasts.show(request, _("Sent for approval"))
        return back(looking)
    row = Dormancy.objects.filter(player=looking.player).exclude(state="ended").first()
    waits = services.proposed(pk)
    why_not = services.why_not(looking.player, row, now=looking.now) if waits is None else ""
    may = waits is None and not why_not
    said = {"state": "handed_over", "amounts": services.cash_of(pk)}
    says: list[Any] = [{"icon": "card", "text": text} for text in kind.impact(str(pk), said, looking.now)] if may else []
    note = why_not or (_("Somebody else has to agree first. Then:") if may else "")
    verb = _("Ask for approval") if may else ""
    return page(looking, _("Hand over unclaimed money"), form, verb=verb, says=says, note=note, danger=True, extra={"waits": waits}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(services.HAND_OVER)
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    seen, form = looking_at(request, pk), _form(request)
    form.fields["note"].help_text = _("How the player claimed it.")
    looking, status, done = sent(seen, form, lambda: services.give_back(player_id=pk, by=seen.staff, now=seen.now, **form.cleaned_data))
    if done is not None:
        toasts.show(request, _("The money is the player's again"))
        return back(looking)
    row = Dormancy.objects.filter(player=looking.player, state="handed_over").first()
    may = row is not None and looking.player.state == "active"
    says = [{"icon": "card", "text": _("All that was handed over stands on the player's cash again.")}] if may else []
    note = "" if may else _("Nothing of this player was handed over.") if row is None else _("The player has to be identified first: open the dormant account.")
    return page(looking, _("Give unclaimed money back"), form, verb=_("Give it back") if may else "", says=says, note=note, status=status)
