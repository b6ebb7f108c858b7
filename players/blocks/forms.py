"""What is asked of who sets or lifts a block."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from players.blocks import reasons
from players.blocks.services import LONGEST
from players.models import Block


class SetForm(forms.Form):
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("What is blocked"), widget=forms.CheckboxSelectMultiple, error_messages={"required": gettext_lazy("Choose what is blocked.")}
    )
    reason = forms.ChoiceField(label=gettext_lazy("Reason"), choices=lambda: [("", gettext_lazy("Choose")), *reasons.offered()])
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, max_length=400, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("For colleagues and the auditor; the player never reads it."),
    )  # fmt: skip
    ends_at = forms.DateTimeField(
        label=gettext_lazy("Until"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("Left empty, it stays until somebody lifts it."),
    )  # fmt: skip

    def __init__(self, *args: Any, taken: frozenset[str] = frozenset(), **kwargs: Any) -> None:
        """`taken` are blocked by staff already."""
        super().__init__(*args, **kwargs)
        self.fields["kinds"].choices = [(kind, label) for kind, label in Block.KINDS if kind not in taken]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        ends_at, now = cleaned.get("ends_at"), timezone.now()
        if ends_at is not None and not now < ends_at <= now + LONGEST:
            self.add_error("ends_at", _("Choose a moment in the future, within ten years."))
        if reasons.needs_note(cleaned.get("reason", "")) and not cleaned.get("note"):
            self.add_error("note", _("Say in a note why."))
        return cleaned


class LiftForm(forms.Form):
    why = forms.CharField(label=gettext_lazy("Why it is lifted"), max_length=400, widget=forms.Textarea(attrs={"rows": 2}))
    version = forms.IntegerField(widget=forms.HiddenInput)
