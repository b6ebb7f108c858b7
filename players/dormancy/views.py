"""Bringing a player back whose account is dormant: after the checklist for callers, never by a sign-in alone."""

import uuid

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from backoffice.access.decorators import permission_required
from backoffice.ui import times, toasts
from players.dormancy import services
from players.profile import callers
from players.profile.views import back, page, sent
from players.views.player import looking_at


class ReactivateForm(forms.Form):
    note = forms.CharField(label=gettext_lazy("Note"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(services.RETURN)
def reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    seen = looking_at(request, pk)
    form = ReactivateForm(request.POST or None, initial={"key": uuid.uuid4().hex})
    looking, status, done = sent(seen, form, lambda: services.reactivate_by_staff(player_id=pk, by=seen.staff, now=seen.now, **form.cleaned_data))
    if done is not None:
        toasts.show(request, _("Account active"))
        return back(looking)
    check = callers.verified(pk, now=looking.now)
    dormant = looking.player.state == "dormant"
    says = [
        {"icon": "key", "text": _("The player can sign in again, deposit and withdraw.")}, {"icon": "mail", "text": _("The front end is told at once.")},
    ]  # fmt: skip
    instead = None
    if not dormant:
        note = _("The account is not dormant.")
    elif check is None:
        note = _("First prove who calls: a dormant account asks for more than a sign-in.")
        instead = {"label": _("Verify the caller"), "url": reverse("players:check-caller", args=[pk])}
    else:
        assert check.valid_until is not None  # noqa: S101
        note = _("The caller was verified; it counts until %(time)s.") % {"time": times.write(check.valid_until, "time")}
    verb = _("Open the account") if dormant and check is not None else ""
    return page(looking, _("Open the dormant account"), form, verb=verb, says=says, note=note, extra={"instead": instead}, status=status)
