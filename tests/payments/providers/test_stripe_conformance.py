"""The Stripe adapter against a real process that speaks Stripe's dialect."""

from __future__ import annotations

import dataclasses

import pytest

from payments.providers import conformance
from payments.providers.protocol import CompletesRedirects, Operation, Provider, ProviderRefused, TakesEvidence, TellsBalance
from tests.payments.stripe import StripeControl


@pytest.mark.parametrize("check", conformance.CHECKS, ids=lambda check: check.__name__)
def test_stripe_conforms(check, stripe, stripe_receiver):
    try:
        check(stripe.adapter(), StripeControl(stripe, stripe_receiver))
    except conformance.NotApplicable as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("part", [Provider, TellsBalance, TakesEvidence])
def test_stripe_is_a_provider_that_tells_and_takes(stripe, part):
    assert isinstance(stripe.adapter(), part)
    assert not isinstance(stripe.adapter(), CompletesRedirects)  # a redirect ends at Stripe; we ask


def test_nothing_is_paid_out(stripe, stripe_receiver):
    adapter, control = stripe.adapter(), StripeControl(stripe, stripe_receiver)
    assert adapter.capabilities.methods[Operation.PAYOUT] == frozenset()
    request = conformance.PayoutRequest(
        reference=control.reference(), key="k", money=conformance.Money(amount=conformance.Decimal(5), currency="EUR"), method=control.method("EUR"),
        beneficiary_token="cus_1/pm_4242", beneficiary_name="Maja Lind",
    )  # fmt: skip
    for each in (request, dataclasses.replace(request, key="again")):
        with pytest.raises(ProviderRefused, match="payout_unsupported"):
            adapter.send_payout(each)
