"""One deposit or refund, one page: from intent to settlement, with every word of the provider."""

import json
import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.views.decorators.http import require_http_methods, require_safe

from backoffice.access.decorators import permission_required
from backoffice.approvals import rules
from backoffice.approvals.services import NotAllowed as ChangeNotAllowed
from backoffice.audit import sealed
from backoffice.audit.lifecycle import NotAllowed
from backoffice.ui import toasts
from backoffice.work.notes.places import subject_of
from backoffice.work.views.notes import notes_context
from payments import refunding, situations
from payments.badges import chargeback_badge, deposit_badge, exception_badge, refund_badge
from payments.models import Deposit, Refund
from payments.queues import DEPOSITS, REFUNDS
from payments.selectors import steps, trail
from payments.services import PaymentRefused, refunds
from players import along
from players.places import player_subject
from players.tickets import TICKETS
from wallet import balances, currencies, rates
from wallet.currencies import EXACT

RAW = "payments.view_raw"


class AskForm(forms.Form):
    amount = forms.DecimalField(label=_l("Amount"), max_digits=38, decimal_places=18, min_value=Decimal(0), localize=False)
    reason = forms.CharField(
        label=_l("Why"), max_length=400, widget=forms.Textarea(attrs={"rows": 3}), help_text=_l("For whoever approves it, and for the auditor.")
    )  # fmt: skip
    key = forms.CharField(max_length=60, widget=forms.HiddenInput)


def found(request: HttpRequest, pk: int) -> Deposit:
    """The deposit with all that its page shows, or 404 also when it belongs to a brand that this person does not reach."""
    rows = Deposit.objects.visible_to(request.user).select_related("player", "player__jurisdiction", "instrument", "brand")
    row = along.read(rows, now=timezone.now(), owner="player_id").filter(pk=pk).first()
    if row is None:
        raise Http404(_("There is no such deposit in your brands."))
    along.hand_on(row, row.player)
    deposit: Deposit = row
    return deposit


def _facts(request: HttpRequest, player: Any, subjects: list[tuple[str, int]]) -> list[Any]:
    facts = trail.history(request.user, subjects)
    for fact in facts:
        note = json.loads(fact.after or "{}").get("note", "")
        fact.note = sealed.opened(player, note, player_id=player.pk) or ""  # type: ignore[attr-defined]
    return facts


@require_safe
@permission_required("payments.view")
def deposit(request: HttpRequest, pk: int) -> HttpResponse:
    row, now, staff = found(request, pk), timezone.now(), request.user
    around = trail.of_deposit(row)
    of_refunds, of_chargebacks = (("payments.refund", around.refunds), ("payments.chargeback", around.chargebacks))
    subjects = [("payments.deposit", row.pk), *((kind, one.pk) for kind, rows in (of_refunds, of_chargebacks) for one in rows)]
    facts = _facts(request, row.player, subjects)
    base = row.brand.base_currency
    context: dict[str, Any] = {
        "deposit": row, "player": row.player, "badge": deposit_badge(row.state), "now": now, "facts": facts,
        "told": situations.of_deposit(row, waits=any(one.waiting for one in around.exceptions)),
        "steps": steps.of_deposit(row, facts), "net": EXACT.subtract(Decimal(row.amount), Decimal(row.fee)), "gone_back": around.gone_back,
        "fx": rates.convert(row.amount, row.currency, base) if row.currency != base else None, "base": base,
        "postings": trail.postings_of(row), "calls": trail.calls(row), "news": trail.news(row), "sees_raw": staff.may(RAW),  # type: ignore[union-attr]
        "refunds": [{"refund": one, "badge": refund_badge(one.state)} for one in around.refunds],
        "chargebacks": [{"chargeback": one, "badge": chargeback_badge(one.state)} for one in around.chargebacks],
        "exceptions": [{"exception": one, "badge": exception_badge(one.state)} for one in around.exceptions],
        "refundable": staff.may(refunding.REFUND) and not refunds.why_not(row), "waits": refunding.waiting(row.pk),  # type: ignore[union-attr]
        "tickets": along.of(row.player, TICKETS, now=now), "timezone_name": timezone.localtime(now).tzname(),
        "back": reverse("payments:deposits"), **notes_context(request, [player_subject(row.player), subject_of(DEPOSITS, row)]),
    }  # fmt: skip
    return render(request, "payments/deposit.html", context)


@require_safe
@permission_required("payments.view")
def refund(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Refund.objects.visible_to(request.user).select_related("player", "player__jurisdiction", "instrument", "brand", "deposit", "requested_by")
    row = along.read(rows, now=timezone.now(), owner="player_id").filter(pk=pk).first()
    if row is None:
        raise Http404(_("There is no such refund in your brands."))
    along.hand_on(row, row.player)
    now, facts = timezone.now(), _facts(request, row.player, [(refunds.SUBJECT, row.pk)])
    context: dict[str, Any] = {
        "refund": row, "player": row.player, "badge": refund_badge(row.state), "now": now, "facts": facts, "steps": steps.of_refund(row, facts),
        "postings": trail.postings_of(row), "calls": trail.calls(row), "news": trail.news(row), "sees_raw": request.user.may(RAW),  # type: ignore[union-attr]
        "tickets": along.of(row.player, TICKETS, now=now), "timezone_name": timezone.localtime(now).tzname(), "back": reverse("payments:refunds"),
        **notes_context(request, [player_subject(row.player), subject_of(REFUNDS, row)]),
    }  # fmt: skip
    return render(request, "payments/refund.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(refunding.REFUND)
def refund_deposit(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a refund, of all that is left unless something else is typed."""
    row, now = found(request, pk), timezone.now()
    left, cash = refunds.left(row), balances.cash(row.player_id, row.currency)
    most = max(min(left, cash), Decimal(0))
    waits, why = refunding.waiting(row.pk), refunds.why_not(row)
    form = AskForm(request.POST or None, initial={"key": uuid.uuid4().hex, "amount": currencies.text(most, row.currency)})
    if request.method == "POST" and form.is_valid():
        try:
            change = refunding.ask(deposit_id=row.pk, by=request.user, now=now, **form.cleaned_data)  # type: ignore[arg-type]
        except (PaymentRefused, NotAllowed, ChangeNotAllowed) as refused:
            code = getattr(refused, "code", "")
            form.add_error(code if code in form.fields else None, str(refused))
        else:
            toasts.show(request, _("The refund is on its way") if change.state == "active" else _("Sent for approval"))
            return HttpResponseRedirect(reverse("payments:deposit", args=[row.pk]), status=303)
    context = {
        "deposit": row, "form": form, "left": left, "cash": cash, "most": most, "waits": waits,
        "why": why or ("" if most > 0 else _("The player has spent it: nothing is left on cash to refund from.")),
        "needed": rules.resolve(refunding.CODE, brand_id=row.brand_id, amount=most, currency=row.currency).needed,
    }  # fmt: skip
    return render(request, "payments/refund_deposit.html", context, status=422 if form.errors else 200)
