"""What is asked of who keeps a ticket by hand."""

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from players.models import Ticket
from players.tickets.services import LONGEST_TEXT


class OpenForm(forms.Form):
    subject = forms.CharField(label=_("Subject"), max_length=200)
    text = forms.CharField(label=_("What the player said"), max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 4}))
    link = forms.CharField(
        label=_("Link"), max_length=500, required=False, validators=[RegexValidator(r"\Ahttps://\S+\Z", _("A link begins with https://."))],
        help_text=_("Where the conversation stands, if it stands anywhere."),
    )  # fmt: skip
    key = forms.CharField(widget=forms.HiddenInput, max_length=60)


class GoOnForm(forms.Form):
    text = forms.CharField(label=_("What was done"), max_length=LONGEST_TEXT, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    state = forms.ChoiceField(label=_("State"), choices=Ticket.STATES)
    version = forms.IntegerField(widget=forms.HiddenInput)
    key = forms.CharField(widget=forms.HiddenInput, max_length=60)
