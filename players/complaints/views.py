"""Recording a complaint that came by phone, letter or chat; and what the player's page shows of them."""

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from backoffice.access.decorators import permission_required
from backoffice.scope import packs
from backoffice.ui import toasts
from backoffice.work.idempotency import KeyReused
from players.complaints import services
from players.complaints.queue import badge
from players.models import Complaint
from players.panels import Looking
from players.profile.views import page, refuse
from players.services import PlayerRefused
from players.views.player import looking_at


class ComplaintForm(forms.Form):
    category = forms.ChoiceField(label=gettext_lazy("About"), choices=Complaint.CATEGORIES)
    channel = forms.ChoiceField(label=gettext_lazy("How it came"), choices=Complaint.CHANNELS, initial="phone")
    received_at = forms.DateTimeField(
        label=gettext_lazy("Received"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], help_text=gettext_lazy("The clocks run from then, day and night."),
    )  # fmt: skip
    payment = forms.CharField(label=gettext_lazy("Payment"), max_length=24, required=False, help_text=gettext_lazy("Such as WD-481."))
    text = forms.CharField(
        label=gettext_lazy("What the player says"), max_length=services.LONGEST, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("In the player's own words."),
    )  # fmt: skip
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)


PLACES = {"complaint_text": "text", "complaint_kind": "category", "payment_unknown": "payment"}


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(services.WORK)
def record(request: HttpRequest, pk: int) -> HttpResponse:
    looking, status = looking_at(request, pk), 200
    form = ComplaintForm(request.POST or None, initial={"received_at": timezone.localtime(looking.now), "key": uuid.uuid4().hex})
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = services.record_by_staff(player_id=pk, by=looking.staff, now=looking.now, **form.cleaned_data)
            except (PlayerRefused, KeyReused) as refused:
                if isinstance(refused, PlayerRefused):
                    refused.code = PLACES.get(refused.code, refused.code)
                status = refuse(form, refused)
            else:
                toasts.show(request, _("%(name)s recorded") % {"name": made.name})
                response = HttpResponseRedirect(reverse("players:complaint", args=[made.pk]))
                response.status_code = 303
                return response
    law, today = looking.player.jurisdiction_id, looking.now.date()
    hours, days = (packs.number(law, key, on=today) for key in ("complaints.acknowledge_hours", "complaints.answer_days"))
    says = [
        {"icon": "clock", "text": _("Acknowledged within %(n)s hours (%(clause)s).") % {"n": hours.value, "clause": hours.citation}},
        {"icon": "clock", "text": _("Answered within %(n)s days (%(clause)s).") % {"n": days.value, "clause": days.citation}},
    ]
    return page(looking, _("Record a complaint"), form, verb=_("Record"), says=says, status=status)


def panel(looking: Looking) -> Mapping[str, Any] | None:
    rows = list(Complaint.objects.filter(player=looking.player).order_by("-pk")[:5])
    return {"rows": [{"row": row, "badge": badge(row)} for row in rows]} if rows else None
