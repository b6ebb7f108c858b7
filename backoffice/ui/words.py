"""The words of codes. A state, a kind of fact, a probe is stored as a code; whoever reads it reads words of their own language.

A code's English words are the code itself (`awaiting_second` is "Awaiting second"), so that only what differs is written down.
Whoever defines codes declares them, and thereby the catalogue knows what to translate (tests/tools/catalogue.py).
"""

from collections.abc import Iterable, Mapping

from django.utils.functional import Promise
from django.utils.translation import pgettext, pgettext_lazy

CONTEXT = "code"  # "Open" is a state here and a button elsewhere
_codes: set[str] = set()
_named: dict[str, str | Promise] = {}


def declare(codes: Iterable[str]) -> None:
    """Codes that staff may meet on a screen, to be said in the words that they spell."""
    _codes.update(codes)


def name(words: Mapping[str, str | Promise]) -> None:
    """Codes whose words are others than they spell: lazy ones, translated where they stand."""
    _named.update(words)


def english(code: str) -> str:
    """The words that a code spells: `awaiting_second` is "Awaiting second", `staff.signed_in` is "Signed in"."""
    return code.rpartition(".")[2].replace("_", " ").capitalize()


def of(code: str) -> str:
    """A code in the reader's language."""
    return str(_named[code]) if code in _named else pgettext(CONTEXT, english(code))


def lazy(code: str) -> Promise:
    """The same for choices of a model, which are made once and read in many languages."""
    return pgettext_lazy(CONTEXT, english(code))


def declared() -> list[str]:
    """What the catalogue has to hold, in English."""
    return sorted({english(code) for code in _codes})
