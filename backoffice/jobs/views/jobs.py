"""The tray: lists of jobs, one job with its progress, and what may be done about it."""

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from backoffice.audit.lifecycle import NotAllowed
from backoffice.jobs import files, kinds, selectors, services
from backoffice.jobs.exports.formats import FORMATS
from backoffice.jobs.exports.sources import sources
from backoffice.jobs.forms import DecideForm
from backoffice.jobs.imports import asking
from backoffice.jobs.models import Job
from backoffice.jobs.permissions import IMPORT
from backoffice.jobs.selectors import Filters
from backoffice.jobs.views import imports
from backoffice.ui import times, toasts

POLLING_ENDS = 286  # htmx asks no more
KEPT = ("view", "q", "kind", "state")
STATES = {
    "mapping": gettext_lazy("Columns to name"), "checked": gettext_lazy("To confirm"), "done": gettext_lazy("Done"),
    "awaiting_approval": gettext_lazy("Awaiting approval"), "queued": gettext_lazy("Queued"), "running": gettext_lazy("Running"),
    "ready": gettext_lazy("Ready"), "failed": gettext_lazy("Failed"), "cancelled": gettext_lazy("Cancelled"), "rejected": gettext_lazy("Rejected"),
    "expired": gettext_lazy("Expired"),
}  # fmt: skip
VIEWS = {"mine": gettext_lazy("Mine"), "awaiting": gettext_lazy("Awaiting your approval"), "all": gettext_lazy("All")}


def found(request: HttpRequest, pk: int) -> Job:
    try:
        return selectors.get(request.user, pk)
    except Job.DoesNotExist as unknown:
        brands = [brand.pk for brand in request.user.brands]  # type: ignore[union-attr]
        if Job.objects.filter(pk=pk, brands__contained_by=brands).exists():
            raise PermissionDenied(_("It is somebody else's.")) from unknown
        raise Http404(_("There is no such job within your brands.")) from unknown


def progress_words(job: Job, *, now: Any) -> str:
    """`4,200 of 12,000 rows · 31 s left`."""
    if job.total is None:
        return ""
    if job.state in {"ready", "expired", "checked", "done"}:
        rows = job.done if job.state in {"ready", "expired", "done"} else job.total
        return ngettext("%(n)s row", "%(n)s rows", rows) % {"n": f"{rows:,}"}
    text = _("%(done)s of %(total)s rows") % {"done": f"{job.done:,}", "total": f"{job.total:,}"}
    left = selectors.left(job, now=now) if job.state == "running" else None
    return f"{text} · " + _("%(span)s left") % {"span": times.span(left)} if left else text


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    filters = Filters.read(request.GET, request.user)
    page = selectors.page(request.user, filters, now=now)
    counts = selectors.counts(request.user, now=now)
    here = {name: request.GET[name] for name in KEPT if request.GET.get(name)}

    def url(name: str, mark: int) -> str:
        return f"?{urlencode({**here, name: mark})}" if mark else ""

    labels = {kind.code: str(kind.label) for kind in kinds.every()}
    chips = [
        ("q", _("Search"), filters.q), ("kind", _("What"), labels.get(filters.kind, "")), ("state", _("State"), str(STATES.get(filters.state, ""))),
    ]  # fmt: skip
    context = {
        "rows": [{"job": job, "kind": labels.get(job.kind, job.kind), "state": STATES[job.state], "words": progress_words(job, now=now)} for job in page.rows],
        "filters": filters, "now": now, "newer": url("before", page.newer), "older": url("after", page.older), "chips": [chip for chip in chips if chip[2]],
        "tabs": [
            {"label": VIEWS[key], "url": f"?view={key}", "current": key == filters.view, "count": counts.get(key, "")} for key in filters.views
        ],
        "may_import": request.user.may(IMPORT),  # type: ignore[union-attr]
        "kinds": labels.items(), "states": STATES.items() if filters.view != "awaiting" else [],
    }  # fmt: skip
    return render(request, "jobs/jobs.html", context)


def _about(request: HttpRequest, job: Job, form: DecideForm | None = None) -> dict[str, Any]:
    now = timezone.now()
    kind, mine = kinds.get(job.kind), job.requested_by_id == request.user.pk
    verdicts = selectors.verdicts(job) if job.needed else []
    decides = job.state == "awaiting_approval" and selectors.awaiting(request.user, now=now).filter(pk=job.pk).exists()
    return {
        "job": job, "kind": kind, "state": STATES[job.state], "words": progress_words(job, now=now), "phase": kind.phases.get(job.phase, ""), "mine": mine,
        "facts": kind.facts(job), "verdicts": verdicts, "given": sum(one.verdict == "approved" for one in verdicts), "decides": decides, "now": now,
        "import": imports.about(job, may_see_rows=mine or decides) if job.kind == asking.KIND else None,
        "form": form or DecideForm(initial={"version": job.version}), "again": _again(job) if mine and job.kind == "export" else "",
        "polls": job.state in {"queued", "running"}, "can_be_taken_up": mine and services.can_be_taken_up(job, now=now),
        "percent": int(100 * job.done / job.total) if job.total else None,
    }  # fmt: skip


def _again(job: Job) -> str:
    """Where the same list is exported anew."""
    return f"{reverse('jobs:export', args=[job.code])}?{job.spec['query']}" if job.code in sources else ""


@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "jobs/job.html", _about(request, found(request, pk)))


@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that moves. When the work has ended, the answer also ends the asking."""
    job = found(request, pk)
    return render(request, "jobs/job.html#progress", _about(request, job), status=200 if job.state in {"queued", "running"} else POLLING_ENDS)


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    job, staff = found(request, pk), request.user
    try:
        services.cancel(job_id=job.pk, by=staff, now=timezone.now())  # type: ignore[arg-type]
    except NotAllowed as why:
        if job.requested_by_id != staff.pk:
            raise PermissionDenied(str(why)) from why
        toasts.show(request, str(why), tone="attention")
    else:
        toasts.show(request, _("Job cancelled"))
    return HttpResponseRedirect(reverse("jobs:job", args=[job.pk]), status=303)


@require_POST
def take_up(request: HttpRequest, pk: int) -> HttpResponse:
    job = found(request, pk)
    try:
        services.take_up(job_id=job.pk, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    except NotAllowed as why:
        raise PermissionDenied(str(why)) from why
    except services.NotAvailable as why:
        toasts.show(request, str(why), tone="attention")
    else:
        toasts.show(request, _("It goes on"))
    return HttpResponseRedirect(reverse("jobs:job", args=[job.pk]), status=303)


@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    job = found(request, pk)
    form = DecideForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            services.decide(
                job_id=job.pk, version=given["version"], verdict=given["verdict"], reason=given["reason"], by=request.user, now=timezone.now()  # type: ignore[arg-type]
            )  # fmt: skip
        except services.ReasonRequired as why:
            form.add_error("reason", str(why))
        except services.Stale as why:
            form.add_error(None, str(why))
            return render(request, "jobs/job.html", _about(request, found(request, pk), form), status=409)
        except NotAllowed as why:
            raise PermissionDenied(str(why)) from why
        else:
            toasts.show(request, _("Approved") if given["verdict"] == "approved" else _("Rejected"))
            return HttpResponseRedirect(reverse("jobs:job", args=[job.pk]), status=303)
    return render(request, "jobs/job.html", _about(request, job, form), status=422)


@require_POST
def file(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    """The file itself. That it was taken is recorded before the first byte leaves."""
    job = found(request, pk)
    kind = kinds.get(job.kind)
    permission = kind.permission or (sources.get(job.code).permission if job.code in sources else services.APPROVE)
    try:
        taken = services.download(job_id=job.pk, permission=permission, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    except NotAllowed as why:
        raise PermissionDenied(str(why)) from why
    except services.NotAvailable as why:
        toasts.show(request, str(why), tone="attention")
        return HttpResponseRedirect(reverse("jobs:job", args=[job.pk]), status=303)
    content_type = FORMATS[taken.spec["format"]].content_type if taken.kind == "export" else kind.content_type
    answer = FileResponse(files.storage().open(taken.file, "rb"), as_attachment=True, filename=taken.filename, content_type=content_type)
    answer["Cache-Control"] = "no-store"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
