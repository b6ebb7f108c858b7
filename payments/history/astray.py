"""Payments of the last days that went another way than they should have, for the demo: what the queues of exceptions and chargebacks are for."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from backoffice.access import demo
from payments import hints, locks
from payments.history import newcomer, said
from payments.models import Chargeback, Deposit, PaymentException
from payments.providers.protocol import DepositState, Dispute, DisputeState, Money, Payment, PaymentKind, RefundState
from payments.services import chargebacks, exceptions, refunds
from players import messages
from players.models import Player
from wallet import balances, ledger
from wallet.kinds import AccountKind, TransactionKind
from wallet.ledger import Cash, House

TAG = "astray-"


def play() -> str:
    """Once: what people did since then stays."""
    if Player.objects.filter(external_id__startswith=TAG).exists():
        return "they are there"
    now = timezone.now()
    with hints.quiet(), transaction.atomic():
        _disputes(now)
        _late(now)
        _short(now)
        _refunded_there(now)
        _waits_for_the_bank(now)
        exceptions.sweep(now=now)
        for player in Player.objects.filter(external_id__startswith=TAG):
            messages.assume_sent(player_id=player.pk)
    disputed, open_now = Chargeback.objects.filter(player__external_id__startswith=TAG), PaymentException.objects.filter(state="open")
    return f"{disputed.count()} chargebacks, {open_now.count()} open exceptions"


def _paid(number: int, amount: str, at: datetime, *, law: str = "MT", currency: str = "EUR", code: str = "nova") -> Deposit:
    player, card = newcomer.register(TAG, number, code=code, law=law, at=at - timedelta(days=40), kind="card")
    return newcomer.pays_in(player, card, amount, currency, key=f"{TAG}{number}", at=at)


def _dispute(deposit: Deposit, state: DisputeState, reason: str, due: datetime) -> Dispute:
    money = Money(amount=deposit.amount, currency=deposit.currency)
    return Dispute(dispute_id=f"dsp_{deposit.reference.lower()}", state=state, money=money, reason=reason, evidence_due_at=due)


def _disputes(now: datetime) -> None:
    """One to answer soon whose player has played it all, one in time, one that was defended, and one that the bank only asks about."""
    spent = _paid(1, "250.00", now - timedelta(days=19))
    left = balances.cash(spent.player_id, spent.currency)
    ledger.post(
        kind=TransactionKind.BET, key=f"{TAG}bet", brand=spent.brand_id, amount=left, currency=spent.currency, source=Cash(spent.player_id),
        target=House(AccountKind.GAME_REVENUE, "studio"), effective_at=now - timedelta(days=18),
    )  # fmt: skip
    in_time, answered = _paid(2, "80.00", now - timedelta(days=33)), _paid(3, "120.00", now - timedelta(days=41))
    asked = _paid(4, "400.00", now - timedelta(days=12), law="SE", currency="SEK", code="fjord")
    for deposit, state, reason, due in (
        (spent, DisputeState.OPENED, "10.4", timedelta(hours=20)), (in_time, DisputeState.OPENED, "13.1", timedelta(days=9)),
        (answered, DisputeState.OPENED, "13.7", timedelta(days=4)), (asked, DisputeState.INQUIRY, "10.4", timedelta(days=6)),
    ):  # fmt: skip
        said.of_deposit(deposit, DepositState.CAPTURED, sequence=4, disputes=(_dispute(deposit, state, reason, now + due),), at=now - timedelta(days=2))
    defended = Chargeback.objects.get(deposit=answered)
    note = "Sign-ins from the usual device, the accepted terms and two withdrawals to the same bank handed in."
    chargebacks.defend(chargeback_id=defended.pk, note=note, by=demo.find("payments-l1"), now=now - timedelta(days=1))


def _late(now: datetime) -> None:
    """It had failed here, and was captured after all."""
    at = now - timedelta(hours=9)
    player, card = newcomer.register(TAG, 5, code="nova", law="MT", at=at - timedelta(days=40), kind="card")
    made = newcomer.begins(player, card, "60.00", "EUR", key=f"{TAG}5", at=at)
    said.of_deposit(made, DepositState.FAILED, sequence=2, at=at + timedelta(minutes=1))
    said.of_deposit(made, DepositState.CAPTURED, sequence=3, at=at + timedelta(minutes=20))


def _short(now: datetime) -> None:
    """A bank took a fee on the way: less came in than was asked for."""
    at = now - timedelta(hours=5)
    player, bank = newcomer.register(TAG, 6, code="nova", law="MT", at=at - timedelta(days=40))
    made = newcomer.begins(player, bank, "500.00", "EUR", key=f"{TAG}6", at=at)
    said.of_deposit(made, DepositState.CAPTURED, sequence=2, money=Money(amount=Decimal("485.00"), currency="EUR"), at=at + timedelta(hours=2))


def _refunded_there(now: datetime) -> None:
    """Somebody refunded in the provider's own portal."""
    made = _paid(7, "90.00", now - timedelta(days=1))
    money = Money(amount=Decimal("45.00"), currency="EUR")
    told = Payment(
        reference=made.reference, provider_id=f"ref_{made.reference.lower()}", kind=PaymentKind.REFUND, state=RefundState.PAID, money=money, fee=None,
        sequence=1, changed_at=now, deposit_id=made.provider_id,
    )  # fmt: skip
    refunds.unasked(locks.player_then_deposit(made.pk), told, now=now - timedelta(hours=3))


def _waits_for_the_bank(now: datetime) -> None:
    """Authorised three hours ago, and not captured since."""
    at = now - timedelta(hours=3)
    player, card = newcomer.register(TAG, 8, code="nova", law="MT", at=at - timedelta(days=40), kind="card")
    made = newcomer.begins(player, card, "35.00", "EUR", key=f"{TAG}8", at=at)
    said.of_deposit(made, DepositState.AUTHORISED, sequence=1, at=at + timedelta(minutes=1))
