"""Accounts that may belong to one person, two by two, with what they share."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from backoffice.scope.models import Brand, BrandScoped
from players.lifecycles import DUPLICATE
from players.models.player import Player


class DuplicateQuerySet(models.QuerySet["Duplicate"]):
    def visible_to(self, staff: object) -> "DuplicateQuerySet":
        """Both accounts are within reach."""
        reach = staff.reach()  # type: ignore[attr-defined]
        return self.filter(brand_id__in=reach, other_brand_id__in=reach)


class Duplicate(BrandScoped):
    """Two accounts that share something. `brand` is the brand of the newer one, which is also the player whose timeline its facts stand on."""

    first = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="+")
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="+", help_text="The newer of the two.")
    other_brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+", help_text="The brand of the older one.")
    evidence = ArrayField(models.CharField(max_length=16))
    strength = models.PositiveSmallIntegerField(help_text="What it shares, weighed and added up.")
    judged = ArrayField(models.CharField(max_length=16), default=list, blank=True, help_text="What was known when somebody said that they are two people.")
    state = models.CharField(max_length=12, choices=DUPLICATE.choices, default="open")
    version = models.IntegerField(default=1)
    found_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    objects = DuplicateQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            DUPLICATE.constraint("players_duplicate_state"),
            models.CheckConstraint(condition=Q(first__lt=F("player")), name="players_duplicate_older_first"),
            models.UniqueConstraint(fields=["first", "player"], name="players_duplicate_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["brand", "-strength", "-id"], condition=Q(state="open"), name="players_duplicate_queue"),
            models.Index(fields=["player"], name="players_duplicate_newer"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"DU-{self.pk}"


class DuplicateSweep(models.Model):
    """How far the search for duplicates has come in its round over all players. One row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField(default=0, help_text="The last player that was looked at.")

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="players_duplicatesweep_one_row")]

    def __str__(self) -> str:
        return f"after player {self.position}"
