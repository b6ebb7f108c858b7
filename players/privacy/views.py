"""Pages of requests about personal data: everything held, erasure, and what the law keeps of an erased player."""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backoffice.access.decorators import permission_required
from backoffice.approvals import rules
from backoffice.audit.actors import Actor
from backoffice.audit.sealed import hand_on
from backoffice.jobs.lifecycles import UNFINISHED
from backoffice.scope import packs
from backoffice.ui import toasts
from players.models import AccessRequest, Erasure
from players.panels import Looking
from players.privacy import ERASE, READ_KEPT, WORK, access, held, kind, reading, retention
from players.privacy.forms import AskForm, DeliverForm, EraseForm, ExtendForm, ReadForm, RefuseForm
from players.privacy.lists import badge_of
from players.profile.views import REFUSALS, back, page, refuse
from players.services import PlayerRefused
from players.views.player import header_of, looking_at


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(WORK)
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a request for everything held down, and have its file made."""
    looking, status = looking_at(request, pk), 200
    form = AskForm(request.POST or None, initial={"key": uuid.uuid4().hex})
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            try:
                key = f"staff:{looking.staff.pk}:{given['key']}"
                made = access.ask(
                    player_id=pk, channel=given["channel"], reason=given["reason"], received_at=given["received_at"], key=key,
                    by=Actor.staff(looking.staff), now=looking.now,
                )  # fmt: skip
                access.make(request_id=made.pk, key=given["key"], by=looking.staff, now=looking.now)
            except REFUSALS as refused:
                status = refuse(form, refused)
            else:
                toasts.show(request, _("Request kept; its file is being made"))
                return _to(made)
    says: list[Any] = []
    try:
        due = packs.number(looking.player.jurisdiction_id, "privacy.answer_days", on=looking.now.date())
        says.append({"icon": "clock", "text": _("It is due %(days)s days after it came (%(clause)s).") % {"days": due.value, "clause": due.citation}})
    except packs.NoPack as missing:
        says.append({"icon": "warning", "text": str(missing)})
    says += [
        {"icon": "file", "text": _("A file with everything held is made in the background, for you alone. It is kept for a day.")},
        {"icon": "mail", "text": _("No message goes to the player by this.")},
    ]
    return page(looking, _("Everything held"), form, verb=_("Keep it and make the file"), says=says, status=status)


def _to(row: AccessRequest) -> HttpResponse:
    return HttpResponseRedirect(reverse("players:access", args=[row.pk]))


def _found(request: HttpRequest, pk: int) -> AccessRequest:
    rows = AccessRequest.objects.visible_to(request.user).select_related("job", "asked_by", "job__requested_by", "player")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404(_("There is no such request in your brands."))
    return found


def _one(
    request: HttpRequest, found: AccessRequest, sent: Mapping[str, DeliverForm | RefuseForm | ExtendForm] | None = None, *, status: int = 200
) -> HttpResponse:
    """The page of a request. `sent` is the form that is shown again, by its name there."""
    looking = looking_at(request, found.player_id)
    hand_on(looking.player, found)
    version, job = {"version": found.version}, found.job
    lies = job is not None and job.state == "ready"
    context = {
        **header_of(looking), "row": found, "badge": badge_of(found, looking.now), "job": job,
        "mine": job is not None and job.requested_by_id == looking.staff.pk,
        "open": found.state in {"asked", "made"}, "lies": lies, "being_made": job is not None and job.state in UNFINISHED, "late": found.due_at < looking.now,
        "deliver": DeliverForm(initial=version), "refuse": RefuseForm(initial=version),
        "extend": ExtendForm(initial=version), **(sent or {}), "longer": _longer(found, looking.now), "key": uuid.uuid4().hex,
        "left_out": [one for one in held.every() if one.left_out], "omits": [one for one in held.exported() if one.omits],
    }  # fmt: skip
    return render(request, "players/privacy/access.html", context, status=status)


def _longer(found: AccessRequest, now: datetime) -> dict[str, Any] | None:
    """Until when it may be extended now, and by which law; None when it may not."""
    if found.state not in {"asked", "made"} or found.extended_at is not None or now > found.due_at:
        return None
    try:
        number = packs.number(found.player.jurisdiction_id, "privacy.extension_days", on=found.received_at.date())
    except packs.NoPack:
        return None
    return {"until": found.due_at + timedelta(days=number.value), "clause": number.citation}


@require_safe
@permission_required(WORK)
def show(request: HttpRequest, pk: int) -> HttpResponse:
    return _one(request, _found(request, pk))


@require_POST
@permission_required(WORK)
def make(request: HttpRequest, pk: int) -> HttpResponse:
    found, person = _found(request, pk), request.user
    key = request.POST.get("key", "")[:60]
    try:
        job = access.make(request_id=pk, key=key or uuid.uuid4().hex, by=person, now=timezone.now())  # type: ignore[arg-type]
    except REFUSALS as refused:
        toasts.show(request, str(refused), tone="attention")
    else:
        mine = job.requested_by_id == person.pk
        toasts.show(request, _("The file is being made") if mine else _("A colleague has it made"), tone="success" if mine else "attention")
    return _to(found)


@require_POST
@permission_required(WORK)
def deliver(request: HttpRequest, pk: int) -> HttpResponse:
    return _end(request, pk, "deliver", DeliverForm(request.POST), access.deliver, _("Delivered"))


@require_POST
@permission_required(WORK)
def refuse_it(request: HttpRequest, pk: int) -> HttpResponse:
    return _end(request, pk, "refuse", RefuseForm(request.POST), access.refuse, _("Refused"))


@require_POST
@permission_required(WORK)
def extend(request: HttpRequest, pk: int) -> HttpResponse:
    return _end(request, pk, "extend", ExtendForm(request.POST), access.extend, _("Extended"))


def _end(request: HttpRequest, pk: int, name: str, form: DeliverForm | RefuseForm | ExtendForm, act: Callable[..., Any], toast: str) -> HttpResponse:
    """Answer a request in one of its ways: `name` is the form's on the page."""
    found = _found(request, pk)
    if not form.is_valid():
        return _one(request, found, {name: form}, status=422)
    try:
        act(request_id=pk, by=request.user, now=timezone.now(), **form.cleaned_data)
    except REFUSALS as refused:
        return _one(request, _found(request, pk), {name: form}, status=refuse(form, refused))
    toasts.show(request, toast)
    return _to(found)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(ERASE)
def erase(request: HttpRequest, pk: int) -> HttpResponse:
    """What an erasure would do, kind by kind, and asking for it."""
    looking, status = looking_at(request, pk), 200
    form = EraseForm(request.POST or None, initial={"key": uuid.uuid4().hex})
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                kind.ask_to_erase(player_id=pk, by=looking.staff, now=looking.now, **form.cleaned_data)
            except REFUSALS as refused:
                status = refuse(form, refused)
            else:
                toasts.show(request, _("Sent for approval"))
                return back(looking, "profile")
    stands = retention.obstacles(looking.player, now=looking.now)
    try:
        lines = retention.plan(looking.player, now=looking.now) if looking.player.erased_at is None else []
    except packs.NoPack:
        lines = []
    context = {
        **header_of(looking), "form": form, "stands": stands, "lines": lines, "waits": kind.waiting(looking.player),
        "needed": rules.resolve(kind.CODE, brand_id=looking.player.brand_id).needed,
    }  # fmt: skip
    return render(request, "players/privacy/erase.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(READ_KEPT)
def kept(request: HttpRequest, pk: int) -> HttpResponse:
    """What the law keeps of one kind of an erased player's, once, for a reason."""
    part = _part(request, pk)
    looking, status, rows = looking_at(request, part.player_id), 200, None
    form = ReadForm(request.POST or None)
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                rows, status = reading.read(part_id=pk, reason=form.cleaned_data["reason"], by=looking.staff, now=looking.now), 200
            except PlayerRefused as refused:
                status = refuse(form, refused)
    return _kept_page(request, looking, part, form, rows, status=status)


def _kept_page(
    request: HttpRequest, looking: Looking, part: Erasure, form: ReadForm, rows: list[dict[str, Any]] | None = None, *, status: int = 200
) -> HttpResponse:
    shown = [(json.dumps(row, ensure_ascii=False, indent=2), [one for one in row.get("files", ()) if "gone" not in one]) for row in rows or ()]
    context = {**header_of(looking), "part": part, "holding": held.get(part.kind), "form": form, "rows": shown if rows is not None else None}
    answer = render(request, "players/privacy/kept.html", context, status=status)
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@permission_required(READ_KEPT)
def kept_file(request: HttpRequest, pk: int, file: int) -> HttpResponse:
    """A file that the law keeps of an erased player, to be saved: nothing that somebody attached is shown inside our pages."""
    part = _part(request, pk)
    looking, form = looking_at(request, part.player_id), ReadForm(request.POST)
    if not form.is_valid():
        return _kept_page(request, looking, part, form, status=422)
    try:
        found = reading.read_file(part_id=pk, file=file, reason=form.cleaned_data["reason"], by=looking.staff, now=looking.now)
    except PlayerRefused as refused:
        return _kept_page(request, looking, part, form, status=refuse(form, refused))
    response = HttpResponse(found.content, content_type=found.kind)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(found.name)}"
    response["Cache-Control"] = "no-store"
    return response


def _part(request: HttpRequest, pk: int) -> Erasure:
    part = Erasure.objects.filter(pk=pk, brand_id__in=request.user.reach(), state="kept").first()  # type: ignore[union-attr]
    if part is None:
        raise Http404(_("Nothing of that is kept in your brands."))
    return part
