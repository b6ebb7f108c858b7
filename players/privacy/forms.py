"""What is asked of who works on requests about personal data."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from players.models import AccessRequest
from players.privacy.access import EXTENSION_WAYS


class AskForm(forms.Form):
    channel = forms.ChoiceField(label=_("How it came"), choices=[one for one in AccessRequest.CHANNELS if one[0] != "front_end"])
    received_at = forms.DateTimeField(
        label=_("Received"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Now when it is left empty. The deadline runs from then."),
    )  # fmt: skip
    reason = forms.CharField(label=_("What was asked"), max_length=1_000, widget=forms.Textarea(attrs={"rows": 3}))
    key = forms.CharField(widget=forms.HiddenInput, max_length=60)


class DeliverForm(forms.Form):
    way = forms.ChoiceField(label=_("How it went to the player"), choices=AccessRequest.WAYS)
    version = forms.IntegerField(widget=forms.HiddenInput)


class RefuseForm(forms.Form):
    reason = forms.CharField(
        label=_("Why it is refused"), max_length=1_000, widget=forms.Textarea(attrs={"rows": 3}), help_text=_("In words that the player may read.")
    )
    version = forms.IntegerField(widget=forms.HiddenInput)


class ExtendForm(forms.Form):
    reason = forms.CharField(
        label=_("Why it takes longer"), max_length=1_000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The player reads it: how complex the request is, or how many there are."),
    )  # fmt: skip
    way = forms.ChoiceField(label=_("How the player is told"), choices=EXTENSION_WAYS)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "extend_%s"  # beside the form that refuses, which asks why as well


class EraseForm(forms.Form):
    reason = forms.CharField(
        label=_("Why"), max_length=400, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("It stays on the record for good: do not name the player."),
    )  # fmt: skip
    key = forms.CharField(widget=forms.HiddenInput, max_length=60)


class ReadForm(forms.Form):
    reason = forms.CharField(
        label=_("Why you have to read it"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Such as the request of an authority, with its reference. It stays on the record: do not name the player."),
    )  # fmt: skip
