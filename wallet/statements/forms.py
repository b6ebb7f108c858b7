"""What staff say about a statement."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from wallet.models import Statement
from wallet.statements.words import LANGUAGES

NAMES = {"en": _("English"), "de": _("German"), "sv": _("Swedish")}


class StatementForm(forms.Form):
    """From which day to which, in which language and form."""

    since = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    until = forms.DateField(
        label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), help_text=_("Both days included; a year at most.")
    )
    language = forms.ChoiceField(label=_("Language"), choices=[(code, NAMES[code]) for code in LANGUAGES])
    format = forms.ChoiceField(label=_("Format"), choices=Statement.FORMS, widget=forms.RadioSelect, initial="pdf")
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("since", "until"):
            self.fields[name].widget.attrs["max"] = today.isoformat()
