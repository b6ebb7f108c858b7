"""How Nordpay signs its webhooks."""

from __future__ import annotations

import hashlib
import hmac


def signature(*, secret: str, body: bytes, at: int) -> str:
    """The value of `Nordpay-Signature` for `body` at `at` (seconds since the epoch)."""
    digest = hmac.new(secret.encode(), str(at).encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
