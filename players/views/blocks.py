"""Blocks of one player: those that stand, those that were, and setting and lifting them."""

from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from backoffice.access.decorators import permission_required
from backoffice.audit.actors import Actor
from backoffice.ui import toasts
from players.blocks import RESTRICT, selectors, services, sources
from players.blocks.forms import LiftForm, SetForm
from players.models import Block
from players.panels import Looking
from players.services import PlayerRefused
from players.views.player import header_of, looking_at

FIELDS = {"block_end": "ends_at", "block_note": "note"}  # where a refusal belongs
SHOWN = 100


def _page(looking: Looking, *, form: SetForm | None = None, lifting: tuple[int, LiftForm] | None = None, status: int = 200) -> HttpResponse:
    player, may = looking.player, looking.may(RESTRICT)
    every = list(selectors.history(player.pk)[:SHOWN])
    standing = [one for one in every if one.state == "active" and (one.ends_at is None or one.ends_at > looking.now)]
    if form is None:
        form = SetForm(taken=taken(standing))
    lines = []
    for one in standing:
        own = lifting[1] if lifting and lifting[0] == one.pk else LiftForm(initial={"version": one.version}, auto_id=f"id_%s_{one.pk}")
        lines.append({"block": one, **_words(one), "form": own if may and sources.shown(one.source).staff_lift else None})
    context = {
        **header_of(looking), "standing": lines, "over": [{"block": one, **_words(one)} for one in every if one not in standing],
        "form": form, "may": may, "nothing_left": not form.fields["kinds"].choices,  # type: ignore[attr-defined]
    }  # fmt: skip
    return render(looking.request, "players/blocks.html", context, status=status)


def taken(standing: list[Block]) -> frozenset[str]:
    return frozenset(one.kind for one in standing if one.source == sources.STAFF)


def _words(block: Block) -> dict[str, Any]:
    return {"source": sources.shown(block.source).label, "reason": sources.reason(block.source, block.reason)}


@require_safe
@permission_required("players.view")
def blocks(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(looking_at(request, pk))


@require_POST
@permission_required(RESTRICT)
def set_block(request: HttpRequest, pk: int) -> HttpResponse:
    looking = looking_at(request, pk)
    form = SetForm(request.POST, taken=taken(selectors.in_force(pk, now=looking.now)))
    if not form.is_valid():
        return _page(looking, form=form, status=422)
    kinds, rest = form.cleaned_data.pop("kinds"), form.cleaned_data
    try:
        with transaction.atomic():
            for kind in kinds:
                services.set_block(player_id=pk, kind=kind, by=Actor.staff(looking.staff), now=timezone.now(), **rest)
    except PlayerRefused as refused:
        form.add_error(FIELDS.get(refused.code, "kinds"), str(refused))
        return _page(looking, form=form, status=422)
    toasts.show(request, ngettext("%(n)s block set", "%(n)s blocks set", len(kinds)) % {"n": len(kinds)})
    return HttpResponseRedirect(reverse("players:blocks", args=[pk]))


@require_POST
@permission_required(RESTRICT)
def lift_block(request: HttpRequest, pk: int, block: int) -> HttpResponse:
    looking = looking_at(request, pk)
    form = LiftForm(request.POST, auto_id=f"id_%s_{block}")
    if not form.is_valid():
        return _page(looking, lifting=(block, form), status=422)
    try:
        services.lift_block(block_id=block, player_id=pk, by=looking.staff, now=timezone.now(), **form.cleaned_data)
    except PlayerRefused as refused:
        if refused.code == "block_unknown":
            raise Http404(str(refused)) from refused
        toasts.show(request, str(refused), tone="attention")
        return HttpResponseRedirect(reverse("players:blocks", args=[pk]))
    toasts.show(request, _("Block lifted"))
    return HttpResponseRedirect(reverse("players:blocks", args=[pk]))
