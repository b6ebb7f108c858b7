"""Claims, the next item, and who has an item open."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.ui import toasts
from backoffice.work import claims, items, listing, presence
from backoffice.work.items import NotPossible, Subject
from backoffice.work.listing import Asked
from backoffice.work.queues import Queue
from backoffice.work.views.common import address_of, found, list_address


def start(request: HttpRequest, queue: Queue) -> HttpResponse:
    """Start reviewing: claim the first item of the view that nobody else has."""
    return next_item(request, queue, past=None)


def next_item(request: HttpRequest, queue: Queue, *, past: Any) -> HttpResponse:
    """Claim and open the next item of the view; the queue with a word when none is left. 303, or HX-Redirect under htmx."""
    context = listing.context_of(queue, request.POST)
    asked = Asked.read(queue, request.POST)
    now = timezone.now()
    url = ""
    # Two people may reach for the same item: whoever loses takes the one after it.
    for _attempt in range(5):
        following = listing.following(request.user, asked, past=past, now=now)
        if following is None:
            break
        if claims.take(subject=(queue.subject, following.pk), by=request.user, now=now):
            url = address_of(queue, following.pk, context)
            break
        past = following
    if not url:
        toasts.show(request, queue.empty, tone="info")
        url = list_address(queue, context)
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


def claim(request: HttpRequest, queue: Queue, pk: int) -> HttpResponse:
    """Open an item for deciding. Somebody else's claim leaves it readable."""
    row = found(request, queue, pk)
    claims.take(subject=(queue.subject, row.pk), by=request.user, now=timezone.now())
    return HttpResponseRedirect(address_of(queue, row.pk, listing.context_of(queue, request.POST)))


def take_over(request: HttpRequest, queue: Queue, pk: int) -> HttpResponse:
    row = found(request, queue, pk)
    try:
        items.take_over(Subject.of(queue.subject, row), reason=request.POST.get("reason", ""), by=request.user, now=timezone.now())
    except NotPossible as why:
        toasts.show(request, str(why), tone="attention")
    else:
        toasts.show(request, _("It is yours now"))
    return HttpResponseRedirect(address_of(queue, row.pk, listing.context_of(queue, request.POST)))


def heartbeat(request: HttpRequest, queue: Queue, pk: int) -> HttpResponse:
    """The page is open: presence, and the lease of who claimed it. 409 when that claim is no longer theirs."""
    row, now = found(request, queue, pk), timezone.now()
    presence.here(subject=(queue.subject, row.pk), by=request.user, now=now)
    held = not request.POST.get("claimed") or claims.renew(subject=(queue.subject, row.pk), by=request.user, now=now)
    return HttpResponse(status=204 if held else 409)


def release(request: HttpRequest, queue: Queue, pk: int) -> HttpResponse:
    claims.release(subject=(queue.subject, found(request, queue, pk).pk), by=request.user)
    if request.headers.get("X-Background"):
        return HttpResponse(status=204)
    return HttpResponseRedirect(list_address(queue, listing.context_of(queue, request.POST)))
