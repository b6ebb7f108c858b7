"""Paying unclaimed money to whom the law names, as a change by approval: proposed on its own page, never in force without a second person."""

from datetime import datetime
from decimal import Decimal

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.approvals.forms import ChangeForm
from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.registry import Difference, Kind, Refused, Subject, Values
from backoffice.audit.actors import Actor
from backoffice.scope.models import Brand
from backoffice.ui import money
from wallet.kinds import AccountKind
from wallet.models import Account
from wallet.unclaimed import remitting
from wallet.unclaimed.remitting import Pot, RemittanceRefused
from wallet.unclaimed.services import HAND_OVER, OPEN

NOTHING: Values = {"whom": "", "amount": "", "currency": "", "players": "", "through": ""}


class RemittanceForm(ChangeForm):
    whom = forms.CharField(label=gettext_lazy("Paid to"), max_length=80, required=False)
    amount = forms.CharField(label=gettext_lazy("Amount"), max_length=60, required=False)
    currency = forms.CharField(label=gettext_lazy("Currency"), max_length=10, required=False)
    players = forms.IntegerField(label=gettext_lazy("Players"), required=False)
    through = forms.IntegerField(label=gettext_lazy("Handed over up to posting"), required=False)


def _figure(said: Values) -> str:
    """The amount as people read it; the values of a change keep it as machines do. Nothing where nothing is proposed."""
    return money.write(Decimal(said["amount"]), said["currency"]).figure if said["amount"] else ""


def pot_of(subject: str) -> Pot | None:
    """The pot of a key such as `nova:MT:EUR`: one that the house has an account for."""
    code, market, currency = [*subject.split(":"), "", ""][:3]
    brand = Brand.objects.filter(code=code).first()
    known = Account.objects.filter(brand=brand, kind=AccountKind.UNCLAIMED, counterparty=market, currency__code=currency)
    return Pot(brand, market, currency) if brand is not None and known.exists() else None


def find(subject: str) -> Subject | None:
    pot = pot_of(subject)
    return Subject(subject, f"{pot.market} {pot.currency}", pot.brand.name, pot.brand.pk) if pot else None


def listed() -> list[Subject]:
    keys = ChangeRequest.objects.filter(kind=remitting.CODE, state__in=OPEN).order_by("-pk").values_list("subject", flat=True)[:200]
    return [one for one in map(find, dict.fromkeys(keys)) if one is not None]


def current(subject: str) -> Values | None:
    return dict(NOTHING) if pot_of(subject) else None


def diff(_old: Values | None, new: Values) -> list[Difference]:
    lines = ((_("Paid to"), new["whom"]), (_("Amount"), f"{_figure(new)} {new['currency']}"), (_("Players"), str(new["players"])))
    return [Difference(label, "", text) for label, text in lines]


def validate(subject: str, said: Values) -> list[str]:
    return [] if said["players"] and said["whom"] else [_("There is nothing to pay, or nobody to pay it to.")]


def impact(subject: str, said: Values, _now: datetime) -> list[str]:
    people = ngettext("what stands of %(n)s player", "what stands of %(n)s players", said["players"]) % {"n": said["players"]}
    return [
        _("%(amount)s %(currency)s are set aside for %(whom)s: %(people)s.") % {**said, "amount": _figure(said), "people": people},
        _("These players cannot be given it back from then on, unless the payment is cancelled."),
        _("Nothing is posted before the bank's payment is booked, with its number and day. Afterwards they claim it from %(whom)s.") % said,
    ]


def apply(subject: str, said: Values, *, by: Actor, now: datetime) -> str:
    pot = pot_of(subject)
    if pot is None:
        raise Refused(_("There is no such unclaimed money."))
    try:
        remitting.agree(pot, said, by=by, now=now)
    except RemittanceRefused as refused:
        raise Refused(str(refused)) from refused
    return subject


def title(subject: str, _said: Values) -> str:
    return _("Pay unclaimed money out: %(which)s") % {"which": subject.replace(":", " ")}


KIND = Kind(
    remitting.CODE, gettext_lazy("Unclaimed money to pay out"), HAND_OVER, gettext_lazy("Payment of unclaimed money"), RemittanceForm,
    listed, current, apply, title, sees="wallet.view", validate=validate, impact=impact, diff=diff, creatable=False, dated=False, least=1, icon="card",
    find=find, page=lambda subject: reverse("wallet:remit", args=subject.split(":")),
    about=gettext_lazy("What nobody claimed, paid to whom the law names. Proposed under Dormant accounts; always agreed to by somebody else."),
)  # fmt: skip
