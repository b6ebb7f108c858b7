"""Lifecycles as tables: every move in them is made by a service, every other one is refused.

The services write each move's fact with the state before and after, so the record says which moves were taken.
"""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from backoffice.access.models import Staff
from backoffice.approvals.services import decisions
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import Lifecycle, NotAllowed, Stale
from backoffice.audit.models import Event
from backoffice.scope.models import Brand
from payments.lifecycles import DEPOSIT, WITHDRAWAL
from payments.models import Deposit, Withdrawal
from payments.providers.protocol import DepositState, DisputeState, PayoutState
from payments.services import deposits, payouts, withdrawals
from players.lifecycles import PLAYER
from players.models import Player
from players.profile import accounts
from tests.casino import asked, everything, new_instrument, new_player, new_withdrawal, open_casino, paid_in
from tests.databases import Database
from tests.payments.news import dispute, hears
from tests.payments.nordpay import Sandbox
from tests.people import make_person

BEHIND = timedelta(minutes=1)  # decisions lie so far in the past that every undo window is over
Move = tuple[str, str]


def table(lifecycle: Lifecycle) -> set[Move]:
    return {(state, target) for state, targets in lifecycle.moves.items() for target in targets}


def others(lifecycle: Lifecycle) -> Iterator[Move]:
    """Every pair of states that the table does not join."""
    yield from ((state, target) for state in lifecycle.states for target in lifecycle.states if (state, target) not in table(lifecycle))


def taken(lifecycle: Lifecycle) -> set[Move]:
    """The moves that the record holds."""
    facts = Event.objects.filter(subject_type=lifecycle.subject, before__isnull=False, after__isnull=False).values_list("before", "after")
    states = [(json.loads(before).get("state"), json.loads(after).get("state")) for before, after in facts]
    return {(before, after) for before, after in states if before and after}


@pytest.fixture
def nova(committed_db: Database, opened: None) -> Brand:
    return open_casino()


# ---- deposits ----


@pytest.fixture
def deposit_of(nova: Brand) -> Callable[..., Deposit]:
    player = new_player(nova)

    def begin(token: str = "tok_hold", *, kind: str = "card", hours: int = 0) -> Deposit:
        instrument = new_instrument(player, kind=kind, token=f"{token}:{timezone.now().timestamp()}")
        return deposits.start_deposit(
            player_id=player.pk, instrument_id=instrument.pk, amount=Decimal("10.00"), currency="EUR", key=f"k{instrument.pk}",
            by=Actor.player(player.pk), now=timezone.now() - timedelta(hours=hours),
        )  # fmt: skip

    return begin


def hear(deposit: Deposit, *states: DepositState | DisputeState) -> None:
    for state in states:
        deposit.refresh_from_db()
        disputes = (dispute(deposit, state),) if isinstance(state, DisputeState) else ()
        hears(deposit, DepositState.CAPTURED if isinstance(state, DisputeState) else state, sequence=deposit.provider_sequence + 1, disputes=disputes)


def step(deposit: Deposit) -> str:
    Deposit.objects.filter(pk=deposit.pk, next_attempt_at__isnull=False).update(next_attempt_at=timezone.now())
    return deposits.step(deposit.pk)


def test_every_move_of_a_deposit_is_made_by_a_service(nordpay: Sandbox, deposit_of: Callable[..., Deposit]) -> None:
    says = DepositState
    for story in (
        [says.AUTHORISED, says.CAPTURED, DisputeState.OPENED, DisputeState.WON, says.REVERSED], [says.CAPTURED], [says.REVERSED],
        [says.FAILED, says.CAPTURED], [says.EXPIRED, says.CAPTURED], [says.AUTHORISED, says.FAILED], [says.AUTHORISED, says.EXPIRED],
    ):  # fmt: skip
        hear(deposit_of(), *story)

    # Out of unknown leads only what the provider answers when asked.
    nordpay.behave(drop_after="1")
    never_arrived = deposit_of("tok_drop_before")
    answers = {
        "authorised": deposit_of(), "captured": deposit_of("tok_captured"), "initiated": deposit_of(kind="bank"), "expired": deposit_of(kind="bank", hours=2),
    }  # fmt: skip
    assert {step(deposit) for deposit in (never_arrived, *answers.values())} == {"unknown"}
    assert {name: step(deposit) for name, deposit in answers.items()} == {**{name: name for name in answers}, "captured": "credited"}
    Deposit.objects.filter(pk=never_arrived.pk).update(last_call_ended_at=timezone.now() - BEHIND)
    assert step(never_arrived) == "failed"

    assert taken(DEPOSIT) == table(DEPOSIT)


# ---- withdrawals ----


class House:
    """Withdrawals brought to a state by services alone."""

    def __init__(self, nova: Brand, sandbox: Sandbox) -> None:
        self.nova, self.sandbox = nova, sandbox
        self.first, self.second = make_person("payments-l1", brands=[nova]), make_person("payments-l2", brands=[nova])
        self.decisions = 0

    def asked(self, token: str = "tok_hold", *, large: bool = False, market: str = "CA-ON") -> Withdrawal:
        """In Ontario the player may take it back."""
        player = new_player(self.nova, market=market)
        instrument = new_instrument(player, token=f"{token}:{player.pk}")
        amount = "3000.00" if large else "10.00"
        paid_in(player, instrument, amount)
        return asked(player, instrument, amount, now=timezone.now() - BEHIND)

    def decide(self, withdrawal: Withdrawal, how: str, *, by: Staff | None = None, ago: timedelta = BEHIND) -> Withdrawal:
        self.decisions += 1
        withdrawal.refresh_from_db()
        service, reason = {
            "approve": (withdrawals.approve_withdrawal, "CHECKS_OK"), "reject": (withdrawals.reject_withdrawal, "NAME_MISMATCH"),
            "hold": (withdrawals.hold_withdrawal, "VELOCITY"), "return": (withdrawals.return_to_queue, "NEEDS_ANOTHER_LOOK"),
        }[how]  # fmt: skip
        now = timezone.now() - ago
        more: dict[str, Any] = {"until": now + timedelta(days=1)} if how == "hold" else {}
        service(  # type: ignore[operator]
            withdrawal_id=withdrawal.pk, version=withdrawal.version, key=f"d{self.decisions}", by=by or self.first, reason_code=reason, note="", now=now, **more
        )
        withdrawal.refresh_from_db()
        return withdrawal

    def cancel(self, withdrawal: Withdrawal) -> None:
        withdrawals.cancel_withdrawal(withdrawal_id=withdrawal.pk, key=f"c{withdrawal.pk}", by=Actor.player(withdrawal.player_id), now=timezone.now())

    def undo(self, withdrawal: Withdrawal) -> None:
        withdrawals.undo_approval(withdrawal_id=withdrawal.pk, key=f"u{withdrawal.pk}", by=self.first, now=timezone.now())

    def step(self, withdrawal: Withdrawal) -> str:
        Withdrawal.objects.filter(pk=withdrawal.pk, next_attempt_at__isnull=False).update(next_attempt_at=timezone.now())
        return payouts.step(withdrawal.pk)

    def sent(self, token: str = "tok_hold") -> Withdrawal:
        withdrawal = self.decide(self.asked(token), "approve")
        self.step(withdrawal)
        withdrawal.refresh_from_db()
        return withdrawal

    def hear(self, withdrawal: Withdrawal, *states: PayoutState) -> None:
        for state in states:
            withdrawal.refresh_from_db()
            payouts.told(
                withdrawal_id=withdrawal.pk, reference=withdrawal.reference, state=state, provider_id="np", sequence=withdrawal.provider_sequence + 1,
                fee=None, now=timezone.now(),
            )  # fmt: skip


def test_every_move_of_a_withdrawal_is_made_by_a_service(nordpay: Sandbox, nova: Brand) -> None:
    house = House(nova, nordpay)

    # Open ones: each way on from the queue, from hold and from the second person.
    for how in ("approve", "reject", "hold"):
        house.decide(house.asked(), how)
    house.cancel(house.asked())
    for large, how in ((False, "approve"), (True, "approve"), (False, "reject"), (False, "return")):
        house.decide(house.decide(house.asked(large=large), "hold"), how)
    house.cancel(house.decide(house.asked(), "hold"))
    for how in ("approve", "reject", "return"):
        house.decide(house.decide(house.asked(large=True), "approve"), how, by=house.second)
    house.cancel(house.decide(house.asked(large=True), "approve"))
    house.undo(house.decide(house.asked(), "approve", ago=timedelta(0)))

    # On their way: told by webhooks.
    house.hear(house.sent(), PayoutState.PAID, PayoutState.RETURNED)
    house.hear(house.sent(), PayoutState.RETURNED)
    failed = house.sent("tok_refuse")
    assert house.step(failed) == "requested"

    # Out of unknown leads only what the provider answers when asked.
    nordpay.behave(drop_after="1")
    found, paid, returned, never_arrived = house.sent(), house.sent("tok_iban"), house.sent("tok_return"), house.sent("tok_drop_before")
    assert {row.state for row in (found, paid, returned, never_arrived)} == {"unknown"}
    nordpay.wait_for(paid.reference, "paid")
    nordpay.wait_for(returned.reference, "returned")
    Withdrawal.objects.filter(pk=never_arrived.pk).update(last_call_ended_at=timezone.now() - BEHIND)
    assert [house.step(row) for row in (found, paid, returned, never_arrived)] == ["sent", "settled", "returned", "failed"]

    assert taken(WITHDRAWAL) == table(WITHDRAWAL)


# ---- every other move ----


@pytest.fixture
def rows(db: None, opened: None) -> dict[str, Any]:
    nova = open_casino()
    withdrawal = new_withdrawal(nova)
    return {
        DEPOSIT.subject: Deposit.objects.get(player=withdrawal.player), WITHDRAWAL.subject: withdrawal,
        PLAYER.subject: Player.objects.get(pk=withdrawal.player_id),
    }  # fmt: skip


@pytest.mark.parametrize("lifecycle", [DEPOSIT, WITHDRAWAL, PLAYER], ids=lambda lifecycle: lifecycle.noun)
def test_a_move_that_the_table_does_not_have_is_refused_to_everybody(rows: dict[str, Any], lifecycle: Lifecycle) -> None:
    row = rows[lifecycle.subject]
    before, recorded = type(row).objects.values().get(pk=row.pk), Event.objects.count()
    boss = Staff(pk=1, name="Boss")
    for state, target in others(lifecycle):
        row.state = state
        for actor in (Actor.system("test"), Actor.player(1), Actor.staff(boss), Actor.integration("nordpay")):
            with pytest.raises(NotAllowed):
                lifecycle.move(row, to=target, by=actor, may=lambda permission: True, now=timezone.now())
    assert type(row).objects.values().get(pk=row.pk) == before
    assert Event.objects.count() == recorded


@pytest.mark.parametrize("lifecycle", [DEPOSIT, WITHDRAWAL, PLAYER], ids=lambda lifecycle: lifecycle.noun)
def test_a_move_is_refused_to_whom_the_table_does_not_name(rows: dict[str, Any], lifecycle: Lifecycle) -> None:
    row = rows[lifecycle.subject]
    before, recorded = type(row).objects.values().get(pk=row.pk), Event.objects.count()
    boss = Staff(pk=1, name="Boss")
    for state, target in table(lifecycle):
        row.state, needed = state, lifecycle.who(state, target)
        strangers = [(Actor.staff(boss), lambda permission: False), (Actor.staff(boss), lambda permission, needed=needed: permission != needed)]
        if needed != "player":
            strangers.append((Actor.player(1), None))
        if needed == "player":
            strangers += [(Actor.system("test"), None), (Actor.staff(boss), lambda permission: True)]
        if needed == "system":
            strangers.append((Actor.staff(boss), lambda permission: True))
        for actor, may in strangers:
            with pytest.raises(NotAllowed):
                lifecycle.move(row, to=target, by=actor, may=may, now=timezone.now())
    assert type(row).objects.values().get(pk=row.pk) == before
    assert Event.objects.count() == recorded


def test_a_move_from_a_state_that_the_row_has_left_is_stale_and_changes_nothing(rows: dict[str, Any]) -> None:
    """The database compares: what the caller read a moment ago does not decide."""
    deposit = rows[DEPOSIT.subject]
    assert deposit.state == "credited"
    before = everything(deposit)
    deposit.state = "authorised"
    with pytest.raises(Stale):
        DEPOSIT.move(deposit, to="failed", by=Actor.system("test"), now=timezone.now())
    assert everything(deposit) == before


@pytest.mark.parametrize("lifecycle", [DEPOSIT, WITHDRAWAL, PLAYER], ids=lambda lifecycle: lifecycle.noun)
def test_the_database_knows_no_state_outside_the_table(rows: dict[str, Any], lifecycle: Lifecycle) -> None:
    row = rows[lifecycle.subject]
    with pytest.raises(IntegrityError), transaction.atomic():
        type(row).objects.filter(pk=row.pk).update(state="paid")


def test_only_what_was_posted_can_be_credited_or_charged_back(rows: dict[str, Any]) -> None:
    """The database refuses what the code forgot."""
    deposit = rows[DEPOSIT.subject]
    for state in ("credited", "charged_back"):
        with pytest.raises(IntegrityError, match="payments_deposit_credited_is_posted"), transaction.atomic():
            Deposit.objects.filter(pk=deposit.pk).update(state=state, credit_transaction=None)


# ---- players ----


def test_every_move_of_a_player_by_staff_is_made_by_a_service(db: None) -> None:
    """To and from dormancy and merges lead paths of their own (tests/players/test_dormancy.py, test_merging.py)."""
    nova = open_casino()
    player, fraud, compliance = new_player(nova), make_person("fraud", brands=[nova]), make_person("compliance", brands=[nova])

    def move(service: Callable[..., Any], reason: str) -> Any:
        version = Player.objects.get(pk=player.pk).version
        given = {"player_id": player.pk, "version": version, "reason_code": reason, "note": "", "key": f"m{version}"}
        return service(by=fraud, now=timezone.now(), **given)

    move(accounts.suspend_account, "DOCUMENTS")
    move(accounts.lift_suspension, "CLEARED")
    move(accounts.close_account, "PLAYER_ASKED")
    change = move(accounts.ask_to_reopen, "PLAYER_RETURNS")
    decisions.approve(change_id=change.pk, version=change.version, key="a", by=compliance, now=timezone.now())
    move(accounts.suspend_account, "FRAUD_SUSPECTED")
    move(accounts.close_account, "FRAUD_PROVEN")
    Player.objects.filter(pk=player.pk).update(state="dormant")
    move(accounts.close_account, "PLAYER_ASKED")
    elsewhere = {("active", "dormant"), ("dormant", "active")}
    assert taken(PLAYER) == {move for move in table(PLAYER) if "merged" not in move} - elsewhere
