"""What people are asked when they work on a profile."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from players.models import Player
from players.profile import values
from players.profile.questions import Question
from players.profile.values import LABELS, LENGTHS

WHY = _("It stands on the record, for whoever approves it and for the auditor.")


class ActForm(forms.Form):
    """The base: a key that makes it happen once, and the version that the person saw."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    key = forms.CharField(max_length=60, widget=forms.HiddenInput)


def _field(name: str) -> forms.Field:
    if name == "language":
        return forms.ChoiceField(label=LABELS[name], choices=values.languages)
    widget = forms.TextInput(attrs={"autocomplete": "off", **({"inputmode": "email"} if name == "email" else {})})
    if name == "birth_date":
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    required = name in {"first_name", "last_name", "country"}
    return forms.CharField(label=LABELS[name], max_length=LENGTHS.get(name, 10), required=required, widget=widget)


class ProfileForm(ActForm):
    """Every value of a profile. Those that the person may not see in clear are empty, and stay as they are unless something is typed."""

    reason = forms.CharField(label=_("Why"), max_length=400, widget=forms.Textarea(attrs={"rows": 2}), help_text=WHY)

    def __init__(self, *args: Any, player: Player, clear: bool, **kwargs: Any) -> None:
        self.was = values.of(player)
        shown = {name: value for name, value in self.was.items() if clear or values.masked(name, value) == value}
        kwargs["initial"] = {**shown, **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        for name in LABELS:
            field = _field(name)
            field.required = field.required or (name in {"birth_date", "email"} and bool(self.was[name]))
            if name not in shown:
                field.required = False
                field.help_text = _("%(masked)s now. Left empty, it stays.") % {"masked": values.masked(name, self.was[name])}
            self.fields[name] = field
        self.shown = frozenset(shown)
        self.order_fields([*LABELS, "reason", "version", "key"])

    def said(self) -> Mapping[str, str]:
        """What was typed: a hidden value that was left empty says nothing."""
        given = {name: str(self.cleaned_data.get(name) or "") for name in LABELS}
        return {name: text for name, text in given.items() if name in self.shown or text}


class StateForm(ActForm):
    reason_code = forms.ChoiceField(label=_("Reason"))
    note = forms.CharField(label=_("Note"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, reasons: Sequence[tuple[str, str | Promise]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason_code"].choices = [("", "–"), *reasons]  # type: ignore[attr-defined]


class WhyForm(forms.Form):
    reason = forms.CharField(
        label=_("Why"), max_length=400, widget=forms.Textarea(attrs={"rows": 2}), help_text=_("The front end does not read it; colleagues do.")
    )


class CallerForm(forms.Form):
    """One field for each question to which something is known."""

    key = forms.CharField(max_length=60, widget=forms.HiddenInput)

    def __init__(self, *args: Any, asked: Sequence[tuple[Question, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for question, right in asked:
            self.fields[question.code] = self._field(question, right)

    @staticmethod
    def _field(question: Question, right: str) -> forms.Field:
        if question.mask is not None:
            choices = [("", _("Not asked")), ("right", _("It matches")), ("wrong", _("It does not"))]
            hint = _("Compare with %(masked)s. Do not read it out.") % {"masked": question.mask(right)}
            return forms.ChoiceField(label=question.label, choices=choices, required=False, help_text=hint)  # type: ignore[arg-type]
        kinds = {"date": "date", "decimal": "text", "text": "text"}
        widget = forms.TextInput(
            attrs={"type": kinds[question.kind], "autocomplete": "off", **({"inputmode": "decimal"} if question.kind == "decimal" else {})}
        )
        return forms.CharField(label=question.label, max_length=80, required=False, widget=widget)  # type: ignore[arg-type]

    def answers(self) -> dict[str, str]:
        return {name: str(text or "") for name, text in self.cleaned_data.items() if name != "key"}
