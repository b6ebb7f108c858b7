"""One brand and two people who work its withdrawals."""

import pytest

from tests.casino import open_casino
from tests.people import make_person


@pytest.fixture
def nova(db, opened):
    return open_casino()


@pytest.fixture
def ana(nova):
    return make_person("payments-l1", brands=[nova], name="Ana Novak")


@pytest.fixture
def lars(nova):
    return make_person("payments-l2", brands=[nova], name="Lars Berg")
