"""Players who came from another system: by which name that system knew them."""

from typing import ClassVar

from django.db import models

from backoffice.scope.models import BrandScoped
from players.models.player import Player


class Arrival(BrandScoped):
    """That a player was brought in, once. The same external id of the same source is the same player for ever."""

    player = models.OneToOneField(Player, primary_key=True, on_delete=models.PROTECT, related_name="arrival")
    source = models.CharField(max_length=40)
    external_id = models.CharField(max_length=80)
    digest = models.CharField(max_length=60, help_text="A keyed digest of what the row said: whether a later one says something else.")
    arrived_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["brand", "source", "external_id"], name="players_arrival_once")]

    def __str__(self) -> str:
        return f"{self.external_id} of {self.source}"
