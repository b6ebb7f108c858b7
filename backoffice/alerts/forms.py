"""What is asked of who looks after an alert."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LENGTHS = [("30", _("30 minutes")), ("120", _("2 hours")), ("480", _("8 hours")), ("1440", _("1 day")), ("10080", _("7 days"))]


class AcknowledgeForm(forms.Form):
    note = forms.CharField(
        label=_("What you do about it"), max_length=400, widget=forms.Textarea(attrs={"rows": 3}), help_text=_("Others read it, so that nobody starts twice.")
    )
    version = forms.IntegerField(widget=forms.HiddenInput)


class MuteForm(forms.Form):
    minutes = forms.ChoiceField(label=_("For"), choices=LENGTHS)
    reason = forms.CharField(label=_("Why"), max_length=300)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "minutes" in cleaned:
            cleaned["until"] = timezone.now() + timedelta(minutes=int(cleaned["minutes"]))
        return cleaned
