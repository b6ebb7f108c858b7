"""Good and bad days: what happens to a request, drawn from the seed so that runs repeat."""

from __future__ import annotations

import dataclasses
import hashlib
from decimal import Decimal
from enum import StrEnum

from .errors import ApiError

OPERATIONS = ("deposit", "payout", "refund", "ask")


class Fate(StrEnum):
    """What happens on the wire to one request."""

    ANSWER = "answer"
    LATE = "late"
    TIMEOUT = "timeout"
    TIMEOUT_BEFORE = "timeout_before"
    DROP_AFTER = "drop_after"
    DROP_BEFORE = "drop_before"
    HTTP_500 = "http_500"
    HTTP_500_AFTER = "http_500_after"
    GARBAGE = "garbage"

    @property
    def before(self) -> bool:
        """True when the request is not even looked at."""
        return self in (Fate.TIMEOUT_BEFORE, Fate.DROP_BEFORE, Fate.HTTP_500)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Behaviour:
    """Rates from 0 to 1 and times in seconds. The transport rates exclude one another and sum to 1 at most; so do the outcome rates."""

    # transport, per request of the `operations`
    late: Decimal = Decimal(0)
    timeout: Decimal = Decimal(0)
    timeout_before: Decimal = Decimal(0)
    drop_after: Decimal = Decimal(0)
    drop_before: Decimal = Decimal(0)
    http_500: Decimal = Decimal(0)
    http_500_after: Decimal = Decimal(0)
    garbage: Decimal = Decimal(0)
    # outcomes, per payment
    refuse: Decimal = Decimal(0)
    fail: Decimal = Decimal(0)
    expire: Decimal = Decimal(0)
    # after success, per payment
    return_rate: Decimal = Decimal(0)
    reverse_rate: Decimal = Decimal(0)
    charge_back_rate: Decimal = Decimal(0)
    # webhooks, per event
    duplicate_webhooks: Decimal = Decimal(0)
    out_of_order: Decimal = Decimal(0)
    # seconds
    late_seconds: Decimal = Decimal(8)
    step_delay: Decimal = Decimal("0.5")
    return_delay: Decimal = Decimal(5)
    webhook_delay: Decimal = Decimal(0)
    webhook_hold: Decimal = Decimal(10)
    webhook_backoff: Decimal = Decimal("0.5")
    webhook_backoff_cap: Decimal = Decimal(60)
    # which requests the transport rates touch
    operations: tuple[str, ...] = ("deposit", "payout", "refund")


TRANSPORT = tuple(fate.value for fate in Fate if fate is not Fate.ANSWER)
OUTCOMES = ("refuse", "fail", "expire")
AFTERWARDS = ("reverse_rate", "charge_back_rate")
SECONDS = ("late_seconds", "step_delay", "return_delay", "webhook_delay", "webhook_hold", "webhook_backoff", "webhook_backoff_cap")
FIELDS = tuple(field.name for field in dataclasses.fields(Behaviour))

HALF = Decimal("0.5")

TOKENS = frozenset({"refuse", "fail", "expire", "captured", "hold", "redirect", "reverse", "charge_back", "return", *TRANSPORT})


def changed(current: Behaviour, values: dict[str, object]) -> Behaviour:
    """`current` with `values` put in. Raises ApiError 422 for an unknown name or a number out of range."""
    new: dict[str, object] = {}
    for name, value in values.items():
        if name not in FIELDS:
            raise ApiError(422, "unknown_field", f"There is no behaviour {name!r}.", field=name)
        new[name] = _operations(value) if name == "operations" else _number(name, value)
    result = dataclasses.replace(current, **new)  # type: ignore[arg-type]
    for group in (TRANSPORT, OUTCOMES, AFTERWARDS):
        if sum(getattr(result, name) for name in group) > 1:
            raise ApiError(422, "rates_above_one", f"Together these exceed 1: {', '.join(group)}.")
    return result


def as_json(behaviour: Behaviour) -> dict[str, object]:
    """The settings as text and lists."""
    return {name: list(value) if isinstance(value, tuple) else str(value) for name, value in dataclasses.asdict(behaviour).items()}


def magic(token: str) -> str:
    """The word of a magic token ("tok_fail:4711" gives "fail"), or an empty text."""
    head, _, _ = token.partition(":")
    word = head.removeprefix("tok_")
    return word if head.startswith("tok_") and word in TOKENS else ""


def hits(rate: Decimal, *, seed: str, about: str) -> bool:
    """Whether the draw for `about` falls under `rate`."""
    return _draw(seed, about) < rate


def transport_fate(behaviour: Behaviour, *, seed: str, operation: str, reference: str, attempt: int) -> Fate:
    """What the rates do to the `attempt`-th request of this operation and reference."""
    if operation not in behaviour.operations:
        return Fate.ANSWER
    return Fate(_pick(behaviour, TRANSPORT, seed=seed, about=f"wire:{operation}:{reference}:{attempt}") or "answer")


def outcome(behaviour: Behaviour, *, seed: str, reference: str) -> str:
    """`refuse`, `fail`, `expire` or an empty text for this payment."""
    return _pick(behaviour, OUTCOMES, seed=seed, about=f"outcome:{reference}")


def afterwards(behaviour: Behaviour, *, seed: str, reference: str) -> str:
    """`reverse_rate`, `charge_back_rate` or an empty text for this captured deposit."""
    return _pick(behaviour, AFTERWARDS, seed=seed, about=f"afterwards:{reference}")


def _pick(behaviour: Behaviour, names: tuple[str, ...], *, seed: str, about: str) -> str:
    draw = _draw(seed, about)
    reached = Decimal(0)
    for name in names:
        reached += getattr(behaviour, name)
        if draw < reached:
            return name
    return ""


def _draw(seed: str, about: str) -> Decimal:
    """A number in [0, 1) that depends on nothing but its arguments."""
    digest = hashlib.sha256(f"{seed}\0{about}".encode()).digest()
    return Decimal(int.from_bytes(digest[:8]) % 1_000_000_000) / 1_000_000_000


def _number(name: str, value: object) -> Decimal:
    top = 3600 if name in SECONDS else 1
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        raise ApiError(422, "number_invalid", f"{name} is a number.", field=name)
    try:
        number = Decimal(value)
    except ArithmeticError:
        raise ApiError(422, "number_invalid", f"{name} is a number.", field=name) from None
    if not number.is_finite() or not 0 <= number <= top:
        raise ApiError(422, "number_out_of_range", f"{name} lies between 0 and {top}.", field=name)
    return number


def _operations(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or any(entry not in OPERATIONS for entry in value):
        raise ApiError(422, "operations_invalid", f"operations is a list of {', '.join(OPERATIONS)}.", field="operations")
    return tuple(value)
