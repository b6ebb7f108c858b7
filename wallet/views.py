"""The books: segregated funds at a day, their export, and closing the day."""

from datetime import date, timedelta

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backoffice.access.decorators import permission_required
from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from backoffice.scope.models import Brand
from backoffice.ui import toasts
from wallet import books


def _day(text: str) -> date:
    """The day asked for; yesterday when none or nonsense is."""
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    return found or timezone.localdate() - timedelta(days=1)


def _brands(request: HttpRequest) -> list[Brand]:
    return list(Brand.objects.filter(pk__in=request.user.reach()).order_by("name"))  # type: ignore[union-attr]


@require_safe
@permission_required("wallet.view")
def index(request: HttpRequest) -> HttpResponse:
    day, brands = _day(request.GET.get("day", "")), _brands(request)
    closed = books.closed_on(brands, day=day)
    context = {
        "rows": books.funds(brands, day=day), "day": day, "before": day - timedelta(days=1), "after": day + timedelta(days=1), "now": timezone.now(),
        "position": books.counted_through(),
        "brands": [(brand, closed.get(brand.pk)) for brand in brands], "may_close": request.user.may("wallet.close_day"),  # type: ignore[union-attr]
    }  # fmt: skip
    return render(request, "wallet/books.html", context)


@require_POST
@permission_required("wallet.view")
def export(request: HttpRequest) -> HttpResponse:
    """The same as a file; that it was taken is a fact."""
    day, brands, now = _day(request.POST.get("day", "")), _brands(request), timezone.now()
    text = books.as_csv(books.funds(brands, day=day), day=day, closed=books.closed_on(brands, day=day), by=str(request.user), now=now)
    record("ledger.funds_exported", actor=Actor.staff(request.user), at=now, subject=("access.staff", request.user.pk or 0), after={"day": day})  # type: ignore[arg-type]
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="funds-{day}.csv"'})


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("wallet.close_day")
def close(request: HttpRequest, code: str) -> HttpResponse:
    """Closing is for good, so the page before it says what the books would say."""
    day = _day((request.POST if request.method == "POST" else request.GET).get("day", ""))
    brand = next((one for one in _brands(request) if one.code == code), None)
    if brand is None:
        raise Http404(_("There is no such brand among yours."))
    back = f"{reverse('wallet:books')}?day={day}"
    if request.method != "POST":
        context = {
            "brand": brand, "day": day, "rows": books.funds([brand], day=day), "closed_at": books.closed_on([brand], day=day).get(brand.pk),
            "position": books.counted_through(), "back": back,
        }  # fmt: skip
        return render(request, "wallet/close.html", context)
    try:
        books.close_day(brand=brand, day=day, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    except books.CannotClose as why:
        toasts.show(request, f"{brand.name}: {why}", tone="attention")
    else:
        toasts.show(request, _("%(brand)s: %(day)s closed") % {"brand": brand.name, "day": day})
    return HttpResponseRedirect(back)
