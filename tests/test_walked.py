"""Every move of every lifecycle is made by some test. It runs last (tests/conftest.py), and only when everything ran."""

import importlib

import pytest
from django.apps import apps

from backoffice.audit.lifecycle import Lifecycle
from tests.walked import WALKED

# No service restricts or reopens an account yet; the strict xfail in tests/payments/test_lifecycles.py says when one does.
WITHOUT_SERVICE = "players.player"


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
    assert described - WALKED == set()
