"""What one company says and how: the only thing in which the stand-ins differ."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .engine import Order


class Dialect(Protocol):
    """A company's words for what the engine does."""

    name: str  # of its files and its process
    exponents: Mapping[str, int]  # its currencies and their decimals
    unique_references: bool  # whether a reference stands for one payment and its content, or only an idempotency key does, whatever it comes with
    disputed_again: bool  # whether a charge-back that was won may come a second time
    announced: frozenset[str]  # kinds of payment of which an event tells already when they are taken

    def identify(self, order: Order, *, seed: str, key: str) -> str:
        """The id of a new payment, the same for the same seed and requests."""

    def fee(self, *, movement: str, method: str, amount: Decimal, currency: str) -> Decimal:
        """What a movement costs, in units of `currency`."""

    def answer(self, db: sqlite3.Connection, payment: sqlite3.Row, *, new: bool) -> tuple[int, dict[str, object]]:
        """Status and body of the answer to the request that made this payment, `new`, or that repeats it by its reference."""

    def shown(self, db: sqlite3.Connection, payment: sqlite3.Row) -> dict[str, object]:
        """The payment as it is now, for those who ask."""

    def event(
        self, db: sqlite3.Connection, payment: sqlite3.Row, *, event_id: str, event_type: str, amount: Decimal, fee: Decimal, at: int
    ) -> list[dict[str, object]]:
        """The bodies of the webhooks that tell of this, in their order; none when the company keeps silent. `at` in microseconds."""
