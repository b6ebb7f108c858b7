"""What people are told about. Each room registers its kinds from `AppConfig.ready()`; the words are filled in when they are read,
so that everybody reads them in their own language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Text = str | Promise


@dataclass(frozen=True)
class Kind:
    """One kind of notice. `words` has a `%(name)s` for each parameter."""

    code: str
    label: Text  # as people choose it: "Work that is assigned to you"
    words: Text
    icon: str = "bell"
    tone: str = "info"
    mail: bool = False  # whether it is mailed to who has not chosen

    def write(self, params: Mapping[str, Any]) -> str:
        """The sentence. A parameter that an older notice does not have is left out, never an error."""
        return str(self.words) % _Lenient(params)


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


class UnknownKind(LookupError):
    """No room has registered this kind."""


_kinds: dict[str, Kind] = {}


def register(*kinds: Kind) -> None:
    """Registering the same code again replaces it, so that reloading stays harmless."""
    for kind in kinds:
        _kinds[kind.code] = kind


def get(code: str) -> Kind:
    """Raises UnknownKind."""
    try:
        return _kinds[code]
    except KeyError:
        raise UnknownKind(f"{code} is not a kind of notice that is registered.") from None


def shown(code: str) -> Kind:
    """As `get`; for a kind whose room has left the house, one that says so."""
    return _kinds.get(code) or Kind(code, code, gettext_lazy("A notice of a kind that is no longer here"), tone="neutral")


def every() -> list[Kind]:
    return sorted(_kinds.values(), key=lambda kind: _(str(kind.label)))
