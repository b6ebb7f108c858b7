"""Money over HTTP: deposits, withdrawals and balances of a player, for the casino's front end."""

from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, Field, IPvAnyAddress

from backoffice.audit.actors import Actor
from backoffice.integrations import answers, problems
from backoffice.integrations.answers import idempotent
from backoffice.integrations.auth import SignedKey, key_of
from backoffice.integrations.problems import Error, Problem
from backoffice.integrations.schemas import MOST_ID, Id, Input, Moment, MoneyIn, MoneyOut, Output, PathId
from backoffice.scope import packs
from backoffice.work.idempotency import KeyReused
from payments import paging
from payments.lifecycles import WITHDRAWAL
from payments.models import Deposit, Withdrawal
from payments.services import PaymentRefused
from payments.services.deposits import start_deposit
from payments.services.withdrawals import cancel_withdrawal, request_withdrawal
from players.api import player_of
from wallet import balances, currencies

router = Router()
READ, WRITE = SignedKey("payments:read"), SignedKey("payments:write")
MOST_ROWS = 200

REFUSALS: dict[str, tuple[int, str, str]] = {
    "bad_amount": (422, "#/money", "Not an amount of this currency, or the currency is not set up."),
    "account_not_active": (409, "", "The account is suspended, closed or dormant and takes no deposits."),
    "account_dormant": (409, "", "The account is dormant: identify the player again and open it with `/players/{id}/reactivation`."),
    "deposit_blocked": (409, "", "Deposits are blocked for this player; `/players/{id}/blocks` says until when."),
    "withdrawal_blocked": (409, "", "Withdrawals are blocked for this player; `/players/{id}/blocks` says until when."),
    "wallet_frozen": (409, "", "The player's money is frozen."),
    "insufficient_funds": (409, "#/money/amount", "The cash balance does not cover the amount. Nothing was held."),
    "cancel_forbidden": (403, "", "The player's jurisdiction does not let withdrawals be taken back; the detail names the clause."),
    "already_decided": (409, "", "The withdrawal was decided and cannot be cancelled any more."),
}
for _code, (_status, _, _meaning) in REFUSALS.items():
    problems.describe(_code, _status, _meaning)


def _refused(refused: PaymentRefused) -> Problem:
    if refused.code == "instrument_unknown":
        return Problem(422, refused.code, str(refused), errors=[Error("#/instrument_id", str(refused))])
    status, pointer, _ = REFUSALS.get(refused.code, (409, "", ""))
    return Problem(status, refused.code, str(refused), errors=[Error(pointer, str(refused))] if pointer else [])


problems.translate(PaymentRefused, _refused)
problems.translate(KeyReused, lambda reused: Problem(409, "idempotency_key_reused", str(reused)))
problems.translate(packs.NoPack, lambda missing: Problem(409, "no_law", "The player's jurisdiction has no rules in force. The back office was told."))
problems.describe("no_law", 409, "The player's jurisdiction has no rules in force yet.")

_EXAMPLE: dict[str, Any] = {"player_id": 4711, "instrument_id": 9001, "money": {"amount": "25.00", "currency": "EUR"}, "ip": "203.0.113.7"}


class PaymentIn(Input):
    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    player_id: Id
    instrument_id: Id = Field(description="One of the player's instruments in use")
    money: MoneyIn
    ip: IPvAnyAddress | None = Field(default=None, description="The player's address, as you saw it")


class DepositOut(Output):
    id: int
    name: str = Field(description="What staff and the player call it, such as DP-481")
    player_id: int
    instrument_id: int | None
    money: MoneyOut
    state: str = Field(description="initiated, authorised, captured, credited; failed, expired, unknown, reversed, charged_back")
    redirect_url: str | None = Field(description="Send the player there when it is given")
    failure: str | None
    requested_at: Moment
    credited_at: Moment | None


class WithdrawalOut(Output):
    id: int
    name: str = Field(description="What staff and the player call it, such as WD-481")
    player_id: int
    instrument_id: int
    money: MoneyOut
    state: str = Field(description=", ".join(WITHDRAWAL.states))
    may_cancel: bool = Field(description="Whether the player may take it back now, by state and by law")
    requested_at: Moment
    decided_at: Moment | None
    settled_at: Moment | None


class WithdrawalsOut(Output):
    items: list[WithdrawalOut]
    next: str | None = Field(description="Give it as `cursor` for the following page; null on the last one")


class BalanceOut(Output):
    currency: str
    cash: str = Field(description="What the player may play with or withdraw, in units of the currency")
    bonus: str
    held: str = Field(description="Promised to withdrawals that are under way")


class BalancesOut(Output):
    player_id: int
    balances: list[BalanceOut]


class WithdrawalQuery(BaseModel):
    player: int | None = Field(default=None, ge=1, le=MOST_ID, description="Only this player's")
    state: str | None = Field(default=None, pattern="^(" + "|".join(WITHDRAWAL.states) + ")$", description="Only those in this state")
    cursor: str | None = Field(default=None, max_length=200, description="`next` of the page before")
    limit: int = Field(default=50, ge=1, le=MOST_ROWS)


def _money(row: Deposit | Withdrawal) -> MoneyOut:
    return MoneyOut(amount=currencies.text(row.amount, row.currency), currency=row.currency)


def _amount(money: MoneyIn) -> Decimal:
    """Raises Problem 422, with the place."""
    try:
        return currencies.parse(money.amount, money.currency)
    except currencies.UnknownCurrency as unknown:
        raise Problem(422, "bad_amount", str(unknown), errors=[Error("#/money/currency", str(unknown))]) from unknown
    except currencies.WrongAmount as wrong:
        raise Problem(422, "bad_amount", str(wrong), errors=[Error("#/money/amount", str(wrong))]) from wrong


def _person(request: HttpRequest, payload: PaymentIn) -> Actor:
    """The player as the one who acts. Raises Problem 404 for a player who is not the key's brand's."""
    player = player_of(request, payload.player_id)
    return Actor.player(player.pk, ip=str(payload.ip) if payload.ip else "")


@router.get("/players/{player_id}/balances", response={200: BalancesOut}, auth=READ, summary="A player's balances", tags=["Balances"])
def show_balances(request: HttpRequest, player_id: PathId) -> BalancesOut:
    """Every currency in which the player has had money."""
    player = player_of(request, player_id)
    rows = [
        BalanceOut(
            currency=held.currency, cash=currencies.text(held.cash, held.currency), bonus=currencies.text(held.bonus, held.currency),
            held=currencies.text(held.held, held.currency),
        )
        for held in balances.of_player(player.pk)
    ]  # fmt: skip
    return BalancesOut(player_id=player.pk, balances=rows)


@router.post("/deposits", response={201: DepositOut}, auth=WRITE, summary="Start a deposit", tags=["Deposits"])
@idempotent(201)
def begin_deposit(request: HttpRequest, payload: PaymentIn) -> DepositOut:
    """A worker takes it to the provider at once. Ask for it until it is credited, failed or expired; send the player to `redirect_url`."""
    person = _person(request, payload)
    deposit = start_deposit(
        player_id=payload.player_id, instrument_id=payload.instrument_id, amount=_amount(payload.money), currency=payload.money.currency,
        key=answers.key(request), by=person, now=timezone.now(),
    )  # fmt: skip
    return _deposit(deposit)


@router.get("/deposits/{deposit_id}", response={200: DepositOut}, auth=READ, summary="A deposit", tags=["Deposits"])
def show_deposit(request: HttpRequest, deposit_id: PathId) -> DepositOut:
    found = Deposit.objects.filter(pk=deposit_id, brand_id=key_of(request).brand_id).first()
    if found is None:
        raise Problem(404, "not_found", f"There is no deposit {deposit_id}.")
    return _deposit(found)


@router.post("/withdrawals", response={201: WithdrawalOut}, auth=WRITE, summary="Ask for a withdrawal", tags=["Withdrawals"])
@idempotent(201)
def ask_for_withdrawal(request: HttpRequest, payload: PaymentIn) -> WithdrawalOut:
    """The amount moves from cash to held, and staff decide."""
    person = _person(request, payload)
    withdrawal = request_withdrawal(
        player_id=payload.player_id, instrument_id=payload.instrument_id, amount=_amount(payload.money), currency=payload.money.currency,
        key=answers.key(request), by=person, now=timezone.now(),
    )  # fmt: skip
    return _withdrawal(withdrawal)


@router.get("/withdrawals", response={200: WithdrawalsOut}, auth=READ, summary="Withdrawals, newest first", tags=["Withdrawals"])
def list_withdrawals(request: HttpRequest, asked: Annotated[WithdrawalQuery, Query()]) -> WithdrawalsOut:
    rows: Any = Withdrawal.objects.filter(brand_id=key_of(request).brand_id)
    if asked.player is not None:
        rows = rows.filter(player_id=player_of(request, asked.player).pk)
    if asked.state is not None:
        rows = rows.filter(state=asked.state)
    if asked.cursor is not None:
        try:
            rows = paging.after(rows, asked.cursor, column="requested_at")
        except paging.BadCursor as wrong:
            raise Problem(422, "invalid", str(wrong), errors=[Error("query:cursor", str(wrong))]) from wrong
    page = list(rows.select_related("player").order_by("-requested_at", "-pk")[: asked.limit + 1])
    items, more = page[: asked.limit], len(page) > asked.limit
    last = items[-1] if more else None
    return WithdrawalsOut(items=[_withdrawal(row) for row in items], next=paging.cursor_of(last.requested_at, last.pk) if last else None)


@router.get("/withdrawals/{withdrawal_id}", response={200: WithdrawalOut}, auth=READ, summary="A withdrawal", tags=["Withdrawals"])
def show_withdrawal(request: HttpRequest, withdrawal_id: PathId) -> WithdrawalOut:
    return _withdrawal(_own(request, withdrawal_id))


@router.post("/withdrawals/{withdrawal_id}/cancel", response={200: WithdrawalOut}, auth=WRITE, summary="Take a withdrawal back", tags=["Withdrawals"])
@idempotent(200)
def cancel(request: HttpRequest, withdrawal_id: PathId) -> WithdrawalOut:
    """The player cancels while it waits for a decision, where the law lets them; the money is cash again. The body is empty."""
    mine = _own(request, withdrawal_id)
    cancelled = cancel_withdrawal(withdrawal_id=mine.pk, key=answers.key(request), by=Actor.player(mine.player_id), now=timezone.now())
    return _withdrawal(cancelled)


def _own(request: HttpRequest, withdrawal_id: int) -> Withdrawal:
    found = Withdrawal.objects.select_related("player").filter(pk=withdrawal_id, brand_id=key_of(request).brand_id).first()
    if found is None:
        raise Problem(404, "not_found", f"There is no withdrawal {withdrawal_id}.")
    return found


def _deposit(row: Deposit) -> DepositOut:
    return DepositOut(
        id=row.pk, name=row.name, player_id=row.player_id, instrument_id=row.instrument_id, money=_money(row), state=row.state,
        redirect_url=row.redirect_url or None, failure=row.failure or None, requested_at=row.requested_at, credited_at=row.credited_at,
    )  # fmt: skip


def _withdrawal(row: Withdrawal) -> WithdrawalOut:
    open_to_player = WITHDRAWAL.who(row.state, "cancelled") == "player"
    return WithdrawalOut(
        id=row.pk, name=row.name, player_id=row.player_id, instrument_id=row.instrument_id, money=_money(row), state=row.state,
        may_cancel=open_to_player and _law_lets_cancel(row), requested_at=row.requested_at, decided_at=row.decided_at, settled_at=row.settled_at,
    )  # fmt: skip


def _law_lets_cancel(row: Withdrawal) -> bool:
    try:
        return bool(packs.number(row.player.jurisdiction_id, "withdrawal.player_may_cancel", on=timezone.now().date()).value)
    except packs.NoPack:
        return False
