"""Writing money needs no database here: the table of currencies is unplugged."""

import pytest

from backoffice.ui import money


@pytest.fixture(autouse=True)
def _no_table_of_currencies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(money, "_resolvers", [])
