"""What is asked of who writes to a player: a template, a language, and what the template leaves open."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from players.messages import offers
from players.messages.composing import LANGUAGES
from players.messages.writing import LONGEST_VALUE
from players.models import MessageTemplate
from players.panels import Looking

PREFIX = "value-"


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


class WriteForm(forms.Form):
    language = forms.ChoiceField(label=_("Language"))
    key = forms.CharField(widget=forms.HiddenInput, max_length=80)
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)

    def __init__(self, *args: Any, template: MessageTemplate, looking: Looking, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = [(code, label) for code, label in LANGUAGES.items() if code in template.texts]  # type: ignore[attr-defined]
        for name, sample in template.fields.items():
            offered = offers.of(name, looking)
            if offered:
                self.fields[f"{PREFIX}{name}"] = forms.ChoiceField(label=_label(name), choices=offered)
                continue
            long = len(sample) > 30  # noqa: PLR2004 (a sentence)
            self.fields[f"{PREFIX}{name}"] = forms.CharField(
                label=_label(name), max_length=LONGEST_VALUE, widget=forms.Textarea(attrs={"rows": 5}) if long else forms.TextInput(),
                help_text=_("Such as: %(sample)s") % {"sample": sample},
            )  # fmt: skip

    @property
    def values(self) -> dict[str, str]:
        return {name.removeprefix(PREFIX): value for name, value in self.cleaned_data.items() if name.startswith(PREFIX)}

    @property
    def asked(self) -> list[Any]:
        """The fields that the template asks for, for the screen."""
        return [self[name] for name in self.fields if name.startswith(PREFIX)]
