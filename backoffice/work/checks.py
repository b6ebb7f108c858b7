"""What a check answers: pass, warn, fail or unknown, with the evidence that it stands on. Unknown is a state of its own and never green."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

PASS, WARN, FAIL, UNKNOWN = "pass", "warn", "fail", "unknown"
_ORDER = {FAIL: 0, WARN: 1, UNKNOWN: 2, PASS: 3}


@dataclass(frozen=True)
class Money:
    """An amount to be shown: units of `currency`."""

    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Result:
    """What a check found. `title` says it in words, `evidence` shows the values it stands on, `detail` one more line."""

    code: str
    state: str
    title: str
    evidence: tuple[str | Money | datetime, ...] = ()
    detail: str = ""
    link: tuple[str, str] | None = None  # (words, address)

    @property
    def hit(self) -> bool:
        return self.state != PASS


def in_order(results: Iterable[Result]) -> list[Result]:
    """What failed first, then warnings, then what is unknown."""
    return sorted(results, key=lambda result: (_ORDER[result.state], result.code))


def counts(results: Iterable[Result]) -> dict[str, int]:
    found = dict.fromkeys((FAIL, WARN, UNKNOWN, PASS), 0)
    for result in results:
        found[result.state] += 1
    return found
