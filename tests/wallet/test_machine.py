"""Whatever is posted, in any order: the ledger and a model of it in Python agree after every step, and every invariant holds."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule, run_state_machine_as_test

from tests import factories
from tests.wallet.tools import GAME, chargeback, rows
from wallet import balances, currencies, holds, ledger, stream
from wallet.holds import HoldClosed
from wallet.kinds import AccountKind, TransactionKind
from wallet.ledger import AlreadyReversed, Bonus, Cash, HeldCash, House, InsufficientFunds, Leg, Place, Posted
from wallet.models import Account, Hold

EXPONENTS = {"JPY": 0, "EUR": 2, "KWD": 3, "BTC": 8, "ETH": 18}
HOUSES = (GAME, factories.PSP, House(AccountKind.BONUS_COST), House(AccountKind.JACKPOT_POOL, "mega"))
Key = tuple[Place, str]


@dataclass
class Model:
    """What the ledger should hold: a balance per account, and how far a chargeback pushed cash below zero."""

    balances: dict[Key, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    overdraft: dict[Key, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def moved(self, moves: list[tuple[Place, str, Decimal]], *, overdraw: bool = False) -> "Model | None":
        """The model after a posting, or None where the ledger must refuse it."""
        after = Model(defaultdict(Decimal, self.balances), defaultdict(Decimal, self.overdraft))
        for place, code, amount in sorted(moves, key=lambda move: -move[2]):  # of one account the credits first
            key = (place, code)
            held = after.balances[key] + amount
            if place.kind.running and amount < 0 and held < 0 and not (overdraw and place.kind == AccountKind.CASH):
                return None
            after.balances[key] = held
            if place.kind.running:
                below = max(Decimal(0), -held)
                after.overdraft[key] = below if amount < 0 else min(after.overdraft[key], below)
        return after


class Ledger(RuleBasedStateMachine):
    postings = Bundle("postings")
    open_holds = Bundle("open_holds")

    def __init__(self) -> None:
        super().__init__()
        self.scope = transaction.atomic()
        self.scope.__enter__()
        currencies.forget()  # the run before was rolled back, and with it its currencies
        self.brand = factories.brand()
        self.players = [factories.player(self.brand).pk for _ in range(2)]
        self.model = Model()
        self.holds: dict[int, Decimal] = {}
        self.reversed: set[int] = set()
        self.steps = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.scope.__exit__(None, None, None)

    def key(self) -> str:
        self.steps += 1
        return f"step {self.steps}"

    def apply(self, moves: list[tuple[Place, str, Decimal]], post: Any, *, overdraw: bool = False) -> Any:
        """Post, and expect what the model expects. Gives the posting, or None when both refuse."""
        after = self.model.moved(moves, overdraw=overdraw)
        try:
            with transaction.atomic():
                posted = post()
        except InsufficientFunds:
            assert after is None
            return None
        assert after is not None, moves
        self.model = after
        return posted

    amounts = st.tuples(st.sampled_from(sorted(EXPONENTS)), st.one_of(st.integers(1, 9), st.integers(1, 10**6)))
    player = st.integers(0, 1)

    @staticmethod
    def units(code: str, count: int) -> Decimal:
        return Decimal(count).scaleb(-EXPONENTS[code])

    def place(self, number: int, player: int) -> Place:
        of_player = (Cash, Bonus)
        return of_player[number](self.players[player]) if number < 2 else HOUSES[number - 2]

    @rule(target=postings, player=player, amount=amounts)
    def deposit(self, player: int, amount: tuple[str, int]) -> Any:
        code, value = amount[0], self.units(amount[0], amount[1] * 3)
        target = Cash(self.players[player])
        key = self.key()
        moves = [(factories.PSP, code, -value), (target, code, value)]
        posted = self.apply(
            moves,
            lambda: ledger.post(
                kind=TransactionKind.DEPOSIT_CREDITED, key=key, brand=self.brand.pk, amount=value, currency=code, source=factories.PSP, target=target
            ),
        )
        return (posted, moves)

    @rule(target=postings, one=st.integers(0, 5), other=st.integers(0, 5), players=st.tuples(player, player), amount=amounts)
    def post(self, one: int, other: int, players: tuple[int, int], amount: tuple[str, int]) -> Any:
        give, take = self.place(one, players[0]), self.place(other, players[1])
        if give == take:
            return multiple()
        code, value, key = amount[0], self.units(*amount), self.key()
        moves = [(give, code, -value), (take, code, value)]
        posted = self.apply(
            moves,
            lambda: ledger.post(kind=TransactionKind.TRANSFERRED, key=key, brand=self.brand.pk, amount=value, currency=code, source=give, target=take),
        )
        return (posted, moves) if posted else multiple()

    @rule(target=postings, amount=amounts, parts=st.lists(st.tuples(st.integers(0, 5), player, st.integers(-5, 5).filter(bool)), min_size=1, max_size=4))
    def post_legs(self, amount: tuple[str, int], parts: list[tuple[int, int, int]]) -> Any:
        code, unit = amount[0], self.units(amount[0], 1)
        moves = [(self.place(number, player), code, unit * count) for number, player, count in parts]
        rest = sum((move[2] for move in moves), Decimal(0))
        if not rest:
            return multiple()
        moves.append((GAME, code, -rest))
        key = self.key()
        posted = self.apply(
            moves,
            lambda: ledger.post_legs(
                kind=TransactionKind.ADJUSTED, key=key, brand=self.brand.pk, legs=[Leg(place, code, value) for place, code, value in moves]
            ),
        )
        return (posted, moves) if posted else multiple()

    @rule(target=postings, done=consumes(postings))
    def reverse(self, done: tuple[Posted, list[tuple[Place, str, Decimal]]]) -> Any:
        posted, moves = done
        key = self.key()
        if posted.id in self.reversed:
            with pytest.raises(AlreadyReversed), transaction.atomic():
                ledger.reverse(transaction_id=posted.id, kind=TransactionKind.ROLLED_BACK, key=key)
            return multiple()
        opposite = [(place, code, -value) for place, code, value in moves]
        back = self.apply(opposite, lambda: ledger.reverse(transaction_id=posted.id, kind=TransactionKind.ROLLED_BACK, key=key))
        if back is None:
            return done
        self.reversed.add(posted.id)
        return multiple((back, opposite), done)

    @rule(player=player, amount=amounts)
    def charge_back(self, player: int, amount: tuple[str, int]) -> None:
        owner = Player(self.players[player], self.brand.pk)
        code, value, key = amount[0], self.units(*amount), self.key()
        self.apply(
            [(Cash(owner.pk), code, -value), (factories.PSP, code, value)], lambda: chargeback(owner, format(value, "f"), key=key, currency=code), overdraw=True
        )

    @rule(player=player, pair=st.permutations(sorted(EXPONENTS)), sold=st.integers(1, 1000), bought=st.integers(1, 1000))
    def exchange(self, player: int, pair: list[str], sold: int, bought: int) -> None:
        owner, give, take = self.players[player], self.units(pair[0], sold), self.units(pair[1], bought)
        fx, key, now = House(AccountKind.FX), self.key(), timezone.now()
        self.apply(
            [(Cash(owner), pair[0], -give), (fx, pair[0], give), (fx, pair[1], -take), (Cash(owner), pair[1], take)],
            lambda: ledger.exchange(
                key=key, brand=self.brand.pk, player=owner, sold=give, sold_currency=pair[0], bought=take, bought_currency=pair[1], rate=Decimal(2),
                rate_source="test", rate_at=now,
            ),
        )  # fmt: skip

    @rule(target=open_holds, player=player, amount=amounts)
    def hold(self, player: int, amount: tuple[str, int]) -> Any:
        owner, code, value, key = self.players[player], amount[0], self.units(*amount), self.key()
        made = self.apply(
            [(Cash(owner), code, -value), (HeldCash(owner), code, value)],
            lambda: holds.place(player_id=owner, brand_id=self.brand.pk, currency=code, amount=value, key=key, now=timezone.now()),
        )
        if made is None:
            return multiple()
        self.holds[made.pk] = value
        return made.pk

    @rule(hold=open_holds, count=st.one_of(st.none(), st.integers(1, 20)), release=st.booleans())
    def take_from_hold(self, hold: int, count: int | None, release: bool) -> None:
        row = Hold.objects.select_related("currency").get(pk=hold)
        code, left, key = row.currency.code, self.holds[hold], self.key()
        value = None if count is None else self.units(code, count)
        taken = left if value is None else value

        def take() -> Any:
            if release:
                return holds.release(hold_id=hold, key=key, now=timezone.now(), amount=value)
            return holds.capture(hold_id=hold, target=factories.PSP, key=key, now=timezone.now(), amount=value)

        if not left or taken > left:
            with pytest.raises(HoldClosed), transaction.atomic():
                take()
            return
        target = Cash(row.player_id) if release else factories.PSP
        assert self.apply([(HeldCash(row.player_id), code, -taken), (target, code, taken)], take)
        self.holds[hold] = left - taken

    @rule(done=postings)
    def repeat(self, done: tuple[Posted, list[tuple[Place, str, Decimal]]]) -> None:
        """The same key and content again, as two legs: the first result, and nothing moves."""
        posted, moves = done
        if len(moves) != 2:
            return
        ((key, kind, reverses),) = rows("SELECT key, kind, reverses FROM wallet_transaction WHERE id = %s", [posted.id])
        (give, code, _), (take, _, value) = moves
        if reverses is None and value > 0:
            again = ledger.post(
                kind=TransactionKind(kind), key=key, brand=self.brand.pk, amount=value, currency=code, source=give, target=take
            ) if kind != TransactionKind.ADJUSTED else None  # fmt: skip
            assert again is None or (again.id, again.replayed) == (posted.id, True)

    @invariant()
    def holds_every_invariant(self) -> None:
        assert list(stream.invariants()) == []

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        kept = {
            (Place(AccountKind(row.kind), row.player_id, row.counterparty), row.currency.code): (row.pk, row.overdraft)
            for row in Account.objects.select_related("currency").filter(brand=self.brand)
        }
        now = balances.of_accounts([pk for pk, _ in kept.values()])
        assert {key: now[pk] for key, (pk, _) in kept.items() if now[pk]} == {key: value for key, value in self.model.balances.items() if value}
        assert {key: below for key, (_, below) in kept.items() if below} == {key: value for key, value in self.model.overdraft.items() if value}

    @invariant()
    def remembers_what_remains_of_holds(self) -> None:
        left = {hold.pk: holds.remaining(hold) for hold in Hold.objects.filter(brand=self.brand)}
        assert left == self.holds


@dataclass(frozen=True)
class Player:
    """As much of a player as a chargeback needs."""

    pk: int
    brand_id: int


def test_the_ledger_agrees_with_its_model_after_every_step(db: None) -> None:
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
            phases=(Phase.explicit, Phase.generate, Phase.shrink),
        ),
    )  # fmt: skip
