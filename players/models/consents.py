"""What players agreed to and took back. A line is never changed: the latest one of a channel counts."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.scope.models import BrandScoped


class Consent(BrandScoped):
    """A player's yes or no to marketing by one channel, with where, when and to which words it was said."""

    EMAIL, SMS, PHONE, POST, PUSH = "email", "sms", "phone", "post", "push"
    CHANNELS: ClassVar = [(EMAIL, _("E-mail")), (SMS, _("SMS")), (PHONE, _("Phone")), (POST, _("Post")), (PUSH, _("Push"))]

    player = models.ForeignKey("players.Player", on_delete=models.PROTECT, related_name="consents", db_index=False)
    channel = models.CharField(max_length=8, choices=CHANNELS)
    given = models.BooleanField()
    at = models.DateTimeField(help_text="When the player said so.")
    source = models.CharField(max_length=60, help_text="Where: registration, preferences, staff ...")
    text_version = models.CharField(max_length=60, blank=True, help_text="Which version of the words the player agreed to.")
    reason = models.CharField(max_length=400, blank=True, help_text="Staff say why they wrote it down.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)  # staff only
    kept_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(channel__in=["email", "sms", "phone", "post", "push"]), name="players_consent_channel"),
            models.CheckConstraint(condition=Q(given=False) | ~Q(text_version=""), name="players_consent_names_its_words"),
        ]
        indexes: ClassVar = [models.Index(fields=["player", "channel", "-at", "-id"], name="players_consent_latest")]

    def __str__(self) -> str:
        return f"{'yes' if self.given else 'no'} to {self.channel} of player {self.player_id}"
