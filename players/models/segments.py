"""Segments: who of a brand's players meets some conditions, kept up to date."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from backoffice.scope.models import BrandScoped
from players.lifecycles import SEGMENT_RUN
from players.models.player import Player


class SegmentQuerySet(models.QuerySet["Segment"]):
    def visible_to(self, staff: Any) -> "SegmentQuerySet":
        return self.filter(brand_id__in=staff.reach())


class Segment(BrandScoped):
    """What a segment asks of a player. Changed by approval; who is in it is computed (players/segments/runs.py)."""

    configured_by = "players.segment"

    code = models.SlugField(primary_key=True, max_length=40)
    name = models.CharField(max_length=80)
    about = models.CharField(max_length=200, blank=True)
    conditions = models.JSONField(default=dict, help_text="What is asked, by the names of players/segments/facts.py. All of it has to hold.")
    every_hours = models.PositiveSmallIntegerField(help_text="How often it is computed anew.")
    active = models.BooleanField(default=True)

    objects = SegmentQuerySet.as_manager()

    class Meta:
        ordering = ("name", "code")

    def __str__(self) -> str:
        return self.name


class SegmentMember(models.Model):
    """A player in a segment, as of the last run over them."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="members", db_index=False)
    player = models.ForeignKey(Player, on_delete=models.CASCADE, related_name="segment_memberships")
    since = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["segment", "player"], name="players_segmentmember_once")]

    def __str__(self) -> str:
        return f"{self.player_id} in {self.segment_id}"


class SegmentRun(models.Model):
    """One computation over all players of the brand, chunk by chunk by their numbers. Each chunk is committed with how far it came."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="runs", db_index=False)
    conditions = models.JSONField(help_text="As they were when it began. When the segment's change, the run ends and the next begins.")
    state = models.CharField(max_length=12, choices=SEGMENT_RUN.choices, default="running")
    version = models.IntegerField(default=1)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(help_text="The moment as of which days are counted.")
    finished_at = models.DateTimeField(null=True)
    after_player = models.BigIntegerField(default=0, help_text="Every player up to this number has been looked at.")
    total = models.BigIntegerField(help_text="Players to look at when it began.")
    done = models.BigIntegerField(default=0)
    size = models.BigIntegerField(default=0)
    came = models.BigIntegerField(default=0)
    left = models.BigIntegerField(default=0)
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints: ClassVar = [
            SEGMENT_RUN.constraint("players_segmentrun_state"),
            models.UniqueConstraint(fields=["segment"], condition=Q(state="running"), name="players_segmentrun_one_at_a_time"),
        ]
        indexes: ClassVar = [models.Index(fields=["segment", "-id"], name="players_segmentrun_latest")]

    def __str__(self) -> str:
        return f"{self.segment_id} run {self.pk}"

    @property
    def brand_id(self) -> int:
        return self.segment.brand_id
