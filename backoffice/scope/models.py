"""What a thing belongs to, and which law holds there."""

import zoneinfo

from django.core.exceptions import ValidationError
from django.db import models

from backoffice.scope import zones


def known_timezone(name: str) -> None:
    if name not in zones.known():
        raise ValidationError(f"{name} is not a time zone. Use a name such as Europe/Malta.")


class Jurisdiction(models.Model):
    """A market with its regulator. Its numbers come from packs, never from code."""

    code = models.CharField(max_length=8, unique=True)  # ISO 3166 country or subdivision, such as MT, GB, CA-ON
    name = models.CharField(max_length=80)
    regulator = models.CharField(max_length=80)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return f"{self.name} ({self.regulator})"


class Brand(models.Model):
    """A casino that players know by name. Every player, payment and fact belongs to one."""

    code = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=80)
    timezone = models.CharField(max_length=64, validators=[known_timezone], help_text="Its accounting day and its reports run on this clock.")
    base_currency = models.CharField(max_length=10, help_text="Reports convert into it.")
    jurisdictions = models.ManyToManyField(Jurisdiction, related_name="brands")

    class Meta:
        ordering = ("name",)
        permissions = [("reach_brand", "Work on this brand")]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)


class PackVersion(models.Model):
    """One version of a jurisdiction's numbers, kept as the text that was loaded. Never edited; a later version replaces it from its date on."""

    configured_by = "scope.pack"  # written by a change of this kind alone (backoffice/approvals)

    jurisdiction = models.ForeignKey(Jurisdiction, on_delete=models.PROTECT, related_name="packs")
    version = models.PositiveIntegerField()
    effective_from = models.DateField()
    text = models.TextField(help_text="The TOML file, byte for byte.")
    sha256 = models.CharField(max_length=64)
    loaded_at = models.DateTimeField()

    class Meta:
        ordering = ("jurisdiction", "version")
        constraints = [
            models.UniqueConstraint(fields=["jurisdiction", "version"], name="scope_packversion_once"),
            models.CheckConstraint(condition=models.Q(version__gt=0), name="scope_packversion_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.jurisdiction.code} pack {self.version}"


class BrandScoped(models.Model):
    """Base of everything that belongs to a brand."""

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True
