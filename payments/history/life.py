"""One player's past: what happens, when, and what follows from it. Nothing happens after `until`: what would have is still open today."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.scope import packs
from backoffice.scope.models import Brand
from payments.history import said
from payments.models import Chargeback, Deposit, PaymentException, Withdrawal
from payments.providers.protocol import DepositState, Dispute, DisputeState, Money, PayoutState
from payments.sandboxes.traffic import people
from payments.services import chargebacks, deposits, exceptions, payouts, withdrawals
from players.models import Instrument, Player
from players.services.instruments import add_instrument, confirm_instrument
from players.services.registration import record_sign_in, register_player
from wallet import balances, currencies

PROVIDER = "nordpay"
TODAY = timedelta(hours=23)
NEVER_COMES_BACK = 0.46  # of those who register
WITHDRAWS_TODAY = 0.12  # so that there is work in the queue
REJECTIONS = ("NAME_MISMATCH", "NOT_SOURCE_METHOD", "KYC_INCOMPLETE", "DOC_EXPIRED", "TURNOVER_BELOW_1X")
APPROVALS = ("CHECKS_OK", "CHECKS_OK", "KNOWN_PLAYER", "VERIFIED_BY_CONTACT")
HOLDS = ("NEW_PAYOUT_METHOD", "SOW_REQUIRED", "LARGE_AMOUNT", "RECENT_CREDENTIAL_CHANGE")


@dataclass(frozen=True)
class Desk:
    """A brand with the people who decide there, and its limits."""

    brand: Brand
    first: list[Staff]
    second: list[Staff]


@dataclass
class Tally:
    """What was played."""

    players: int = 0
    deposits: int = 0
    withdrawals: int = 0
    open: int = 0

    def add(self, other: Tally) -> None:
        self.players += other.players
        self.deposits += other.deposits
        self.withdrawals += other.withdrawals
        self.open += other.open

    def __str__(self) -> str:
        return f"{self.players} players, {self.deposits} deposits, {self.withdrawals} withdrawals, {self.open} of them undecided"


class Life:
    """Plays one player's past, in the order of time. Everything is drawn from `draw`, so that the same seed gives the same past."""

    def __init__(self, *, desk: Desk, draw: Random, tag: str, starts: datetime, until: datetime, tally: Tally) -> None:
        self.desk, self.draw, self.tag, self.starts, self.until, self.tally = desk, draw, tag, starts, until, tally
        self._agenda: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._order = itertools.count()
        self._numbers = itertools.count(1)
        self.who = people.person(draw, brand=desk.brand.code, tag=tag, today=starts.date())
        self.player: Player
        self.means: list[Instrument] = []
        self.currency_of: dict[int, str] = {}
        self.devices = [(f"{draw.getrandbits(48):012x}", draw.choice(people.DEVICES))]

    def play(self) -> None:
        """From registration to today."""
        self._at(self.starts, self._register)
        while self._agenda:
            when, _, what = heapq.heappop(self._agenda)
            if when <= self.until:
                what(when)

    def _at(self, when: datetime, what: Callable[[datetime], None]) -> None:
        heapq.heappush(self._agenda, (when, next(self._order), what))

    def _after(self, now: datetime, what: Callable[[datetime], None], *, hours: float) -> None:
        """About `hours` later, log-normal."""
        self._at(now + timedelta(hours=hours * self.draw.lognormvariate(0, 0.6)), what)

    def _key(self) -> str:
        return f"{self.tag}:{next(self._numbers)}"

    # ---- the player ----

    def _register(self, now: datetime) -> None:
        who, market = self.who, self.who.market
        self.player = register_player(
            brand=self.desk.brand, jurisdiction=market.jurisdiction, external_id=self.tag, first_name=who.first_name, last_name=who.last_name,
            birth_date=who.birth_date, country=market.country, currency=market.currency, email=who.email, phone=who.phone, language=market.language,
            by=self._front_end(), now=now,
        )  # fmt: skip
        self.tally.players += 1
        today = self.draw.random() < WITHDRAWS_TODAY
        if today:
            self._at(self.until - timedelta(hours=self.draw.uniform(0.7, 22)), self._visit_and_withdraw)
        if self.draw.random() < NEVER_COMES_BACK and not today:
            return
        for _ in range(min(14, int(self.draw.lognormvariate(0.7, 0.85)))):  # many come once or twice, a few come often
            self._at(now + (self.until - now) * self.draw.betavariate(0.8, 1.6), self._visit)

    def _front_end(self) -> Actor:
        return Actor.integration(f"{self.desk.brand.name} web")

    def _sign_in(self, now: datetime) -> None:
        if self.draw.random() < 0.08:
            self.devices.append((f"{self.draw.getrandbits(48):012x}", self.draw.choice(people.DEVICES)))
        fingerprint, label = self.draw.choice(self.devices)
        abroad = self.draw.random() < 0.04
        record_sign_in(
            player_id=self.player.pk, fingerprint=fingerprint, device_label=label, ip=people.address(self.draw),
            country=self.draw.choice(people.ABROAD) if abroad else self.who.market.country, succeeded=self.draw.random() > 0.03,
            by=self._front_end(), now=now,
        )  # fmt: skip

    def _visit(self, now: datetime) -> None:
        self._sign_in(now)
        if self.draw.random() < 0.62:
            self._deposit(now + timedelta(minutes=1))
        elif self.draw.random() < 0.8:
            self._withdraw(now + timedelta(minutes=2))

    def _visit_and_withdraw(self, now: datetime) -> None:
        self._sign_in(now)
        if not self._richest():
            self._deposit(now + timedelta(minutes=1), surely=True, times=self.draw.choice((1.0, 1.0, 2.0, 30.0)))
            self._at(now + timedelta(minutes=20), self._withdraw)
        else:
            self._withdraw(now + timedelta(minutes=2))

    def _instrument(self, now: datetime) -> Instrument:
        """One of the player's, or a new one; now and then somebody else's."""
        if self.means and self.draw.random() < 0.85:
            return self.draw.choice(self.means)
        holder = people.person(self.draw, brand=self.desk.brand.code, tag="x", today=now.date()).name if self.draw.random() < 0.05 else ""
        made = people.means(self.draw, self.who, people.kind_of_means(self.draw), holder=holder)
        kept = add_instrument(
            player_id=self.player.pk, kind=made.kind, label=made.label, provider=PROVIDER, token=made.token, last4=made.last4,
            holder_name=made.holder_name, detail=made.detail, country=made.country, by=self._front_end(), now=now,
        )  # fmt: skip
        looked_at = now + timedelta(hours=20)
        if not holder and looked_at < self.until - timedelta(days=2):  # the last days' are still waiting, and other people's names
            confirm_instrument(instrument_id=kept.pk, player_id=self.player.pk, by=Actor.staff(self.desk.first[0]), now=looked_at)
        self.means.append(kept)
        self.currency_of[kept.pk] = made.currency
        return kept

    def _self(self) -> Actor:
        return Actor.player(self.player.pk, ip=people.address(self.draw))

    # ---- deposits ----

    def _deposit(self, now: datetime, *, surely: bool = False, times: float = 0.0) -> None:
        instrument = self._instrument(now)
        currency = self.currency_of[instrument.pk]
        times = times or (15.0 if self.draw.random() < 0.06 else 1.0)
        deposit = deposits.start_deposit(
            player_id=self.player.pk, instrument_id=instrument.pk, amount=people.amount(self.draw, currency, times=times), currency=currency,
            key=self._key(), by=self._self(), now=now,
        )  # fmt: skip
        self.tally.deposits += 1
        fate = 0.0 if surely else self.draw.random()
        state = DepositState.CAPTURED if fate < 0.92 else DepositState.FAILED if fate < 0.97 else DepositState.EXPIRED
        fee = None if state in {DepositState.FAILED, DepositState.EXPIRED} else _fee(deposit.amount, currency, percent="1.5")
        said.of_deposit(deposit, state, sequence=3, fee=fee, at=now + timedelta(seconds=20))
        if state is DepositState.CAPTURED and self.draw.random() < 0.012:
            dispute = Dispute(
                dispute_id=f"past_dispute_{deposit.reference.lower()}", state=DisputeState.OPENED, money=Money(amount=deposit.amount, currency=currency),
                reason=self.draw.choice(("10.4", "13.1", "13.7")),
            )  # fmt: skip
            self._at(now + timedelta(days=self.draw.uniform(5, 50)), lambda later: self._charged_back(deposit, dispute, later))

    # ---- chargebacks ----

    def _charged_back(self, deposit: Deposit, dispute: Dispute, now: datetime) -> None:
        opened = replace(dispute, evidence_due_at=now + timedelta(days=14))
        said.of_deposit(deposit, DepositState.CAPTURED, sequence=4, disputes=(opened,), at=now)
        self._at(now + timedelta(days=self.draw.uniform(1, 9)), lambda later: self._answer(deposit, opened, later))

    def _answer(self, deposit: Deposit, dispute: Dispute, now: datetime) -> None:
        row, by = Chargeback.objects.get(dispute_id=dispute.dispute_id), self.draw.choice(self.desk.first)
        if self.draw.random() < 0.4:
            chargebacks.accept(chargeback_id=row.pk, note="Not worth defending: the player is not reached any more.", by=by, now=now)
            return
        chargebacks.defend(chargeback_id=row.pk, note="Sign-ins, terms accepted and play after the deposit handed in at the provider.", by=by, now=now)
        verdict = replace(dispute, state=DisputeState.WON if self.draw.random() < 0.4 else DisputeState.LOST)
        decided = now + timedelta(days=self.draw.uniform(12, 40))
        self._at(decided, lambda later: said.of_deposit(deposit, DepositState.CAPTURED, sequence=5, disputes=(verdict,), at=later))

    # ---- withdrawals ----

    def _richest(self) -> tuple[str, Decimal] | None:
        """The currency in which the player holds most typical amounts, and how much."""
        held = [(row.currency, row.cash) for row in balances.of_player(self.player.pk) if row.cash > 0]
        worth = [(row[1] / Decimal(people.TYPICAL[row[0]][0]), row) for row in held]
        best = max(worth, default=None)
        return best[1] if best and best[0] >= Decimal("0.2") else None

    def _withdraw(self, now: datetime) -> None:
        richest = self._richest()
        if richest is None:
            return
        currency, cash = richest
        fitting = [one for one in self.means if self.currency_of[one.pk] == currency]
        if not fitting:
            return
        withdrawal = withdrawals.request_withdrawal(
            player_id=self.player.pk, instrument_id=self.draw.choice(fitting).pk, amount=people.share_of(self.draw, cash, currency),
            currency=currency, key=self._key(), by=self._self(), now=now,
        )  # fmt: skip
        self.tally.withdrawals += 1
        self.tally.open += 1
        pk = withdrawal.pk
        recent = self.until - now < TODAY
        if recent and self.draw.random() < 0.68:
            return  # it waits in the queue
        fate = self.draw.random()
        if fate < 0.05 and self._may_cancel(now):
            self._after(now, lambda later: self._cancel(pk, later), hours=0.5)
        elif fate < 0.13:
            self._after(now, lambda later: self._reject(pk, later), hours=3)
        elif fate < (0.4 if recent else 0.19):
            self._after(now, lambda later: self._hold(pk, later), hours=2)
        else:
            self._after(now, lambda later: self._approve(pk, later), hours=3)

    def _may_cancel(self, now: datetime) -> bool:
        return bool(packs.number(self.player.jurisdiction_id, "withdrawal.player_may_cancel", on=now.date()).value)

    def _decidable(self, pk: int, now: datetime) -> Withdrawal | None:
        """The withdrawal while it waits. Nothing is decided in the last minutes: that is for whoever looks at the queue now."""
        row = Withdrawal.objects.get(pk=pk)
        return row if row.state in {"requested", "held", "awaiting_second"} and self.until - now > timedelta(minutes=10) else None

    def _cancel(self, pk: int, now: datetime) -> None:
        if self._decidable(pk, now):
            withdrawals.cancel_withdrawal(withdrawal_id=pk, key=self._key(), by=self._self(), now=now)
            self.tally.open -= 1

    def _reject(self, pk: int, now: datetime) -> None:
        if row := self._decidable(pk, now):
            withdrawals.reject_withdrawal(
                withdrawal_id=pk, version=row.version, key=self._key(), by=self.draw.choice(self.desk.first),
                reason_code=self.draw.choice(REJECTIONS), note="", now=now,
            )  # fmt: skip
            self.tally.open -= 1

    def _hold(self, pk: int, now: datetime) -> None:
        if row := self._decidable(pk, now):
            days = self.draw.uniform(0.5, 3)
            withdrawals.hold_withdrawal(
                withdrawal_id=pk, version=row.version, key=self._key(), by=self.draw.choice(self.desk.first), reason_code=self.draw.choice(HOLDS),
                note="", until=now + timedelta(days=days), now=now,
            )  # fmt: skip
            self._at(now + timedelta(days=days * 0.9), lambda later: self._approve(pk, later))

    def _approve(self, pk: int, now: datetime) -> None:
        row = self._decidable(pk, now)
        if row is None:
            return
        second = row.state == "awaiting_second"
        by = self.draw.choice([one for one in (self.desk.second if second else self.desk.first) if one.pk != row.first_by_id])
        row = withdrawals.approve_withdrawal(
            withdrawal_id=pk, version=row.version, key=self._key(), by=by, reason_code=self.draw.choice(APPROVALS), note="", now=now
        )
        if row.state == "awaiting_second":
            self._after(now, lambda later: self._approve(pk, later), hours=2)
            return
        self.tally.open -= 1
        self._pay_out(pk, now + withdrawals.UNDO_WINDOW + timedelta(seconds=2))

    def _pay_out(self, pk: int, now: datetime) -> None:
        payouts.claim(pk, now=now)
        row = Withdrawal.objects.get(pk=pk)
        fee = _fee(row.amount, row.currency, percent="0.4")

        def told(state: PayoutState, sequence: int, at: datetime) -> None:
            payouts.told(
                withdrawal_id=pk, reference=row.reference, state=state, provider_id=f"past_{row.reference.lower()}", sequence=sequence,
                fee=fee, now=at,
            )  # fmt: skip

        told(PayoutState.PAID, 3, now + timedelta(seconds=self.draw.uniform(2, 40)))
        if self.draw.random() < 0.02:
            self._after(now, lambda later: self._came_back(pk, lambda: told(PayoutState.RETURNED, 4, later), later), hours=48)

    def _came_back(self, pk: int, tell: Callable[[], None], now: datetime) -> None:
        tell()
        self._after(now, lambda later: self._explain(pk, later), hours=20)

    def _explain(self, pk: int, now: datetime) -> None:
        row = PaymentException.objects.filter(payment_type="withdrawal", payment_id=pk, state="open").first()
        if row is not None:
            exceptions.explain(exception_id=row.pk, note="The player gave another account.", by=self.draw.choice(self.desk.first), now=now)


def _fee(amount: Decimal, currency: str, *, percent: str) -> Money:
    """A share of the amount, rounded to the currency's decimals."""
    least = Decimal(1).scaleb(-currencies.get(currency).exponent)
    return Money(amount=(amount * Decimal(percent) / 100).quantize(least, rounding=ROUND_HALF_UP), currency=currency)
