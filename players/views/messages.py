"""Messages to players: one of them, writing one from a template with a preview, and sending one again."""

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backoffice.access.decorators import permission_required
from backoffice.audit.sealed import hand_on
from backoffice.ui import toasts
from players import contact
from players.messages import composing, writing
from players.messages.composing import LANGUAGES, language_of
from players.messages.forms import WriteForm
from players.messages.lists import badge_of, template_label, why
from players.models import Message
from players.panels import Looking
from players.services import PlayerRefused
from players.views.player import header_of, looking_at

MESSAGE = "players.message"


@require_safe
@permission_required("players.view")
def message(request: HttpRequest, pk: int) -> HttpResponse:
    found = _found(request, pk)
    looking = looking_at(request, found.player_id)
    hand_on(looking.player, found)
    said = contact.answer(looking.player, contact.EMAIL, found.purpose, now=looking.now)
    context = {
        **header_of(looking), "message": found, "badge": badge_of(found.state), "template": template_label(found.template), "why": why(found),
        "language": LANGUAGES.get(found.language, found.language), "again": found.resent.order_by("pk").first(), "key": uuid.uuid4().hex, "said": said,
        "may_resend": looking.may(MESSAGE) and found.state != Message.QUEUED and bool(found.body),
    }  # fmt: skip
    return render(request, "players/message.html", context)


def _found(request: HttpRequest, pk: int) -> Message:
    found = Message.objects.visible_to(request.user).select_related("by", "resend_of").filter(pk=pk).first()
    if found is None:
        raise Http404(_("There is no such message in your brands."))
    return found


@require_POST
@permission_required(MESSAGE)
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    found = _found(request, pk)
    key = request.POST.get("key", "")[:80]
    if not key:
        raise PermissionDenied(_("The form was not complete. Open the message again."))
    try:
        made = writing.send_again(message_id=found.pk, key=key, by=_person(request), now=timezone.now())
    except PlayerRefused as refused:
        toasts.show(request, str(refused), tone="attention")
        return HttpResponseRedirect(reverse("players:message", args=[pk]))
    toasts.show(request, _("Message sent again"))
    return HttpResponseRedirect(reverse("players:message", args=[made.pk]))


def _person(request: HttpRequest) -> Any:
    return request.user


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(MESSAGE)
def write(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose a template, fill it in, look at what the player gets, send it. Without a preview of these very words nothing is sent."""
    looking = looking_at(request, pk)
    choices = writing.choosable()
    chosen = next((one for one in choices if one.code == request.GET.get("template", "")), None)
    if chosen is None:
        return render(request, "players/write.html", {**header_of(looking), "choices": choices, "template": None})
    said = contact.answer(looking.player, contact.EMAIL, chosen.purpose, now=looking.now)
    form = WriteForm(request.POST or None, template=chosen, looking=looking, initial={"language": language_of(looking.player, chosen), "key": uuid.uuid4().hex})
    preview, status = None, 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            language = form.cleaned_data["language"]
            try:
                if request.POST.get("do") == "send" and form.cleaned_data["seen"]:
                    writing.write_to_player(
                        player_id=pk, template=chosen.code, values=form.values, language=language, seen=form.cleaned_data["seen"],
                        key=form.cleaned_data["key"], by=looking.staff, now=timezone.now(),
                    )  # fmt: skip
                    toasts.show(request, _("Message queued"))
                    return HttpResponseRedirect(f"{reverse('players:player', args=[pk])}?tab=messages")
                preview, status = writing.written(looking.player, template=chosen, values=form.values, language=language), 200
            except PlayerRefused as refused:
                form.add_error(None, str(refused))
                preview = _again(looking, chosen, form)
    context = {
        **header_of(looking), "choices": choices, "template": chosen, "form": form, "preview": preview, "said": said,
        "language": LANGUAGES.get(preview.language, "") if preview else "",
    }  # fmt: skip
    return render(request, "players/write.html", context, status=status)


def _again(looking: Looking, chosen: Any, form: WriteForm) -> composing.Composed | None:
    """The words as they are now, for who was refused because they had changed."""
    try:
        return writing.written(looking.player, template=chosen, values=form.values, language=form.cleaned_data["language"])
    except PlayerRefused:
        return None
