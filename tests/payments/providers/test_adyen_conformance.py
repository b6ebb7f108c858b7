"""The Adyen adapter against a real process that speaks Adyen's dialect."""

from __future__ import annotations

import pytest

from payments.providers import conformance
from payments.providers.protocol import CompletesRedirects, Provider, TakesEvidence, TellsBalance
from tests.payments.adyen import AdyenControl


@pytest.mark.parametrize("check", conformance.CHECKS, ids=lambda check: check.__name__)
def test_adyen_conforms(check, adyen, adyen_receiver):
    check(adyen.adapter(), AdyenControl(adyen, adyen_receiver))


@pytest.mark.parametrize("part", [Provider, TellsBalance, TakesEvidence, CompletesRedirects])
def test_adyen_is_a_provider_that_tells_takes_and_completes(adyen, part):
    assert isinstance(adyen.adapter(), part)
