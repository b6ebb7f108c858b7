"""Why withdrawals are decided as they are."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ReasonCode(models.Model):
    """Why a decision was made, in words that staff choose from and, where the player is told, words for the player."""

    configured_by = "payments.reason"

    code = models.CharField(max_length=40, primary_key=True)
    outcome = models.CharField(max_length=12, choices=[("approved", _("Approve")), ("rejected", _("Reject")), ("held", _("Hold")), ("returned", _("Return"))])
    label = models.CharField(max_length=80)
    player_text = models.CharField(max_length=200, blank=True)
    position = models.SmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("outcome", "position", "code")

    def __str__(self) -> str:
        return self.label
