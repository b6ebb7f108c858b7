"""What players complain about. Never deleted: records of complaints are kept for years (GLI-19 A.4.4)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.audit import vault
from backoffice.scope.models import BrandScoped
from players.lifecycles import COMPLAINT
from players.models.player import Player

_TEXT = "complaint.text"


class ComplaintQuerySet(models.QuerySet["Complaint"]):
    def visible_to(self, staff: object) -> "ComplaintQuerySet":
        return self.filter(brand_id__in=staff.reach())  # type: ignore[attr-defined]


class Complaint(BrandScoped):
    """A player says that something was wrong. Its clocks run day and night from when it was received."""

    CATEGORIES: ClassVar = [
        ("payments", _("Payments")), ("games", _("Games")), ("bonuses", _("Bonuses")), ("verification", _("Verification")),
        ("responsible_gambling", _("Responsible gambling")), ("privacy", _("Privacy")), ("service", _("Service")), ("other", _("Something else")),
    ]  # fmt: skip
    CHANNELS: ClassVar = [("website", _("Website")), ("email", _("E-mail")), ("chat", _("Chat")), ("phone", _("Phone")), ("post", _("Letter"))]
    OUTCOMES: ClassVar = [("", "–"), ("upheld", _("Upheld")), ("partly_upheld", _("Partly upheld")), ("not_upheld", _("Not upheld"))]

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="complaints")
    category = models.CharField(max_length=24, choices=CATEGORIES)
    channel = models.CharField(max_length=8, choices=CHANNELS)
    text_cipher = models.TextField(help_text="The player's own words, encrypted: they may say anything about anybody.")
    payment = models.CharField(max_length=24, blank=True, help_text="The deposit or withdrawal that it is about, such as WD-481.")
    external_id = models.CharField(max_length=80, blank=True, help_text="The front end's own id.")
    state = models.CharField(max_length=12, choices=COMPLAINT.choices, default="received")
    version = models.IntegerField(default=1)
    received_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="When the next step is due: the acknowledgement, then the answer.")
    answer_due_at = models.DateTimeField()
    kept_until = models.DateField(help_text="Not before this day may it be removed by law.")
    acknowledged_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, choices=OUTCOMES, blank=True)
    reason = models.CharField(max_length=2000, blank=True, help_text="Why it ended so, in words that the player may read.")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", help_text="None: the front end did.")

    objects = ComplaintQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            COMPLAINT.constraint("players_complaint_state"),
            models.CheckConstraint(
                condition=Q(state="answered", outcome__in=["upheld", "partly_upheld", "not_upheld"], answered_at__isnull=False)
                | ~Q(state="answered") & Q(outcome="", answered_at=None),
                name="players_complaint_answered_has_an_outcome",
            ),
            models.UniqueConstraint(fields=["brand", "external_id"], condition=~Q(external_id=""), name="players_complaint_external_id"),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["brand", "due_at", "id"], condition=Q(state__in=COMPLAINT.open), name="players_complaint_queue"),
            models.Index(fields=["brand", "-received_at", "-id"], name="players_complaint_newest"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"CP-{self.pk}"

    @property
    def text(self) -> str:
        return vault.decrypt(self.text_cipher, purpose=_TEXT)

    @text.setter
    def text(self, words: str) -> None:
        self.text_cipher = vault.encrypt(words, purpose=_TEXT)
