"""The page of a merge: both accounts side by side with what becomes of each thing, and the same for taking it back."""

import uuid
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.views.decorators.http import require_http_methods

from backoffice.access.decorators import permission_required
from backoffice.approvals import rules
from backoffice.approvals.services import NotAllowed as ChangeNotAllowed
from backoffice.audit.lifecycle import NotAllowed
from backoffice.ui import numbers, toasts
from players.merging import kind, parts, services
from players.models import Duplicate
from players.services import PlayerRefused


class AskForm(forms.Form):
    reason = forms.CharField(
        label=_l("Why"), max_length=400, widget=forms.Textarea(attrs={"rows": 3}), help_text=_l("For whoever approves it, and for the auditor.")
    )  # fmt: skip
    key = forms.CharField(max_length=60, widget=forms.HiddenInput)


def _found(request: HttpRequest, pk: int) -> Duplicate:
    rows = Duplicate.objects.visible_to(request.user)
    related = ("first__brand", "first__jurisdiction", "player__brand", "player__jurisdiction")
    found = rows.select_related(*related).filter(pk=pk).first()
    if found is None:
        raise Http404(_("There is no such thing in your brands."))
    return found


def _ask(request: HttpRequest, form: AskForm, pair: Duplicate, stays_id: int | None, *, late: bool = False) -> HttpResponse | None:
    """Send it in; None with the form's errors when it was refused."""
    try:
        change = kind.ask(duplicate_id=pair.pk, stays_id=stays_id, late=late, by=request.user, now=timezone.now(), **form.cleaned_data)  # type: ignore[arg-type]
    except (PlayerRefused, NotAllowed, ChangeNotAllowed) as refused:
        code = getattr(refused, "code", "")
        form.add_error(code if code in form.fields else None, str(refused))
        return None
    toasts.show(request, _("Sent for approval"))
    return HttpResponseRedirect(reverse("approvals:change", args=[change.pk]), status=303)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(kind.MERGE)
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """`stays` in the address, or in what is sent, is the account that stays; the older one where nothing is said."""
    pair, now, staff = _found(request, pk), timezone.now(), request.user
    if services.standing(pair.pk) is not None:
        return HttpResponseRedirect(reverse("players:unmerge", args=[pair.pk]))
    said = (request.POST if request.method == "POST" else request.GET).get("stays", str(pair.first_id))
    try:
        both = services.pair_of(pair, int(said) if numbers.is_id(said) else 0, now=now)
    except PlayerRefused as refused:
        raise Http404(str(refused)) from refused
    form = AskForm(request.POST if request.method == "POST" else None, initial={"key": uuid.uuid4().hex})
    if request.method == "POST" and form.is_valid():
        answer = _ask(request, form, pair, both.stays.pk)
        if answer is not None:
            return answer
    waits = kind.waiting(pair.pk)
    lines = [line for _key, part in parts.every() if staff.may(part.permission) for line in part.lines(both)]  # type: ignore[union-attr]
    context: dict[str, Any] = {
        "pair": pair, "goes": both.goes, "stays": both.stays, "lines": lines, "refusals": services.refusals(pair, both), "waits": waits, "form": form,
        "needed": rules.resolve(kind.CODE, brand_id=pair.brand_id).needed, "title": _("Merge two accounts"),
    }  # fmt: skip
    return render(request, "players/merge.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(kind.MERGE)
def unmerge(request: HttpRequest, pk: int) -> HttpResponse:
    pair, now = _found(request, pk), timezone.now()
    made = services.standing(pair.pk)
    if made is None:
        raise Http404(_("These two accounts are not merged."))
    form = AskForm(request.POST if request.method == "POST" else None, initial={"key": uuid.uuid4().hex})
    if request.method == "POST" and form.is_valid():
        answer = _ask(request, form, pair, None)
        if answer is not None:
            return answer
    says = [{"icon": "rotate", "text": text} for text in kind.undone()]
    context: dict[str, Any] = {
        "pair": pair, "goes": made.goes, "stays": made.stays, "made": made, "refusals": services.undo_refusals(made, now=now), "waits": kind.waiting(pair.pk),
        "form": form, "says": says, "needed": rules.resolve(kind.CODE, brand_id=pair.brand_id).needed, "title": _("Undo the merge"),
    }  # fmt: skip
    return render(request, "players/merge.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(kind.MERGE)
def carry_late(request: HttpRequest, pk: int) -> HttpResponse:
    """What came in on a merged account since, and asking for it to be carried over."""
    pair, now, staff = _found(request, pk), timezone.now(), request.user
    made = services.standing(pair.pk)
    if made is None:
        raise Http404(_("These two accounts are not merged."))
    form = AskForm(request.POST if request.method == "POST" else None, initial={"key": uuid.uuid4().hex})
    if request.method == "POST" and form.is_valid():
        answer = _ask(request, form, pair, made.stays_id, late=True)
        if answer is not None:
            return answer
    both = parts.Pair(made.stays, made.goes, now)
    carried = [part for _key, part in parts.every() if part.carry_late is not None and staff.may(part.permission)]  # type: ignore[union-attr]
    context: dict[str, Any] = {
        "pair": pair, "goes": made.goes, "stays": made.stays, "late": True, "lines": [line for part in carried for line in part.lines(both)],
        "refusals": services.late_refusals(made, now=now), "waits": kind.waiting(pair.pk), "form": form,
        "needed": rules.resolve(kind.CODE, brand_id=pair.brand_id).needed, "title": _("Carry over what came in late"),
        "says": [
            {"icon": "withdraw", "text": _("Cash moves by a posting in its own currency: all that is there when it comes into force.")},
            {"icon": "rotate", "text": _("The merge can be undone as before: until other money of the account that stays moves. Then this goes back as well.")},
        ],
    }  # fmt: skip
    return render(request, "players/merge.html", context, status=422 if form.errors else 200)
