"""What staff of payments change by approval: reason codes, and who approves large withdrawals."""

import re
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.approvals.forms import ChangeForm
from backoffice.approvals.registry import Act, Kind, Refused, Subject, Values
from backoffice.audit.actors import Actor
from payments.models import ReasonCode, Withdrawal

CODE = re.compile(r"[A-Z][A-Z0-9_]{2,39}")
OUTCOMES = [("approved", gettext_lazy("Approve")), ("rejected", gettext_lazy("Reject")), ("held", gettext_lazy("Hold")), ("returned", gettext_lazy("Return"))]


class ReasonForm(ChangeForm):
    code = forms.CharField(
        label=gettext_lazy("Code"), max_length=40, validators=[RegexValidator(CODE, gettext_lazy("Capital letters, digits and _, such as NAME_MISMATCH."))],
        help_text=gettext_lazy("Stands in the record; it stays as it is. One that ends in OTHER asks for a note."),
    )  # fmt: skip
    outcome = forms.ChoiceField(label=gettext_lazy("For"), choices=OUTCOMES)
    label = forms.CharField(label=gettext_lazy("What staff read"), max_length=80)
    player_text = forms.CharField(
        label=gettext_lazy("What the player reads"), max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Goes into the message about a rejection."),
    )  # fmt: skip
    position = forms.IntegerField(label=gettext_lazy("Place in the list"), min_value=0, max_value=999, initial=0)
    active = forms.BooleanField(label=gettext_lazy("May be chosen"), required=False, initial=True)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        code, outcome = cleaned.get("code"), cleaned.get("outcome")
        if self.subject:
            kept = ReasonCode.objects.filter(pk=self.subject).first()
            if code and code != self.subject:
                self.add_error("code", _("A code stays as it is: the record names it. Add another one and end this one."))
            if kept is not None and outcome and outcome != kept.outcome:
                self.add_error("outcome", _("What a code is for stays as it is."))
        elif code and ReasonCode.objects.filter(pk=code).exists():
            self.add_error("code", _("There is such a code already."))
        if outcome == "rejected" and not cleaned.get("player_text") and not self.errors.get("player_text"):
            self.add_error("player_text", _("The player is told why: write it."))
        return cleaned


def subjects() -> list[Subject]:
    return [
        Subject(one.code, one.label, f"{one.get_outcome_display()} · {one.code}", ended=not one.active)
        for one in ReasonCode.objects.order_by("-active", "outcome", "position", "code")
    ]


def current(subject: str) -> Values | None:
    return ReasonCode.objects.filter(pk=subject).values("code", "outcome", "label", "player_text", "position", "active").first()  # type: ignore[return-value]


def title(_subject: str, values: Values) -> str:
    return f"{values['label']} ({values['code']})"


def validate(subject: str, values: Values) -> list[str]:
    """Staff must always have a reason to choose for each outcome."""
    others = ReasonCode.objects.filter(outcome=values["outcome"], active=True).exclude(pk=values["code"])
    return [] if values["active"] or others.exists() else [_("It is the last one for its outcome: nobody could decide so any more.")]


def impact(subject: str, values: Values, now: datetime) -> list[str]:
    used = Withdrawal.objects.filter(reason_code=values["code"], decided_at__gte=now - timedelta(days=30)).count() if subject else 0
    found = [_("Chosen for %(n)s withdrawals in the last 30 days; those keep it.") % {"n": used}] if subject else []
    if not values["active"]:
        found.append(_("Nobody can choose it any more."))
    elif not subject:
        found.append(_("Staff can choose it for every brand, at the latest half a minute later."))
    if values["outcome"] == "rejected" and values["active"]:
        found.append(_("Players whose withdrawal is rejected with it read: “%(text)s”") % {"text": values["player_text"]})
    return found


def apply(subject: str, values: Values, *, by: Actor, now: datetime) -> str:
    from payments.selectors import decision

    if not subject and ReasonCode.objects.filter(pk=values["code"]).exists():
        raise Refused(_("There is such a code already."))
    ReasonCode(**values).save(force_insert=not subject, force_update=bool(subject))
    transaction.on_commit(decision.reasons.forget)
    return str(values["code"])


def _currencies() -> list[str]:
    from wallet.models import Currency

    return list(Currency.objects.values_list("code", flat=True))


REASONS = Kind(
    "payments.reason", gettext_lazy("Reason codes"), "payments.configure", gettext_lazy("Reason code"), ReasonForm, subjects, current, apply, title,
    models=("payments.ReasonCode",), validate=validate, impact=impact, icon="tag",
    about=gettext_lazy("Why a withdrawal is approved, rejected, held or returned, in words for staff and for the player."),
)  # fmt: skip
WITHDRAWAL = Act(
    "payments.withdrawal", gettext_lazy("Withdrawals above a limit"), "payments.approve_second", most=1, currencies=_currencies,
    needs=("payments.view", "payments.decide"),
)  # fmt: skip
