"""What the business rows behind postings are called. The ledger points at them by number; rooms above say their names."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from wallet.kinds import Reference

Names = Callable[[Sequence[int]], Mapping[int, str]]
_names: dict[Reference, Names] = {}


def register(reference: Reference, names: Names) -> None:
    """Called from `AppConfig.ready()`: numbers of rows -> what staff and players call them."""
    _names[reference] = names


def of(references: Iterable[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """By (kind of row, its number), for those whose room has said it."""
    asked: dict[int, list[int]] = {}
    for kind, number in references:
        asked.setdefault(kind, []).append(number)
    return {(kind, number): name for kind, numbers in asked.items() if Reference(kind) in _names for number, name in _names[Reference(kind)](numbers).items()}
