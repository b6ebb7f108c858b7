"""Pages on which staff work on a profile: HTTP in, one service call, HTTP out. Each opens as a dialog of the player's page or by itself."""

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from backoffice.access.decorators import permission_required
from backoffice.approvals import rules
from backoffice.approvals.services import NotAllowed as ChangeNotAllowed
from backoffice.approvals.services import StaleChange, drafts
from backoffice.audit.lifecycle import NotAllowed, Stale
from backoffice.ui import toasts
from backoffice.work.idempotency import KeyReused
from players.models import Instruction
from players.panels import Looking
from players.profile import accounts, callers, consequences, edits, identity, instructions, reasons
from players.profile.forms import CallerForm, ProfileForm, StateForm, WhyForm
from players.services import PlayerRefused
from players.views.player import header_of, looking_at

CHANGED = gettext_lazy("The player was changed meanwhile. Look again, and send it again if it still holds.")


def page(
    looking: Looking, title: Any, form: forms.Form, *, verb: Any, says: Any = (), note: Any = "", danger: bool = False, extra: Any = None, status: int = 200
) -> HttpResponse:
    """A form about a player, with what sending it does."""
    context = {**header_of(looking), "title": title, "form": form, "verb": verb, "says": says, "note": note, "danger": danger, **(extra or {})}
    return render(looking.request, "players/act.html", context, status=status)


def back(looking: Looking, tab: str = "") -> HttpResponse:
    response = HttpResponseRedirect(reverse("players:player", args=[looking.player.pk]) + (f"?tab={tab}" if tab else ""))
    response.status_code = 303
    return response


def fresh(looking: Looking) -> dict[str, Any]:
    return {"version": looking.player.version, "key": uuid.uuid4().hex}


def refuse(form: forms.Form, refused: Exception) -> int:
    """Put what was refused beside its field; gives the status."""
    if isinstance(refused, Stale):
        form.add_error(None, str(CHANGED))
        return 409
    code = getattr(refused, "code", "")
    form.add_error(code if code in form.fields else None, str(refused))
    return 422


def renewed(form: forms.Form, looking: Looking) -> forms.Form:
    """After a 409: what was typed stays, the version is the one that is shown now."""
    form.data = {**form.data.dict(), **{name: str(value) for name, value in fresh(looking).items()}}  # type: ignore[attr-defined]
    return form


def again(form: forms.Form, refused: Exception, looking: Looking) -> tuple[Looking, int]:
    """After a refusal: the player as they are now, and the status."""
    status, now = refuse(form, refused), looking_at(looking.request, looking.player.pk)
    if status == 409:  # noqa: PLR2004
        renewed(form, now)
    return now, status


REFUSALS = (NotAllowed, PlayerRefused, Stale, KeyReused, ChangeNotAllowed)


def sent(looking: Looking, form: forms.Form, act: Callable[[], Any]) -> tuple[Looking, int, Any]:
    """What became of a form: the player as they are now, the status to show it again with, and what `act` gave, None when nothing was done."""
    if looking.request.method != "POST":
        return looking, 200, None
    if not form.is_valid():
        return looking, 422, None
    try:
        return looking, 200, act()
    except REFUSALS as refused:
        return *again(form, refused, looking), None


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(identity.EDIT)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    looking = looking_at(request, pk)
    clear = looking.may(identity.REVEAL)
    form = ProfileForm(request.POST or None, player=looking.player, clear=clear, initial=fresh(looking))

    def change() -> edits.Edited:
        given = {name: form.cleaned_data[name] for name in ("version", "key", "reason")}
        return edits.edit_profile(player_id=pk, said=form.said(), by=looking.staff, now=looking.now, **given)

    looking, status, done = sent(looking, form, change)
    if done is not None:
        toasts.show(request, _("Sent for approval") if done.waits else _("Profile changed"))
        return back(looking, "profile")
    rule = rules.resolve(identity.CODE, brand_id=looking.player.brand_id)
    says = [
        {"icon": "double", "text": _("Name, date of birth, e-mail and phone: somebody else has to agree first.")}
        if rule.needed
        else {"icon": "double", "text": _("Name, date of birth, e-mail and phone change at once: no policy asks for anybody else.")},
        {"icon": "check", "text": _("Country, language and address: changed at once.")},
        {"icon": "mail", "text": _("The front end is told which values changed. No message goes to the player by this.")},
    ]
    if clear and request.method != "POST":
        identity.looked(str(pk), by=looking.staff, now=looking.now)
    waits = edits.waiting(pk)
    extra = {"wide": True, "waits": waits, "mine": waits is not None and waits.requested_by_id == looking.staff.pk}
    return page(looking, _("Edit profile"), form, verb=_("Save"), says=says, extra=extra, status=status)


@require_POST
@permission_required(identity.EDIT)
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back one's own change of the identity, from the player's page: support has no page of approvals."""
    looking = looking_at(request, pk)
    waits = edits.waiting(pk)
    if waits is None:
        raise Http404(_("Nothing waits for approval here."))
    try:
        drafts.withdraw(change_id=waits.pk, version=waits.version, by=looking.staff, now=looking.now)
    except ChangeNotAllowed as refused:
        raise PermissionDenied(str(refused)) from refused
    except StaleChange:
        toasts.show(request, str(CHANGED), tone="attention")
    else:
        toasts.show(request, _("Change taken back"))
    return back(looking, "profile")


STATES: dict[str, Any] = {
    "suspended": (gettext_lazy("Suspend the account"), gettext_lazy("Suspend"), accounts.suspend_account, gettext_lazy("Account suspended")),
    "closed": (gettext_lazy("Close the account"), gettext_lazy("Close the account"), accounts.close_account, gettext_lazy("Account closed")),
    "active": (gettext_lazy("Lift the suspension"), gettext_lazy("Lift the suspension"), accounts.lift_suspension, gettext_lazy("Account active")),
}


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(accounts.RESTRICT)
def state(request: HttpRequest, pk: int, to: str) -> HttpResponse:
    """Suspend, close, make active. A closed account that shall be active again is asked for by the same form."""
    looking, status = looking_at(request, pk), 200
    if to not in STATES:
        raise Http404
    title, verb, service, toast = STATES[to]
    reopens = to == "active" and looking.player.state == "closed"
    form = StateForm(request.POST or None, reasons=reasons.for_move(to), initial=fresh(looking))
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                given = {**form.cleaned_data, "player_id": pk, "by": looking.staff, "now": looking.now}
                if reopens:
                    change = accounts.ask_to_reopen(**given)
                    toast = _("Sent for approval") if change.state == "review" else toast
                else:
                    service(**given)
            except REFUSALS as refused:
                looking, status = again(form, refused, looking)
            else:
                toasts.show(request, str(toast))
                return back(looking)
    says: list[Any] = list(consequences.of(looking.player, to))
    note = ""
    if reopens:
        title, verb = _("Open the account again"), _("Ask for approval")
        needed = rules.resolve(accounts.REOPENING, brand_id=looking.player.brand_id).needed
        note = _("Somebody else has to agree first. Then:") if needed else _("No policy asks for anybody else.")
        verb = verb if needed else _("Open the account")
    allowed = looking.player.state not in {to, "merged"}
    waits = accounts.reopening(pk) if reopens else None
    return page(
        looking, title, form, verb=verb if allowed and waits is None else "", says=says, note=note, danger=to == "closed",
        extra={"waits": waits, "already": looking.player.state == to}, status=status,
    )  # fmt: skip


ASKS: dict[str, Any] = {
    Instruction.SESSIONS: (
        gettext_lazy("End all sessions"), instructions.end_sessions,
        gettext_lazy("The front end is asked to end every session of the player, on every device."),
    ),
    Instruction.CREDENTIALS: (
        gettext_lazy("Reset the credentials"), instructions.reset_credentials,
        gettext_lazy("The front end is asked to make the player choose a new password before the next sign-in."),
    ),
}  # fmt: skip


def _asks(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    looking, status = looking_at(request, pk), 200
    title, service, what = ASKS[kind]
    form = WhyForm(request.POST or None)
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                service(player_id=pk, reason=form.cleaned_data["reason"], by=looking.staff, now=looking.now)
            except REFUSALS as refused:
                status = refuse(form, refused)
            else:
                toasts.show(request, _("Asked the front end"))
                return back(looking, "profile")
    says = [
        {"icon": "key", "text": what},
        {"icon": "clock", "text": _("It is shown as requested until the front end reports that it was done.")},
    ]
    return page(looking, title, form, verb=_("Ask the front end"), says=says, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(instructions.SECURE)
def end_sessions(request: HttpRequest, pk: int) -> HttpResponse:
    return _asks(request, pk, Instruction.SESSIONS)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(instructions.SECURE)
def reset_credentials(request: HttpRequest, pk: int) -> HttpResponse:
    return _asks(request, pk, Instruction.CREDENTIALS)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(callers.VERIFY)
def check_caller(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a caller. What comes back is whether it was enough, never which answer was wrong."""
    looking, status = looking_at(request, pk), 200
    asked, rule = callers.to_ask(looking.player)
    form = CallerForm(request.POST or None, asked=asked, initial={"key": uuid.uuid4().hex})
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = callers.check_caller(player_id=pk, answers=form.answers(), key=form.cleaned_data["key"], by=looking.staff, now=looking.now)
            except REFUSALS as refused:
                status = refuse(form, refused)
            else:
                toasts.show(request, _("Caller verified") if made.passed else _("Caller not verified"), tone="success" if made.passed else "attention")
                return back(looking)
    enough = len(asked) >= rule.needed
    says = [
        {"icon": "check", "text": _("%(n)s right answers are enough. It then counts for %(minutes)s minutes.") % {"n": rule.needed, "minutes": rule.minutes}},
        {"icon": "eye", "text": _("Answers are compared and not kept. You are not told which one was wrong.")},
        {"icon": "bell", "text": _("After %(n)s failures in a day fraud is told.") % {"n": rule.failures}},
    ]
    note = "" if enough else _("Too little is known to ask %(n)s questions. Verify by documents instead.") % {"n": rule.needed}
    return page(looking, _("Verify the caller"), form, verb=_("Compare") if enough else "", says=says if enough else [], note=note, status=status)
