"""Who plays: players, what identifies them, how they pay, from where they come, what we told them."""

from typing import Any, ClassVar

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Func, Q, Value
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from backoffice.audit import vault
from backoffice.runtime.outgoing import Outgoing
from backoffice.scope.models import BrandScoped, Jurisdiction
from players.lifecycles import PLAYER


class Encrypted:
    """A personal value of a model: `email` reads and writes `email_cipher` and `email_digest`.

    The digest is of one spelling of the value, so that an exact search finds it; nothing else can be searched.
    """

    def __init__(self, name: str, *, purpose: str, spelling: Any) -> None:
        self.cipher, self.digest, self.purpose, self.spelling = f"{name}_cipher", f"{name}_digest", purpose, spelling

    def __get__(self, row: Any, owner: Any = None) -> Any:
        if row is None:
            return self
        stored = getattr(row, self.cipher)
        return vault.decrypt(stored, purpose=self.purpose) if stored else ""

    def __set__(self, row: Any, text: str) -> None:
        setattr(row, self.cipher, vault.encrypt(text, purpose=self.purpose) if text else "")
        setattr(row, self.digest, vault.digest(self.spelling(text), purpose=self.purpose) if text else "")

    def match(self, text: str) -> Q:
        return Q(**{f"{self.digest}__in": vault.digests(self.spelling(text), purpose=self.purpose)})


def spelled_email(text: str) -> str:
    return text.strip().lower()


def spelled_phone(text: str) -> str:
    return "+" + "".join(character for character in text if character.isdigit()).lstrip("0")


def spelled_account(text: str) -> str:
    """IBANs, card tokens and addresses: no spaces. Case is kept, since blockchain addresses have meaning in it."""
    compact = "".join(text.split())
    return compact.upper() if compact[:2].isalpha() and compact[2:4].isdigit() else compact


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
    birth_date = models.DateField()
    country = models.CharField(max_length=2)
    language = models.CharField(max_length=8, default="en")
    currency = models.CharField(max_length=10, help_text="The currency that the player chose at registration.")
    email_cipher = models.TextField(blank=True)
    email_digest = models.CharField(max_length=60, blank=True)
    phone_cipher = models.TextField(blank=True)
    phone_digest = models.CharField(max_length=60, blank=True)
    is_test = models.BooleanField(default=False)
    registered_at = models.DateTimeField()
    last_sign_in_at = models.DateTimeField(null=True)

    email = Encrypted("email", purpose="player.email", spelling=spelled_email)
    phone = Encrypted("phone", purpose="player.phone", spelling=spelled_phone)
    objects = PlayerQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            PLAYER.constraint("players_player_state"),
            models.UniqueConstraint(fields=["brand", "external_id"], name="players_player_external_id"),
            models.UniqueConstraint(
                fields=["brand", "email_digest"], condition=~Q(email_digest=""), name="players_player_email_once_a_brand",
                violation_error_message=_("This brand already has a player with this e-mail address."),
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["phone_digest"], condition=~Q(phone_digest=""), name="players_player_phone"),
            models.Index(fields=["email_digest"], condition=~Q(email_digest=""), name="players_player_email"),
            models.Index(fields=["brand", "-registered_at", "-id"], name="players_player_newest"),
            models.Index(fields=["registered_at"], name="players_player_registered"),
            models.Index(
                "brand", OpClass(Upper("last_name"), name="text_pattern_ops"), OpClass(Upper("first_name"), name="text_pattern_ops"),
                name="players_player_last_name",
            ),
            models.Index(
                "brand", OpClass(Upper("first_name"), name="text_pattern_ops"), OpClass(Upper("last_name"), name="text_pattern_ops"),
                name="players_player_first_name",
            ),
            models.Index("brand", OpClass("external_id", name="varchar_pattern_ops"), name="players_player_external_like"),
            # Read by players_named() alone (migrations/sql/search.sql). The brand stands second, since reading begins with the first column's
            # key, and turned round, so that no other index can offer itself and read a whole brand. No pending list: every search would read it.
            GinIndex(
                OpClass(Upper(Func(Value(" "), "first_name", Value(" "), "last_name", template="%(expressions)s", arg_joiner=" || ")), name="gin_trgm_ops"),
                Func("brand", template="(- %(expressions)s)"),
                name="players_player_name_words", fastupdate=False,
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def initials(self) -> str:
        return f"{self.first_name[:1]}{self.last_name[:1]}".upper()


class Device(models.Model):
    """A browser or phone from which a player signed in, told apart by the front end's fingerprint."""

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="devices")
    fingerprint = models.CharField(max_length=80)
    label = models.CharField(max_length=120)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["player", "fingerprint"], name="players_device_once")]
        indexes: ClassVar = [models.Index(fields=["fingerprint"], name="players_device_fingerprint")]

    def __str__(self) -> str:
        return self.label


class SignIn(models.Model):
    """One sign-in of a player, as the front end reported it."""

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="sign_ins", db_index=False)
    device = models.ForeignKey(Device, null=True, on_delete=models.PROTECT, related_name="sign_ins", db_index=False)
    at = models.DateTimeField()
    ip = models.GenericIPAddressField()
    country = models.CharField(max_length=2, blank=True)
    succeeded = models.BooleanField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["player", "-at"], name="players_signin_latest"),
            models.Index(fields=["ip", "player"], name="players_signin_ip"),
        ]

    def __str__(self) -> str:
        return f"{self.player_id} {self.at:%Y-%m-%d %H:%M}"


class Instrument(BrandScoped):
    """How a player pays and is paid: a card token, a bank account, a wallet, a blockchain address. A card number is never kept."""

    CARD, BANK, WALLET, CRYPTO = "card", "bank", "wallet", "crypto"
    KINDS: ClassVar = [(CARD, _("Card")), (BANK, _("Bank account")), (WALLET, _("Wallet")), (CRYPTO, _("Crypto address"))]

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="instruments")
    kind = models.CharField(max_length=8, choices=KINDS)
    label = models.CharField(max_length=40, help_text="Visa, SEPA, Trustly, Bitcoin ...")
    provider = models.CharField(max_length=40)
    token = models.CharField(max_length=120, help_text="The provider's name for it.")
    holder_name = models.CharField(max_length=160, blank=True)
    last4 = models.CharField(max_length=8, help_text="What staff may see of the number.")
    country = models.CharField(max_length=2, blank=True)
    detail_cipher = models.TextField(blank=True)
    detail_digest = models.CharField(max_length=60, blank=True)
    added_at = models.DateTimeField()
    changed_at = models.DateTimeField(help_text="When the number, token or holder last changed.")
    confirmed_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    detail = Encrypted("detail", purpose="instrument.detail", spelling=spelled_account)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=["card", "bank", "wallet", "crypto"]), name="players_instrument_kind"),
            models.CheckConstraint(condition=Q(kind="card", detail_cipher="") | ~Q(kind="card"), name="players_instrument_no_card_number"),
            models.UniqueConstraint(fields=["player", "provider", "token"], name="players_instrument_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["detail_digest"], condition=~Q(detail_digest=""), name="players_instrument_detail"),
            models.Index(fields=["brand", "last4", "kind"], name="players_instrument_last4"),
        ]

    def __str__(self) -> str:
        return f"{self.label} ••{self.last4}"


class Message(BrandScoped, Outgoing):
    """A message to a player, committed with what it tells of and sent by a worker. The row is the truth, a task only a hint."""

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="messages")
    template = models.CharField(max_length=60)
    language = models.CharField(max_length=8)
    context = models.JSONField(default=dict)
    key = models.CharField(max_length=120, unique=True)

    class Meta(Outgoing.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"{self.template} to player {self.player_id}"
