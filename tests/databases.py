"""Databases for tests: a template migrated once by its owner, and clones of it. Everything runs with the app's restricted login."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.db import connections

from backoffice.scope import packs
from payments.selectors import decision
from payments.views import queue
from wallet import currencies, rates


def at(url: str, database: str) -> str:
    """The same server and login, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def _server(statement: str, *, role: str = "OWNER") -> None:
    with psycopg.connect(at(os.environ[f"DATABASE_{role}_URL"], "postgres"), autocommit=True) as connection:
        connection.execute(statement)


def make_template() -> str:
    """A database with the schema of today and the rights of today. Returns its name."""
    name = f"template_{uuid.uuid4().hex[:10]}"
    _server(f'CREATE DATABASE "{name}"')
    env = {
        **os.environ, "DATABASE_URL": at(os.environ["DATABASE_URL"], name), "DATABASE_OWNER_URL": at(os.environ["DATABASE_OWNER_URL"], name),
        "COUNTROOM_ENV": "test", "COUNTROOM_DB_ROLE": "owner",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"], env=env, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"The template cannot be migrated:\n{done.stdout}{done.stderr}")
    return name


def forget_everything() -> None:
    """What processes remember about a database."""
    for remembered in (currencies, packs, rates):
        remembered.forget()
    decision.forget_reasons()
    queue._codes.clear()


def use(name: str) -> None:
    """Point the connection of every thread at another database."""
    connections["default"].close()
    connections.settings["default"]["NAME"] = name
    connections["default"].settings_dict["NAME"] = name
    forget_everything()


@contextmanager
def clone(template: str) -> Iterator[str]:
    """A database of its own, a copy of the template, gone afterwards."""
    name = f"clone_{uuid.uuid4().hex[:10]}"
    before = connections["default"].settings_dict["NAME"]
    _server(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        use(name)
        yield name
    finally:
        use(before)
        # A process of the test may still be connected, with another login than the owner's.
        _server(f'DROP DATABASE "{name}" WITH (FORCE)', role="SUPER")
