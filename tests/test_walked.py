"""Every move of every lifecycle is made by some test. It runs last (tests/conftest.py), and only when everything ran."""

import importlib

import pytest
from django.apps import apps

from backoffice.audit.lifecycle import Lifecycle
from tests.walked import WALKED

# No service restricts or reopens an account yet; the strict xfail in tests/payments/test_lifecycles.py says when one does.
WITHOUT_SERVICE = "players.player"
# Moves that no test makes by a service yet. The list only gets shorter.
NOT_YET = {
    ("alerts.alert", "acknowledged", "muted"), ("alerts.alert", "acknowledged", "resolved"), ("alerts.alert", "muted", "acknowledged"),
    ("approvals.change", "draft", "active"), ("approvals.change", "draft", "failed"), ("approvals.change", "draft", "scheduled"),
    ("approvals.change", "draft", "stale"), ("approvals.change", "draft", "withdrawn"), ("approvals.change", "scheduled", "failed"),
    ("approvals.change", "scheduled", "stale"), ("jobs.job", "checked", "cancelled"), ("jobs.job", "mapping", "cancelled"),
    ("jobs.job", "mapping", "expired"),
}  # fmt: skip


def test_every_move_of_every_lifecycle_was_made(request: pytest.FixtureRequest) -> None:
    config = request.config
    if config.args_source is not config.ArgsSource.TESTPATHS or config.option.keyword or config.option.markexpr:
        pytest.skip("Only a part of the suite runs.")
    described = set()
    for app in apps.get_app_configs():
        try:
            module = importlib.import_module(f"{app.name}.lifecycles")
        except ModuleNotFoundError:
            continue
        for one in vars(module).values():
            if isinstance(one, Lifecycle) and one.subject != WITHOUT_SERVICE:
                described |= {(one.subject, state, to) for state, moves in one.moves.items() for to in moves}
    assert described - WALKED <= NOT_YET
    assert described >= NOT_YET
