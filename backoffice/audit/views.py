"""The audit log: every fact, filtered and one by one. Nothing here can be changed; looking at personal values is a fact itself."""

from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from backoffice.audit import selectors
from backoffice.audit.actors import Actor
from backoffice.audit.models import Event
from backoffice.audit.record import record
from backoffice.ui import navigation

KEPT = ("type", "actor_kind", "actor", "player", "subject", "request", "since", "until")


def _need(request: HttpRequest, permission: str) -> None:
    # `access` stands above this room, so its decorator cannot be used here; the answer comes from the same catalogue.
    if not navigation.may(request, permission):
        raise PermissionDenied(permission)


@require_safe
def log(request: HttpRequest) -> HttpResponse:
    _need(request, "audit.view")
    filters = selectors.Filters.read(request.GET)
    page = selectors.page(request.user, filters)
    here = urlencode({name: request.GET[name] for name in KEPT if request.GET.get(name)})

    def url(name: str, mark: str) -> str:
        return f"?{here}{'&' if here else ''}{urlencode({name: mark})}" if mark else ""

    return render(
        request,
        "audit/log.html",
        {
            "page": page, "filters": filters, "chips": filters.chips(), "newer": url("before", page.newer), "older": url("after", page.older),
            "chain": selectors.chain(), "actors": selectors.ACTORS, "now": timezone.now(), "context": here,
        },
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def fact(request: HttpRequest, pk: int) -> HttpResponse:
    """One fact. A POST reveals its personal values, which is recorded first."""
    _need(request, "audit.view")
    found = Event.objects.visible_to(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404(_("There is no such fact in your brands."))
    reveal = request.method == "POST"
    if reveal:
        _need(request, "audit.reveal")
        record(
            "audit.personal_revealed", actor=Actor.staff(request.user), at=timezone.now(), brand_id=found.brand_id, player_id=found.player_id,  # type: ignore[arg-type]
            subject=("audit.event", found.pk),
        )  # fmt: skip
    changes = selectors.changes(found, reveal=reveal)
    same = Event.objects.visible_to(request.user).filter(request_id=found.request_id).exclude(pk=found.pk)[:10] if found.request_id else []
    return render(
        request,
        "audit/fact.html",
        {
            "fact": found, "changes": changes, "hidden": any(change.hidden for change in changes), "revealed": reveal, "same": same,
            "place": selectors.place_of(found),
        },
    )  # fmt: skip
