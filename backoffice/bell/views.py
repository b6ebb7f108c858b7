"""One's own notices: the list, marking them as seen, and which kinds are mailed. Everybody who signs in has them."""

from typing import Any, cast
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backoffice.access.models import Staff
from backoffice.bell import kinds, selectors, services
from backoffice.bell.models import Notice
from backoffice.bell.selectors import Filters
from backoffice.ui import matrix, toasts
from backoffice.ui.views import back_to


def _person(request: HttpRequest) -> Staff:
    return cast(Staff, request.user)


@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    filters = Filters.read(request.GET)
    page = selectors.page(request.user, filters)
    here = {name: request.GET[name] for name in ("view", "kind") if request.GET.get(name)}

    def url(name: str, mark: int) -> str:
        return f"?{urlencode({**here, name: mark})}" if mark else ""

    unseen = selectors.unseen_of(request)
    kind = {"kind": filters.kind} if filters.kind else {}
    context: dict[str, Any] = {
        "page": page, "filters": filters, "kinds": kinds.every(), "newer": url("before", page.newer), "older": url("after", page.older), "unseen": unseen,
        "kind_label": kinds.get(filters.kind).label if filters.kind else "", "now": timezone.now(),
        "tabs": [
            {"label": label, "url": f"?{urlencode({'view': key, **kind})}", "current": key == filters.view, "count": unseen if key == "unseen" else ""}
            for key, label in (("unseen", _("Unseen")), ("all", _("All")))
        ],
    }  # fmt: skip
    return render(request, "bell/notices.html", context)


def _own(request: HttpRequest, pk: int) -> Notice:
    found = Notice.objects.visible_to(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404(_("There is no such notice for you."))
    return found


@require_POST
def open_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark it as seen and go where it leads."""
    notice = _own(request, pk)
    services.mark_seen(by=_person(request), notice_id=pk, now=timezone.now())
    return HttpResponseRedirect(notice.url or reverse("bell:notices"))


@require_POST
def seen(request: HttpRequest, pk: int) -> HttpResponse:
    services.mark_seen(by=_person(request), notice_id=_own(request, pk).pk, now=timezone.now())
    return HttpResponseRedirect(back_to(request, reverse("bell:notices")))


@require_POST
def seen_all(request: HttpRequest) -> HttpResponse:
    services.mark_seen(by=_person(request), now=timezone.now())
    toasts.show(request, _("All seen"))
    return HttpResponseRedirect(reverse("bell:notices"))


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    """For each kind: the bell alone, or an e-mail too."""
    by = _person(request)
    if request.method == "POST":
        services.prefer(by=by, mail={kind.code: request.POST.get(kind.code) == "mail" for kind in kinds.every() if kind.code in request.POST})
        toasts.show(request, _("Notices saved"))
        return HttpResponseRedirect(reverse("bell:settings"))
    chosen = services.choices_of(by)
    always = matrix.Cell(_("always"), "on")
    rows = [matrix.Row(kind.label, [always, matrix.Cell(name=kind.code, value="mail", otherwise="bell", checked=chosen[kind.code])]) for kind in kinds.every()]
    columns = [matrix.Head(_("Bell")), matrix.Head(_("E-mail"))]
    return render(request, "bell/settings.html", {"matrix": matrix.Matrix(_("Where each kind of notice goes"), _("Notice"), columns, [matrix.Group(rows)])})
