"""Asking for a file of a list."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from backoffice.access.decorators import permission_required, require
from backoffice.audit.lifecycle import NotAllowed
from backoffice.jobs import services
from backoffice.jobs.exports import asking
from backoffice.jobs.exports.sources import Source, sources
from backoffice.jobs.forms import ExportForm
from backoffice.jobs.permissions import EXPORT, UNMASKED


def link(request: HttpRequest, code: str) -> str:
    """Where the screen of this address is exported, or "" for who may not."""
    staff: Any = request.user
    if code not in sources or not (staff.is_authenticated and staff.may(EXPORT) and staff.may(sources.get(code).permission)):
        return ""
    query = request.GET.urlencode()
    return reverse("jobs:export", args=[code]) + (f"?{query}" if query else "")


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(EXPORT)
def ask(request: HttpRequest, code: str) -> HttpResponse:
    if code not in sources:
        raise Http404(_("There is no such list."))
    source = sources.get(code)
    require(request.user, source.permission)
    now, query = timezone.now(), request.GET
    staff: Any = request.user
    on_page = source.page(staff, query, now)
    size = asking.size(source, staff, query, now=now)
    options: dict[str, Any] = {"source": source, "matching": str(size), "on_page": len(on_page), "may_unmask": staff.may(UNMASKED)}
    form = ExportForm(request.POST or None, initial={"key": uuid.uuid4().hex}, **options)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            job = asking.request_export(
                code=code, query=query, scope=given["scope"], columns=given["columns"], form=given["format"], masked=given.get("masking") != "clear",
                reason=given["reason"], by=staff, key=given["key"], now=now,
            )  # fmt: skip
        except asking.Invalid as why:
            form.add_error("reason" if not given["reason"].strip() and size.rows else None, str(why))
        except NotAllowed as why:
            raise PermissionDenied(str(why)) from why
        else:
            return HttpResponseRedirect(reverse("jobs:job", args=[job.pk]), status=303)
    return render(request, "jobs/export.html", _context(source, query, form, size), status=422 if form.is_bound else 200)


def _context(source: Source, query: QueryDict, form: ExportForm, size: asking.Size) -> dict[str, Any]:
    kept = urlencode(list(source.kept(query)))
    return {
        "source": source, "form": form, "size": size, "filters": source.filters(query), "back": source.url() + (f"?{kept}" if kept else ""),
        "limit": f"{asking.MOST_WITHOUT_APPROVAL:,}", "needed": services.rule(asking.KIND).needed, "hours": int(services.KEPT.total_seconds() // 3600),
    }  # fmt: skip
