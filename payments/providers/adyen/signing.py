"""Adyen's two signatures: inside each item of a standard webhook, and in a header over the whole body of the others.

Neither holds a time, so a replay is told only by the id of its event. Adyen's own library looks at the first item alone, which is why it is not used.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from payments.providers.protocol import BadSignature

HEADER = "hmacsignature"

_FIELDS = ("pspReference", "originalReference", "merchantAccountCode", "merchantReference")


def keys(texts: Sequence[str]) -> tuple[bytes, ...]:
    """Keys as the Customer Area shows them, in hexadecimal. Raises ValueError without naming them."""
    try:
        found = tuple(binascii.unhexlify(text) for text in texts)
    except (binascii.Error, ValueError, TypeError):
        raise ValueError("an HMAC key is not hexadecimal") from None
    if not found or not all(len(key) >= 16 for key in found):
        raise ValueError("an HMAC key is missing or too short")
    return found


def item_signature(item: Mapping[str, Any], key: bytes) -> str:
    """The signature of one NotificationRequestItem: HMAC-SHA256 over eight of its fields, joined by colons. Raises ValueError."""
    amount = item.get("amount")
    amount = amount if isinstance(amount, dict) else {}
    values = [item.get(name, "") for name in _FIELDS]
    values += [amount.get("value", ""), amount.get("currency", ""), item.get("eventCode", ""), item.get("success", "")]
    texts = []
    for value in values:
        if isinstance(value, bool):
            value = "true" if value else "false"
        if not isinstance(value, (str, int)):
            raise ValueError("a signed field is no text")
        texts.append(str(value))
    return _base64(":".join(texts).encode("utf-8", "surrogatepass"), key)


def verify_items(document: Mapping[str, Any], secrets: Sequence[bytes]) -> None:
    """Accept a standard webhook when each of its items is signed with one of `secrets`. Raises BadSignature."""
    items = document.get("notificationItems")
    if not isinstance(items, list) or not items:
        raise BadSignature("there are no signed items")
    for wrapped in items:
        item = wrapped.get("NotificationRequestItem") if isinstance(wrapped, dict) else None
        extra = item.get("additionalData") if isinstance(item, dict) else None
        given = extra.get("hmacSignature") if isinstance(extra, dict) else None
        if not isinstance(item, dict) or not isinstance(given, str):
            raise BadSignature("an item is not signed")
        try:
            expected = [item_signature(item, secret) for secret in secrets]
        except ValueError as error:
            raise BadSignature(str(error)) from error
        if not _matches(given, expected):
            raise BadSignature("the signature of an item does not match")


def verify_body(headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes]) -> None:
    """Accept a body whose header signs all of it with one of `secrets`. Raises BadSignature."""
    given = [value for name, value in headers.items() if name.lower() == HEADER]
    if len(given) != 1:
        raise BadSignature("there is not exactly one signature header")
    if not _matches(given[0], [_base64(body, secret) for secret in secrets]):
        raise BadSignature("the signature does not match")


def _base64(content: bytes, key: bytes) -> str:
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def _matches(given: str, expected: Sequence[str]) -> bool:
    """Whether it is one of them. Every comparison takes the same time."""
    good = False
    for each in expected:
        good |= hmac.compare_digest(given.encode("utf-8", "surrogatepass"), each.encode())
    return good
