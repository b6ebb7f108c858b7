"""Fixtures of every test. Three kinds of database, all with the app's restricted login:

`db`            one database for the session, each test inside a transaction that is rolled back; constraints are checked at its end
`committed_db`  a database of its own, cloned from the migrated template: for locks, deferred triggers, races and commits
`own_cluster`   a server of its own: for what concerns a whole cluster, such as the horizon, kills and restores
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from backoffice.runtime.postgres import Cluster
from tests import databases


@pytest.fixture(scope="session")
def template() -> str:
    return databases.make_template()


@pytest.fixture(scope="session")
def django_db_setup(template: str, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), databases.clone(template):
        yield


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    databases.forget_everything()


@pytest.fixture
def committed_db(template: str, django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """The name of a database of this test alone, where commits are real."""
    with django_db_blocker.unblock(), databases.clone(template) as name:
        yield name


@pytest.fixture
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A PostgreSQL server of this test alone."""
    cluster = Cluster(f"own-{os.getpid()}", tmp_path_factory.mktemp("cluster"), durable=False)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()
        cluster.remove()


@pytest.fixture
def check_constraints() -> Any:
    """Make deferred constraints speak now, inside a test's transaction."""
    return connection.check_constraints
