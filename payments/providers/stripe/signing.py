"""Stripe's signature: the header `Stripe-Signature` holds a time and HMAC-SHA256 of "time.body", one for each secret in use.

Stripe's own library checks it too, but raises one error for a forgery and a replay, and takes one secret at a time; so it is not used.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from payments.providers.protocol import BadSignature, StaleSignature

HEADER = "stripe-signature"
TOLERANCE = 300  # seconds
_MOST = 20  # parts of the header that are looked at


def signature(body: bytes, *, at: int, secret: str) -> str:
    """The `v1` of a body signed at `at`, in seconds since the epoch."""
    return hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()


def verify(headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], now: float) -> None:
    """Accept a body that one of `secrets` signed within five minutes of `now`. Raises BadSignature, StaleSignature."""
    given = [value for name, value in headers.items() if name.lower() == HEADER]
    if len(given) != 1:
        raise BadSignature("there is not exactly one signature header")
    parts = [part.strip().partition("=") for part in given[0].split(",", _MOST)[:_MOST]]
    times = [value for name, _, value in parts if name == "t"]
    signed = [value for name, _, value in parts if name == "v1"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) <= 12) or not signed:
        raise BadSignature("the signature header is not understood")
    at = int(times[0])
    good = False
    for secret in secrets:
        expected = signature(body, at=at, secret=secret).encode()
        for each in signed:
            good |= hmac.compare_digest(each.encode("utf-8", "surrogatepass"), expected)
    if not good:
        raise BadSignature("the signature does not match")
    if abs(now - at) > TOLERANCE:
        raise StaleSignature("signed too long ago, or in the future")
