"""The page on which the mode is seen and set. It answers in every mode."""

import json
from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from backoffice.access.decorators import permission_required, require
from backoffice.access.models import Staff
from backoffice.audit.models import Event
from backoffice.operations import modes, selectors
from backoffice.operations.forms import MODES as CHOICES
from backoffice.operations.forms import ModeForm
from backoffice.operations.models import Mode
from backoffice.operations.permissions import MODES, VIEW
from backoffice.operations.views.tabs import tabs
from backoffice.ui import toasts

TONES = {"normal": ("success", 2), "read-only": ("attention", 1), "maintenance": ("critical", 1)}
SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(VIEW)
def mode(request: HttpRequest) -> HttpResponse:
    person = cast(Staff, request.user)
    if request.method == "POST":
        require(person, MODES)
    row = Mode.objects.select_related("set_by").get(pk=1)
    form = ModeForm(request.POST if request.method == "POST" else None, initial={"mode": row.mode, "version": row.version})
    stale = ""
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        try:
            put = modes.put(
                mode=wanted["mode"], reason=wanted["reason"], expected_end=wanted["expected_end"], version=wanted["version"], by=person, now=timezone.now()
            )
        except modes.ModeStale as other:
            stale = str(other)
            form.data = {**request.POST.dict(), "version": row.version}
        except modes.ModeRefused as refused:
            form.add_error(None, str(refused))
        else:
            toasts.show(request, _("Countroom works normally.") if put.mode == "normal" else _("The mode is set. It holds everywhere within two seconds."))
            return HttpResponseRedirect(reverse("operations:mode"))
    names = dict(CHOICES)
    facts = Event.objects.filter(subject_type=modes.SUBJECT[0], subject_id=modes.SUBJECT[1]).order_by("-happened_at", "-id")[:SHOWN]
    context = {
        "row": row, "form": form, "stale": stale, "name": str(names[row.mode]).partition(":")[0], "tone": TONES[row.mode][0], "pip": TONES[row.mode][1],
        "may_set": person.may(MODES), "tabs": tabs("mode", selectors.health(now=timezone.now())), "now": timezone.now(),
        "facts": [{"fact": fact, "name": str(names.get(json.loads(fact.after or "{}").get("mode"), "")).partition(":")[0]} for fact in facts],
    }  # fmt: skip
    return render(request, "operations/mode.html", context, status=409 if stale else 422 if form.errors else 200)
