"""The three databases of the tests, all as the app's restricted login (docs/architecture.md, "Tests").

- `db`: one transaction that is rolled back, with deferred constraints checked at its end. Pages, forms, most of everything.
- `committed_db`: a database of its own that the test may commit to. Locks, deferred triggers, races. Yields a `Database`.
- `own_cluster`: a server of its own as well. Horizon, sequencer, kills, restores. Yields an `OwnCluster`.

Opening the casino of tests/casino.py costs more than most tests. A fixture that opens it asks for `opened` beside `db` or `committed_db`.

Tests of the ledger and of the record run on PostgreSQL 15 too, the oldest version that is supported: `-m "not postgres15"` leaves it out.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.databases import Database, OwnCluster, Server, Servers, forget_everything

HERE = Path(__file__).resolve().parent
ON_EVERY_VERSION = (HERE / "wallet", HERE / "backoffice" / "audit", HERE / "backoffice" / "search" / "test_names.py")
MAIN = "18"
OLDEST = "15"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What the database itself guarantees is tested on the oldest version too."""
    path = Path(str(metafunc.definition.path))
    if "server" in metafunc.fixturenames and any(place in (path, *path.parents) for place in ON_EVERY_VERSION):
        versions = [pytest.param(MAIN, id=f"pg{MAIN}"), pytest.param(OLDEST, id=f"pg{OLDEST}", marks=pytest.mark.postgres15)]
        metafunc.parametrize("server", versions, indirect=True, scope="session")


def pytest_configure(config: pytest.Config) -> None:
    from tests.walked import Walked

    config.pluginmanager.register(Walked())


@pytest.fixture(scope="session", autouse=True)
def _moves_are_noted() -> Iterator[None]:
    from backoffice.audit.lifecycle import Lifecycle
    from tests.walked import WALKED

    move = Lifecycle.move

    def noting(self: Lifecycle, row: Any, *, to: str, **more: Any) -> None:
        before = row.state
        move(self, row, to=to, **more)
        WALKED.add((self.subject, before, to))

    Lifecycle.move = noting  # type: ignore[method-assign]
    yield
    Lifecycle.move = move  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Iterator[Servers]:
    def bin_of(version: str) -> Path | None:
        found: Path | None = request.getfixturevalue("pg15_bin") if version == OLDEST else None
        return found

    servers = Servers(MAIN, bin_of)
    yield servers
    servers.remove()


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, servers: Servers) -> Server:
    """The server of this test: the main one, or the one that the test is parametrised with."""
    return servers.get(getattr(request, "param", MAIN))


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    forget_everything()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """Where this test's files are: `folder / "jobs"`, `folder / "attachments"`. The storages of the settings are made once a process, so they are forgotten."""
    from django.core.files.storage import storages

    def here(name: str, storage: dict[str, Any]) -> dict[str, Any]:
        return {**storage, "OPTIONS": {**storage["OPTIONS"], "location": str(tmp_path / name)}}

    settings.STORAGES = {name: here(name, one) if name in {"jobs", "attachments"} else one for name, one in settings.STORAGES.items()}
    yield tmp_path
    storages._storages.clear()  # type: ignore[attr-defined]


@pytest.fixture
def django_db_setup(server: Server, django_db_blocker: Any, request: pytest.FixtureRequest) -> Iterator[None]:
    """What `db` stands on. A test that commits, past its transaction, would show its facts to all that follow: it fails."""
    opened = "opened" in request.fixturenames
    with django_db_blocker.unblock():
        database = server.worker(opened=opened)
        database.use()
    yield
    if database.last_fact() != database.facts:
        server.replace_worker(opened=opened)
        pytest.fail("This test committed a fact past its transaction. It needs `committed_db` instead of `db`.")


@pytest.fixture
def opened() -> None:
    """Beside `db` or `committed_db`: the database is one in which the casino is open already, and `open_casino()` only finds it."""


@pytest.fixture
def transactional_db() -> None:
    pytest.fail("Nothing here can be flushed: history refuses TRUNCATE. Use `committed_db`.")


@pytest.fixture
def committed_db(server: Server, django_db_blocker: Any, request: pytest.FixtureRequest) -> Iterator[Database]:
    if "db" in request.fixturenames:
        pytest.fail("`db` and `committed_db` are two databases; a test uses one.")
    from django.db import connections

    with django_db_blocker.unblock():
        database = server.clone(opened="opened" in request.fixturenames)
        database.use()
        yield database
        connections["default"].close()
    database.drop()


@pytest.fixture
def own_cluster(server: Server, servers: Servers, django_db_blocker: Any) -> Iterator[OwnCluster]:
    from django.db import connections

    cluster = servers.own(server.version)
    cluster.open()
    with django_db_blocker.unblock():
        cluster.database.use()
        yield cluster
        connections["default"].close()
    cluster.close()
