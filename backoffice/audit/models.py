"""The record: one append-only stream of facts. It is the audit log, the timeline, the live feed and the outbox at once."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class Visibility(models.IntegerChoices):
    NORMAL = 0, _("Everybody who may see the subject")
    COMPLIANCE = 1, _("Compliance only")


class EventQuerySet(models.QuerySet["Event"]):
    def visible_to(self, staff: Any) -> "EventQuerySet":
        """Facts of the brands that this person reaches, and of no brand; compliance-only facts for those who may see them."""
        facts = self
        if not staff.may("scope.all_brands"):
            facts = facts.filter(models.Q(brand_id__in=staff.reach()) | models.Q(brand_id=None))
        if not staff.may("audit.view_compliance"):
            facts = facts.filter(visibility=Visibility.NORMAL)
        return facts


class Event(models.Model):
    """One fact, written in the transaction that made it true. `record()` is the only way to write one.

    `happened_at` is the service's clock and what screens show; `recorded_at` is the database's and what partitions and seals use.
    """

    id = models.BigAutoField(primary_key=True)
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    epoch = models.SmallIntegerField()
    brand_id = models.BigIntegerField(null=True)
    player_id = models.BigIntegerField(null=True)
    subject_type = models.TextField()
    subject_id = models.BigIntegerField()
    actor_kind = models.TextField()
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.TextField()
    authorised_by_id = models.BigIntegerField(null=True)
    visibility = models.SmallIntegerField(choices=Visibility.choices)
    type = models.TextField()
    ip = models.TextField()
    session = models.TextField()
    request_id = models.TextField()
    reason = models.TextField()
    before = models.TextField(null=True)
    after = models.TextField(null=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "audit_event"
        ordering = ("-happened_at", "-id")

    def __str__(self) -> str:
        return f"{self.type} {self.subject_type}:{self.subject_id}"

    @property
    def actor_words(self) -> str:
        """Who did it, for a reader. What is kept names people, players by number, and machines by their names."""
        return gettext("Player #%(number)s") % {"number": self.actor_id} if self.actor_kind == "player" else self.actor_label


class Seal(models.Model):
    """A Merkle root over a range of positions, chained to the one before."""

    id = models.BigAutoField(primary_key=True)
    stream = models.TextField()
    number = models.BigIntegerField()
    first_position = models.BigIntegerField()
    last_position = models.BigIntegerField()
    root = models.BinaryField()
    subjects_root = models.BinaryField()
    previous = models.BinaryField()
    seal = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "audit_seal"
        ordering = ("stream", "number")

    def __str__(self) -> str:
        return f"{self.stream} seal {self.number}"


class SealSubject(models.Model):
    """The last number of a subject at a seal: what makes a left-out fact of that subject show."""

    pk = models.CompositePrimaryKey("seal_id", "subject_type", "subject_id", "visibility")
    seal_id = models.BigIntegerField()
    subject_type = models.TextField()
    subject_id = models.BigIntegerField()
    visibility = models.SmallIntegerField()
    last_number = models.BigIntegerField()

    class Meta:
        db_table = "audit_sealsubject"
        indexes: ClassVar = [models.Index(fields=["subject_type", "subject_id", "visibility", "seal_id"], name="audit_sealsubject_of")]


class PersonalKey(models.Model):
    """The key that opens one player's personal values in the record. Destroying it is erasure; the chain still verifies."""

    player_id = models.BigIntegerField(primary_key=True)
    wrapped = models.BinaryField(null=True, help_text="The key, encrypted with a master key that is kept outside the database.")
    master_version = models.SmallIntegerField()
    created_at = models.DateTimeField()
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(wrapped=None, destroyed_at__isnull=False) | models.Q(wrapped__isnull=False, destroyed_at=None),
                name="audit_personalkey_gone_when_destroyed",
            )
        ]

    def __str__(self) -> str:
        return f"Key of player {self.player_id}"


class Erasure(models.Model):
    """A player's personal values were erased. Kept for ever, so that a restore can erase them again."""

    player_id = models.BigIntegerField(unique=True)
    erased_at = models.DateTimeField()
    reason = models.TextField()

    def __str__(self) -> str:
        return f"Erasure of player {self.player_id}"
