"""What an API key may be allowed to do, in words for the person who makes it. Rooms register their own."""

_scopes: dict[str, str] = {}


class UnknownScope(ValueError):
    """No room has registered this scope."""


def register(name: str, label: str) -> None:
    """Add a scope such as `players:read`; `label` completes "May ..."."""
    if _scopes.setdefault(name, label) != label:
        raise ValueError(f"The scope {name} is registered twice with different meanings.")


def known() -> dict[str, str]:
    return dict(sorted(_scopes.items()))


def check(names: list[str]) -> list[str]:
    """The scopes in order, each once. Raises UnknownScope for one that no room knows, and for none at all."""
    unknown = sorted(set(names) - _scopes.keys())
    if unknown:
        raise UnknownScope(f"{', '.join(unknown)} is not a scope. Known are {', '.join(known())}.")
    if not names:
        raise UnknownScope(f"A key without a scope opens nothing. Known are {', '.join(known())}.")
    return sorted(set(names))
