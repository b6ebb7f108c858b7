"""The Nordpay adapter against a real Nordpay process."""

from __future__ import annotations

import pytest

from payments.providers import conformance
from payments.providers.protocol import ListsPayments, Provider
from tests.payments.nordpay import NordpayControl


@pytest.mark.parametrize("check", conformance.CHECKS, ids=lambda check: check.__name__)
def test_nordpay_conforms(check, sandbox, receiver):
    try:
        check(sandbox.adapter(), NordpayControl(sandbox, receiver))
    except conformance.NotApplicable as reason:
        pytest.skip(str(reason))


def test_nordpay_is_a_provider_that_lists(sandbox):
    assert isinstance(sandbox.adapter(), Provider)
    assert isinstance(sandbox.adapter(), ListsPayments)
