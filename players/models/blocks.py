"""Blocks of players. The reason never changes: what was wrong is lifted, and another one is set."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.scope.models import BrandScoped
from players.blocks import BONUS, CONTACT, DEPOSIT, PLAY, SIGN_IN, WITHDRAWAL
from players.lifecycles import BLOCK


class Block(BrandScoped):
    """One thing that a player may not do, from a moment on. It counts while it is active and its end has not come (selectors.in_force)."""

    KINDS: ClassVar = [
        (SIGN_IN, _("Sign-in")), (DEPOSIT, _("Deposit")), (PLAY, _("Play")), (BONUS, _("Bonus")), (WITHDRAWAL, _("Withdrawal")), (CONTACT, _("Contact")),
    ]  # fmt: skip

    player = models.ForeignKey("players.Player", on_delete=models.PROTECT, related_name="blocks", db_index=False)
    kind = models.CharField(max_length=10, choices=KINDS)
    source = models.CharField(max_length=40, help_text="Who decides about it: staff, or a room such as self-exclusion (players/blocks/sources.py).")
    reason = models.CharField(max_length=40)
    note = models.CharField(max_length=400, blank=True)
    state = models.CharField(max_length=8, choices=BLOCK.choices, default="active")
    version = models.IntegerField(default=1)
    set_at = models.DateTimeField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)  # staff only
    set_by_label = models.CharField(max_length=160)
    ends_at = models.DateTimeField(null=True, help_text="It ends by itself then. None: when somebody lifts it.")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)  # staff only
    ended_why = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints: ClassVar = [
            BLOCK.constraint("players_block_state"),
            models.CheckConstraint(condition=Q(kind__in=[SIGN_IN, DEPOSIT, PLAY, BONUS, WITHDRAWAL, CONTACT]), name="players_block_kind"),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("set_at")), name="players_block_ends_after_it_begins",
                violation_error_message=_("A block ends after it begins."),
            ),
            models.CheckConstraint(condition=Q(state="active", ended_at=None) | ~Q(state="active") & Q(ended_at__isnull=False), name="players_block_ended_at"),
            models.CheckConstraint(condition=~Q(state="lifted", ended_why=""), name="players_block_lifted_why"),
            models.UniqueConstraint(
                fields=["player", "kind", "source"], condition=Q(state="active"), name="players_block_once",
                violation_error_message=_("This is blocked already."),
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["player", "-set_at"], name="players_block_latest"),
            models.Index(fields=["ends_at"], condition=Q(state="active", ends_at__isnull=False), name="players_block_to_end"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of player {self.player_id}"


class BlockReason(models.Model):
    """Why staff block something, in words that staff choose from. Blocks keep its code."""

    configured_by = "players.block_reason"

    code = models.CharField(max_length=40, primary_key=True)
    label = models.CharField(max_length=80)
    position = models.SmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("position", "code")

    def __str__(self) -> str:
        return self.label
