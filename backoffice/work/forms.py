"""What the kit asks people: until when, to whom, which tag, why."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.access.models import Staff
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


class DecisionForm(forms.Form):
    """The kit's own decision: an outcome and a note, for what the person saw (`seen`)."""

    outcome = forms.ChoiceField(label=_("Outcome"))
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))
    seen = forms.CharField(max_length=200, widget=forms.HiddenInput)
    key = forms.CharField(max_length=80, widget=forms.HiddenInput)

    def __init__(self, *args: Any, outcomes: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["outcome"] = forms.ChoiceField(label=_("Outcome"), choices=outcomes, widget=forms.RadioSelect)


class ViewForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=40)
    role = forms.ChoiceField(label=_("For"), required=False)
    locked = forms.BooleanField(label=_("Only I may change it"), required=False)
    query = forms.CharField(max_length=600, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, roles: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [("", _("Me alone")), *roles]  # type: ignore[attr-defined]
