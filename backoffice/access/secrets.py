"""Second-factor secrets at rest: sealed with a key made from the installation's master keys."""

import base64
import os
from functools import cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

PURPOSE = b"countroom second factor"
NONCE = 12


@cache
def _key(master: bytes) -> AESGCM:
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(master))


def seal(text: str) -> str:
    """`version:base64`, under the newest master key."""
    version = max(settings.MASTER_KEYS)
    nonce = os.urandom(NONCE)
    sealed = _key(settings.MASTER_KEYS[version]).encrypt(nonce, text.encode(), PURPOSE)
    return f"{version}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def open_sealed(sealed: str) -> str:
    """Opens what any still known master key has sealed. Raises KeyError for a key that is gone."""
    version, _, text = sealed.partition(":")
    raw = base64.urlsafe_b64decode(text)
    return _key(settings.MASTER_KEYS[int(version)]).decrypt(raw[:NONCE], raw[NONCE:], PURPOSE).decode()
