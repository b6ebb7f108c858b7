"""PostgreSQL and Valkey for the tests, started once for each run and gone with their data at its end.

Loaded with `-p tests.services`, so that the environment says where they are before Django reads its settings. Under
pytest-xdist only the controller starts them; its workers inherit the environment. COUNTROOM_TEST_POSTGRES=15 runs on
a PostgreSQL 15 of the system.
"""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from backoffice.runtime import services
from backoffice.runtime.binaries import postgres15

MARK = "COUNTROOM_TEST_SERVICES"


def wanted_postgres() -> Path | None:
    """The folder of the PostgreSQL to test on; None for the embedded one."""
    version = os.environ.get("COUNTROOM_TEST_POSTGRES", "18")
    if version == "18":
        return None
    found = postgres15() if version == "15" else None
    if found is None:
        raise pytest.UsageError(f"COUNTROOM_TEST_POSTGRES={version} is not here: 18 is always, 15 when it is installed or PG15_BIN is set.")
    return found


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """Start the services before pytest-django loads the settings: a wrapper comes before every plain hook."""
    options = early_config.known_args_namespace
    if MARK not in os.environ and not options.help and not options.version:
        os.environ.update(services.up("test", bin_dir=wanted_postgres()))
        os.environ[MARK] = str(os.getpid())
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """End them where they were started."""
    if os.environ.get(MARK) == str(os.getpid()):
        services.down("test")
        del os.environ[MARK]


@pytest.fixture(scope="session")
def pg15_bin() -> Path:
    """The programs of a PostgreSQL 15. Without one the test is skipped, and fails where REQUIRE_PG15 is set."""
    found = postgres15()
    if found is None:
        why = "There is no PostgreSQL 15: install it, or set PG15_BIN to the folder of its programs."
        if os.environ.get("REQUIRE_PG15"):
            pytest.fail(why)
        pytest.skip(why)
    return found
