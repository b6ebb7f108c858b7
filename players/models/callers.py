"""Who it is that calls: what is asked, and whether it was answered."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from backoffice.scope.models import Brand, BrandScoped
from players.models.player import Player


class CallerPolicy(models.Model):
    """What is asked of somebody who calls. Changed by approval."""

    configured_by = "players.caller_check"

    brand = models.OneToOneField(Brand, primary_key=True, on_delete=models.PROTECT, related_name="+")
    questions = ArrayField(models.CharField(max_length=40))
    needed = models.PositiveSmallIntegerField(help_text="Right answers that are enough.")
    minutes = models.PositiveSmallIntegerField(help_text="How long it counts.")
    failures = models.PositiveSmallIntegerField(help_text="Failures within a day after which fraud is told.")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(needed__gte=1, minutes__gte=1, failures__gte=1), name="players_callerpolicy_numbers"),
        ]

    def __str__(self) -> str:
        return f"Caller verification of {self.brand_id}"


class CallerCheck(BrandScoped):
    """One time that somebody was asked who they are. What they answered is not kept, nor which answer was wrong."""

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="caller_checks", db_index=False)
    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    passed = models.BooleanField()
    asked = ArrayField(models.CharField(max_length=40))
    right = models.PositiveSmallIntegerField()
    needed = models.PositiveSmallIntegerField()
    valid_until = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(passed=True, valid_until__isnull=False) | Q(passed=False, valid_until=None), name="players_callercheck_valid"),
        ]
        indexes: ClassVar = [models.Index(fields=["player", "-at"], name="players_callercheck_latest")]

    def __str__(self) -> str:
        return f"Caller check of player {self.player_id}"
