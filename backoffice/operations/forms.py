"""What is asked of who sets the mode."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.operations.models import MAINTENANCE, NORMAL, READ_ONLY

MODES = [
    (NORMAL, _("Normal")),
    (READ_ONLY, _("Read-only: everybody can look, nothing can be changed, no money leaves")),
    (MAINTENANCE, _("Maintenance: only those who may set the mode come in")),
]
LENGTHS = [("", _("Not known")), ("15", _("In 15 minutes")), ("30", _("In 30 minutes")), ("60", _("In 1 hour")), ("120", _("In 2 hours")),
           ("240", _("In 4 hours")), ("480", _("In 8 hours"))]  # fmt: skip


class ModeForm(forms.Form):
    mode = forms.ChoiceField(label=_("Mode"), choices=MODES, widget=forms.RadioSelect)
    reason = forms.CharField(label=_("Why"), max_length=200, help_text=_("Everybody reads it in the banner; it goes on the record."))
    minutes = forms.ChoiceField(label=_("Expected end"), choices=LENGTHS, required=False, help_text=_("The mode does not end by itself."))
    version = forms.IntegerField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        minutes = cleaned.get("minutes")
        cleaned["expected_end"] = timezone.now() + timedelta(minutes=int(minutes)) if minutes else None
        return cleaned
