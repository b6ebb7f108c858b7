"""When somebody of the staff last looked at a player: what keeps one look from being many facts."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from players.models.player import Player


class Look(models.Model):
    """The last look of a person at a player that went on the record. The record is the history; this row only says when the next one counts."""

    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    player = models.ForeignKey(Player, on_delete=models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["staff", "player"], name="players_look_once")]

    def __str__(self) -> str:
        return f"{self.staff_id} at {self.player_id}"
