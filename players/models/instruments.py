"""How players pay and are paid."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.scope.models import BrandScoped
from players.models.personal import Encrypted, spelled_account
from players.models.player import Player


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
