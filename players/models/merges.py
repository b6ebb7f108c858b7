"""Accounts that were merged into another one of the same person."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from backoffice.scope.models import BrandScoped
from players.lifecycles import MERGE, PLAYER
from players.models.duplicates import Duplicate
from players.models.player import Player


class Merge(BrandScoped):
    """That one account goes into another that stays. What is on record stays with the account on which it happened."""

    duplicate = models.ForeignKey(Duplicate, on_delete=models.PROTECT, related_name="merges")
    stays = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="absorbed", db_index=False)
    goes = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="merges", db_index=False)
    state = models.CharField(max_length=8, choices=MERGE.choices, default="merged")
    version = models.IntegerField(default=1)
    state_before = models.CharField(max_length=12, choices=PLAYER.choices, help_text="What the account was that goes.")
    kept = models.JSONField(default=dict, help_text="What each room carried over, to take it back.")
    merged_at = models.DateTimeField()
    merged_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            MERGE.constraint("players_merge_state"),
            models.CheckConstraint(condition=~Q(stays=F("goes")), name="players_merge_of_two"),
            models.CheckConstraint(condition=Q(state="merged", undone_at=None) | Q(state="undone", undone_at__isnull=False), name="players_merge_undone_at"),
            models.UniqueConstraint(fields=["goes"], condition=Q(state="merged"), name="players_merge_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["stays"], condition=Q(state="merged"), name="players_merge_absorbed")]

    def __str__(self) -> str:
        return f"#{self.goes_id} into #{self.stays_id}"

    @property
    def player_id(self) -> int:
        """On whose timeline the facts of the merge itself stand."""
        return self.stays_id
