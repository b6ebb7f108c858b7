"""The withdrawal queue: HTTP in, a selector, HTTP out."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from backoffice.access.decorators import permission_required
from backoffice.ui import times, toasts
from backoffice.work import claims
from payments.lifecycles import TO_DECIDE
from payments.models import Withdrawal
from payments.selectors import decision
from payments.selectors import queue as selector
from payments.selectors.queue import SUBJECT, Filters
from wallet.models import Currency

KEPT = ("view", "q", "state", "currency", "kind", "least", "most", "sort", "size")


def found(request: HttpRequest, pk: int) -> Withdrawal:
    """The withdrawal, or 404 also when it belongs to a brand that this person does not reach."""
    try:
        return decision.get(request.user, pk)
    except Withdrawal.DoesNotExist as unknown:
        raise Http404("There is no such withdrawal in your brands.") from unknown


def context_of(request: HttpRequest) -> str:
    """The view's filters as a query string, carried along so that the next item comes from the same view."""
    source = request.GET if request.method in {"GET", "HEAD"} else request.POST
    pairs = {name: source[name] for name in KEPT if source.get(name)}
    return urlencode(pairs)


def queue_counts(request: HttpRequest) -> selector.Counts:
    """One query per request, shared by the sidebar and the page."""
    counted = getattr(request, "withdrawal_counts", None)
    if counted is None:
        counted = selector.counts(request.user, now=timezone.now())
        request.withdrawal_counts = counted  # type: ignore[attr-defined]
    return counted


@require_safe
@permission_required("payments.view")
def queue(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    filters = Filters.read(request.GET)
    page = selector.page(request.user, filters, now=now)
    counts = queue_counts(request)
    converted = selector.in_base(page.rows)
    rows = [
        {
            "withdrawal": row,
            "badge": decision.badge("claimed" if row.pk in page.claimed and row.state == "requested" else row.state),
            "claim": page.claimed.get(row.pk),
            "base": converted.get(row.pk),
        }
        for row in page.rows
    ]
    here = context_of(request)
    tabs = [
        {
            "label": tab.label, "url": f"?view={tab.key}", "current": tab.key == filters.tab.key,
            "count": "" if tab.key == "all" else counts.text(tab.key),
        }
        for tab in selector.TABS
    ]  # fmt: skip
    return render(
        request,
        "payments/withdrawals.html",
        {
            "rows": rows, "filters": filters, "tabs": tabs, "counts": counts, "now": now, "context": here,
            "newer": _page_url(here, "before", page.newer), "older": _page_url(here, "after", page.older), "kinds": selector.KINDS,
            "states": filters.tab.states, "state_choices": [(state, decision.badge(state)["label"]) for state in filters.tab.states],
            "chips": filters.chips(), "open_states": TO_DECIDE,
            "strip": _strip(counts, now=now), "range_text": _range(page, filters), "currencies": _currencies(),
            "may_decide": request.user.may("payments.decide"),  # type: ignore[union-attr]
            "amount_sort": "amount" if filters.sort == "-amount" else "-amount",
        },
    )  # fmt: skip


def _strip(counts: selector.Counts, *, now: datetime) -> dict[str, str]:
    """The four figures above the list. Each opens the tab whose size it is."""
    late = counts.oldest_due is not None and counts.oldest_due < now
    oldest = _("oldest %(span)s") % {"span": times.span(now - counts.oldest_due)} if late and counts.oldest_due else ""
    return {"oldest": oldest, **{key: counts.text(key) for key in ("open", "late", "second", "flight")}}


def _range(page: selector.Page, filters: Filters) -> str:
    shown = len(page.rows)
    return _("%(n)s shown, %(size)s a page") % {"n": shown, "size": filters.size}


def _page_url(here: str, name: str, mark: str) -> str:
    return f"?{here}{'&' if here else ''}{urlencode({name: mark})}" if mark else ""


_codes: list[str] = []


def _currencies() -> list[str]:
    """Codes of the currencies that are set up: they are only ever added to."""
    if not _codes:
        _codes.extend(Currency.objects.values_list("code", flat=True))
    return _codes


@require_POST
@permission_required("payments.decide")
def start(request: HttpRequest) -> HttpResponse:
    """Start reviewing: claim the first item of the view that nobody else has."""
    return next_item(request, past=None)


@require_POST
@permission_required("payments.decide")
def claim(request: HttpRequest, pk: int) -> HttpResponse:
    """Open an item for deciding. Somebody else's claim leaves it readable."""
    withdrawal = found(request, pk)
    claims.take(subject=(SUBJECT, withdrawal.pk), by=request.user, now=timezone.now())
    return HttpResponseRedirect(_detail(withdrawal.pk, context_of(request)))


@require_POST
@permission_required("payments.decide")
def heartbeat(request: HttpRequest, pk: int) -> HttpResponse:
    kept = claims.renew(subject=(SUBJECT, found(request, pk).pk), by=request.user, now=timezone.now())
    return HttpResponse(status=204 if kept else 409)


@require_POST
@permission_required("payments.decide")
def release(request: HttpRequest, pk: int) -> HttpResponse:
    claims.release(subject=(SUBJECT, found(request, pk).pk), by=request.user)
    if request.headers.get("X-Background"):
        return HttpResponse(status=204)
    here = context_of(request)
    return HttpResponseRedirect(reverse("payments:withdrawals") + (f"?{here}" if here else ""))


def _detail(pk: int, here: str) -> str:
    return reverse("payments:withdrawal", args=[pk]) + (f"?{here}" if here else "")


def next_item(request: HttpRequest, *, past: Any) -> HttpResponse:
    """Claim and open the next item of the view; the queue with a word when none is left. 303, or HX-Redirect under htmx."""
    here = context_of(request)
    filters = Filters.read(request.POST)
    now = timezone.now()
    url = ""
    # Two people may reach for the same item: whoever loses takes the one after it.
    for _attempt in range(5):
        following = selector.following(request.user, filters, past=past, now=now)
        if following is None:
            break
        if claims.take(subject=(SUBJECT, following.pk), by=request.user, now=now):
            url = _detail(following.pk, here)
            break
        past = following
    if not url:
        toasts.show(request, _("Queue clear"), tone="info")
        url = reverse("payments:withdrawals") + (f"?{here}" if here else "")
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response
