"""What players are written, by language. Changed by approval alone."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

SERVICE, MARKETING = "service", "marketing"


class MessageTemplate(models.Model):
    """A message in every language that it exists in. English is always there; it stands in for a language that is not."""

    configured_by = "players.message_template"  # written by a change of this kind alone (backoffice/approvals)
    PURPOSES: ClassVar = [(SERVICE, _("Service")), (MARKETING, _("Marketing"))]

    code = models.CharField(max_length=60, primary_key=True)
    label = models.CharField(max_length=80, help_text="What staff read.")
    purpose = models.CharField(max_length=10, choices=PURPOSES)
    by_house = models.BooleanField(default=False, help_text="The house sends it by itself (players/messages/occasions.py); staff do not.")
    fields: Any = models.JSONField(default=dict, help_text="What staff fill in when they send it: name and sample.")
    texts: Any = models.JSONField(default=dict, help_text="Language: subject and body.")
    active = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(purpose__in=[SERVICE, MARKETING]), name="players_messagetemplate_purpose"),
            models.CheckConstraint(condition=Q(texts__has_key="en"), name="players_messagetemplate_in_english"),
            models.CheckConstraint(condition=Q(by_house=False) | Q(active=True, purpose=SERVICE), name="players_messagetemplate_house_serves"),
        ]

    def __str__(self) -> str:
        return self.label
