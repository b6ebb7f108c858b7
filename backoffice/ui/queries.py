"""Reading what an address asks of a list."""

from collections.abc import Callable

from django.http import QueryDict


def ignored(query: QueryDict, take: Callable[[str, str], bool]) -> list[str]:
    """Offer each parameter that says something to `take`. What it does not understand is given back, to be shown and not obeyed.

    A NUL is never understood: no text in the database can hold one.
    """
    said = ((name, str(text).strip()) for name, text in query.items())
    return [f"{name}={value[:40]}".replace("\0", "\N{REPLACEMENT CHARACTER}") for name, value in said if value and ("\0" in value or not take(name, value))]
