"""Accounts that nobody uses: told beforehand, dormant, and what became of their money."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from backoffice.scope.models import BrandScoped
from players.lifecycles import DORMANCY
from players.models.player import Player


class DormancyQuerySet(models.QuerySet["Dormancy"]):
    def visible_to(self, staff: Any) -> "DormancyQuerySet":
        return self.filter(brand_id__in=staff.reach())


class Dormancy(BrandScoped):
    """One time that a player stayed away, from the notice until they came back. Its dates are those of the law in force when it was noticed."""

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="dormancies", db_index=False)
    state = models.CharField(max_length=12, choices=DORMANCY.choices, default="noticed")
    version = models.IntegerField(default=1)
    last_seen_at = models.DateTimeField(help_text="The last sign-in, or the registration.")
    noticed_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="When the account becomes dormant.")
    dormant_at = models.DateTimeField(null=True)
    unclaimed_at = models.DateTimeField(null=True, help_text="From when on money may be handed over; none is never.")
    unclaimed_to = models.CharField(max_length=80, blank=True)
    law = models.JSONField(default=list, help_text="The clauses, with their packs.")
    handed_over_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=20, blank=True, help_text="What ended it: signed_in, identified, state, given_back, referred.")

    objects = DormancyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "dormancies"
        constraints: ClassVar = [
            DORMANCY.constraint("players_dormancy_state"),
            models.UniqueConstraint(fields=["player"], condition=~Q(state="ended"), name="players_dormancy_one_at_a_time"),
            models.CheckConstraint(condition=Q(state="ended", ended_at__isnull=False) | ~Q(state="ended") & Q(ended_at=None), name="players_dormancy_ended"),
            models.CheckConstraint(condition=~Q(state__in=["dormant", "handed_over"]) | Q(dormant_at__isnull=False), name="players_dormancy_since"),
            models.CheckConstraint(condition=~Q(state="handed_over") | Q(handed_over_at__isnull=False), name="players_dormancy_handed_over"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(state="noticed"), name="players_dormancy_due"),
            models.Index(fields=["brand", "dormant_at", "id"], condition=Q(state__in=["dormant", "handed_over"]), name="players_dormancy_list"),
            models.Index(fields=["player", "-id"], name="players_dormancy_of_player"),
        ]

    def __str__(self) -> str:
        return f"DO-{self.pk}"


class DormancySweep(models.Model):
    """How far the search for dormant accounts has come in its round over all players. One row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField(default=0, help_text="The last player that was looked at.")
    next_round_at = models.DateTimeField(null=True, help_text="When the next round begins; none while one is on its way.")

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="players_dormancysweep_one_row")]

    def __str__(self) -> str:
        return f"after player {self.position}"
