"""Every move of every lifecycle is made by some test: asked at the end of a whole run, whichever process made it.

`(subject, state, to)` of every move is noted (tests/conftest.py). A worker of pytest-xdist hands what its tests made to the
controller; where only a part of the suite ran, nothing is asked.
"""

import importlib
from typing import Any

import pytest

Move = tuple[str, str, str]
WALKED: set[Move] = set()
_OUTPUT = "walked"


def described() -> set[Move]:
    """The moves that the lifecycles of all apps allow."""
    from django.apps import apps

    from backoffice.audit.lifecycle import Lifecycle

    found: set[Move] = set()
    for app in apps.get_app_configs():
        try:
            module = importlib.import_module(f"{app.name}.lifecycles")
        except ModuleNotFoundError:
            continue
        for one in vars(module).values():
            if isinstance(one, Lifecycle):
                found |= {(one.subject, state, to) for state, moves in one.moves.items() for to in moves}
    return found


def whole(config: pytest.Config) -> bool:
    return config.args_source is config.ArgsSource.TESTPATHS and not config.option.keyword and not config.option.markexpr


class Walked:
    """The plugin that asks. One in each process of a run."""

    def __init__(self) -> None:
        self.missing: list[Move] = []

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        WALKED.update(tuple(one) for one in getattr(node, "workeroutput", {}).get(_OUTPUT, ()))

    @pytest.hookimpl(trylast=True)  # after the workers have handed theirs over
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        config = session.config
        if hasattr(config, "workeroutput"):
            config.workeroutput[_OUTPUT] = sorted(WALKED)
        elif exitstatus == pytest.ExitCode.OK and whole(config):
            self.missing = sorted(described() - WALKED)
            if self.missing:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.missing:
            terminalreporter.section("moves of lifecycles that no test made", red=True)
            for subject, state, to in self.missing:
                terminalreporter.write_line(f"{subject}: {state} -> {to}")
