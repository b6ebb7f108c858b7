"""PostgreSQL and Valkey for the tests, started once for each run and gone with their data at its end.

Loaded with `-p tests.services`, so that the environment says where they are before Django reads its settings. Under
pytest-xdist each worker has its own, since an open transaction of one test holds up the horizon of its whole server.
"""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from backoffice.runtime import services
from backoffice.runtime.binaries import postgres15

MARK = "COUNTROOM_TEST_SERVICES"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """Start the services before pytest-django loads the settings: a wrapper comes before every plain hook."""
    options = early_config.known_args_namespace
    here = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    if here == "alone" and getattr(options, "numprocesses", None):
        os.environ.setdefault("COUNTROOM_ENV", "test")  # the controller runs no test; it reads the settings and asks nothing of a server
    elif os.environ.get(MARK) != here and not options.help and not options.version:  # a run that a test starts uses this one's
        os.environ.update(services.up("test"))
        os.environ[MARK] = here
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """End them where they were started."""
    services.down("test")


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
