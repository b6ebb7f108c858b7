"""Bringing rows in from a file: upload, columns, dry run, confirmation."""

import uuid
from decimal import Decimal
from itertools import islice
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backoffice.access.decorators import permission_required, require
from backoffice.audit.lifecycle import NotAllowed
from backoffice.jobs import files, selectors, services
from backoffice.jobs.exports.formats import BOM, csv_lines
from backoffice.jobs.forms import ColumnsForm, UploadForm
from backoffice.jobs.imports import asking, reading, telling, work
from backoffice.jobs.imports.declared import ImportKind, imports
from backoffice.jobs.imports.kind import ENCODINGS, how
from backoffice.jobs.models import Import, Job, Part, RowResult
from backoffice.jobs.permissions import IMPORT
from backoffice.ui import toasts


def _kind(request: HttpRequest, code: str) -> ImportKind:
    if code not in imports:
        raise Http404(_("There is no such import."))
    kind = imports.get(code)
    require(request.user, kind.permission)
    return kind


def _own(request: HttpRequest, pk: int) -> Job:
    """The import, for who uploaded it."""
    try:
        job = selectors.get(request.user, pk)
    except Job.DoesNotExist as unknown:
        brands = [brand.pk for brand in request.user.brands]  # type: ignore[union-attr]
        if Job.objects.filter(pk=pk, brands__contained_by=brands).exists():
            raise PermissionDenied(_("It is somebody else's.")) from unknown
        raise Http404(_("There is no such import within your brands.")) from unknown
    if job.requested_by_id != request.user.pk:
        raise PermissionDenied(_("It is somebody else's."))
    if job.kind != asking.KIND or job.code not in imports:
        raise Http404(_("It is no import."))
    return job


@require_safe
@permission_required(IMPORT)
def index(request: HttpRequest) -> HttpResponse:
    staff: Any = request.user
    return render(request, "jobs/imports.html", {"kinds": [kind for kind in imports if asking.may(staff, kind)]})


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(IMPORT)
def upload(request: HttpRequest, code: str) -> HttpResponse:
    kind, staff = _kind(request, code), request.user
    form = UploadForm(request.POST or None, request.FILES or None, kind=kind, staff=staff, initial={"key": uuid.uuid4().hex})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        brand = next((one for one in staff.brands if one.code == given.get("brand")), None)  # type: ignore[union-attr]
        try:
            job = asking.upload(
                code=code, file=given["file"].file, filename=given["file"].name, brand=brand, by=staff, key=given["key"], now=timezone.now()  # type: ignore[arg-type]
            )  # fmt: skip
        except reading.Unreadable as why:
            form.add_error("file", str(why))
        except asking.Invalid as why:
            form.add_error("brand", str(why))
        except NotAllowed as why:
            raise PermissionDenied(str(why)) from why
        else:
            return HttpResponseRedirect(reverse("jobs:import-columns", args=[job.pk]), status=303)
    limits = {"most": f"{kind.most_rows:,}", "mb": reading.MOST_BYTES >> 20, "approval": f"{kind.most_without_approval:,}"}
    return render(
        request,
        "jobs/import.html",
        {"kind": kind, "fields": kind.fields_for(staff), "form": form, "steps": steps("upload"), **limits},
        status=422 if form.is_bound else 200,
    )


@require_safe
@permission_required(IMPORT)
def template(request: HttpRequest, code: str) -> HttpResponse:
    """A file with nothing but the headings."""
    kind = _kind(request, code)
    answer = HttpResponse(BOM.encode() + csv_lines([[str(field.label) for field in kind.fields_for(request.user)]]), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{code}.csv"'
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: HttpRequest, pk: int) -> HttpResponse:
    job = _own(request, pk)
    content, kind = Import.objects.get(job=job), imports.get(job.code)
    if job.state not in {"mapping", "checked"}:
        return HttpResponseRedirect(reverse("jobs:job", args=[job.pk]), status=303)
    form = ColumnsForm(
        request.POST or None,
        kind=kind,
        content=content,
        staff=request.user,
        initial={"version": job.version, "decimal": content.decimal if job.total else None},
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            try:
                asking.map_columns(
                    job_id=job.pk, version=given["version"], columns=form.chosen(), decimal=given.get("decimal", ""), by=request.user, now=timezone.now()  # type: ignore[arg-type]
                )  # fmt: skip
            except asking.Invalid as why:
                form.add_error(None, str(why))
            except services.Stale as why:
                form.add_error(None, str(why))
                status = 409
            except NotAllowed as why:
                raise PermissionDenied(str(why)) from why
            else:
                return HttpResponseRedirect(reverse("jobs:job", args=[job.pk]), status=303)
    sample = list(islice(_sample(job, content), reading.SAMPLE))
    context = {
        "job": job, "kind": kind, "form": form, "steps": steps("columns"), "heads": content.heads,
        "sample": [[cell.text for cell in line.cells] for line in sample],
        "earlier": asking.earlier(job), "how": how(content), "doubtful": content.encoding == "cp1252", "encoding": ENCODINGS.get(content.encoding, ""),
        "others": content.others,
    }  # fmt: skip
    return render(request, "jobs/import_columns.html", context, status=status)


def _sample(job: Job, content: Import) -> Any:
    part = Part.objects.get(job=job, kind=work.UPLOAD)
    shape = reading.Layout(content.form, content.heads, content.encoding, content.delimiter, content.sheet, content.others)
    try:
        with files.storage().open(part.name, "rb") as file:
            yield from reading.rows(file, shape)
    except (reading.Unreadable, FileNotFoundError):  # the worker says so, with the line
        return


@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    job, version = _own(request, pk), request.POST.get("version", "")
    try:
        asking.confirm(job_id=job.pk, version=int(version) if version.isdigit() else 0, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    except (asking.Invalid, services.Stale) as why:
        toasts.show(request, str(why), tone="attention")
    except NotAllowed as why:
        raise PermissionDenied(str(why)) from why
    return HttpResponseRedirect(reverse("jobs:job", args=[job.pk]), status=303)


@require_POST
def rows(request: HttpRequest, pk: int, which: str) -> HttpResponse | StreamingHttpResponse:
    """The rows with what is said of them, as a file. That it was taken is recorded before the first byte leaves."""
    job = _own(request, pk)
    if which not in {telling.PROBLEMS, telling.RESULTS}:
        raise Http404(_("There is no such file."))
    content, kind = Import.objects.get(job=job), imports.get(job.code)
    try:
        asking.take_rows(job_id=job.pk, which=which, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    except NotAllowed as why:
        raise PermissionDenied(str(why)) from why
    except services.NotAvailable as why:
        toasts.show(request, str(why), tone="attention")
        return HttpResponseRedirect(reverse("jobs:job", args=[job.pk]), status=303)
    answer = StreamingHttpResponse(telling.file_of(job, which, kind, content), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{job.name}-{which}.csv"'
    answer["Cache-Control"] = "no-store"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def steps(at: str, state: str = "") -> list[dict[str, str]]:
    """The way of an import, for the stepper."""
    names = {"upload": _("Upload"), "columns": _("Columns"), "check": _("Dry run"), "commit": _("Import")}
    keys = list(names)
    here = keys.index(at) if at in keys else len(keys)
    words = ["done" if place < here else (state or "current") if place == here else "" for place in range(len(keys))]
    return [{"label": label, "state": word} for label, word in zip(names.values(), words, strict=True)]


def _where(job: Job) -> list[dict[str, str]]:
    if job.state == "done":
        return steps("")
    at = {"mapping": "columns", "checked": "commit", "awaiting_approval": "commit"}.get(job.state) or ("commit" if job.phase == "committing" else "check")
    return steps(at, "failed" if job.state in {"failed", "rejected", "cancelled", "expired"} else "")


def about(job: Job, *, may_see_rows: bool) -> dict[str, Any]:
    """What the page of a job shows of an import."""
    content, kind = Import.objects.get(job=job), imports.get(job.code) if job.code in imports else None
    kept = kind is not None and Part.objects.filter(job=job, kind=work.ROWS).exists()
    shows = kept and may_see_rows
    waits = job.state in {"mapping", "checked", "awaiting_approval"}
    problems = list(islice(telling.problems(job, kind, content), telling.SHOWN + 1)) if shows and kind and content.wrong else []
    refused = list(RowResult.objects.filter(job=job, outcome="refused").order_by("line")[: telling.SHOWN]) if shows and content.refused else []
    lines = work.lines_of(job, 0)[: 2 * reading.SAMPLE] if shows and waits else []
    return {
        "content": content, "kind": kind, "kept": kept, "steps": _where(job), "problems": problems[: telling.SHOWN], "more": len(problems) > telling.SHOWN,
        "refused": refused, "tally": [kind.tally_words(key, Decimal(total)) for key, total in sorted(content.tally.items())] if kind and may_see_rows else [],
        "always": kind is not None and kind.approved(content.columns),
        "sample": [[cell.text for cell in line.cells] for line in lines], "earlier": asking.earlier(job) if waits else None,
        "approval": kind is not None and content.right > kind.most_without_approval, "committing": job.phase == "committing",
        "committed": job.done - content.refused if job.phase == "committing" or job.state == "done" else 0,
    }  # fmt: skip
