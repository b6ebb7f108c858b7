"""What staff keep about a player beside the row itself: the address, and what the front end was asked to do."""

import json
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.audit import vault
from backoffice.scope.models import BrandScoped
from players.lifecycles import INSTRUCTION
from players.models.player import Player

_ADDRESS = "player.address"
PARTS = ("street", "postal_code", "city", "region")


class Address(models.Model):
    """Where a player lives, kept encrypted."""

    player = models.OneToOneField(Player, primary_key=True, on_delete=models.PROTECT, related_name="home")
    cipher = models.TextField()
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Address of player {self.player_id}"

    @property
    def parts(self) -> dict[str, str]:
        kept = json.loads(vault.decrypt(self.cipher, purpose=_ADDRESS))
        return {part: kept.get(part, "") for part in PARTS}

    @parts.setter
    def parts(self, values: dict[str, str]) -> None:
        self.cipher = vault.encrypt(json.dumps(values, sort_keys=True), purpose=_ADDRESS)


class Instruction(BrandScoped):
    """What only the casino's front end can do, since it keeps sessions and passwords. It counts as done when the front end says so, not before."""

    SESSIONS, CREDENTIALS = "end_sessions", "reset_credentials"
    KINDS: ClassVar = [(SESSIONS, _("End all sessions")), (CREDENTIALS, _("Reset the credentials"))]

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="instructions")
    kind = models.CharField(max_length=20, choices=KINDS)
    state = models.CharField(max_length=12, choices=INSTRUCTION.choices, default="requested")
    version = models.IntegerField(default=1)
    reason = models.CharField(max_length=400)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    reported_by = models.CharField(max_length=80, blank=True, help_text="The API key that reported it.")
    reported_at = models.DateTimeField(null=True)
    detail = models.CharField(max_length=200, blank=True, help_text="What the front end said about it.")

    class Meta:
        constraints: ClassVar = [
            INSTRUCTION.constraint("players_instruction_state"),
            models.CheckConstraint(condition=Q(kind__in=["end_sessions", "reset_credentials"]), name="players_instruction_kind"),
            models.CheckConstraint(condition=Q(state="requested") ^ Q(reported_at__isnull=False), name="players_instruction_reported_when_over"),
            models.UniqueConstraint(fields=["player", "kind"], condition=Q(state="requested"), name="players_instruction_one_at_a_time"),
        ]
        indexes: ClassVar = [models.Index(fields=["brand", "id"], condition=Q(state="requested"), name="players_instruction_open")]

    def __str__(self) -> str:
        return f"{self.kind} of player {self.player_id}"
