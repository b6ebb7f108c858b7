"""The inbox and one change: HTTP in, one service call, HTTP out."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backoffice.access.decorators import permission_required
from backoffice.approvals import rules, selectors
from backoffice.approvals.forms import DecideForm, SubmitForm
from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.registry import Kind, registry
from backoffice.approvals.selectors import Filters
from backoffice.approvals.services import Drifted, Invalid, NotAllowed, ReasonRequired, SamePerson, StaleChange, decisions, drafts
from backoffice.approvals.views.settings import add_problems, person
from backoffice.ui import toasts

KEPT = ("view", "q", "kind", "state")
STATES = {
    "draft": gettext_lazy("Draft"), "review": gettext_lazy("In review"), "scheduled": gettext_lazy("Scheduled"), "active": gettext_lazy("Active"),
    "ended": gettext_lazy("Ended"), "rejected": gettext_lazy("Rejected"), "withdrawn": gettext_lazy("Withdrawn"), "expired": gettext_lazy("Expired"),
    "stale": gettext_lazy("Stale"), "failed": gettext_lazy("Failed"),
}  # fmt: skip
VIEWS = {"awaiting": gettext_lazy("Awaiting your approval"), "mine": gettext_lazy("Mine"), "all": gettext_lazy("All")}


def found(request: HttpRequest, pk: int) -> ChangeRequest:
    try:
        change = selectors.get(request.user, pk)
    except ChangeRequest.DoesNotExist as unknown:
        raise Http404(_("There is no such change in your brands.")) from unknown
    if change.kind not in registry:
        raise Http404(_("What it is about is no longer here."))
    return change


@require_safe
@permission_required("approvals.view")
def inbox(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    filters = Filters.read(request.GET)
    page = selectors.page(request.user, filters, now=now)
    counts = selectors.counts(request.user, now=now)
    here = {name: request.GET[name] for name in KEPT if request.GET.get(name)}

    def url(name: str, mark: int) -> str:
        return f"?{urlencode({**here, name: mark})}" if mark else ""

    chips = [
        ("q", _("Search"), filters.q), ("kind", _("What"), str(registry.guarded(filters.kind).label) if filters.kind else ""),
        ("state", _("State"), str(STATES[filters.state]) if filters.state else ""),
    ]  # fmt: skip
    context = {
        "rows": [{"change": one, "kind": registry.guarded(one.kind) if one.kind in registry else None, "state": STATES[one.state]} for one in page.rows],
        "filters": filters, "now": now, "newer": url("before", page.newer), "older": url("after", page.older), "chips": [chip for chip in chips if chip[2]],
        "tabs": [{"label": label, "url": f"?view={key}", "current": key == filters.view, "count": counts.get(key, "")} for key, label in VIEWS.items()],
        "kinds": registry.seen_by(request.user), "states": STATES.items() if filters.view != "awaiting" else [],
    }  # fmt: skip
    return render(request, "approvals/inbox.html", context)


def _about(request: HttpRequest, change: ChangeRequest) -> dict[str, Any]:
    """What every page of a change shows: the diff, its effect, the policy, who said what."""
    kind = registry.kind(change.kind)
    now = timezone.now()
    rule = rules.of_change(change) if change.submitted_at else rules.resolve(change.kind, brand_id=change.brand_id)
    said = selectors.approvals(change)
    lines = selectors.diff(kind, change.subject, change.base, change.payload, staff=request.user)
    kind.looked(change.subject, by=request.user, now=now)
    settled = change.state not in {"draft", "review", "scheduled"}
    return {
        "change": change, "kind": kind, "now": now, "state": STATES[change.state], "diff": lines, "approvals": said, "rule": rule,
        "unchanged": len(kind.form(subject=change.subject).fields) - len(lines) if kind.diff is None and change.base else 0,
        "impact": [] if settled else [{"icon": "pulse", "text": one} for one in kind.impact(change.subject, change.payload, now)],
        "who": _who(rule), "previews": kind.preview(change.payload),
        "others": selectors.others_open(change), "given": sum(one.verdict == "approved" for one in said), "key": uuid.uuid4().hex,
        "mine": change.requested_by_id == request.user.pk, "steps": _steps(change, rule, said),
    }  # fmt: skip


def _who(rule: rules.Rule) -> str:
    """Who may agree, in words."""
    from backoffice.access.models import Role
    from backoffice.access.permissions import catalogue

    if not rule.needed:
        return _("Nobody else")
    if not rule.roles and not rule.substitutes:
        return _("Whoever may: %(permission)s") % {"permission": catalogue.get(rule.permission).label}
    names = {role.code: role.label for role in Role.objects.all()}
    text = ", ".join(sorted(names.get(code, code) for code in rule.roles)) or str(catalogue.get(rule.permission).label)
    if rule.substitutes:
        night = {
            "who": ", ".join(sorted(names.get(code, code) for code in rule.substitutes)),
            "a": rule.night_from,
            "b": rule.night_until,
            "zone": rule.timezone,
        }
        night.update(a=f"{rule.night_from:%H:%M}", b=f"{rule.night_until:%H:%M}")
        text += "; " + _("from %(a)s to %(b)s (%(zone)s) also %(who)s") % night
    return text


def _steps(change: ChangeRequest, rule: rules.Rule, said: list[Any]) -> list[dict[str, Any]]:
    """The stepper: drafted, submitted, each approval, in force."""
    steps: list[dict[str, Any]] = [{"label": _("Drafted"), "state": "done", "at": change.created_at, "kind": "short"}]
    if change.requested_by_id is None:
        return [{"label": _("Changed by the house"), "state": "done", "at": change.applied_at, "kind": "short"}]
    submitted = change.submitted_at is not None
    steps.append({"label": _("Submitted"), "state": "done" if submitted else "current", "at": change.submitted_at, "kind": "short"})
    for one in said:
        state = "done" if one.verdict == "approved" else "failed"
        steps.append(
            {"label": STATES["rejected"] if state == "failed" else _("Approved"), "state": state, "at": one.at, "kind": "short", "note": one.staff.name}
        )
    if change.state == "review":
        steps.append({"label": _("Approval"), "state": "current", "note": _("%(n)s of %(of)s given") % {"n": len(said), "of": rule.needed}})
    if change.state in {"withdrawn", "expired", "stale", "failed"}:
        steps.append({"label": STATES[change.state], "state": "failed"})
    elif change.state != "rejected":
        in_force = change.state in {"active", "ended"}
        at = change.applied_at if in_force else change.effective_at
        waits = "current" if change.state == "scheduled" else "todo"
        note = "" if at or change.state != "review" else _("when approved")
        steps.append({"label": _("In force"), "state": "done" if in_force else waits, "at": at, "kind": "short", "note": note})
    return steps


@require_safe
@permission_required("approvals.view")
def change(request: HttpRequest, pk: int) -> HttpResponse:
    row = found(request, pk)
    if row.state == "draft":
        return HttpResponseRedirect(reverse("approvals:review", args=[pk]))
    return _page(request, row)


def _page(request: HttpRequest, row: ChangeRequest, *, form: DecideForm | None = None, stale: bool = False, status: int = 200) -> HttpResponse:
    context = _about(request, row)
    rule, now = context["rule"], context["now"]
    acted = next((one for one in context["approvals"] if one.staff_id == request.user.pk), None)
    decides = row.state == "review" and not context["mine"] and acted is None and rule.allows(request.user, now=now) and not _late(row, now)
    if form is None or stale:
        kept = {"reason": form["reason"].value()} if form is not None else {}
        form = DecideForm(initial={"outcome": "approved", "version": row.version, "key": uuid.uuid4().hex, **kept})
    context.update(
        form=form, stale=stale, acted=acted, decides=decides, may_withdraw=context["mine"] and row.state in {"review", "scheduled"},
        substitute=decides and rule.substitute(request.user, now=now), last=context["given"] + 1 >= rule.needed,
    )  # fmt: skip
    if request.headers.get("HX-Request") == "true":
        return render(request, "approvals/change.html#decide", context, status=status)
    return render(request, "approvals/change.html", context, status=status)


def _late(row: ChangeRequest, now: Any) -> bool:
    return row.expires_at is not None and row.expires_at <= now


@require_POST
@permission_required("approvals.view")
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    row = found(request, pk)
    form = DecideForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form=form, status=422)
    given = {name: form.cleaned_data[name] for name in ("version", "key", "reason")}
    service = decisions.approve if form.cleaned_data["outcome"] == "approved" else decisions.reject
    try:
        done = service(change_id=pk, by=person(request), now=timezone.now(), **given)
    except StaleChange:
        return _page(request, found(request, pk), form=form, stale=True, status=409)
    except SamePerson as refused:
        form.add_error(None, str(refused))
        return _page(request, row, form=form, status=422)
    except NotAllowed as refused:
        raise PermissionDenied(str(refused)) from refused
    except ReasonRequired as wrong:
        form.add_error("reason", str(wrong))
        return _page(request, row, form=form, status=422)
    _say(request, done)
    target = reverse("approvals:inbox") if done.state in {"active", "rejected", "review", "scheduled"} else reverse("approvals:change", args=[pk])
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": target})
    response = HttpResponseRedirect(target)
    response.status_code = 303
    return response


def _say(request: HttpRequest, done: ChangeRequest) -> None:
    words = {
        "active": _("Change is in force"), "scheduled": _("Change scheduled"), "rejected": _("Change rejected"), "review": _("Approval given"),
        "stale": _("Change is stale"), "failed": _("Change failed"), "expired": _("Change had expired"), "withdrawn": _("Change withdrawn"),
    }  # fmt: skip
    tone = "success" if done.state in {"active", "scheduled", "rejected", "review", "withdrawn"} else "attention"
    toasts.show(request, f"{done.name}: {words.get(done.state, '')}", tone=tone)


@require_POST
@permission_required("approvals.view")
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    row = found(request, pk)
    version = request.POST.get("version", "")
    try:
        seen = int(version) if version.isdigit() else row.version
        done = drafts.withdraw(change_id=pk, version=seen, by=person(request), now=timezone.now(), reason=request.POST.get("reason", "")[:400])
    except StaleChange:
        return _page(request, found(request, pk), stale=True, status=409)
    except NotAllowed as refused:
        raise PermissionDenied(str(refused)) from refused
    _say(request, done)
    return HttpResponseRedirect(reverse("approvals:inbox") + "?view=mine")


def _own_draft(request: HttpRequest, pk: int) -> tuple[ChangeRequest, Kind]:
    row = found(request, pk)
    if row.requested_by_id != request.user.pk:
        raise PermissionDenied(_("Only who wrote a draft works on it."))
    return row, registry.kind(row.kind)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("approvals.view")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of one's draft. Saving leads back to its review."""
    row, kind = _own_draft(request, pk)
    if row.state != "draft":
        return HttpResponseRedirect(reverse("approvals:change", args=[pk]))
    if kind.page is not None:
        return HttpResponseRedirect(kind.page(row.subject))
    if request.method == "POST":
        form = kind.form(request.POST, request.FILES, subject=row.subject)
        if form.is_valid():
            version = request.POST.get("version", "")
            seen = int(version) if version.isdigit() else row.version
            try:
                drafts.edit_draft(change_id=pk, version=seen, values=form.values(), by=person(request), now=timezone.now())
            except Invalid as invalid:
                add_problems(form, invalid)
            except StaleChange:
                form.add_error(None, _("This draft was changed in another window. Open it again."))
            else:
                return HttpResponseRedirect(reverse("approvals:review", args=[pk]))
    else:
        form = kind.form(initial=row.payload, subject=row.subject)
    context = {"kind": kind, "change": row, "form": form, "discard": reverse("approvals:review", args=[pk])}
    return render(request, "approvals/propose.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("approvals.view")
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """The last look at one's draft: the diff, its effect, from when, and why. Submitting is here."""
    row, kind = _own_draft(request, pk)
    if row.state != "draft":
        return HttpResponseRedirect(reverse("approvals:change", args=[pk]))
    form = SubmitForm(request.POST) if request.method == "POST" else SubmitForm(initial={"version": row.version})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            try:
                done = drafts.submit(
                    change_id=pk,
                    version=given["version"],
                    reason=given["reason"],
                    effective_at=given["effective_at"],
                    by=person(request),
                    now=timezone.now(),
                )
            except (StaleChange, Drifted):
                row = found(request, pk)
                if row.state != "draft":
                    return HttpResponseRedirect(reverse("approvals:change", args=[pk]))
                form, status = SubmitForm(initial={**given, "version": row.version}), 409
            except Invalid as invalid:
                for problem in invalid.problems:
                    form.add_error(None, problem)
            except NotAllowed as refused:
                raise PermissionDenied(str(refused)) from refused
            else:
                words = {"review": _("Sent for approval"), "active": _("In force now"), "scheduled": _("Scheduled")}.get(done.state, str(STATES[done.state]))
                toasts.show(request, f"{done.name}: {words}")
                return HttpResponseRedirect(reverse("approvals:change", args=[pk]))
    context = _about(request, row)
    base_now = kind.current(row.subject) if row.subject else None
    context.update(form=form, drifted=base_now != row.base, nothing=row.payload == row.base, moved=status == 409)
    return render(request, "approvals/review.html", context, status=status)
