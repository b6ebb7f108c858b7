"""Providers from settings."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from payments.providers import registry
from payments.providers.breaker import BreakerState, MemoryStore
from payments.providers.protocol import Provider

ENTRY = {"class": "payments.providers.nordpay.Nordpay", "url": "http://127.0.0.1:1", "key": "k", "webhook_secret": "s3cret", "timeout": 5.0}


class SharedStore(MemoryStore):
    """Found by its dotted path."""


@pytest.fixture
def configure(monkeypatch):
    def put(providers, **others):
        monkeypatch.setattr("django.conf.settings", SimpleNamespace(PAYMENT_PROVIDERS=providers, **others))
        registry.forget()

    yield put
    registry.forget()


def test_a_configured_provider_is_built_once(configure):
    configure({"nordpay": ENTRY, "abc": {**ENTRY, "breaker": {"failures": 2}}})
    assert registry.codes() == ["abc", "nordpay"]
    provider = registry.get("nordpay")
    assert isinstance(provider, Provider)
    assert provider.code == "nordpay"
    assert registry.get("nordpay") is provider
    assert registry.get("abc") is not provider


def test_an_unknown_code_is_told(configure):
    configure({})
    with pytest.raises(registry.UnknownProvider, match="nordpay"):
        registry.get("nordpay")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"url": "nowhere"}, "url"),
        ({"key": ""}, "key"),
        ({"webhook_secret": ""}, "webhook_secret"),
        ({"timeout": 0}, "times"),
        ({"colour": "red"}, "colour"),
        ({"class": "payments.providers.nowhere.Nordpay"}, "nowhere"),
        ({"class": "payments.providers.nordpay.Southpay"}, "Southpay"),
        ({"breaker": {"failures": 0}}, "thresholds"),
    ],
)
def test_a_bad_entry_is_named_without_its_secrets(configure, change, message):
    configure({"nordpay": {**ENTRY, **change}})
    with pytest.raises(registry.BadProviderSettings, match=message) as error:
        registry.get("nordpay")
    assert "s3cret" not in str(error.value)


def test_a_missing_class_is_named(configure):
    configure({"nordpay": {name: value for name, value in ENTRY.items() if name != "class"}})
    with pytest.raises(registry.BadProviderSettings, match="class"):
        registry.get("nordpay")


def test_health_names_every_circuit(configure):
    configure({"nordpay": ENTRY}, PAYMENT_BREAKER_STORE=f"{__name__}.SharedStore")
    circuits = registry.health()
    assert [circuit.key for circuit in circuits] == ["nordpay:deposit", "nordpay:payout", "nordpay:refund", "nordpay:ask"]
    assert {circuit.state for circuit in circuits} == {BreakerState.CLOSED}


def test_a_child_process_builds_its_own(configure, monkeypatch):
    configure({"nordpay": ENTRY})
    parent = registry.get("nordpay")
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert registry.get("nordpay") is not parent


def test_the_addresses_are_the_providers_own(settings):
    settings.PAYMENT_PROVIDERS = {"one": {"url": "https://a.example", "files_url": "https://b.example", "other_url": "", "return_url": "https://c.example"}}
    assert registry.addresses() == ["https://a.example", "https://b.example"]
