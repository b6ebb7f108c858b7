"""A sandbox and a webhook receiver for each module."""

from tests.payments.nordpay import receiver, sandbox, shared_receiver, shared_sandbox

__all__ = ["receiver", "sandbox", "shared_receiver", "shared_sandbox"]
