"""Providers by code, built from settings when first needed.

PAYMENT_PROVIDERS = {
    "nordpay": {
        "class": "payments.providers.nordpay.Nordpay",
        "url": ..., "key": ..., "webhook_secret": ..., "timeout": 5.0,       # whatever the class takes
        "breaker": {"failures": 5, "percent": 50, "window": 60, "cool_off": 30, "successes": 2},   # may be left out
    },
}
PAYMENT_BREAKER_STORE = "dotted.path.to.a.Store"    # may be left out: each process then judges for itself
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Mapping
from typing import Any

from .breaker import Breaker, Health, MemoryStore, Store
from .guarded import Guarded
from .protocol import Operation, Provider


class UnknownProvider(LookupError):
    """No provider of this code is configured."""


class BadProviderSettings(ValueError):
    """An entry of PAYMENT_PROVIDERS does not make a provider. The message names the entry and never a value."""


_lock = threading.RLock()
_built: dict[str, Guarded] = {}
_store: Store | None = None
_pid = 0


def codes() -> list[str]:
    """The configured codes, sorted."""
    return sorted(_settings())


def get(code: str) -> Guarded:
    """The provider, behind its breakers. Raises UnknownProvider, BadProviderSettings.

    One for each process: connections do not survive a fork.
    """
    global _pid
    with _lock:
        if _pid != os.getpid():
            forget()
            _pid = os.getpid()
        if code not in _built:
            _built[code] = _build(code)
        return _built[code]


def health() -> list[Health]:
    """The circuits of every configured provider, by code and operation. Raises BadProviderSettings."""
    return [circuit for code in codes() for circuit in get(code).health()]


def addresses() -> list[str]:
    """Where the configured providers are reached; not where a player comes back to."""
    reached = (item for options in _settings().values() for item in options.items())
    return [str(value) for name, value in reached if value and (name == "url" or name.endswith("_url")) and name != "return_url"]


def forget() -> None:
    """Build anew from settings at the next use."""
    global _store
    with _lock:
        _built.clear()
        _store = None


def _settings() -> Mapping[str, Mapping[str, Any]]:
    from django.conf import settings

    configured: Mapping[str, Mapping[str, Any]] = getattr(settings, "PAYMENT_PROVIDERS", {})
    return configured


def _build(code: str) -> Guarded:
    configured = _settings()
    if code not in configured:
        raise UnknownProvider(code)
    options = dict(configured[code])
    thresholds = options.pop("breaker", {})
    try:
        factory = _load(options.pop("class"))
        provider: Provider = factory(code=code, **options)
        breakers = {
            operation: Breaker(key=f"{code}:{operation}", store=_breaker_store(), **thresholds)
            for operation in (Operation.DEPOSIT, Operation.PAYOUT, Operation.REFUND, Operation.ASK)
        }
    except KeyError as error:
        raise BadProviderSettings(f"PAYMENT_PROVIDERS[{code!r}] lacks {error}") from None
    except (TypeError, ValueError, ImportError, AttributeError) as error:
        raise BadProviderSettings(f"PAYMENT_PROVIDERS[{code!r}]: {error}") from error
    return Guarded(provider, breakers=breakers)


def _breaker_store() -> Store:
    global _store
    if _store is None:
        from django.conf import settings

        path = getattr(settings, "PAYMENT_BREAKER_STORE", "")
        _store = _load(path)() if path else MemoryStore()
    return _store


def _load(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)
