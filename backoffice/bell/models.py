"""Notices to staff, the e-mails about them, and which kinds each person wants mailed."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from backoffice.bell import kinds
from backoffice.runtime.outgoing import Outgoing
from backoffice.scope.models import Brand


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, staff: Any) -> "NoticeQuerySet":
        """One's own, of no brand or of a brand that one still works on. The scope switcher hides none: a bell is about the person."""
        return self.filter(Q(brand=None) | Q(brand_id__in=[brand.pk for brand in staff.brands]), staff=staff)


class Notice(models.Model):
    """Something that one person is told. Written in the transaction of what it tells of."""

    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices", db_index=False)
    kind = models.CharField(max_length=60)
    params = models.JSONField(default=dict, help_text="What is put into the kind's words.")
    url = models.CharField(max_length=300, blank=True, help_text="A page of this house.")
    brand = models.ForeignKey(Brand, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)
    key = models.CharField(max_length=120, help_text="The same key tells the same person once.")

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["staff", "key"], name="bell_notice_once"),
            models.CheckConstraint(condition=Q(url="") | Q(url__startswith="/") & ~Q(url__startswith="//"), name="bell_notice_leads_nowhere_else"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["staff", "-id"], name="bell_notice_of"),
            models.Index(fields=["staff", "brand"], condition=Q(seen_at=None), name="bell_notice_unseen"),
            models.Index(fields=["at"], name="bell_notice_at"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def about(self) -> kinds.Kind:
        return kinds.shown(self.kind)

    @property
    def text(self) -> str:
        return self.about.write(self.params)


class Mail(Outgoing):
    """The e-mail about a notice."""

    notice = models.OneToOneField(Notice, on_delete=models.CASCADE, related_name="mail")

    class Meta(Outgoing.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"mail about notice {self.notice_id}"


class Preference(models.Model):
    """What one person chose for one kind. Without a row the kind's own default holds."""

    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=60)
    mail = models.BooleanField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["staff", "kind"], name="bell_preference_once")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.mail}"
