"""The only writes to API keys. Each is a fact on the record; the secret never is."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from backoffice.audit import vault
from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from backoffice.integrations import scopes as catalogue
from backoffice.integrations.models import SECRET, ApiKey
from backoffice.scope.models import Brand

USED_PRECISION = timedelta(minutes=1)


@dataclass(frozen=True)
class NewKey:
    """A key that was just made. This is the only moment at which its secret is known."""

    key: ApiKey
    secret: str = field(repr=False)


@transaction.atomic
def create_key(*, brand: Brand, name: str, scopes: list[str], by: Actor, now: datetime) -> NewKey:
    """Make a key for a machine of the brand. Raises UnknownScope, ValueError without a name."""
    if not name.strip():
        raise ValueError("Say what uses the key, such as Nova web.")
    granted = catalogue.check(scopes)
    secret = secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        brand=brand, name=name.strip()[:80], key_id=f"ck_{secrets.token_hex(10)}", secret_cipher=vault.encrypt(secret, purpose=SECRET),
        scopes=granted, created_at=now,
    )  # fmt: skip
    record(
        "api_key.created", actor=by, at=now, brand_id=brand.pk, subject=key, after={"name": key.name, "key_id": key.key_id, "scopes": granted}
    )  # fmt: skip
    return NewKey(key, secret)


@transaction.atomic
def revoke_key(*, key_id: str, by: Actor, now: datetime, reason: str = "") -> ApiKey:
    """End a key at once and for good; a second time changes nothing. Raises ApiKey.DoesNotExist."""
    key = ApiKey.objects.select_for_update(no_key=True, of=("self",)).get(key_id=key_id)
    if key.active:
        key.active, key.revoked_at = False, now
        key.save(update_fields=["active", "revoked_at"])
        record(
            "api_key.revoked", actor=by, at=now, brand_id=key.brand_id, subject=key, before={"active": True}, after={"active": False}, reason=reason
        )  # fmt: skip
    return key


def used(key: ApiKey, *, now: datetime) -> None:
    """Note that a key was used, to the minute: a busy key does not write its row at every request."""
    if key.last_used_at is None or now - key.last_used_at >= USED_PRECISION:
        before = now - USED_PRECISION
        ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=before), pk=key.pk).update(last_used_at=now)
