"""Every URL × every role × brand, from one table. A URL without a row fails here."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from backoffice.access.permissions import catalogue
from backoffice.access.roles import SHIPPED
from tests.access_table import ELSEWHERE_DATA, HOLDERS, PUBLIC, ROWS, SIGNED_IN, Row
from tests.people import make_person, signed_in
from tests.world import open_world

NO_ROLE = "no role"
STRANGER_TO_ALL = [role for role in SHIPPED if role not in HOLDERS["scope.all_brands"]]


def names(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns, f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix)
        elif isinstance(pattern, URLPattern):
            yield f"{prefix}{pattern.name}" if pattern.name else f"unnamed {pattern.pattern}"


@pytest.fixture
def world(db, opened: None) -> SimpleNamespace:
    return open_world()


def ask(client: Client, name: str, row: Row, args: list[Any], data: dict[str, Any]) -> int:
    return getattr(client, row.method)(reverse(name, args=args), data).status_code


def may(role: str, who: str) -> bool:
    return who in {PUBLIC, SIGNED_IN} or role in HOLDERS.get(who, set())


def test_every_url_has_a_row_and_every_row_a_url() -> None:
    found = list(names(get_resolver().url_patterns))
    assert len(found) == len(set(found)), "two URLs share a name"
    assert sorted(set(found) - ROWS.keys()) == [], "these URLs have no row in tests/access_table.py"
    assert sorted(ROWS.keys() - set(found)) == [], "these rows have no URL"


def test_the_table_says_the_same_about_roles_as_the_catalogue() -> None:
    shipped = {one.name: {role for role in SHIPPED if one.name in catalogue.shipped(role)} for one in catalogue}
    assert shipped == HOLDERS


@pytest.mark.parametrize("role", [*SHIPPED, NO_ROLE])
def test_each_role_may_exactly_what_the_table_says(role: str, world: SimpleNamespace) -> None:
    person = make_person(*([] if role == NO_ROLE else [role]), brands=[world.brand])
    RecoveryCodes.activate(person)
    client = signed_in(person)
    for name, row in ROWS.items():
        expected = row.allow if may(role, row.who) else 403
        assert (name, ask(client, name, row, row.args(world), row.data(world))) == (name, expected)
        if row.method == "post":  # it may have signed out, or narrowed the scope
            client = signed_in(person)


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is taken back: one world serves every row of the table."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_without_a_sign_in_only_public_pages_answer(world: SimpleNamespace) -> None:
    wrong = []
    for name, row in ROWS.items():
        with undone():
            response = getattr(Client(), row.method)(reverse(name, args=row.args(world)), row.data(world))
        public = row.who == PUBLIC and response.status_code in {200, row.allow}
        asked = row.who != PUBLIC and response.status_code == row.anonymous
        if not (public or (asked and (response.status_code != 302 or response["Location"].startswith(reverse("account_login"))))):
            wrong.append((name, response.status_code))
    assert wrong == []


def test_an_object_of_another_brand_is_out_of_reach(world: SimpleNamespace) -> None:
    wrong = []
    people = {role: make_person(role, brands=[world.brand]) for role in STRANGER_TO_ALL}
    for name, row in ROWS.items():
        for role in [role for role in STRANGER_TO_ALL if row.elsewhere and may(role, row.who)]:
            data = ELSEWHERE_DATA.get(name, row.data)(world)
            with undone():
                status = ask(signed_in(people[role]), name, row, row.elsewhere(world), data)  # type: ignore[misc]
            if status != row.elsewhere_status:
                wrong.append((name, role, status))
    assert wrong == []


def test_nobody_gets_anywhere_without_a_second_factor(world: SimpleNamespace) -> None:
    wrong = []
    person = make_person("owner", brands=[world.brand], second_factor=False, password="a long enough secret")
    for name, row in ROWS.items():
        if row.who == PUBLIC:
            continue
        with undone():
            response = getattr(signed_in(person), row.method)(reverse(name, args=row.args(world)), row.data(world))
        to = response.headers.get("Location", "")
        expected = (200, "") if name in {"mfa_activate_totp", "account_reauthenticate"} else (302, reverse("mfa_activate_totp"))
        if (response.status_code, to) != expected:
            wrong.append((name, response.status_code, to))
    assert wrong == []
