"""Requests about personal data: everything held as a file, and erasure with what the law keeps until when."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.audit import vault
from backoffice.audit.sealed import Sealed
from backoffice.scope.models import BrandScoped
from players.lifecycles import ACCESS, ERASURE
from players.models.player import Player

_KEPT = "player.kept"


class AccessQuerySet(models.QuerySet["AccessRequest"]):
    def visible_to(self, staff: Any) -> "AccessQuerySet":
        return self.filter(brand_id__in=staff.reach())


class AccessRequest(BrandScoped):
    """A player asks for everything that is held about them. It is answered with a file, or refused with a reason, before it is due."""

    CHANNELS: ClassVar = [
        ("email", _("E-mail")), ("post", _("Letter")), ("phone", _("Phone")), ("ticket", _("Ticket")), ("front_end", _("The front end")),
    ]  # fmt: skip
    WAYS: ClassVar = [("", "–"), ("email", _("Encrypted e-mail")), ("post", _("Post")), ("front_end", _("The player's account at the front end"))]

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="access_requests", db_index=False)
    state = models.CharField(max_length=10, choices=ACCESS.choices, default="asked")
    version = models.IntegerField(default=1)
    channel = models.CharField(max_length=10, choices=CHANNELS)
    reason_sealed = models.TextField(blank=True, help_text="What was asked, in words; sealed with the player's key.")
    external_id = models.CharField(max_length=80, blank=True, help_text="The front end's own id.")
    received_at = models.DateTimeField()
    due_at = models.DateTimeField()
    clause = models.CharField(max_length=300, help_text="The law that says until when.")
    extended_at = models.DateTimeField(null=True)
    extension_sealed = models.TextField(blank=True, default="", help_text="Why it takes longer, as the player was told; sealed with the player's key.")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", help_text="None: the front end did.")
    key = models.CharField(max_length=80)
    job = models.ForeignKey("jobs.Job", null=True, on_delete=models.PROTECT, related_name="+", help_text="What makes, or made, the file.")
    rows = models.IntegerField(null=True, help_text="How much the last file holds.")
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the last file.")
    made_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    way = models.CharField(max_length=10, choices=WAYS, blank=True, help_text="How the file went to the player.")
    refusal_sealed = models.TextField(blank=True, help_text="Why it was refused, in words that the player may read; sealed with the player's key.")

    reason = Sealed("reason_sealed")
    refusal = Sealed("refusal_sealed")
    extension = Sealed("extension_sealed")
    objects = AccessQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            ACCESS.constraint("players_accessrequest_state"),
            models.CheckConstraint(condition=Q(state__in=["delivered", "refused"]) ^ Q(ended_at=None), name="players_accessrequest_ended"),
            models.CheckConstraint(condition=~Q(state__in=["made", "delivered"]) | ~Q(sha256=""), name="players_accessrequest_made_has_a_file"),
            models.CheckConstraint(condition=Q(state="delivered") ^ Q(way=""), name="players_accessrequest_delivered_some_way"),
            models.UniqueConstraint(fields=["player"], condition=Q(state__in=["asked", "made"]), name="players_accessrequest_one_at_a_time"),
            models.UniqueConstraint(fields=["brand", "key"], name="players_accessrequest_key"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["player", "-id"], name="players_accessrequest_of"),
            models.Index(fields=["brand", "due_at", "id"], condition=Q(state__in=["asked", "made"]), name="players_accessrequest_queue"),
            models.Index(fields=["brand", "-received_at", "-id"], name="players_accessrequest_new"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"PD-{self.pk}"


class Erasure(BrandScoped):
    """One kind of what is held about an erased player: overwritten at once, and what the law keeps put aside under seal until its day."""

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="erasures", db_index=False)
    kind = models.CharField(max_length=60, help_text="Which: players/privacy/held.py.")
    state = models.CharField(max_length=4, choices=ERASURE.choices, default="due")
    version = models.IntegerField(default=1)
    until = models.DateField(null=True, help_text="The last day on which the law keeps it; none when it keeps nothing.")
    clause = models.CharField(max_length=300, blank=True)
    after = models.BigIntegerField(default=0, help_text="Rows up to this number have been dealt with.")
    rows = models.IntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            ERASURE.constraint("players_erasure_state"),
            models.CheckConstraint(condition=Q(state="gone") ^ Q(next_attempt_at__isnull=False), name="players_erasure_open_is_due"),
            models.CheckConstraint(condition=~Q(state="kept") | Q(until__isnull=False), name="players_erasure_kept_has_an_end"),
            models.UniqueConstraint(fields=["player", "kind"], name="players_erasure_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="players_erasure_due")]

    def __str__(self) -> str:
        return f"{self.kind} of player {self.player_id}"


class Kept(models.Model):
    """A piece of what the law keeps of an erased player, under a key of the house, away from every list and search. Removed on its day."""

    erasure = models.ForeignKey(Erasure, on_delete=models.PROTECT, related_name="pieces", db_index=False)
    number = models.IntegerField()
    cipher = models.TextField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["erasure", "number"], name="players_kept_once")]

    def __str__(self) -> str:
        return f"{self.erasure_id}:{self.number}"

    @property
    def lines(self) -> str:
        """JSON, a row a line."""
        return vault.decrypt(self.cipher, purpose=_KEPT)

    @lines.setter
    def lines(self, text: str) -> None:
        self.cipher = vault.encrypt(text, purpose=_KEPT)
