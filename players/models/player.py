"""The customer of a brand."""

from typing import Any, ClassVar

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Func, Q, Value
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.scope.models import BrandScoped, Jurisdiction
from players.folding import Folded
from players.lifecycles import PLAYER
from players.models.personal import Encrypted, EncryptedEmail, spelled_email, spelled_phone


class PlayerQuerySet(models.QuerySet["Player"]):
    def visible_to(self, staff: Any) -> "PlayerQuerySet":
        return self.filter(brand_id__in=staff.reach())

    def counted(self) -> "PlayerQuerySet":
        """Without test players, who stand in no figure (GLI-19 A.2.5)."""
        return self.filter(is_test=False)


class Player(BrandScoped):
    """A customer of one brand under one jurisdiction. The row is the lock under which all of the player's money moves."""

    jurisdiction = models.ForeignKey(Jurisdiction, on_delete=models.PROTECT, related_name="+")
    external_id = models.CharField(max_length=80, help_text="The casino front end's own id.")
    state = models.CharField(max_length=12, choices=PLAYER.choices, default="active")
    version = models.IntegerField(default=1)
    first_name = models.CharField(max_length=80)
    last_name = models.CharField(max_length=80)
    birth_date = models.DateField(null=True, help_text="None once the player was erased.")
    country = models.CharField(max_length=2)
    language = models.CharField(max_length=8, default="en")
    currency = models.CharField(max_length=10, help_text="The currency that the player chose at registration.")
    email_cipher = models.TextField(blank=True)
    email_digest = models.CharField(max_length=60, blank=True)
    mailbox_digest = models.CharField(max_length=60, null=True, blank=True, help_text="Of the mailbox; none until it was worked out.")  # noqa: DJ001
    phone_cipher = models.TextField(blank=True)
    phone_digest = models.CharField(max_length=60, blank=True)
    is_test = models.BooleanField(default=False)
    registered_at = models.DateTimeField()
    last_sign_in_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True, help_text="Since then nobody is named here (players/privacy).")

    email = EncryptedEmail("email", purpose="player.email", spelling=spelled_email)
    phone = Encrypted("phone", purpose="player.phone", spelling=spelled_phone)
    objects = PlayerQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            PLAYER.constraint("players_player_state"),
            models.UniqueConstraint(fields=["brand", "external_id"], name="players_player_external_id"),
            models.CheckConstraint(
                condition=Q(erased_at=None, birth_date__isnull=False)
                | Q(erased_at__isnull=False, birth_date=None, first_name="", last_name="", email_digest="", phone_digest="", state__in=["closed", "merged"]),
                name="players_player_erased_is_nobody",
            ),
            models.UniqueConstraint(
                fields=["brand", "email_digest"], condition=~Q(email_digest=""), name="players_player_email_once_a_brand",
                violation_error_message=_("This brand already has a player with this e-mail address."),
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["phone_digest"], condition=~Q(phone_digest=""), name="players_player_phone"),
            models.Index(fields=["email_digest"], condition=~Q(email_digest=""), name="players_player_email"),
            models.Index(fields=["mailbox_digest"], condition=~Q(mailbox_digest=""), name="players_player_mailbox"),
            models.Index(fields=["id"], condition=Q(mailbox_digest=None) & ~Q(email_digest=""), name="players_player_no_mailbox"),
            models.Index(fields=["brand", "-registered_at", "-id"], name="players_player_newest"),
            models.Index(fields=["brand", "country", "-registered_at", "-id"], name="players_player_country"),
            # Sign-ups by the hour and day, for Home and alert rules: counted from the index alone.
            models.Index(fields=["registered_at", "brand"], condition=Q(is_test=False), name="players_player_sign_ups"),
            models.Index(
                "brand", OpClass(Folded("last_name"), name="text_pattern_ops"), OpClass(Folded("first_name"), name="text_pattern_ops"),
                name="players_player_last_name",
            ),
            models.Index(
                "brand", OpClass(Folded("first_name"), name="text_pattern_ops"), OpClass(Folded("last_name"), name="text_pattern_ops"),
                name="players_player_first_name",
            ),
            models.Index("brand", OpClass("external_id", name="varchar_pattern_ops"), name="players_player_external_like"),
            # Read by players_named() alone (migrations/sql/folded.sql). The brand stands second, since reading begins with the first column's
            # key, and turned round, so that no other index can offer itself and read a whole brand. No pending list: every search would read it.
            GinIndex(
                OpClass(Folded(Func(Value(" "), "first_name", Value(" "), "last_name", template="%(expressions)s", arg_joiner=" || ")), name="gin_trgm_ops"),
                Func("brand", template="(- %(expressions)s)"),
                name="players_player_name_words", fastupdate=False,
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"

    @property
    def player_id(self) -> int:
        """Whose it is, as the kit asks every row: a player is their own."""
        return self.pk

    @property
    def name(self) -> str:
        return gettext("Erased player") if self.erased_at is not None else f"{self.first_name} {self.last_name}"

    @property
    def initials(self) -> str:
        return f"{self.first_name[:1]}{self.last_name[:1]}".upper()
