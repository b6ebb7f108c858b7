"""Refunding a deposit as a change by approval: asked for on the deposit's page, sent as soon as those have agreed whom the policy names."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from backoffice.access.models import Staff
from backoffice.approvals.forms import ChangeForm
from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.registry import Difference, Kind, Refused, Subject, Values
from backoffice.approvals.services import Drifted, Invalid, drafts
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed
from backoffice.ui import money, numbers
from payments import locks
from payments.models import Deposit
from payments.services import PaymentRefused, refunds
from wallet import balances, currencies
from wallet.currencies import EXACT
from wallet.ledger import InsufficientFunds
from wallet.models import Currency

CODE, REFUND = "payments.refunding", "payments.refund"
OPEN = ("review", "scheduled")


class RefundForm(ChangeForm):
    """`before` is what had gone back when it was asked for, so that two requests for the same money do not both pass."""

    amount = forms.DecimalField(label=_l("Amount"), max_digits=38, decimal_places=18, min_value=Decimal(0))
    currency = forms.CharField(label=_l("Currency"), max_length=10)
    before = forms.CharField(label=_l("Gone back before"), max_length=60)


def deposit_of(subject: str) -> Deposit | None:
    known = numbers.is_id(subject)
    return Deposit.objects.select_related("player", "instrument", "brand").filter(pk=subject).first() if known else None


def _gone(deposit: Deposit) -> str:
    return format(EXACT.subtract(Decimal(deposit.amount), refunds.left(deposit)).normalize(), "f")


def current(subject: str) -> Values | None:
    deposit = deposit_of(subject)
    return {"amount": "0", "currency": deposit.currency, "before": _gone(deposit)} if deposit is not None else None


def find(subject: str) -> Subject | None:
    deposit = deposit_of(subject)
    return Subject(subject, deposit.name, f"#{deposit.player_id}", deposit.brand_id) if deposit is not None else None


def subjects() -> list[Subject]:
    """Only deposits with a refund that waits for approval."""
    keys = ChangeRequest.objects.filter(kind=CODE, state__in=OPEN).order_by("-pk").values_list("subject", flat=True)[:200]
    return [one for one in map(find, dict.fromkeys(keys)) if one is not None]


def title(subject: str, values: Values) -> str:
    return _("Refund %(amount)s %(currency)s of DP-%(deposit)s") % {**values, "deposit": subject}


def validate(subject: str, values: Values) -> list[str]:
    deposit = deposit_of(subject)
    if deposit is None:
        return [_("The deposit is gone.")]
    why = refunds.why_not(deposit)
    if why:
        return [why]
    try:
        exact = currencies.parse(str(values["amount"]), deposit.currency)
    except (currencies.WrongAmount, currencies.UnknownCurrency) as wrong:
        return [str(wrong)]
    most = min(refunds.left(deposit), balances.cash(deposit.player_id, deposit.currency))
    if exact > most:
        return [
            _("At most %(most)s can be refunded: that much is left of the deposit and on the player's cash.") % {"most": _money(max(most, Decimal(0)), deposit)}
        ]
    return []


def _money(amount: Decimal, deposit: Deposit) -> str:
    return str(money.write(amount, deposit.currency))


def impact(subject: str, values: Values, _now: datetime) -> list[str]:
    deposit = deposit_of(subject)
    if deposit is None:
        return []
    words = {"amount": _money(Decimal(str(values["amount"])), deposit), "provider": deposit.provider.capitalize(), "instrument": str(deposit.instrument)}
    return [
        _("%(amount)s leave the player's cash at once and are held until %(provider)s has refunded them.") % words,
        _("They go to %(instrument)s, where the deposit came from. When the provider cannot do it, they are the player's again.") % words,
    ]


def diff(old: Values | None, new: Values) -> list[Difference]:
    total = EXACT.add(Decimal(str(new["before"])), Decimal(str(new["amount"])))
    return [Difference(_("Gone back of it"), f"{new['before']} {new['currency']}", f"{total.normalize():f} {new['currency']}")]


def apply(subject: str, values: Values, *, by: Actor, now: datetime) -> str:
    change = ChangeRequest.objects.filter(kind=CODE, subject=subject, applied_at=now, state="active").order_by("-pk").first()
    deposit = locks.player_then_deposit(int(subject))
    try:
        refunds.begin(deposit, Decimal(str(values["amount"])), reason=change.reason if change is not None else "", by=by, now=now)
    except (PaymentRefused, InsufficientFunds) as refused:
        raise Refused(str(refused)) from refused
    return subject


def amount_of(values: Values) -> tuple[Decimal, str] | None:
    try:
        return Decimal(str(values["amount"])), str(values["currency"])
    except InvalidOperation:
        return None


def player(subject: str) -> int | None:
    deposit = deposit_of(subject)
    return deposit.player_id if deposit is not None else None


KIND: Any = Kind(
    CODE, _l("Deposits to refund"), REFUND, _l("Refund"), RefundForm, subjects, current, apply, title, sees="payments.view", validate=validate, impact=impact,
    diff=diff, amount=amount_of, currencies=lambda: list(Currency.objects.values_list("code", flat=True)), creatable=False, dated=False, icon="undo",
    find=find, player=player, page=lambda subject: reverse("payments:refund-deposit", args=[subject]),
    about=_l("Giving a deposit back to where it came from, in whole or in part. Asked for on the deposit's page."),
)  # fmt: skip


def waiting(deposit_id: int) -> ChangeRequest | None:
    """The refund of this deposit that waits for approval."""
    return ChangeRequest.objects.filter(kind=CODE, subject=str(deposit_id), state__in=OPEN).select_related("requested_by").first()


def ask(*, deposit_id: int, amount: Decimal, reason: str, key: str, by: Staff, now: datetime) -> ChangeRequest:
    """Ask for a refund of `amount` (units of the deposit's currency). The same key again gives the same request.

    Raises NotAllowed, PaymentRefused with what stands in the way (`refund`), without a reason (`reason`), or while one waits already (`waits`).
    """
    if not by.may(REFUND):
        raise NotAllowed(_("Refunding deposits is not yours."))
    if not reason.strip():
        raise PaymentRefused(_("Say why."), code="reason")
    made = ChangeRequest.objects.filter(requested_by=by, key=f"refund:{key}"[:80]).first()
    if made is not None:
        return made
    if waiting(deposit_id) is not None:
        raise PaymentRefused(_("A refund of it is asked for already and waits for approval."), code="waits")
    base = current(str(deposit_id))
    if base is None:
        raise PaymentRefused(_("The deposit is gone."), code="refund")
    try:
        with transaction.atomic():
            values = {**base, "amount": format(amount, "f")}
            draft = drafts.draft(kind=CODE, subject=str(deposit_id), values=values, by=by, key=f"refund:{key}"[:80], now=now)
            return drafts.submit(change_id=draft.pk, version=draft.version, reason=reason.strip()[:400], by=by, now=now)
    except (Invalid, Drifted) as invalid:
        raise PaymentRefused(str(invalid), code="amount") from invalid
