"""A real Stripe sandbox process for tests, and the strings that conformance checks pull."""

from __future__ import annotations

from typing import Any

from payments.providers.conformance import Fate
from payments.providers.stripe import Stripe
from tests.payments.company import Company, CompanyControl, fixtures

KEY = "sk_test_1"
SECRET = "whsec_test"


class Sandbox(Company):
    name, arguments, headers = "stripe", ("--key", KEY, "--secret", SECRET), {"Authorization": f"Bearer {KEY}"}

    def adapter(self, **options: Any) -> Stripe:
        base = options.pop("base", self.url)
        chosen = {
            "url": f"{base}/v1", "key": KEY, "webhook_secrets": SECRET, "files_url": f"{base}/v1", "timeout": 2.0, "sleep": lambda seconds: None, **options,
        }  # fmt: skip
        return Stripe(code="stripe", **chosen)


class StripeControl(CompanyControl):
    """Payment methods are named as Nordpay's tokens."""

    def token(self, fate: Fate) -> str:
        return f"cus_1/{self.TOKENS[fate].replace('tok_', 'pm_')}"


shared_stripe, shared_stripe_receiver, stripe, stripe_receiver = fixtures(Sandbox)
