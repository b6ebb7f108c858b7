"""What can be changed by approval: the kinds, their things, a proposal, and the history of each thing."""

import uuid
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backoffice.access.decorators import permission_required, require
from backoffice.access.models import Staff
from backoffice.approvals import selectors
from backoffice.approvals.forms import ChangeForm
from backoffice.approvals.kinds import policies
from backoffice.approvals.models import Version
from backoffice.approvals.registry import Kind, Subject, UnknownKind, registry
from backoffice.approvals.services import Invalid, NotAllowed, drafts
from backoffice.ui import toasts


def person(request: HttpRequest) -> Staff:
    """Who asks. Every page here needs a permission, so it is somebody."""
    return cast(Staff, request.user)


def found(request: HttpRequest, code: str) -> Kind:
    """The kind, or 404; 403 for somebody who may not read it."""
    try:
        kind = registry.kind(code)
    except UnknownKind as unknown:
        raise Http404(str(unknown)) from unknown
    require(request.user, kind.sees)
    return kind


def subject_of(request: HttpRequest, kind: Kind, key: str) -> Subject:
    """The thing, or 404 also when it belongs to a brand that this person does not reach."""
    known = kind.subjects() if kind.find is None else filter(None, [kind.find(key)])
    for one in known:
        if one.key == key and _reached(request, one):
            return one
    raise Http404(_("There is no such thing in your brands."))


def _reached(request: HttpRequest, one: Subject) -> bool:
    return one.brand_id is None or one.brand_id in person(request).reach()


@require_safe
@permission_required("approvals.view")
def kinds(request: HttpRequest) -> HttpResponse:
    waiting = selectors.open_by_kind(request.user)
    may = person(request).may
    rows = [{"kind": kind, "open": waiting.get(kind.code, 0), "may": may(kind.permission)} for kind in registry.seen_by(request.user)]
    return render(request, "approvals/settings.html", {"rows": rows})


@require_safe
@permission_required("approvals.view")
def things(request: HttpRequest, kind: str) -> HttpResponse:
    of = found(request, kind)
    q = request.GET.get("q", "").strip()[:80]
    rows = [one for one in of.subjects() if _reached(request, one)]
    shown = [one for one in rows if q.lower() in f"{one.title} {one.detail} {one.key}".lower()]
    context = {
        "kind": of, "rows": shown, "total": len(rows), "q": q, "may": person(request).may(of.permission),
        "rules": [(one.brand, policies.summary(policies.values_of(one))) for one in selectors.policies_about(of)],
        "default": max(of.default, of.least),
    }  # fmt: skip
    return render(request, "approvals/things.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("approvals.view")
def propose(request: HttpRequest, kind: str, subject: str = "") -> HttpResponse:
    """The form of a thing, filled with what is in force. Saving makes a draft and opens its review."""
    of = found(request, kind)
    require(request.user, of.permission)
    thing = subject_of(request, of, subject) if subject else None
    if not subject and not of.creatable:
        raise Http404(_("Nothing of this kind is added here."))
    if of.page is not None:
        return HttpResponseRedirect(of.page(subject))
    values = of.current(subject) if subject else None
    if request.method == "POST":
        form = of.form(request.POST, request.FILES, subject=subject if values is not None else "")
        if form.is_valid():
            key = request.POST.get("key", "")[:80] or uuid.uuid4().hex
            try:
                change = drafts.draft(
                    kind=kind,
                    subject=subject if values is not None else "",
                    values=form.values(),
                    by=person(request),
                    key=key,
                    now=timezone.now(),
                )
            except Invalid as invalid:
                add_problems(form, invalid)
            except NotAllowed as refused:
                raise PermissionDenied(str(refused)) from refused
            else:
                return HttpResponseRedirect(reverse("approvals:review", args=[change.pk]))
    else:
        form = of.form(initial=values or None, subject=subject if values is not None else "")
    context = {"kind": of, "thing": thing, "form": form, "key": request.POST.get("key") or uuid.uuid4().hex, "discard": _back(of, thing)}
    return render(request, "approvals/propose.html", context, status=422 if form.is_bound else 200)


def add_problems(form: ChangeForm, invalid: Invalid) -> None:
    for problem in invalid.problems:
        form.add_error(None, problem)


def _back(kind: Kind, thing: Subject | None) -> str:
    return reverse("approvals:history", args=[kind.code, thing.key]) if thing else reverse("approvals:things", args=[kind.code])


@require_safe
@permission_required("approvals.view")
def history(request: HttpRequest, kind: str, subject: str) -> HttpResponse:
    """One thing: its values in force, its versions with what each changed, and what is on its way."""
    of = found(request, kind)
    thing = subject_of(request, of, subject)
    values = of.current(subject)
    rows: list[dict[str, Any]] = []
    kept = selectors.versions(kind, subject)
    for version, before in zip(kept, [*kept[1:], None], strict=False):
        rows.append(
            {
                "version": version, "current": version.effective_until is None,
                "diff": selectors.diff(of, subject, before.values, version.values, staff=request.user) if before else [],
            }
        )  # fmt: skip
    of.looked(subject, by=request.user, now=timezone.now())
    context = {
        "kind": of, "thing": thing, "rows": rows, "now_values": selectors.diff(of, subject, None, values, staff=request.user) if values else [],
        "may": person(request).may(of.permission) and of.page is None, "key": uuid.uuid4().hex, "previews": of.preview(values) if values else [],
        "open": selectors.open_of(kind, subject),
    }  # fmt: skip
    return render(request, "approvals/history.html", context)


@require_POST
@permission_required("approvals.view")
def restore(request: HttpRequest, kind: str, subject: str, number: int) -> HttpResponse:
    """Draft an old version again; the review page shows what that would change."""
    of = found(request, kind)
    require(request.user, of.permission)
    subject_of(request, of, subject)
    if of.page is not None:
        raise Http404(_("It is proposed on a page of its own."))
    key = request.POST.get("key", "")[:60] or uuid.uuid4().hex
    try:
        change = drafts.restore(kind=kind, subject=subject, number=number, by=person(request), key=f"{key}:{number}", now=timezone.now())
    except Version.DoesNotExist as unknown:
        raise Http404(_("There is no such version.")) from unknown
    except Invalid as invalid:
        toasts.show(request, _("That version cannot come back as it was: %(why)s") % {"why": invalid}, tone="attention")
        return HttpResponseRedirect(reverse("approvals:history", args=[kind, subject]))
    except NotAllowed as refused:
        raise PermissionDenied(str(refused)) from refused
    return HttpResponseRedirect(reverse("approvals:review", args=[change.pk]))
