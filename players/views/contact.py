"""How one player may be contacted and why, and what staff write down of what a player agreed to."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from backoffice.access.decorators import permission_required
from backoffice.audit.actors import Actor
from backoffice.ui import toasts
from players import contact
from players.models import Consent
from players.panels import Looking
from players.services import PlayerRefused, consents
from players.views.player import header_of, looking_at

RECORD = "players.consents"
FIELDS = {"consent_words": "text_version", "consent_reason": "reason"}
SHOWN = 100


class ConsentForm(forms.Form):
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), choices=Consent.CHANNELS)
    given = forms.ChoiceField(
        label=gettext_lazy("What the player said"), widget=forms.RadioSelect,
        choices=[("no", gettext_lazy("No marketing")), ("yes", gettext_lazy("Marketing is welcome"))],
    )  # fmt: skip
    text_version = forms.CharField(
        label=gettext_lazy("Version of the words"), max_length=60, required=False, help_text=gettext_lazy("Needed when the player agrees, such as marketing-3.")
    )
    reason = forms.CharField(
        label=gettext_lazy("How you know"), max_length=400, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Such as: said so on the phone, call 4711."),
    )  # fmt: skip

    def clean_given(self) -> bool:
        return bool(self.cleaned_data["given"] == "yes")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("given") and not cleaned.get("text_version"):
            self.add_error("text_version", _("Say which version of the words the player agreed to."))
        return cleaned


def lines_of(looking: Looking) -> list[dict[str, Any]]:
    """One line for each channel: service, marketing."""
    found = {(one.channel, one.purpose): one for one in contact.of(looking.player, now=looking.now)}
    return [
        {"label": label, "service": found[channel, contact.SERVICE], "marketing": found[channel, contact.MARKETING]}
        for channel, label in contact.CHANNELS.items()
    ]  # fmt: skip


def _page(looking: Looking, *, form: ConsentForm | None = None, status: int = 200) -> HttpResponse:
    context = {
        **header_of(looking), "lines": lines_of(looking), "may": looking.may(RECORD), "form": form or ConsentForm(initial={"given": "no"}),
        "consents": Consent.objects.filter(player=looking.player).select_related("by").order_by("-at", "-pk")[:SHOWN],
    }  # fmt: skip
    return render(looking.request, "players/contact.html", context, status=status)


@require_safe
@permission_required("players.view")
def show(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(looking_at(request, pk))


@require_POST
@permission_required(RECORD)
def record_consent(request: HttpRequest, pk: int) -> HttpResponse:
    looking = looking_at(request, pk)
    form = ConsentForm(request.POST)
    if not form.is_valid():
        return _page(looking, form=form, status=422)
    try:
        consents.record_consent(player_id=pk, source=consents.STAFF, by=Actor.staff(looking.staff), now=timezone.now(), **form.cleaned_data)
    except PlayerRefused as refused:
        form.add_error(FIELDS.get(refused.code), str(refused))
        return _page(looking, form=form, status=422)
    toasts.show(request, _("Written down"))
    return HttpResponseRedirect(reverse("players:contact", args=[pk]))
