"""How a count is written in the reader's language, and what is a number of a row. Money has its own rules (`money.py`), machines get plain digits."""

from django.utils import formats

ID_DIGITS = 17  # no number of ours has more, and each of these fits a bigint
CAP = 1_000  # a badge, a tab, a group does not count further


def is_id(text: str) -> bool:
    """Whether `int(text)` is a number that a row may have. `isdigit` says so of ² too, which no int is made of."""
    return text.isascii() and text.isdigit() and len(text) <= ID_DIGITS


def marks() -> tuple[str, str]:
    """Between thousands, and before decimals."""
    return str(formats.get_format("THOUSAND_SEPARATOR")), str(formats.get_format("DECIMAL_SEPARATOR"))


def whole(count: int) -> str:
    """`12,000`, `12.000`, `12 000`."""
    return f"{count:,}".replace(",", marks()[0])


def capped(count: int) -> str:
    """`42`, or `1,000+`: what is counted no further."""
    return f"{whole(CAP)}+" if count > CAP else whole(count)


def decimal(value: float, *, places: int) -> str:
    """`0.93`, `0,93`."""
    return f"{value:.{places}f}".replace(".", marks()[1])
