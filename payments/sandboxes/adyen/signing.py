"""How Adyen signs: inside each item of a standard notification, in a header over the whole body of the others."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json


def sign(body: bytes, *, key: bytes) -> tuple[dict[str, str], bytes]:
    """Headers and body of one delivery. An item that has a signature keeps it, so that a forged one can be sent."""
    document = json.loads(body)
    for wrapped in document.get("notificationItems", []):
        item = wrapped["NotificationRequestItem"]
        amount = item["amount"]
        fields = [
            item["pspReference"], item.get("originalReference", ""), item["merchantAccountCode"], item["merchantReference"],
            amount["value"], amount["currency"], item["eventCode"], item["success"],
        ]  # fmt: skip
        item["additionalData"].setdefault("hmacSignature", _digest(":".join(map(str, fields)).encode(), key))
    if "notificationItems" in document:
        return {}, json.dumps(document).encode()
    return {"HmacSignature": _digest(body, key), "Protocol": "HmacSHA256"}, body


def _digest(content: bytes, key: bytes) -> str:
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
