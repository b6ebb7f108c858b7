"""Tickets of one player, and one of them."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from backoffice.access.decorators import permission_required
from backoffice.audit.sealed import hand_on, with_keys
from backoffice.ui import toasts
from players.models import Ticket
from players.panels import Looking
from players.services import PlayerRefused
from players.tickets import KEEP, selectors, services
from players.tickets.forms import GoOnForm, OpenForm
from players.views.player import header_of, looking_at

SHOWN = 100


def _list(looking: Looking, *, form: OpenForm | None = None, status: int = 200) -> HttpResponse:
    context = {
        **header_of(looking), "tickets": with_keys(selectors.of_player(looking.player.pk))[:SHOWN], "may": looking.may(KEEP),
        "form": form or OpenForm(initial={"key": uuid.uuid4().hex}),
    }  # fmt: skip
    return render(looking.request, "players/tickets.html", context, status=status)


@require_safe
@permission_required("players.view")
def tickets(request: HttpRequest, pk: int) -> HttpResponse:
    return _list(looking_at(request, pk))


@require_POST
@permission_required(KEEP)
def open_ticket(request: HttpRequest, pk: int) -> HttpResponse:
    looking = looking_at(request, pk)
    form = OpenForm(request.POST)
    if not form.is_valid():
        return _list(looking, form=form, status=422)
    try:
        made = services.open_by_hand(player_id=pk, by=looking.staff, now=timezone.now(), **form.cleaned_data)
    except PlayerRefused as refused:
        form.add_error(None, str(refused))
        return _list(looking, form=form, status=422)
    toasts.show(request, _("Ticket kept"))
    return HttpResponseRedirect(reverse("players:ticket", args=[made.pk]))


def _found(request: HttpRequest, pk: int) -> Ticket:
    found = Ticket.objects.visible_to(request.user).select_related("by").filter(pk=pk).first()
    if found is None:
        raise Http404(_("There is no such ticket in your brands."))
    return found


def _one(request: HttpRequest, found: Ticket, *, form: GoOnForm | None = None, status: int = 200) -> HttpResponse:
    looking = looking_at(request, found.player_id)
    may = looking.may(KEEP) and found.by_hand
    hand_on(looking.player, found)
    messages = with_keys(found.messages.order_by("at", "pk"), player="ticket__player_id")[:SHOWN]
    context = {
        **header_of(looking), "ticket": found, "messages": messages, "may": may,
        "form": form or GoOnForm(initial={"state": found.state, "version": found.version, "key": uuid.uuid4().hex}),
    }  # fmt: skip
    return render(request, "players/ticket.html", context, status=status)


@require_safe
@permission_required("players.view")
def ticket(request: HttpRequest, pk: int) -> HttpResponse:
    return _one(request, _found(request, pk))


@require_POST
@permission_required(KEEP)
def go_on(request: HttpRequest, pk: int) -> HttpResponse:
    found = _found(request, pk)
    form = GoOnForm(request.POST)
    if not form.is_valid():
        return _one(request, found, form=form, status=422)
    looking = looking_at(request, found.player_id)
    try:
        services.go_on_by_hand(ticket_id=pk, by=looking.staff, now=timezone.now(), **form.cleaned_data)
    except PlayerRefused as refused:
        form.add_error(None, str(refused))
        return _one(request, _found(request, pk), form=form, status=409 if refused.code == "ticket_changed" else 422)
    toasts.show(request, _("Ticket kept"))
    return HttpResponseRedirect(reverse("players:ticket", args=[pk]))
