"""Who speaks to us by machine, and what was answered to requests that may be repeated."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.audit import vault
from backoffice.scope.models import Brand, BrandScoped

SECRET = "integrations.api_key"  # noqa: S105  (the vault's name for the column)
ENDPOINT_SECRET = "integrations.endpoint"  # noqa: S105


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def visible_to(self, staff: Any) -> "ApiKeyQuerySet":
        return self.filter(brand_id__in=staff.reach())


class ApiKey(BrandScoped):
    """A machine of one brand: the casino's front end mostly. It signs each request with a secret that is shown once."""

    name = models.CharField(max_length=80, help_text="What uses it, such as Nova web.")
    key_id = models.CharField(max_length=40, unique=True, help_text="Public: sent with every request.")
    secret_cipher = models.TextField(help_text="Encrypted, since checking a signature needs the secret itself.")
    scopes = ArrayField(models.CharField(max_length=40))
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True, help_text="To the minute.")

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ("brand", "name")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(active=True, revoked_at=None) | Q(active=False, revoked_at__isnull=False),
                name="integrations_apikey_revoked_when_inactive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.key_id})"

    @property
    def secret(self) -> str:
        return vault.decrypt(self.secret_cipher, purpose=SECRET)


class ApiAnswer(models.Model):
    """The answer to a request with an idempotency key, word for word. The same request again gets it; another one is refused."""

    brand_id = models.BigIntegerField()
    key = models.CharField(max_length=80)
    asked = models.CharField(max_length=64, help_text="Digest of method, path and body.")
    status = models.SmallIntegerField(null=True)
    content_type = models.CharField(max_length=60, blank=True)
    body = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["brand_id", "key"], name="integrations_apianswer_once")]
        indexes: ClassVar = [models.Index(fields=["at"], name="integrations_apianswer_at")]

    def __str__(self) -> str:
        return self.key


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    def visible_to(self, staff: Any) -> "EndpointQuerySet":
        """Those of the house, and of brands in reach."""
        return self.filter(Q(brand=None) | Q(brand_id__in=staff.reach()))


class Endpoint(models.Model):
    """An address outside that is told what happens, with signed requests."""

    brand = models.ForeignKey(Brand, null=True, on_delete=models.PROTECT, related_name="+", help_text="None hears of every brand.")
    name = models.CharField(max_length=80)
    url = models.CharField(max_length=300)
    secret_cipher = models.TextField(help_text="Encrypted, since signing needs the secret itself.")
    topics = ArrayField(models.CharField(max_length=60))
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0, help_text="Failed attempts in a row.")
    open_until = models.DateTimeField(null=True, help_text="It fails too often and is left alone until then.")

    objects = EndpointQuerySet.as_manager()

    class Meta:
        ordering = ("name", "pk")

    def __str__(self) -> str:
        return self.name

    @property
    def secret(self) -> str:
        return vault.decrypt(self.secret_cipher, purpose=ENDPOINT_SECRET)


class Delivery(models.Model):
    """One message to one endpoint, committed with what it tells of and sent by a worker. The row is the truth, a task only a hint."""

    QUEUED, DELIVERED, FAILED = "queued", "delivered", "failed"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    topic = models.CharField(max_length=60)
    key = models.CharField(max_length=120, help_text="The same key goes to the same endpoint once, except by replay.")
    body = models.TextField(help_text="As it is sent, byte for byte.")
    replay_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(max_length=10, choices=[(QUEUED, _("Queued")), (DELIVERED, _("Delivered")), (FAILED, _("Failed"))], default=QUEUED)
    queued_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["endpoint", "key"], name="integrations_delivery_once"),
            models.CheckConstraint(
                condition=Q(state="queued", next_attempt_at__isnull=False, ended_at=None)
                | Q(state__in=["delivered", "failed"], next_attempt_at=None, ended_at__isnull=False),
                name="integrations_delivery_queued_is_due",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_attempt_at"], condition=Q(state="queued"), name="integrations_delivery_due"),
            models.Index(fields=["endpoint", "-id"], name="integrations_delivery_of"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.pk}"


class Attempt(models.Model):
    """One try to deliver, written when it ended."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="tries")
    number = models.SmallIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    status = models.SmallIntegerField(null=True, help_text="None when no answer came.")
    detail = models.CharField(max_length=300, blank=True, help_text="The beginning of the answer, or why there was none.")

    class Meta:
        ordering = ("number",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["delivery", "number"], name="integrations_attempt_once")]

    def __str__(self) -> str:
        return f"{self.delivery_id} attempt {self.number}: {self.status}"
