"""The pages of webhooks: endpoints, what was delivered to each, one delivery with its attempts."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Max, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backoffice.access.decorators import permission_required
from backoffice.audit.actors import Actor
from backoffice.integrations.models import Delivery, Endpoint
from backoffice.integrations.webhooks import services, topics
from backoffice.integrations.webhooks.forms import EndpointForm
from backoffice.ui import numbers, toasts

SIZE = 50
SEE, MANAGE = "integrations.view_webhooks", "integrations.webhooks"
TONES = {"queued": ("info", 1), "delivered": ("success", 2), "failed": ("critical", 2)}


@require_safe
@permission_required(SEE)
def endpoints(request: HttpRequest) -> HttpResponse:
    waiting = Count("deliveries", filter=Q(deliveries__state=Delivery.QUEUED))
    last = Max("deliveries__ended_at", filter=Q(deliveries__state=Delivery.DELIVERED))
    rows = Endpoint.objects.visible_to(request.user).select_related("brand").annotate(waiting=waiting, last=last).order_by("-active", "name", "pk")
    return render(request, "webhooks/endpoints.html", {"rows": rows, "now": timezone.now(), "may": _may(request)})


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(MANAGE)
def add(request: HttpRequest) -> HttpResponse:
    """The form; after it, once, the secret."""
    form = EndpointForm(request.POST or None, staff=request.user)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        made = services.create(
            name=given["name"], url=given["url"], topic_codes=given["topics"], brand=given["brand"], by=_actor(request), now=timezone.now()
        )  # fmt: skip
        response = render(request, "webhooks/added.html", {"endpoint": made.endpoint, "secret": made.secret})
        response["Cache-Control"] = "no-store"
        return response
    return render(request, "webhooks/add.html", {"form": form}, status=422 if form.is_bound else 200)


def _endpoint(request: HttpRequest, pk: int) -> Endpoint:
    found = Endpoint.objects.visible_to(request.user).select_related("brand").filter(pk=pk).first()
    if found is None:
        raise Http404(_("There is no such endpoint in your brands."))
    return found


@require_safe
@permission_required(SEE)
def endpoint(request: HttpRequest, pk: int) -> HttpResponse:
    """One endpoint and its deliveries, newest first."""
    one = _endpoint(request, pk)
    state = request.GET.get("state", "")
    state = state if state in TONES else ""
    mark = {name: int(request.GET[name]) for name in ("after", "before") if numbers.is_id(request.GET.get(name, ""))}
    rows = Delivery.objects.filter(endpoint=one)
    if state:
        rows = rows.filter(state=state)
    backwards = "before" in mark
    if backwards:
        rows = rows.filter(pk__gt=mark["before"]).order_by("pk")
    elif "after" in mark:
        rows = rows.filter(pk__lt=mark["after"])
    found = list(rows[: SIZE + 1])
    more, found = len(found) > SIZE, found[:SIZE]
    if backwards:
        found.reverse()
    here = {"state": state} if state else {}
    tabs = [("", _("All")), ("queued", _("Waiting")), ("delivered", _("Delivered")), ("failed", _("Failed"))]
    context: dict[str, Any] = {
        "endpoint": one, "rows": [_shown(row) for row in found], "may": _may(request), "now": timezone.now(), "state": state,
        "newer": f"?{urlencode({**here, 'before': found[0].pk})}" if found and (mark.get("after") or (backwards and more)) else "",
        "older": f"?{urlencode({**here, 'after': found[-1].pk})}" if found and (more or backwards) else "",
        "tabs": [{"label": label, "url": f"?{urlencode({'state': key})}" if key else "?", "current": key == state, "count": ""} for key, label in tabs],
        "labels": [topic.label for topic in topics.known() if topic.code in one.topics],
        "rests": one.open_until is not None and one.open_until > timezone.now(),
    }  # fmt: skip
    return render(request, "webhooks/endpoint.html", context)


@require_POST
@permission_required(MANAGE)
def set_active(request: HttpRequest, pk: int) -> HttpResponse:
    active = request.POST.get("active") == "1"
    services.set_active(endpoint_id=_endpoint(request, pk).pk, active=active, by=_actor(request), now=timezone.now())
    toasts.show(request, _("Endpoint on") if active else _("Endpoint off"))
    return HttpResponseRedirect(reverse("integrations:webhook", args=[pk]))


def _delivery(request: HttpRequest, pk: int) -> Delivery:
    found = Delivery.objects.select_related("endpoint").filter(pk=pk, endpoint__in=Endpoint.objects.visible_to(request.user)).first()
    if found is None:
        raise Http404(_("There is no such delivery in your brands."))
    return found


@require_safe
@permission_required(SEE)
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    row = _delivery(request, pk)
    again = Delivery.objects.filter(replay_of=row, endpoint=row.endpoint_id)[:20]
    context = {**_shown(row), "tries": row.tries.all(), "again": again, "may": _may(request) and row.state != Delivery.QUEUED and row.endpoint.active}
    return render(request, "webhooks/delivery.html", context)


@require_POST
@permission_required(MANAGE)
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    row = _delivery(request, pk)
    try:
        made = services.replay(delivery_id=row.pk, by=_actor(request), now=timezone.now())
    except (services.StillWaiting, services.SwitchedOff) as why:
        toasts.show(request, str(why), tone="attention")
        return HttpResponseRedirect(reverse("integrations:webhook-delivery", args=[pk]))
    toasts.show(request, _("Sent again"))
    return HttpResponseRedirect(reverse("integrations:webhook-delivery", args=[made.pk]))


def _shown(row: Delivery) -> dict[str, Any]:
    tone, pip = TONES[row.state]
    words = {"queued": _("Waiting"), "delivered": _("Delivered"), "failed": _("Failed")}
    return {"row": row, "tone": tone, "pip": pip, "state": words[row.state]}


def _may(request: HttpRequest) -> bool:
    return bool(request.user.may(MANAGE))  # type: ignore[union-attr]


def _actor(request: HttpRequest) -> Actor:
    return Actor.staff(request.user)  # type: ignore[arg-type]
