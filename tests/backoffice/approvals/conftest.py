"""People and policies that the tests of changes share."""

from datetime import UTC, datetime
from typing import Any

import pytest

from backoffice.access.models import Staff
from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.services import drafts
from backoffice.approvals.services.applying import enact
from backoffice.scope.models import Brand
from tests.people import make_brand, make_person

NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
REASON = "payments.reason"
NAME = "NAME_MISMATCH"
VALUES = {
    "code": NAME, "outcome": "rejected", "label": "Name differs", "player_text": "The names differ.", "position": 5, "active": True,
}  # fmt: skip


def policy(**values: Any) -> str:
    """A policy in force, by the house; gives its key."""
    said = {
        "kind": REASON, "brand": "", "amounts": {}, "approvals": 1, "roles": [], "substitutes": [], "night_from": "", "night_until": "", "timezone": "UTC",
        "position": 0, "active": True, **values,
    }  # fmt: skip
    made = enact(kind="approvals.policy", values=said, reason="Test", now=NOW)
    assert made is not None
    return made.subject


def proposed(by: Staff, *, now: datetime = NOW, effective_at: datetime | None = None, subject: str = NAME, key: str = "k", **values: Any) -> ChangeRequest:
    """A change of a reason code, in review."""
    draft = drafts.draft(kind=REASON, subject=subject, values={**VALUES, **values}, by=by, key=key, now=now)
    return drafts.submit(change_id=draft.pk, version=draft.version, reason="Clearer words", by=by, now=now, effective_at=effective_at)


@pytest.fixture
def brand(db: None) -> Brand:
    return make_brand()


@pytest.fixture
def ines(brand: Brand) -> Staff:
    return make_person("head-of-payments", brands=[brand], name="Ines Camilleri")


@pytest.fixture
def dana(brand: Brand) -> Staff:
    return make_person("owner", brands=[brand], name="Dana Petrova")


@pytest.fixture
def oren(brand: Brand) -> Staff:
    return make_person("compliance", brands=[brand], name="Oren Vella")


@pytest.fixture
def sofia(brand: Brand) -> Staff:
    return make_person("support", brands=[brand], name="Sofia Marin")
