"""What queues share: who is working on what, and answers that a repeated request gets again."""

from typing import ClassVar

from django.conf import settings
from django.db import models


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
