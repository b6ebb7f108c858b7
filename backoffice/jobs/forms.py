"""What the pages of jobs ask people."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.jobs.exports.asking import ALL, PAGE
from backoffice.jobs.exports.formats import FORMATS
from backoffice.jobs.exports.sources import Source
from backoffice.jobs.imports.asking import asks_for_sign
from backoffice.jobs.imports.declared import ImportKind
from backoffice.jobs.imports.fields import COMMA, POINT
from backoffice.jobs.models import Import


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


class UploadForm(forms.Form):
    """A file, and the brand that its rows are of where its kind asks for one."""

    brand = forms.ChoiceField(label=_("Brand"))
    file = forms.FileField(
        label=_("File"), widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}), help_text=_("CSV or XLSX, the first line with headings.")
    )
    key = forms.CharField(max_length=80, widget=forms.HiddenInput)

    def __init__(self, *args: Any, kind: ImportKind, staff: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind.of_brand:
            brands = [(brand.code, brand.name) for brand in staff.brands if brand.pk in staff.reach()]
            self.fields["brand"].choices = brands if len(brands) == 1 else [("", _("Choose one")), *brands]  # type: ignore[attr-defined]
        else:
            del self.fields["brand"]


class ColumnsForm(forms.Form):
    """Which column of the file is which field, and how its decimals are written."""

    decimal = forms.ChoiceField(label=_("Decimals are written"), choices=[(POINT, _("1,234.56")), (COMMA, _("1.234,56"))], widget=forms.RadioSelect)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, kind: ImportKind, content: Import, staff: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mapped = kind.fields_for(staff)
        if not asks_for_sign(kind, {field.key: 0 for field in self.mapped}):
            del self.fields["decimal"]
        heads = [(str(place), head) for place, head in enumerate(content.heads)]
        for field in self.mapped:
            self.fields[f"field-{field.key}"] = forms.ChoiceField(
                label=str(field.label), choices=[("", _("Not in the file")), *heads], required=field.required, help_text=str(field.help),
                initial=str(content.columns.get(field.key, "")), error_messages={"required": _("Say which column holds it.")},
            )  # fmt: skip

    def chosen(self) -> dict[str, int]:
        """By field, the column."""
        return {field.key: int(self.cleaned_data[f"field-{field.key}"]) for field in self.mapped if self.cleaned_data[f"field-{field.key}"]}

    def named(self) -> list[Any]:
        return [self[f"field-{field.key}"] for field in self.mapped]
