"""What queues share: who is working on what, and answers that a repeated request gets again."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.audit.models import Visibility
from backoffice.audit.sealed import Sealed, hand_on


class Claim(models.Model):
    """A lease on one item: somebody is looking at it. It runs out by itself; a lost lease never blocks a decision by itself."""

    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="claims")
    claimed_at = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["subject_type", "subject_id"], name="work_claim_one_each")]

    def __str__(self) -> str:
        return f"{self.subject_type}:{self.subject_id}"


class Handled(models.Model):
    """Somebody decided an item, and since when they had it claimed: what Home says of their day. The decision itself is a fact on the record."""

    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    key = models.CharField(max_length=120, help_text="Of the request that decided it: the same request again counts once.")
    claimed_at = models.DateTimeField(null=True, help_text="None when it was decided without a claim: in bulk, or after it ran out.")
    decided_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["subject_type", "subject_id", "key"], name="work_handled_once")]
        indexes: ClassVar = [models.Index(fields=["staff", "decided_at"], name="work_handled_of_a_day")]

    def __str__(self) -> str:
        return f"{self.subject_type}:{self.subject_id}"


class Answer(models.Model):
    """The first answer to a request with an idempotency key; the same request again gets it before anything else is compared."""

    scope = models.CharField(max_length=80)
    key = models.CharField(max_length=120)
    content = models.CharField(max_length=64, help_text="Digest of what was asked: the same key for something else is refused.")
    answer = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["scope", "key"], name="work_answer_once")]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"


class Item(models.Model):
    """What people noted about one item of a queue: whose it is, until when it sleeps, to whom it was escalated, its tags."""

    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    brand_id = models.BigIntegerField()
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="assigned")
    assigned_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    escalated_to = models.CharField(max_length=40, blank=True, help_text="A role's code.")
    escalated_at = models.DateTimeField(null=True)
    tags = ArrayField(models.CharField(max_length=40), default=list)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subject_type", "subject_id"], name="work_item_one_each"),
            models.CheckConstraint(condition=Q(assignee=None) | Q(assigned_at__isnull=False), name="work_item_assigned_at"),
            models.CheckConstraint(condition=Q(escalated_to="") | Q(escalated_at__isnull=False), name="work_item_escalated_at"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["assignee", "subject_type"], condition=Q(assignee__isnull=False), name="work_item_of_assignee"),
            models.Index(fields=["subject_type", "snoozed_until"], condition=Q(snoozed_until__isnull=False), name="work_item_asleep"),
            models.Index(fields=["subject_type", "escalated_to"], condition=~Q(escalated_to=""), name="work_item_escalated"),
            GinIndex(fields=["tags"], name="work_item_tags"),
        ]

    def __str__(self) -> str:
        return f"{self.subject_type}:{self.subject_id}"


class Capacity(models.Model):
    """How many items of a queue one person holds at most, and when they are away: nothing is assigned to them then."""

    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="capacities")
    subject_type = models.CharField(max_length=60)
    most = models.PositiveSmallIntegerField(null=True, blank=True, help_text="No bound when empty.")
    away_from = models.DateTimeField(null=True, blank=True)
    away_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["staff", "subject_type"], name="work_capacity_one_each"),
            models.CheckConstraint(
                condition=Q(away_from=None, away_until=None) | Q(away_from__isnull=False, away_until__isnull=False, away_until__gt=F("away_from")),
                name="work_capacity_away_has_both_ends",
                violation_error_message="An absence has a beginning and a later end.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.staff_id} {self.subject_type}"


class Presence(models.Model):
    """Somebody has an item open. Rows older than a minute mean nothing and are swept."""

    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["subject_type", "subject_id", "staff"], name="work_presence_one_each")]

    def __str__(self) -> str:
        return f"{self.subject_type}:{self.subject_id}"


class SavedView(models.Model):
    """A query of a queue under a name: of one person, or of everybody who holds a role."""

    subject_type = models.CharField(max_length=60)
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=600)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="views")
    role = models.CharField(max_length=40, blank=True, help_text="A role's code when it is shared with its holders.")
    locked = models.BooleanField(default=False, help_text="Only its owner changes it.")
    position = models.SmallIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("position", "name")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subject_type", "owner", "name"], condition=Q(role=""), name="work_savedview_private",
                violation_error_message=_("You have a view of this name."),
            ),
            models.UniqueConstraint(
                fields=["subject_type", "role", "name"], condition=~Q(role=""), name="work_savedview_shared",
                violation_error_message=_("This role has a view of this name."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name


class NoteQuerySet(models.QuerySet["Note"]):
    def visible_to(self, staff: Any) -> "NoteQuerySet":
        """Notes of the brands that this person reaches; those for compliance alone only for them. What each is about has its own permission."""
        notes = self.filter(brand_id__in=staff.reach())
        return notes if staff.may("audit.view_compliance") else notes.filter(visibility=Visibility.NORMAL)


class Note(models.Model):
    """What a colleague wants others to know about an item or a person. Never deleted; an earlier wording is kept as a version."""

    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    brand_id = models.BigIntegerField()
    player_id = models.BigIntegerField(null=True, help_text="Whose personal data it may hold.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text_sealed = models.TextField(help_text="Sealed with the player's key where it is about a player.")
    mentions = models.JSONField(default=dict, help_text="Each handle of the text with the person's id and name then.")
    visibility = models.SmallIntegerField(choices=Visibility.choices, default=Visibility.NORMAL)
    written_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    key = models.CharField(max_length=80, help_text="Of the form: sent twice, it is one note.")

    text = Sealed("text_sealed")
    objects = NoteQuerySet.as_manager()

    class Meta:
        ordering = ("-written_at", "-id")
        constraints: ClassVar = [models.UniqueConstraint(fields=["author", "key"], name="work_note_once")]
        indexes: ClassVar = [models.Index(fields=["subject_type", "subject_id", "-written_at", "-id"], name="work_note_of_subject")]

    def __str__(self) -> str:
        return f"note {self.pk}"

    @property
    def attached(self) -> "list[Attachment]":
        """Its files as it was read with them."""
        found = [Attachment(player_id=self.player_id, **row) for row in getattr(self, "files", ())]
        hand_on(self, *found)
        return found


class NoteVersion(models.Model):
    """How a note read before it was edited."""

    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    text_sealed = models.TextField()
    until = models.DateTimeField(help_text="When it was replaced.")

    text = Sealed("text_sealed", player="note.player_id")

    class Meta:
        ordering = ("-number",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["note", "number"], name="work_noteversion_once")]

    def __str__(self) -> str:
        return f"{self.note_id} version {self.number}"


class Attachment(models.Model):
    """A file that belongs to a note."""

    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="attachments")
    player_id = models.BigIntegerField(null=True, help_text="Whose key encrypts it.")
    name_sealed = models.TextField(help_text="As it was called where it came from; sealed with the player's key where there is a player.")
    kind = models.CharField(max_length=100, help_text="Media type, by its bytes.")
    size = models.PositiveIntegerField(help_text="Bytes as they were sent.")
    sha256 = models.CharField(max_length=64)
    stored = models.CharField(max_length=200, help_text="Name in the storage.")

    name = Sealed("name_sealed")

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name


class CannedNote(models.Model):
    """Words that staff put into a note with one choice. Changed by approval."""

    configured_by = "work.canned_note"

    code = models.SlugField(primary_key=True, max_length=40)
    subject_type = models.CharField(max_length=60, blank=True, help_text="The queue that offers it; empty is every queue.")
    label = models.CharField(max_length=80)
    text = models.TextField(max_length=1000)
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("position", "label")

    def __str__(self) -> str:
        return self.label
