"""Probes of a test's own, and people who look at them."""

from collections.abc import Callable
from typing import Any

import pytest

from backoffice.operations import reading
from backoffice.runtime import probes
from backoffice.runtime.probes import COUNT, Found, Probe


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Probe]:
    """Nothing is registered but what the test makes: `only(read, warning=1)`."""
    monkeypatch.setattr(probes, "_probes", {})
    monkeypatch.setattr(reading, "_hanging", {})

    def make(read: Callable[[], Found], code: str = "test.thing", **more: Any) -> Probe:
        wanted = {"label": "Thing", "group": "machine", "unit": COUNT, "means": "What it is.", "advice": "Do this.", "warning": 5, "failing": 10, **more}
        probe = Probe(code=code, read=read, **wanted)
        probes.register(probe)
        return probe

    return make
