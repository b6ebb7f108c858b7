"""What the kit asks people: until when, to whom, which tag, why."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.access.models import Staff
from backoffice.work.models import CannedNote
from backoffice.work.queues import Queue


class BulkForm(forms.Form):
    """Every field that a bulk verb or an action on one item may ask for; each asks for some of them.

    Their names start with `set-`: the same request carries the view's filters, one of which is called tag as well.
    """

    prefix = "set"

    assignee = forms.ModelChoiceField(Staff.objects.none(), label=_("To"), required=False, empty_label=_("Nobody"))
    tag = forms.CharField(label=_("Tag"), max_length=40)
    until = forms.DateTimeField(label=_("Until"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"))
    role = forms.ChoiceField(label=_("To"))
    reason = forms.CharField(label=_("Why"), max_length=300)

    def __init__(self, *args: Any, fields: tuple[str, ...], queue: Queue, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in [name for name in self.fields if name not in fields]:
            del self.fields[name]
        if "assignee" in self.fields:
            self.fields["assignee"].queryset = Staff.objects.filter(pk__in=[one.pk for one in Staff.objects.who_may(queue.work)])  # type: ignore[attr-defined]
        if "role" in self.fields:
            self.fields["role"].choices = queue.escalations  # type: ignore[attr-defined]

    def clean_until(self) -> Any:
        until = self.cleaned_data["until"]
        if until <= timezone.now():
            raise forms.ValidationError(_("Choose a moment that is still to come."))
        return until


class CannedForm(forms.Form):
    """A form with a text that may begin with a canned note. The page puts it into the text at once; without scripts it is put in here."""

    canned = forms.ChoiceField(label=_("Canned note"), required=False)
    words = "note"  # the field that it goes into

    def __init__(self, *args: Any, canned: Sequence[CannedNote] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["canned"].choices = [("", _("Canned note")), *((one.code, one.label) for one in canned)]  # type: ignore[attr-defined]
        self.canned_notes = list(canned)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        chosen = next((one.text for one in self.canned_notes if one.code == cleaned.get("canned")), "")
        if chosen:
            cleaned[self.words] = "\n".join(filter(None, (chosen, cleaned.get(self.words, "").strip())))
            if self.errors.get(self.words) and cleaned[self.words] == chosen:
                del self.errors[self.words]  # nothing was typed, and nothing had to be
        return cleaned


class DecisionForm(CannedForm):
    """The kit's own decision: an outcome and a note, for what the person saw (`seen`)."""

    outcome = forms.ChoiceField(label=_("Outcome"))
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))
    seen = forms.CharField(max_length=200, widget=forms.HiddenInput)
    key = forms.CharField(max_length=80, widget=forms.HiddenInput)

    def __init__(self, *args: Any, outcomes: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["outcome"] = forms.ChoiceField(label=_("Outcome"), choices=outcomes, widget=forms.RadioSelect)


class NoteForm(CannedForm):
    """A note for colleagues. `about` is one of the subjects that the page offers; what is wrong in the text is said by the service."""

    words = "text"
    text = forms.CharField(label=_("Note"), required=False, max_length=4000, strip=False, widget=forms.Textarea(attrs={"rows": 2}))
    about = forms.RegexField(r"\A[a-z_]+\.[a-z_]+:\d{1,18}\Z", widget=forms.HiddenInput)
    compliance_only = forms.BooleanField(label=_("For compliance alone"), required=False)
    key = forms.CharField(max_length=80, widget=forms.HiddenInput)
    next = forms.CharField(max_length=400, required=False, widget=forms.HiddenInput)


class ViewForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=40)
    role = forms.ChoiceField(label=_("For"), required=False)
    locked = forms.BooleanField(label=_("Only I may change it"), required=False)
    query = forms.CharField(max_length=600, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, roles: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [("", _("Me alone")), *roles]  # type: ignore[attr-defined]
