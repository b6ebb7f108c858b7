"""Proposing to hand unclaimed money over, giving it back, and paying it to whom the law names."""

import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backoffice.access.decorators import permission_required
from backoffice.approvals.models import ChangeRequest
from backoffice.audit.lifecycle import NotAllowed, Stale
from backoffice.scope.models import Brand
from backoffice.ui import toasts
from backoffice.work.idempotency import KeyReused
from players.models import Dormancy
from players.profile.views import back, page, sent
from players.views.player import looking_at
from wallet import ledger
from wallet.models import Remittance
from wallet.unclaimed import kind, paying, remitting, services
from wallet.unclaimed.remitting import RemittanceRefused

SHOWN = 50  # payments beneath the list


class NoteForm(forms.Form):
    note = forms.CharField(label=gettext_lazy("Note"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)


def _form(request: HttpRequest) -> NoteForm:
    return NoteForm(request.POST or None, initial={"key": uuid.uuid4().hex})


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(services.HAND_OVER)
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    seen, form = looking_at(request, pk), _form(request)
    form.fields["note"].help_text = _("How the player was looked for.")
    looking, status, done = sent(seen, form, lambda: services.propose(player_id=pk, by=seen.staff, now=seen.now, **form.cleaned_data))
    if done is not None:
        toasts.show(request, _("Sent for approval"))
        return back(looking)
    row = Dormancy.objects.filter(player=looking.player).exclude(state="ended").first()
    waits = services.proposed(pk)
    why_not = services.why_not(looking.player, row, now=looking.now) if waits is None else ""
    may = waits is None and not why_not
    said = {"state": "handed_over", "amounts": services.cash_of(pk)}
    says: list[Any] = [{"icon": "card", "text": text} for text in kind.impact(str(pk), said, looking.now)] if may else []
    note = why_not or (_("Somebody else has to agree first. Then:") if may else _("Somebody else decides about it. Nothing is to be done here until then."))
    verb = _("Ask for approval") if may else ""
    return page(looking, _("Hand over unclaimed money"), form, verb=verb, says=says, note=note, danger=True, extra={"waits": waits}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(services.HAND_OVER)
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    seen, form = looking_at(request, pk), _form(request)
    form.fields["note"].help_text = _("How the player claimed it.")
    looking, status, done = sent(seen, form, lambda: services.give_back(player_id=pk, by=seen.staff, now=seen.now, **form.cleaned_data))
    if done is not None:
        toasts.show(request, _("The money is the player's again"))
        return back(looking)
    row = Dormancy.objects.filter(player=looking.player, state="handed_over").first()
    note, says, here = services.why_not_back(looking.player, row), [], False
    if row is not None and not note:
        here = bool(services.still_here(row))
        gives = _("All of it that the house still holds stands on the player's cash again.")
        says = [*([{"icon": "card", "text": gives}] if here else []), *({"icon": "info", "text": text} for text in services.paid_away(row))]
    verb = "" if note else _("Give it back") if here else _("The player was told")
    return page(looking, _("Give unclaimed money back"), form, verb=verb, says=says, note=note, status=status)


# ---- paying out


class PaymentForm(forms.Form):
    bank = forms.CharField(label=gettext_lazy("Our account"), max_length=60, help_text=gettext_lazy("The account of the house that it was paid from."))
    reference = forms.CharField(label=gettext_lazy("The bank's number"), max_length=80)
    paid_on = forms.DateField(label=gettext_lazy("The bank's day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    version = forms.IntegerField(widget=forms.HiddenInput)
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)


class CancelForm(forms.Form):
    why = forms.CharField(label=gettext_lazy("Why it is not paid"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
    version = forms.IntegerField(widget=forms.HiddenInput)


def standing(request: HttpRequest) -> tuple[str, dict[str, Any]]:
    """Beneath the list of dormant accounts: what stands, by market and currency, and what was paid on."""
    staff = request.user
    brands = Brand.objects.filter(pk__in=staff.reach()).order_by("name")  # type: ignore[union-attr]
    rows = remitting.standing(brands)
    waiting = {one.subject: one for one in ChangeRequest.objects.filter(kind=remitting.CODE, state__in=services.OPEN)} if rows else {}
    paid = Remittance.objects.visible_to(staff).select_related("brand", "jurisdiction", "currency").order_by("-pk")
    return "wallet/_unclaimed.html", {
        "standing": [(one, waiting.get(one.pot.key)) for one in rows], "remittances": paid[:SHOWN],
        "may_remit": staff.may(services.HAND_OVER),  # type: ignore[union-attr]
    }  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(services.HAND_OVER)
def remit(request: HttpRequest, code: str, market: str, currency: str) -> HttpResponse:
    pot, now = paying.pot_of(f"{code}:{market}:{currency}"), timezone.now()
    staff: Any = request.user
    if pot is None or pot.brand.pk not in staff.reach():
        raise Http404(_("There is no such unclaimed money among your brands."))
    form, status = _form(request), 200
    form.fields["note"].help_text = _("What it is based on: the law, the authority's letter, the list that goes with it.")
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                remitting.propose(pot=pot, by=staff, now=now, **form.cleaned_data)
            except RemittanceRefused as refused:
                form.add_error(refused.code or None, str(refused))
            else:
                toasts.show(request, _("Sent for approval"))
                return HttpResponseRedirect(reverse("wallet:dormant"), status=303)
    waits, values = remitting.proposed(pot), remitting.proposal(pot)
    why_not = "" if waits else remitting.why_not(values)
    may = not waits and not why_not
    says = [{"icon": "card", "text": text} for text in paying.impact(pot.key, values, now)] if may else []
    amount = Decimal(values["amount"])
    context = {"pot": pot, "values": values, "amount": amount, "form": form, "waits": waits, "why_not": why_not, "may": may, "says": says, "now": now}
    return render(request, "wallet/remit.html", context, status=status)


def _remittance(request: HttpRequest, pk: int) -> Remittance:
    return get_object_or_404(Remittance.objects.visible_to(request.user).select_related("brand", "jurisdiction", "currency"), pk=pk)


def _shown(
    request: HttpRequest, row: Remittance, *, paying_form: PaymentForm | None = None, cancelling: CancelForm | None = None, status: int = 200
) -> HttpResponse:
    fresh = {"version": row.version, "key": uuid.uuid4().hex}
    context = {
        "row": row, "lines": row.lines.select_related("dormancy").order_by("pk"), "form": paying_form or PaymentForm(initial=fresh),
        "cancelling": cancelling or CancelForm(initial=fresh, auto_id="id_cancel_%s"), "now": timezone.now(),
        "may": row.state == "agreed" and request.user.may(services.HAND_OVER),  # type: ignore[union-attr]
    }  # fmt: skip
    return render(request, "wallet/remittance.html", context, status=status)


@require_safe
@permission_required("wallet.view")
def remittance(request: HttpRequest, pk: int) -> HttpResponse:
    return _shown(request, _remittance(request, pk))


def _tried(form: Any, act: Any) -> int:
    """303 when it was done; otherwise the status to show the form again with."""
    if not form.is_valid():
        return 422
    try:
        act(**form.cleaned_data)
    except RemittanceRefused as refused:
        form.add_error(refused.code or None, str(refused))
        return 422
    except (Stale, NotAllowed, KeyReused, ledger.LedgerError) as refused:
        form.add_error(None, _("It was changed meanwhile. Look again.") if isinstance(refused, Stale) else str(refused))
        return 409
    return 303


@require_POST
@permission_required(services.HAND_OVER)
def remittance_paid(request: HttpRequest, pk: int) -> HttpResponse:
    staff: Any = request.user
    row, form = _remittance(request, pk), PaymentForm(request.POST)
    status = _tried(form, lambda **said: remitting.book_payment(remittance_id=pk, by=staff, now=timezone.now(), **said))
    if status != 303:  # noqa: PLR2004
        return _shown(request, row, paying_form=form, status=status)
    toasts.show(request, _("Payment booked"))
    return HttpResponseRedirect(reverse("wallet:remittance", args=[pk]), status=303)


@require_POST
@permission_required(services.HAND_OVER)
def remittance_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    staff: Any = request.user
    row, form = _remittance(request, pk), CancelForm(request.POST, auto_id="id_cancel_%s")
    status = _tried(form, lambda **said: remitting.cancel(remittance_id=pk, by=staff, now=timezone.now(), **said))
    if status != 303:  # noqa: PLR2004
        return _shown(request, row, cancelling=form, status=status)
    toasts.show(request, _("Payment cancelled"))
    return HttpResponseRedirect(reverse("wallet:remittance", args=[pk]), status=303)
