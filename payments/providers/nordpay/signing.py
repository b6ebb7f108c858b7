"""Nordpay's webhook signature: `t=<unix>,v1=<hex hmac-sha256 of "t.body">`, several v1 while a secret is being changed."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping

from payments.providers.protocol import BadSignature, StaleSignature

HEADER = "nordpay-signature"

_TIME = re.compile(r"[0-9]{1,12}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOST_DIGESTS = 8


def verify(*, headers: Mapping[str, str], body: bytes, secrets: Iterable[str], now: float, window: float) -> None:
    """Accept a body signed with one of `secrets` at most `window` seconds before or after `now` (seconds since the epoch).

    Raises BadSignature, or StaleSignature when only the time is wrong. Every comparison takes the same time.
    """
    given = [value for name, value in headers.items() if name.lower() == HEADER]
    if len(given) != 1:
        raise BadSignature("there is not exactly one signature header")
    parts = [part.strip().partition("=") for part in given[0].split(",")]
    times = [value for name, _, value in parts if name == "t"]
    digests = [value for name, _, value in parts if name == "v1" and _DIGEST.fullmatch(value)]
    if len(times) != 1 or not _TIME.fullmatch(times[0]) or not 1 <= len(digests) <= _MOST_DIGESTS:
        raise BadSignature("the signature header is not understood")

    signed = times[0].encode() + b"." + body
    good = False
    for secret in secrets:
        expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        for digest in digests:
            good |= hmac.compare_digest(expected, digest)
    if not good:
        raise BadSignature("the signature does not match")
    if abs(now - int(times[0])) > window:
        raise StaleSignature("the signature is too old or from the future")
