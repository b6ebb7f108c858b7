"""What is asked for a new endpoint."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.integrations.webhooks import addresses, topics
from backoffice.scope.models import Brand


class EndpointForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("What listens there, such as On-call pager."))
    url = forms.CharField(label=_("Address"), max_length=300, help_text=_("It gets signed POST requests and answers 2xx within five seconds."))
    brand = forms.ModelChoiceField(label=_("Brand"), queryset=Brand.objects.none(), required=False, empty_label=_("Every brand"))
    topics = forms.MultipleChoiceField(label=_("Topics"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, staff: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["topics"]
        chosen.choices = [(topic.code, f"{topic.label} ({topic.code})") for topic in topics.known()]
        brands: Any = self.fields["brand"]
        brands.queryset = Brand.objects.filter(pk__in=[brand.pk for brand in staff.brands])

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"].strip()
        try:
            addresses.parse(url)
        except addresses.Refused as refused:
            raise forms.ValidationError(str(refused)) from refused
        return url
