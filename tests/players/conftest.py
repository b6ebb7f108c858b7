import pytest

from tests.api import Casino, open_casino


@pytest.fixture
def casino(db: None, opened: None) -> Casino:
    return open_casino()
