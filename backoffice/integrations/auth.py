"""Who calls: a machine of one brand, known by its signature. A key reaches its own brand and no other."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.encoding import escape_uri_path
from ninja.security.base import AuthBase

from backoffice.audit.actors import Actor
from backoffice.integrations import bodies, keys, limits, signing
from backoffice.integrations.models import ApiKey
from backoffice.integrations.problems import Problem

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
IDEMPOTENCY_HEADER = "Idempotency-Key"
_CHALLENGE = {"WWW-Authenticate": "Countroom-HMAC-SHA256"}
_DECOY = "no-such-key"  # an unknown key is compared too, so that the answer does not tell which keys exist


def not_signed(detail: str) -> Problem:
    return Problem(401, "not_signed", detail, headers=_CHALLENGE)


class SignedKey(AuthBase):
    """Lets a signed request in when its key has the scope. The key is `request.auth`."""

    openapi_type = "apiKey"
    openapi_in = "header"
    openapi_name = signing.KEY_HEADER

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__()

    def __call__(self, request: HttpRequest) -> ApiKey:
        """Raises Problem: 401 not signed, 403 without the scope, 413, 415, 429."""
        body = bodies.read(request)
        key = self._verified(request, body)
        request.api_brand_id = key.brand_id  # type: ignore[attr-defined]
        request.api_key_id = key.key_id  # type: ignore[attr-defined]  # for the log line
        if wait := limits.over(key.key_id, now=limits.clock()):
            detail = f"This key has used up its requests of this minute. Wait {wait} seconds."
            raise Problem(429, "too_many_requests", detail, headers={"Retry-After": str(wait)})
        if self.scope not in key.scopes:
            raise Problem(403, "scope_missing", f"This key lacks the scope {self.scope}.", scope=self.scope)
        bodies.check_media_type(request)
        self._once(request)
        keys.used(key, now=timezone.now())
        return key

    @staticmethod
    def _verified(request: HttpRequest, body: bytes) -> ApiKey:
        given = {name: request.headers.get(name, "") for name in (signing.KEY_HEADER, signing.TIME_HEADER, signing.SIGNATURE_HEADER)}
        if missing := [name for name, value in given.items() if not value]:
            raise not_signed(f"Sign the request: {', '.join(missing)} is missing. docs/api.md shows how.")
        key = ApiKey.objects.select_related("brand").filter(key_id=given[signing.KEY_HEADER][:40]).first()
        query = request.META.get("QUERY_STRING", "")
        try:
            signing.verify(
                secret=key.secret if key else _DECOY,
                timestamp=given[signing.TIME_HEADER],
                signature=given[signing.SIGNATURE_HEADER],
                method=request.method or "",
                path=escape_uri_path(request.path) + (f"?{query}" if query else ""),
                body=body,
                now=limits.clock(),
            )
        except signing.BadSignature as wrong:
            raise not_signed(str(wrong)) from None
        if key is None or not key.active:
            raise not_signed("This key does not exist any more. Ask the back office for a new one.")
        return key

    @staticmethod
    def _once(request: HttpRequest) -> None:
        """A signature that somebody overheard cannot be sent again as another request: it stands for one idempotency key."""
        purpose = request.headers.get(IDEMPOTENCY_HEADER, "")
        signature = request.headers[signing.SIGNATURE_HEADER]
        if request.method in UNSAFE and not limits.first_use(signature, purpose=purpose, window=signing.WINDOW):
            detail = f"This signature came before with another {IDEMPOTENCY_HEADER}. Sign each new request with its own time."
            raise Problem(401, "signature_reused", detail, headers=_CHALLENGE)


def machine(request: HttpRequest) -> Actor:
    """The caller as an actor of facts."""
    key = key_of(request)
    return Actor.integration(key.name, id=key.pk)


def key_of(request: HttpRequest) -> ApiKey:
    key: Any = request.auth  # type: ignore[attr-defined]  # set by django-ninja
    assert isinstance(key, ApiKey)  # noqa: S101
    return key
