"""Columns that hold personal values: encrypted, with a keyed digest beside them for exact search.

Keys are derived from the master keys by purpose (HKDF, RFC 5869), so that one never serves two. A stored value names the version
of its key: `2:...`. Rotation (`manage.py rotate_keys`) writes everything again under the newest one.
"""

import base64
import hmac
import secrets
from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


@lru_cache(maxsize=64)
def _key(version: int, purpose: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"countroom:{purpose}".encode()).derive(settings.MASTER_KEYS[version])


def newest() -> int:
    return max(settings.MASTER_KEYS)


def encrypt(text: str, *, purpose: str) -> str:
    """`purpose` names the column, such as "player.email"; a value moved to another column does not open."""
    version = newest()
    nonce = secrets.token_bytes(12)
    body = AESGCM(_key(version, f"column:{purpose}")).encrypt(nonce, text.encode(), None)
    return f"{version}:{base64.urlsafe_b64encode(nonce + body).decode()}"


def decrypt(stored: str, *, purpose: str) -> str:
    """Raises InvalidTag when the value was altered, KeyError when its master key is gone."""
    version, body = stored.split(":", 1)
    raw = base64.urlsafe_b64decode(body)
    return AESGCM(_key(int(version), f"column:{purpose}")).decrypt(raw[:12], raw[12:], None).decode()


def version_of(stored: str) -> int:
    return int(stored.split(":", 1)[0])


def digest(text: str, *, purpose: str, version: int | None = None) -> str:
    """The keyed digest under which a value is found again. The caller brings it into one spelling first."""
    key = _key(version or newest(), f"index:{purpose}")
    return f"{version or newest()}:{hmac.digest(key, text.encode(), 'sha256').hex()[:40]}"


def digests(text: str, *, purpose: str) -> list[str]:
    """The digests under every known key: what to look for while a rotation is under way."""
    return [digest(text, purpose=purpose, version=version) for version in settings.MASTER_KEYS]
