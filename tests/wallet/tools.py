"""What the ledger's tests look at: everything it holds, and refusals that must leave all of it as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from backoffice.scope.models import Brand
from players.models import Player
from wallet import balances, ledger, stream
from wallet.kinds import AccountKind, TransactionKind
from wallet.ledger import Cash, House, Place, Posted
from wallet.models import Account

GAME = House(AccountKind.GAME_REVENUE, "studio")
_KEPT = {
    "accounts": "SELECT id, balance, overdraft, version FROM wallet_account ORDER BY id",
    "transactions": "SELECT id, kind, key, digest FROM wallet_transaction ORDER BY id",
    "entries": "SELECT transaction_id, leg, account_id, currency_id, amount, balance_after FROM wallet_entry ORDER BY 1, 2, 3",
    "holds": "SELECT id, captured, released, state FROM wallet_hold ORDER BY id",
    "closed days": "SELECT brand_id, day FROM wallet_dayclose ORDER BY 1, 2",
}


def rows(statement: str, arguments: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return list(cursor.fetchall())


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """All that the ledger holds."""
    return {name: rows(statement) for name, statement in _KEPT.items()}


@contextmanager
def denied(kind: type[Exception], match: str | None = None) -> Iterator[pytest.ExceptionInfo[Any]]:
    """The block is refused with `kind`, and nothing has happened."""
    before = everything()
    with pytest.raises(kind, match=match) as refusal, transaction.atomic():
        yield refusal
    assert everything() == before


def bet(player: Player, amount: str, *, key: str, currency: str = "EUR", **more: Any) -> Posted:
    return ledger.post(
        kind=TransactionKind.BET, key=key, brand=player.brand_id, amount=Decimal(amount), currency=currency, source=Cash(player.pk), target=GAME, **more,
    )  # fmt: skip


def win(player: Player, amount: str, *, key: str, currency: str = "EUR", **more: Any) -> Posted:
    return ledger.post(
        kind=TransactionKind.WIN, key=key, brand=player.brand_id, amount=Decimal(amount), currency=currency, source=GAME, target=Cash(player.pk), **more,
    )  # fmt: skip


def chargeback(player: Player, amount: str, *, key: str, currency: str = "EUR") -> Posted:
    return ledger.post(
        kind=TransactionKind.CHARGED_BACK, key=key, brand=player.brand_id, amount=Decimal(amount), currency=currency, source=Cash(player.pk),
        target=House(AccountKind.PSP_CLEARING, "nordpay"), may_overdraw=True,
    )  # fmt: skip


def account(place: Place, *, brand: Brand | int, currency: str = "EUR") -> Account:
    """The account that a place names."""
    owner = {"player_id": place.player} if place.player else {"player_id": None, "brand_id": getattr(brand, "pk", brand), "counterparty": place.counterparty}
    return Account.objects.get(kind=place.kind, currency__code=currency, **owner)


def held(place: Place, *, brand: Brand | int, currency: str = "EUR") -> Decimal:
    """What it holds now."""
    found = account(place, brand=brand, currency=currency)
    return balances.of_accounts([found.pk])[found.pk]


def legs(posted: Posted) -> list[tuple[int, Decimal, Decimal | None]]:
    """Kind of account, amount and balance after, of each leg."""
    return rows(
        "SELECT a.kind, e.amount, e.balance_after FROM wallet_entry e JOIN wallet_account a ON a.id = e.account_id WHERE e.transaction_id = %s ORDER BY leg",
        [posted.id],
    )


def sound() -> None:
    """Every statement that must hold of the whole ledger holds."""
    assert list(stream.invariants()) == []


def sqlstate(refused: BaseException) -> str:
    """PostgreSQL's code of a refusal, through Django's wrapping or not."""
    cause = refused if isinstance(refused, psycopg.Error) else refused.__cause__
    return getattr(cause, "sqlstate", "") or ""
