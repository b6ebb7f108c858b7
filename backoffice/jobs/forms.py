"""What the pages of jobs ask people."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.jobs.exports.asking import ALL, PAGE
from backoffice.jobs.exports.formats import FORMATS
from backoffice.jobs.exports.sources import Source


class ExportForm(forms.Form):
    """Which rows, which columns, in which form, and what for."""

    scope = forms.ChoiceField(label=_("Rows"), widget=forms.RadioSelect, initial=ALL)
    columns = forms.MultipleChoiceField(label=_("Columns"), widget=forms.CheckboxSelectMultiple)
    format = forms.ChoiceField(label=_("Format"), choices=[(one.code, one.label) for one in FORMATS.values()], widget=forms.RadioSelect, initial="csv")
    masking = forms.ChoiceField(label=_("Personal data"), widget=forms.RadioSelect, initial="masked")
    reason = forms.CharField(
        label=_("What it is for"), max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Needed when a column with personal data is chosen. It stands in the file and on the record."),
    )  # fmt: skip
    key = forms.CharField(max_length=80, widget=forms.HiddenInput)

    def __init__(self, *args: Any, source: Source, matching: str, on_page: int, may_unmask: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = [(ALL, _("All %(n)s that match") % {"n": matching})]
        if on_page:
            rows.append((PAGE, _("The %(n)s on this page") % {"n": on_page}))
        self._choices("scope", rows)
        labels = [(column.key, f"{column.label} · {_('personal')}" if column.value.personal else column.label) for column in source.columns]
        self._choices("columns", labels)
        self.fields["columns"].initial = [column.key for column in source.columns]
        masking = [("masked", _("Masked"))] + ([("clear", _("In clear, after approval"))] if may_unmask else [])
        self._choices("masking", masking)
        if not any(column.value.personal for column in source.columns):
            del self.fields["masking"]

    def _choices(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]


class DecideForm(forms.Form):
    verdict = forms.ChoiceField(choices=[("approved", _("Approve")), ("rejected", _("Reject"))])
    reason = forms.CharField(label=_("Why"), max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 2}), help_text=_("Needed to reject."))
    version = forms.IntegerField(widget=forms.HiddenInput)
