"""Forms: the base of what kinds ask for, the review of a draft, and the decision about a change."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.approvals.registry import Difference, Values

NEITHER = ""


def plain(value: Any) -> Any:
    """A cleaned value as JSON: exact, and the same text every time."""
    if value is None:
        return NEITHER
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, list | tuple | set):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    return value


class AmountsField(forms.CharField):
    """Amounts by currency, one a line: `EUR 2000.00`. Its value is {"EUR": "2000.00"}."""

    widget = forms.Textarea(attrs={"rows": 4, "class": "mono"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{code} {amount}" for code, amount in value.items()) if isinstance(value, Mapping) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        found: dict[str, str] = {}
        for line in filter(None, (one.strip() for one in text.splitlines())):
            match = re.fullmatch(r"([A-Za-z0-9]{3,10})[\s:=]+([0-9][0-9 ]*(?:\.[0-9]+)?)", line)
            if match is None:
                raise forms.ValidationError(_("%(line)s is not a currency and an amount, such as EUR 2000.00") % {"line": line})
            code = match[1].upper()
            if code in found:
                raise forms.ValidationError(_("%(code)s is named twice") % {"code": code})
            try:
                found[code] = format(Decimal(match[2].replace(" ", "")), "f")
            except InvalidOperation as wrong:
                raise forms.ValidationError(str(wrong)) from wrong
        return found


class ChangeForm(forms.Form):
    """What a kind asks for. Its fields are the values of the thing; labels and choices also word the diff."""

    def __init__(self, *args: Any, subject: str = "", **kwargs: Any) -> None:
        self.subject = subject  # the key of the thing, empty for a new one
        super().__init__(*args, **kwargs)

    @classmethod
    def of(cls, values: Values, *, subject: str) -> "ChangeForm":
        """The form filled in with values, to check them again."""
        blank = cls(subject=subject)
        data = {name: field.prepare_value(values[name]) for name, field in blank.fields.items() if name in values and values[name] is not False}
        return cls(data, subject=subject)

    def values(self) -> Values:
        """What was proposed, as JSON."""
        return {name: plain(self.cleaned_data[name]) for name in self.fields if name in self.cleaned_data}

    def kept_code(self, model: type[Model], said: str = "") -> str:
        """For `clean_code` of a thing that is named by its code: one in force keeps it, a new one takes one that is free. `said` words the first."""
        code: str = self.cleaned_data["code"]
        if self.subject and code != self.subject:
            raise forms.ValidationError(said or _("A code stays as it is. Add another one and end this one."))
        if not self.subject and model._default_manager.filter(pk=code).exists():
            raise forms.ValidationError(_("There is such a code already."))
        return code

    def groups(self) -> list[tuple[Any, list[Any]]]:
        """The fields as the page shows them: (legend, fields). One group without a legend, unless a kind says otherwise."""
        return [("", list(self))]

    def problems(self) -> list[str]:
        found = []
        for name, errors in self.errors.items():
            label = "" if name == "__all__" else f"{self.fields[name].label}: "
            found += [f"{label}{error}" for error in errors]
        return found


def words(field: forms.Field, value: Any) -> str:
    """A value as people read it: the words of its choice, Yes and No, one line for each part of a list."""
    if isinstance(field, forms.BooleanField):
        return _("Yes") if value else _("No")
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {part}" for key, part in value.items())
    labels: dict[str, str] = {}
    for key, label in getattr(field, "choices", ()):
        nested = label if isinstance(label, list | tuple) else [(key, label)]
        labels.update({str(one): str(text) for one, text in nested})
    if isinstance(value, list):
        return ", ".join(labels.get(str(part), str(part)) for part in value)
    return labels.get(str(value), str(value)) if value not in (None, "") else ""


def differences(form: ChangeForm, old: Values | None, new: Values) -> list[Difference]:
    """Field by field, what changes; for a new thing, everything it says."""
    found = []
    for name, field in form.fields.items():
        before, after = (old or {}).get(name), new.get(name)
        if before != after or old is None:
            was = words(field, before) if old is not None else ""
            line = Difference(str(field.label), was, words(field, after))
            if line.old or line.new:
                found.append(line)
    return found


class SubmitForm(forms.Form):
    """Why, and from when."""

    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=400, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("For whoever approves it, and for the auditor."),
    )  # fmt: skip
    start_day = forms.DateField(label=gettext_lazy("In force from"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    start_time = forms.TimeField(label=gettext_lazy("At"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    version = forms.IntegerField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        day, at = cleaned.get("start_day"), cleaned.get("start_time")
        cleaned["effective_at"] = None
        if at and not day:
            self.add_error("start_day", _("Choose the day too."))
        elif day:
            moment = timezone.make_aware(datetime.combine(day, at or time(0)))
            if moment < timezone.now() - timedelta(minutes=5):
                self.add_error("start_day", _("That is in the past. Leave it empty for as soon as it is approved."))
            cleaned["effective_at"] = moment
        return cleaned


class DecideForm(forms.Form):
    """Approve or reject."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("Verdict"), widget=forms.RadioSelect, choices=[("approved", gettext_lazy("Approve")), ("rejected", gettext_lazy("Reject"))]
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Needed to reject; the requester reads it."),
    )  # fmt: skip
    version = forms.IntegerField(widget=forms.HiddenInput)
    key = forms.CharField(max_length=80, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("outcome") == "rejected" and not cleaned.get("reason"):
            self.add_error("reason", _("Say why it is rejected."))
        return cleaned
