"""From where players come: their devices, and each sign-in as the front end reported it."""

from typing import ClassVar

from django.db import models

from players.models.player import Player


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
