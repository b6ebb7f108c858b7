"""Forms of the payments room: one decision."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.work.forms import CannedForm
from payments.models import ReasonCode


class DecisionForm(CannedForm):
    """A decision about one withdrawal, with the version that the person saw and the key that makes it happen once."""

    outcome = forms.ChoiceField(widget=forms.RadioSelect, label=gettext_lazy("Outcome"))
    reason_code = forms.ChoiceField(label=gettext_lazy("Reason"))
    until = forms.DateTimeField(
        label=gettext_lazy("Hold until"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )  # fmt: skip
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))
    version = forms.IntegerField(widget=forms.HiddenInput)
    key = forms.CharField(widget=forms.HiddenInput, max_length=80)

    def __init__(self, *args: Any, outcomes: list[tuple[str, str]], reasons: dict[str, list[ReasonCode]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["outcome"].choices = outcomes  # type: ignore[attr-defined]
        words = dict(outcomes)
        self.fields["reason_code"].choices = [  # type: ignore[attr-defined]
            (words[outcome], [(reason.code, reason.label) for reason in reasons.get(outcome, [])]) for outcome, _words in outcomes
        ]
        self._fits = {reason.code: outcome for outcome, found in reasons.items() for reason in found}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        outcome, code = cleaned.get("outcome"), cleaned.get("reason_code")
        if outcome and code and self._fits.get(code) != outcome:
            self.add_error("reason_code", _("Choose a reason that fits this outcome."))
        if code and code.endswith("OTHER") and not cleaned.get("note", "").strip():
            self.add_error("note", _("Write what the reason is."))
        if outcome == "held":
            until: datetime | None = cleaned.get("until")
            if until is None:
                self.add_error("until", _("Say until when, such as tomorrow at noon."))
            elif until <= timezone.now():
                self.add_error("until", _("Choose a moment in the future."))
        return cleaned
