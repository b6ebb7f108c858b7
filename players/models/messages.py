"""What we told players."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.audit.sealed import Sealed
from backoffice.runtime.outgoing import Outgoing
from backoffice.scope.models import BrandScoped
from players.models.player import Player
from players.models.templates import MARKETING, SERVICE, MessageTemplate


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, staff: object) -> "MessageQuerySet":
        return self.filter(brand_id__in=staff.reach())  # type: ignore[attr-defined]


class Message(BrandScoped, Outgoing):
    """A message to a player, committed with what it tells of and sent by a worker. The row is the truth, a task only a hint.

    Its words are put together when it is queued: what stands here is what the player gets. Whether they may get it is asked when it is sent.
    """

    STATES: ClassVar = [("queued", _("Queued")), ("sent", _("Sent")), ("withheld", _("Withheld")), ("failed", _("Failed"))]

    state = models.CharField(max_length=8, choices=STATES, default=Outgoing.QUEUED)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="messages", db_index=False)
    template = models.CharField(max_length=60)
    language = models.CharField(max_length=8)
    purpose = models.CharField(max_length=10, choices=MessageTemplate.PURPOSES, default=SERVICE)
    subject_sealed = models.TextField(blank=True, help_text="Sealed with the player's key, as its body and what was filled in.")
    body_sealed = models.TextField(blank=True)
    context_sealed = models.TextField(blank=True)
    key = models.CharField(max_length=120, unique=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)  # staff who sent it
    resend_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="resent", db_index=False)

    subject = Sealed("subject_sealed")
    body = Sealed("body_sealed")
    context = Sealed("context_sealed", empty={})
    objects = MessageQuerySet.as_manager()

    class Meta(Outgoing.Meta):
        abstract = False
        constraints: ClassVar = [
            *Outgoing.Meta.constraints,
            models.CheckConstraint(condition=Q(state__in=["queued", "sent", "withheld", "failed"]), name="players_message_state"),
            models.CheckConstraint(condition=Q(purpose__in=[SERVICE, MARKETING]), name="players_message_purpose"),
        ]
        indexes: ClassVar = [
            *Outgoing.Meta.indexes,
            models.Index(fields=["player", "-queued_at", "-id"], name="players_message_of_player"),
            models.Index(fields=["brand", "-queued_at", "-id"], name="players_message_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.template} to player {self.player_id}"
