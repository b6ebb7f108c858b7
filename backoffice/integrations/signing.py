"""How a request is signed: HMAC-SHA256 over time, method, path with query, and the digest of the body (docs/api.md)."""

import hashlib
import hmac
import re

KEY_HEADER, TIME_HEADER, SIGNATURE_HEADER = "Countroom-Key", "Countroom-Timestamp", "Countroom-Signature"
WINDOW = 300  # seconds before and after our clock

_TIME = re.compile(r"[0-9]{9,11}(?:\.[0-9]{1,6})?", re.ASCII)
_SIGNATURE = re.compile(r"v1=([0-9a-f]{64})", re.ASCII)


class BadSignature(Exception):
    """The request is not signed as it must be; the message says what to mend and never what would have been right."""


def signed_text(*, timestamp: str, method: str, path: str, body: bytes) -> bytes:
    """What is signed: `path` as it goes over the wire, with its query."""
    return "\n".join((timestamp, method.upper(), path, hashlib.sha256(body).hexdigest())).encode()


def sign(*, secret: str, timestamp: str, method: str, path: str, body: bytes) -> str:
    """The value of `Countroom-Signature`."""
    text = signed_text(timestamp=timestamp, method=method, path=path, body=body)
    return "v1=" + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def verify(*, secret: str, timestamp: str, signature: str, method: str, path: str, body: bytes, now: float) -> None:
    """Compare in constant time; `now` in seconds since the epoch. Raises BadSignature."""
    if not _TIME.fullmatch(timestamp):
        raise BadSignature(f"Send {TIME_HEADER} as seconds since 1970, such as 1767225600 or 1767225600.123.")
    found = _SIGNATURE.fullmatch(signature)
    if found is None:
        raise BadSignature(f"Send {SIGNATURE_HEADER} as v1= and 64 hexadecimal digits in small letters.")
    expected = sign(secret=secret, timestamp=timestamp, method=method, path=path, body=body)
    if not hmac.compare_digest(expected, signature):
        raise BadSignature("The signature does not match. Sign timestamp, method, path with query, and the SHA-256 of the very bytes that you send.")
    # Told only to a caller who holds the secret.
    if abs(now - float(timestamp)) > WINDOW:
        raise BadSignature(f"The timestamp is more than {WINDOW} seconds off our clock. Sign again with the current time.")
