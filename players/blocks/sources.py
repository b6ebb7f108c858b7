"""Who decides about a block. Staff do about their own; a room that blocks by itself registers its source from `AppConfig.ready()`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from players.blocks import reasons

Text = str | Promise
STAFF = "staff"


@dataclass(frozen=True)
class Source:
    """`staff_lift`: whether staff may lift what it set. `excludes`: its blocks are an exclusion from gambling, which ends marketing."""

    code: str
    label: Text
    reasons: Mapping[str, Text] = field(default_factory=dict)
    staff_lift: bool = False
    excludes: bool = False


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    """Registering the same code again replaces it, so that reloading stays harmless."""
    _sources[source.code] = source


def get(code: str) -> Source:
    """Raises KeyError for a source that no room has registered."""
    return _sources[code]


def shown(code: str) -> Source:
    """As `get`; for a source whose room has left the house, one that staff cannot lift."""
    return _sources.get(code) or Source(code, code)


def excluding() -> list[str]:
    return [one.code for one in _sources.values() if one.excludes]


def reason(source: str, code: str) -> str:
    """In words."""
    return reasons.label(code) if source == STAFF else str(shown(source).reasons.get(code, code))


def takes(source: str, code: str) -> bool:
    """Whether a block of this source may be set for this reason."""
    return reasons.may_be_chosen(code) if source == STAFF else code in shown(source).reasons


register(Source(STAFF, _("Staff"), staff_lift=True))  # its reasons are configured: players/blocks/kind.py
