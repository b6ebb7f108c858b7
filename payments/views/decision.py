"""One withdrawal, one page: what is known, and the decision. HTTP in, one service call, HTTP out."""

import json
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from backoffice.access.decorators import permission_required
from backoffice.audit import sealed
from backoffice.ui import money, toasts
from backoffice.work import canned, claims, idempotency, listing
from backoffice.work.checks import counts
from backoffice.work.listing import Asked
from backoffice.work.notes.places import subject_of
from backoffice.work.views.claims import next_item
from backoffice.work.views.common import parameters
from backoffice.work.views.item import work_context
from backoffice.work.views.notes import notes_context
from payments import checks
from payments.badges import badge
from payments.forms import DecisionForm
from payments.lifecycles import TO_DECIDE
from payments.models import Withdrawal
from payments.queues import SUBJECT, WITHDRAWALS
from payments.selectors import decision as selector
from payments.selectors import sources
from payments.services import ReasonRequired, SecondPersonNeeded, StaleDecision, UndoOver
from payments.services import withdrawals as services
from players import along, contact
from players.places import player_subject
from players.tickets import TICKETS

KEYS = {"approved": "a", "rejected": "r", "held": "h", "returned": "t"}


def found(request: HttpRequest, pk: int) -> Withdrawal:
    """The withdrawal with all that its page shows, or 404 also when it belongs to a brand that this person does not reach."""
    try:
        return selector.get(request.user, pk)
    except Withdrawal.DoesNotExist as unknown:
        raise Http404(_("There is no such withdrawal in your brands.")) from unknown


def context_of(request: HttpRequest) -> str:
    return listing.context_of(WITHDRAWALS, parameters(request))


TOASTS = {
    "approved": gettext_lazy("Withdrawal approved"), "rejected": gettext_lazy("Withdrawal rejected"), "held": gettext_lazy("Withdrawal held"),
    "returned": gettext_lazy("Returned to queue"),
}  # fmt: skip


def _panel(request: HttpRequest, withdrawal: Withdrawal, *, form: DecisionForm | None = None, stale: bool = False) -> dict[str, Any]:
    """What the decision panel needs: outcomes, reasons, consequences, limits."""
    now = timezone.now()
    outcomes = selector.outcomes(withdrawal, request.user)
    limit = selector.limit_of(withdrawal)
    if form is None or stale:
        kept = {"note": form["note"].value()} if form is not None else {}
        first = next((code for code, _label in outcomes if code == request.GET.get("outcome")), outcomes[0][0] if outcomes else "")
        form = DecisionForm(
            initial={"outcome": first, "version": withdrawal.version, "key": uuid.uuid4().hex, "until": _tomorrow(), **kept},
            outcomes=outcomes, reasons=selector.reasons() if outcomes else {},
        )  # fmt: skip
    # A form that came back was read against every outcome; it shows those that this person may choose now.
    form.fields["outcome"].choices = outcomes  # type: ignore[attr-defined]
    reasons = selector.reasons() if outcomes else {}
    above = withdrawal.amount > limit
    return {
        "reason_groups": [{"outcome": outcome, "label": label, "reasons": reasons.get(outcome, [])} for outcome, label in outcomes],
        "withdrawal": withdrawal, "form": form, "outcomes": outcomes, "stale": stale, "keys": KEYS, "limit": limit, "above": above, "now": now,
        "consequences": _consequences(withdrawal, above=above), "context": context_of(request), "badge": badge(withdrawal.state),
        "waits_for_other": withdrawal.state == "awaiting_second" and withdrawal.first_by_id == request.user.pk,
        "may_undo": withdrawal.state == "approved" and withdrawal.decided_by_id == request.user.pk and withdrawal.dispatch_at and now < withdrawal.dispatch_at,
        "undo_key": f"undo-{withdrawal.pk}-{withdrawal.version}", "hidden": listing.kept(WITHDRAWALS, parameters(request)), "open_states": TO_DECIDE,
    }  # fmt: skip


def _tomorrow() -> Any:
    local = timezone.localtime() + timedelta(days=1)
    return local.replace(hour=12, minute=0, second=0, microsecond=0)


def _consequences(withdrawal: Withdrawal, *, above: bool) -> list[dict[str, str]]:
    """What each outcome does, in sentences that tests hold to be true."""
    name, said = withdrawal.player.first_name, contact.answer(withdrawal.player, contact.EMAIL, contact.SERVICE, now=timezone.now())
    amount = money.write(withdrawal.amount, withdrawal.currency)
    if not said.allowed:
        return _unheard(withdrawal, above=above, why=said.words, words={"amount": str(amount), "name": name})
    if withdrawal.state == "awaiting_second":
        approve = _("Approve: pays %(amount)s out after ten seconds and e-mails %(name)s when it is paid")
    elif above:
        approve = _("Approve: waits for a second approver")
    else:
        approve = _("Approve: pays %(amount)s out after ten seconds and e-mails %(name)s when it is paid")
    words = {"amount": amount, "name": name}
    return [
        {"icon": "double" if above and withdrawal.state != "awaiting_second" else "card", "text": approve % words},
        {"icon": "mail", "text": _("Reject: returns %(amount)s to cash and e-mails %(name)s at once") % words},
    ]


def _unheard(withdrawal: Withdrawal, *, above: bool, why: str, words: dict[str, str]) -> list[dict[str, str]]:
    """The same for a player who may not be e-mailed now."""
    waits = above and withdrawal.state != "awaiting_second"
    approve = _("Approve: waits for a second approver") if waits else _("Approve: pays %(amount)s out after ten seconds") % words
    return [
        {"icon": "double" if waits else "card", "text": approve}, {"icon": "undo", "text": _("Reject: returns %(amount)s to cash at once") % words},
        {"icon": "ban", "text": _("%(name)s is not e-mailed: %(why)s") % {**words, "why": why}},
    ]  # fmt: skip


def _page(request: HttpRequest, withdrawal: Withdrawal, *, limit: Decimal) -> dict[str, Any]:
    """What stands around the panel: checks, money, history, the neighbours in the view."""
    now = timezone.now()
    case = checks.Case(withdrawal, now)
    results = checks.run_all(case)
    facts = selector.history(request.user, withdrawal)
    asked = Asked.read(WITHDRAWALS, parameters(request))
    before, after = listing.neighbours(request.user, asked, of=withdrawal, now=now)
    hits_only = request.GET.get("checks") == "hits"
    for fact in facts:
        note = json.loads(fact.after or "{}").get("note", "")
        fact.note = sealed.opened(withdrawal.player, note, player_id=withdrawal.player_id) or ""  # type: ignore[attr-defined]
    return {
        "checks": [result for result in results if result.hit or not hits_only], "check_counts": counts(results), "hits_only": hits_only,
        "reason_labels": {reason.code: reason.label for codes in selector.reasons().values() for reason in codes},
        **work_context(request, WITHDRAWALS, withdrawal, now=now), "facts": facts, "timezone_name": timezone.localtime(now).tzname(),
        "flows": selector.flows(case), "plan": sources.plan(case), "tickets": along.of(withdrawal.player, TICKETS, now=now), "player": withdrawal.player,
        "earlier": [{"withdrawal": other, "badge": badge(other.state)} for other in case.earlier[:5]], "earlier_count": len(case.earlier),
        "steps": selector.steps(withdrawal, facts, limit=limit), "postings": selector.postings(withdrawal),
        **notes_context(request, [player_subject(withdrawal.player), subject_of(WITHDRAWALS, withdrawal)]), "previous": before, "following": after,
    }  # fmt: skip


@require_safe
@permission_required("payments.view")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    withdrawal = found(request, pk)
    panel = _panel(request, withdrawal)
    return render(request, "payments/withdrawal.html", {**_page(request, withdrawal, limit=panel["limit"]), **panel})


OUTCOMES = {
    "approved": services.approve_withdrawal, "rejected": services.reject_withdrawal, "held": services.hold_withdrawal,
    "returned": services.return_to_queue,
}  # fmt: skip


@require_POST
@permission_required("payments.decide")
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    withdrawal = found(request, pk)
    # Every outcome is offered to the form, so that a repeated request whose row has moved on still gets its first answer.
    offered = [("approved", _("Approve")), ("rejected", _("Reject")), ("held", _("Hold until")), ("returned", _("Return to queue"))]
    form = DecisionForm(request.POST, outcomes=offered, reasons=selector.reasons(), canned=canned.chosen(request.POST, SUBJECT))
    if not form.is_valid():
        return _answer(request, withdrawal, form, status=422)
    cleaned = form.cleaned_data
    outcome = cleaned["outcome"]
    arguments = {name: cleaned[name] for name in ("version", "key", "reason_code", "note")}
    if outcome == "held":
        arguments["until"] = cleaned["until"]
    now = timezone.now()
    try:
        decided = OUTCOMES[outcome](withdrawal_id=pk, by=request.user, now=now, **arguments)  # type: ignore[operator]
    except StaleDecision:
        return _answer(request, found(request, pk), form, status=409)
    except ReasonRequired as wrong:
        form.add_error("until" if outcome == "held" and "Hold" in str(wrong) else "reason_code", str(wrong))
        return _answer(request, withdrawal, form, status=422)
    except (SecondPersonNeeded, services.NotAllowed, idempotency.KeyReused) as refused:
        form.add_error(None, str(refused))
        return _answer(request, withdrawal, form, status=422)
    claims.finish(subject=(SUBJECT, pk), by=request.user, key=cleaned["key"], now=now)
    undo = ""
    words = str(TOASTS[outcome])
    if outcome == "approved":
        if decided.state == "awaiting_second":
            words = _("Waits for second approval")
        else:
            undo = reverse("payments:withdrawal-undo", args=[pk])
    toasts.show(request, f"{withdrawal.name}: {words}", undo=undo)
    return next_item(request, WITHDRAWALS, past=withdrawal)


def _answer(request: HttpRequest, withdrawal: Withdrawal, form: DecisionForm, *, status: int) -> HttpResponse:
    """The panel again, with what was typed: alone for htmx, inside the whole page without it."""
    panel = _panel(request, withdrawal, form=form, stale=status == 409)
    if request.headers.get("HX-Request") == "true":
        return render(request, "payments/withdrawal.html#decide", panel, status=status)
    return render(request, "payments/withdrawal.html", {**_page(request, withdrawal, limit=panel["limit"]), **panel}, status=status)


@require_POST
@permission_required("payments.decide")
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    withdrawal = found(request, pk)
    key = request.POST.get("key") or f"undo-{pk}-{withdrawal.version}"
    try:
        services.undo_approval(withdrawal_id=pk, key=key, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    except UndoOver as over:
        toasts.show(request, f"{withdrawal.name}: {over}", tone="attention")
    else:
        claims.take(subject=(SUBJECT, pk), by=request.user, now=timezone.now())
        toasts.show(request, f"{withdrawal.name}: {_('Approval undone')}")
    here = context_of(request)
    return HttpResponseRedirect(reverse("payments:withdrawal", args=[pk]) + (f"?{here}" if here else ""))
