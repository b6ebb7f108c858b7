"""Posting to the ledger: one call, one round trip, inside the database transaction of the business row that caused it.

Money moves from one account to another. `Cash(player)`, `Bonus(player)`, `HeldCash(player)` and `House(kind, counterparty)` name
accounts; they are made on first use. Names, types and policy live here, atomicity in PL/pgSQL (wallet/migrations/sql/ledger.sql).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Self
from weakref import WeakKeyDictionary

import psycopg
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction
from django.utils import timezone

from backoffice.audit.actors import Actor
from backoffice.audit.record import machine, record_apart
from wallet import currencies
from wallet.currencies import EXACT
from wallet.kinds import AccountKind, Reference, TransactionKind
from wallet.models import Transaction


class LedgerError(Exception):
    """The ledger refused a posting; the message says what to do. Nothing was posted."""


class InsufficientFunds(LedgerError):
    """The account holds less than the posting takes."""


class BadAmount(LedgerError):
    """Zero, negative, or with more decimals than the currency has."""


class UnknownPlayer(LedgerError):
    """The brand has no such player."""


class DayClosed(LedgerError):
    """The effective time lies in a day whose books are closed."""


class BadAccount(LedgerError):
    """The account does not fit its owner, or both legs are the same account."""


class FutureEffect(LedgerError):
    """A posting cannot take effect in the future."""


class NothingToReverse(LedgerError):
    """There is no such transaction."""


class AlreadyReversed(LedgerError):
    """A transaction is reversed at most once."""


class KeyReused(LedgerError):
    """The idempotency key was used before, for a posting with other content."""


_ERRORS: dict[str, type[LedgerError]] = {
    "LG001": InsufficientFunds, "LG003": BadAmount, "LG004": UnknownPlayer, "LG005": DayClosed, "LG006": BadAccount,
    "LG007": FutureEffect, "LG008": NothingToReverse,
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """An account by what it is: a player's (`player` set) or the house's. Raises BadAccount when kind and owner do not fit."""

    kind: AccountKind
    player: int | None = None
    counterparty: str = ""

    def __post_init__(self) -> None:
        if (self.kind.value < 10) != (self.player is not None):
            raise BadAccount(f"{self.kind.label} is {'a player' if self.kind.of_player else 'the house'}'s.")


def Cash(player: int) -> Place:  # noqa: N802
    return Place(AccountKind.CASH, player)


def Bonus(player: int) -> Place:  # noqa: N802
    return Place(AccountKind.BONUS, player)


def HeldCash(player: int) -> Place:  # noqa: N802
    return Place(AccountKind.HOLD, player)


def House(kind: AccountKind, counterparty: str = "") -> Place:  # noqa: N802
    return Place(kind, None, counterparty)


@dataclass(frozen=True)
class Leg:
    """One signed amount in units of `currency`: positive is a credit, what the account holds for its owner grows."""

    place: Place
    currency: str
    amount: Decimal


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Posted:
    """The transaction that stands in the ledger. `replayed`: it was there before, under the same key with the same content."""

    id: int
    replayed: bool
    recorded_micros: int  # since 1970, by the database's clock

    @property
    def recorded_at(self) -> datetime:
        return _EPOCH + timedelta(microseconds=self.recorded_micros)


def _call(function: str, *types: str) -> str:
    return f"SELECT id, replayed, conflict, (extract(epoch FROM recorded_at) * 1000000)::bigint FROM {function}({', '.join(f'%s::{one}' for one in types)})"


_POST = _call(
    "wallet_post", "smallint", "text", "bigint", "bigint", "smallint", "numeric", "smallint", "text", "smallint", "text", "bigint",
    "timestamptz", "boolean", "smallint", "bigint", "boolean", "jsonb",
)  # fmt: skip
_LEGS = _call(
    "wallet_post_legs", "smallint", "text", "bigint", "bigint", "bigint[]", "smallint[]", "text[]", "smallint[]", "numeric[]",
    "timestamptz", "boolean", "smallint", "bigint", "bigint", "boolean", "jsonb",
)  # fmt: skip
_REVERSE = _call("wallet_reverse", "bigint", "smallint", "text", "timestamptz", "smallint", "bigint", "boolean", "jsonb")


class _Prepared(psycopg.Cursor[Any]):
    """A cursor whose statements the server keeps ready: planning a call of seventeen arguments costs more than a tenth of a posting."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        return super().execute(query, params, prepare=True, **options)


_cursors: WeakKeyDictionary[Any, _Prepared] = WeakKeyDictionary()


def _ask(statement: str, arguments: list[Any]) -> Any:
    """One row, with a prepared statement. Django's own cursors never prepare; its checks, wrappers and query log are kept."""
    database = connections[DEFAULT_DB_ALIAS]  # looked up once: the `connection` proxy asks for it at every access
    database.ensure_connection()
    database.validate_thread_sharing()
    raw = database.connection
    cursor = _cursors.get(raw)
    if cursor is None:
        raw.prepare_threshold = raw.prepare_threshold or 5
        cursor = _cursors[raw] = _Prepared(raw)
    if database.execute_wrappers or database.queries_logged:
        wrap = database.make_debug_cursor if database.queries_logged else database.make_cursor
        wrapped: Any = wrap(cursor)  # type: ignore[arg-type]
        wrapped.execute(statement, arguments)
        return wrapped.fetchone()
    database.validate_no_broken_transaction()
    with database.wrap_database_errors:
        return cursor.execute(statement, arguments).fetchone()


def _run(statement: str, arguments: list[Any], *, key: str, brand: int | None, player: int | None) -> Posted:
    try:
        row = _ask(statement, arguments)
    except DatabaseError as refused:
        cause = refused.__cause__
        state = getattr(cause, "sqlstate", "") or ""
        message = getattr(getattr(cause, "diag", None), "message_primary", None) or str(refused)
        if state in _ERRORS:
            raise _ERRORS[state](message) from refused
        if state == "22003":
            raise BadAmount("This is more than an account can hold.") from refused
        if state == "23505" and "wallet_transaction_reversed_once" in str(refused):
            raise AlreadyReversed("This transaction was reversed before.") from refused
        raise
    posted, replayed, conflict, recorded = row
    if conflict:
        _record_reuse(posted, key=key, brand=brand, player=player)
        raise KeyReused(f"The key {key} belongs to transaction {posted}, which has other content. Use a new key for a new posting.")
    return Posted(posted, replayed, recorded)


def _record_reuse(posted: int, *, key: str, brand: int | None, player: int | None) -> None:
    """The caller's transaction will be rolled back; that somebody tried must stay."""
    if brand is None:
        brand, player = Transaction.objects.values_list("brand_id", "player_id").get(pk=posted)
    record_apart(
        "ledger.key_reused", actor=Actor.system(machine()), at=timezone.now(), brand_id=brand, player_id=player,
        subject=("wallet.transaction", posted), after={"key": key},
    )  # fmt: skip


def _meta(meta: Mapping[str, Any] | None) -> str | None:
    return None if not meta else json.dumps(meta, sort_keys=True, default=str)


def post(
    *,
    kind: TransactionKind,
    key: str,
    brand: int,
    amount: Decimal,
    currency: str,
    source: Place,
    target: Place,
    effective_at: datetime | None = None,
    stated_by_peer: bool = False,
    reference: tuple[Reference, int] | None = None,
    meta: Mapping[str, Any] | None = None,
    may_overdraw: bool = False,
) -> Posted:
    """Move `amount` (above zero, in units of `currency`, exact to its exponent) from `source` to `target`.

    `key` makes it idempotent: the same key with the same content gives the first result again. `effective_at` is when it took
    effect (now when absent); it counts for the content only when a peer stated it. `may_overdraw` is for chargebacks and
    reversed deposits alone.
    Raises InsufficientFunds, BadAmount, UnknownPlayer, DayClosed, BadAccount, FutureEffect, KeyReused. Nothing is posted then.
    """
    player = source.player if source.player is not None else target.player
    to_player = target.player if target.player is not None and target.player != player else None
    reference_type, reference_id = reference or (None, None)
    return _run(
        _POST,
        [
            kind.value, key, brand, player, currencies.number(currency), amount, source.kind.value, source.counterparty, target.kind.value,
            target.counterparty, to_player, effective_at, stated_by_peer, reference_type, reference_id, may_overdraw, _meta(meta),
        ],
        key=key, brand=brand, player=player,
    )  # fmt: skip


def post_legs(
    *,
    kind: TransactionKind,
    key: str,
    brand: int,
    legs: Iterable[Leg],
    player: int | None = None,
    effective_at: datetime | None = None,
    stated_by_peer: bool = False,
    reference: tuple[Reference, int] | None = None,
    meta: Mapping[str, Any] | None = None,
    may_overdraw: bool = False,
) -> Posted:
    """Post any number of legs that sum to zero per currency, checked again by the database at commit.

    Raises as `post`, and BadAmount when the legs do not sum to zero.
    """
    given = list(legs)
    sums: dict[str, Decimal] = {}
    for leg in given:
        if not leg.amount.is_finite():
            raise BadAmount(f"{leg.amount} is not an amount.")
        sums[leg.currency] = EXACT.add(sums.get(leg.currency, Decimal(0)), leg.amount)
    for code, total in sums.items():
        if total:
            raise BadAmount(f"The legs in {code} sum to {total}, not to zero.")
    reference_type, reference_id = reference or (None, None)
    owner = player if player is not None else next((leg.place.player for leg in given if leg.place.player is not None), None)
    return _run(
        _LEGS,
        [
            kind.value, key, brand, owner, [leg.place.player for leg in given], [leg.place.kind.value for leg in given],
            [leg.place.counterparty for leg in given], [currencies.number(leg.currency) for leg in given], [leg.amount for leg in given],
            effective_at, stated_by_peer, reference_type, reference_id, None, may_overdraw, _meta(meta),
        ],
        key=key, brand=brand, player=owner,
    )  # fmt: skip


def reverse(
    *,
    transaction_id: int,
    kind: TransactionKind,
    key: str,
    effective_at: datetime | None = None,
    reference: tuple[Reference, int] | None = None,
    meta: Mapping[str, Any] | None = None,
    may_overdraw: bool = False,
) -> Posted:
    """Post the opposite of a transaction. Raises AlreadyReversed the second time, NothingToReverse, and as `post`."""
    reference_type, reference_id = reference or (None, None)
    return _run(
        _REVERSE,
        [transaction_id, kind.value, key, effective_at, reference_type, reference_id, may_overdraw, _meta(meta)],
        key=key, brand=None, player=None,
    )  # fmt: skip


@transaction.atomic
def exchange(
    *,
    key: str,
    brand: int,
    player: int,
    sold: Decimal,
    sold_currency: str,
    bought: Decimal,
    bought_currency: str,
    rate: Decimal,
    rate_source: str,
    rate_at: datetime,
    effective_at: datetime | None = None,
) -> Posted:
    """Convert a player's cash: two legs per currency through the FX account, with the rate (units of bought per unit of sold), its source and time."""
    fx = House(AccountKind.FX)
    return post_legs(
        kind=TransactionKind.EXCHANGED, key=key, brand=brand, player=player, effective_at=effective_at,
        legs=[
            Leg(Cash(player), sold_currency, -sold), Leg(fx, sold_currency, sold),
            Leg(fx, bought_currency, -bought), Leg(Cash(player), bought_currency, bought),
        ],
        meta={"rate": str(rate), "rate_source": rate_source, "rate_at": rate_at.isoformat()},
    )  # fmt: skip
