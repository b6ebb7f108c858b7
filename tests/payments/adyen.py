"""A real Adyen sandbox process for tests, and the strings that conformance checks pull."""

from __future__ import annotations

import json
from typing import Any

from payments.providers.adyen import Adyen
from tests.payments.company import Company, CompanyControl, fixtures
from tests.payments.nordpay import Receiver

KEY = "api-key"
HMAC = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"


class Sandbox(Company):
    name, arguments, headers = "adyen", ("--key", KEY, "--hmac", HMAC), {"X-API-Key": KEY}

    def adapter(self, **options: Any) -> Adyen:
        base = options.pop("base", self.url)
        chosen = {
            "url": f"{base}/v71", "key": KEY, "merchant_account": "Countroom", "hmac_keys": HMAC, "transfers_url": f"{base}/btl/v4",
            "transfers_key": KEY, "balance_account": "BA1", "transfer_hmac_keys": HMAC, "balances_url": f"{base}/bcl/v2",
            "disputes_url": f"{base}/ca/services/DisputeService/v30", "timeout": 2.0, "sleep": lambda seconds: None, **options,
        }  # fmt: skip
        return Adyen(code="adyen", **chosen)


class AdyenControl(CompanyControl):
    """Adyen signs no time."""

    signs_time = False


def items(receiver: Receiver) -> list[dict[str, Any]]:
    """Every item of every standard notification so far."""
    told = [json.loads(delivery.body) for delivery in list(receiver.deliveries)]
    return [wrapped["NotificationRequestItem"] for document in told for wrapped in document.get("notificationItems", [])]


shared_adyen, shared_adyen_receiver, adyen, adyen_receiver = fixtures(Sandbox)
