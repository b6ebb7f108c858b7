"""Who speaks to us by machine, and what was answered to requests that may be repeated."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from backoffice.audit import vault
from backoffice.scope.models import BrandScoped

SECRET = "integrations.api_key"  # noqa: S105  (the vault's name for the column)


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
