"""What jobs can do. A kind is registered with the function that does one step of it; the runner knows nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise

if TYPE_CHECKING:
    from backoffice.approvals.registry import Act
    from backoffice.jobs.runner import Slice

Text = str | Promise


class Impossible(Exception):
    """The job cannot be done, in words that its requester understands. It fails; trying again would not help."""


@dataclass(frozen=True)
class Kind:
    """`step` does one piece of work, commits it with `slice.keep(...)` and says whether there is more. It is called again after a kill."""

    code: str
    label: Text  # Export
    step: Callable[[Slice], bool]
    phases: dict[str, Text]  # what a person reads while it runs
    facts: Callable[[Any], list[tuple[Text, str]]]  # what was asked for, for the job's page
    act: Act  # what policies say about it: who else has to agree
    kept: Mapping[str, timedelta] = field(default_factory=dict)  # by the state in which it ends: how long its pieces stay; else they go at once
    permission: str = ""  # what taking its file asks for; an export's list says it
    content_type: str = "application/octet-stream"


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    _kinds[kind.code] = kind


def get(code: str) -> Kind:
    """Raises KeyError."""
    return _kinds[code]


def every() -> list[Kind]:
    return list(_kinds.values())
