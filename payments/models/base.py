"""What every payment has."""

from typing import Any

from django.db import models

from backoffice.scope.models import BrandScoped
from players.models import Instrument, Player
from wallet.models import MoneyField


class Scoped(models.QuerySet[Any]):
    def visible_to(self, staff: Any) -> "Scoped":
        return self.filter(brand_id__in=staff.reach())

    def counted(self) -> "Scoped":
        """Without test players, who stand in no figure (GLI-19 A.2.5)."""
        return self.filter(player__is_test=False)


class Payment(BrandScoped):
    """What deposits and withdrawals share: whose, how, how much, in which state, and what the provider was told."""

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="%(class)ss", db_index=False)
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="%(class)ss")
    currency = models.CharField(max_length=10)
    amount = MoneyField()  # units of `currency`, exact to its exponent
    fee = MoneyField(default=0, help_text="What the provider charged us so far, units of `currency`.")
    version = models.IntegerField(default=1)
    requested_at = models.DateTimeField()
    provider = models.CharField(max_length=40)
    attempt = models.SmallIntegerField(default=0, help_text="How often it was sent under a new reference.")
    reference = models.CharField(max_length=60, blank=True, help_text="Our reference at the provider for this attempt; made before the first call.")
    provider_id = models.CharField(max_length=80, blank=True)
    provider_sequence = models.IntegerField(default=0, help_text="The last change that the provider told; older news is skipped.")
    next_attempt_at = models.DateTimeField(null=True, help_text="When a worker has to do the next thing about it.")
    tries = models.SmallIntegerField(default=0, help_text="Calls without a usable answer in a row.")
    last_call_ended_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=120, blank=True, help_text="Why it failed, in the provider's words.")

    class Meta:
        abstract = True
