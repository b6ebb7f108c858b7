"""Which moves of which lifecycles the tests of this run have made: `(subject, state, to)`, filled by tests/conftest.py."""

WALKED: set[tuple[str, str, str]] = set()
