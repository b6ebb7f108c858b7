"""Chargebacks: what the provider tells of disputes moves the money; what staff decide about them moves nothing but the case.

A dispute may be told twice and in any order: money is taken once and comes back once. Taking is the one posting that may push cash below zero, which is a
significant event (GLI-19 2.8.8 n v).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from payments import locks
from payments.lifecycles import CHARGEBACK, DEPOSIT
from payments.models import Chargeback, Deposit
from payments.providers.protocol import Dispute
from payments.services import PaymentRefused, calls
from wallet import balances, ledger
from wallet.currencies import EXACT
from wallet.kinds import AccountKind, Reference, TransactionKind
from wallet.ledger import Cash, House

SUBJECT = "payments.chargeback"
WORK = "payments.dispute"
ANSWER_WITHIN = timedelta(days=7)  # where the provider names no day
CLOSED = frozenset({"won", "lost"})


def tell(deposit: Deposit, disputes: Iterable[Dispute], *, now: datetime) -> None:
    """Bring the chargebacks of a locked deposit, credited before, to what the provider says. Old news changes nothing."""
    for dispute in disputes:
        if dispute.money.currency != deposit.currency or dispute.money.amount <= 0:
            record(
                "deposit.contradicted", actor=Actor.integration(deposit.provider), at=now, brand_id=deposit.brand_id, player_id=deposit.player_id,
                subject=("payments.deposit", deposit.pk), before={"state": deposit.state},
                after={"provider_says": f"dispute {dispute.dispute_id} over {dispute.money}", "sequence": deposit.provider_sequence},
            )  # fmt: skip
            continue
        row = Chargeback.objects.select_for_update(of=("self",)).filter(provider=deposit.provider, dispute_id=dispute.dispute_id).first()
        if row is None:
            row = _begin(deposit, dispute, now=now)
        else:
            _learn(row, dispute)
            to = str(dispute.state)
            if CHARGEBACK.allows(row, to) and not (to == "opened" and row.taken):
                CHARGEBACK.move(row, to=to, by=calls.house(), now=now, also={"closed_at": now if to in CLOSED else None})
        _follow(row, deposit, now=now)


def _begin(deposit: Deposit, dispute: Dispute, *, now: datetime) -> Chargeback:
    state = str(dispute.state)
    row = Chargeback.objects.create(
        brand_id=deposit.brand_id, player_id=deposit.player_id, deposit=deposit, provider=deposit.provider, dispute_id=dispute.dispute_id, state=state,
        currency=deposit.currency, amount=dispute.money.amount, fee=_fee(dispute), reason=dispute.reason[:20], opened_at=now,
        evidence_due_at=dispute.evidence_due_at, due_at=dispute.evidence_due_at or now + ANSWER_WITHIN, closed_at=now if state in CLOSED else None,
    )  # fmt: skip
    record(
        f"chargeback.{state}", actor=Actor.integration(deposit.provider), at=now, brand_id=row.brand_id, player_id=row.player_id, subject=(SUBJECT, row.pk),
        after={"state": state, "version": 1, "deposit": deposit.name, "amount": row.amount, "currency": row.currency, "reason": row.reason},
    )  # fmt: skip
    return row


def _fee(dispute: Dispute) -> Any:
    return dispute.fee.amount if dispute.fee is not None and dispute.fee.currency == dispute.money.currency else 0


def _learn(row: Chargeback, dispute: Dispute) -> None:
    row.reason, row.fee = dispute.reason[:20] or row.reason, max(row.fee, _fee(dispute))
    if dispute.evidence_due_at is not None:
        row.evidence_due_at = row.due_at = dispute.evidence_due_at
    row.save(update_fields=["reason", "fee", "evidence_due_at", "due_at"])


def _follow(row: Chargeback, deposit: Deposit, *, now: datetime) -> None:
    """Let the money follow the case."""
    gone = row.state in {"opened", "accepted", "lost"} or (row.state == "defended" and row.taken)
    if gone and not row.taken:
        _take(row, deposit, now=now)
    elif row.taken and not gone:
        _give_back(row, deposit, now=now)


def _mark(row: Chargeback, *, taken: bool) -> None:
    row.taken, row.rounds = taken, row.rounds + taken
    row.save(update_fields=["taken", "rounds"])


def _clearing(deposit: Deposit) -> Any:
    return House(AccountKind.PSP_CLEARING, deposit.provider)


def _take(row: Chargeback, deposit: Deposit, *, now: datetime) -> None:
    if deposit.state == "credited":
        DEPOSIT.move(deposit, to="charged_back", by=calls.house(), now=now, evidence={"chargeback": row.name})
    _mark(row, taken=True)
    ledger.post(
        kind=TransactionKind.CHARGED_BACK, key=f"chargeback:{row.pk}:taken:{row.rounds}", brand=row.brand_id, amount=row.amount, currency=row.currency,
        source=Cash(row.player_id), target=_clearing(deposit), effective_at=now, reference=(Reference.DEPOSIT, deposit.pk), may_overdraw=True,
    )  # fmt: skip
    below_zero(deposit, now=now)


def below_zero(deposit: Deposit, *, now: datetime) -> None:
    """A significant event when what was taken back left less than nothing (GLI-19 2.8.8 n v)."""
    left = balances.cash(deposit.player_id, deposit.currency)
    if left < 0:
        record(
            "player.cash_below_zero", actor=calls.house(), at=now, brand_id=deposit.brand_id, player_id=deposit.player_id,
            subject=("payments.deposit", deposit.pk), after={"cash": left, "currency": deposit.currency},
        )  # fmt: skip


def _give_back(row: Chargeback, deposit: Deposit, *, now: datetime) -> None:
    _mark(row, taken=False)
    ledger.post(
        kind=TransactionKind.CHARGEBACK_REVERSED, key=f"chargeback:{row.pk}:back:{row.rounds}", brand=row.brand_id, amount=row.amount, currency=row.currency,
        source=_clearing(deposit), target=Cash(row.player_id), effective_at=now, reference=(Reference.DEPOSIT, deposit.pk),
    )  # fmt: skip
    if deposit.state == "charged_back" and not Chargeback.objects.filter(deposit=deposit, taken=True).exists():
        DEPOSIT.move(deposit, to="credited", by=calls.house(), now=now, fact="deposit.chargeback_won", evidence={"chargeback": row.name})


def book_fee(deposit: Deposit, dispute: Dispute, *, now: datetime) -> None:
    """What the provider charges for a dispute of a locked deposit, once, where it tells that apart from what it charges for the deposit."""
    if dispute.fee is None or dispute.fee.amount <= 0:
        return
    row = Chargeback.objects.get(provider=deposit.provider, dispute_id=dispute.dispute_id)
    posted = ledger.post(
        kind=TransactionKind.CHARGEBACK_FEE, key=f"chargeback:{row.pk}:fee", brand=row.brand_id, amount=dispute.fee.amount, currency=row.currency,
        source=House(AccountKind.PSP_FEES, deposit.provider), target=_clearing(deposit), effective_at=now, reference=(Reference.DEPOSIT, deposit.pk),
    )  # fmt: skip
    if not posted.replayed:
        deposit.fee = EXACT.add(Decimal(deposit.fee), dispute.fee.amount)
        deposit.save(update_fields=["fee"])


def all_won(deposit: Deposit, *, now: datetime) -> None:
    """The provider reversed a locked deposit, which it could not while the bank had the money: it must have come back before."""
    for row in Chargeback.objects.select_for_update(of=("self",)).filter(deposit=deposit, taken=True):
        CHARGEBACK.move(row, to="won", by=calls.house(), now=now, also={"closed_at": now}, evidence={"why": "The deposit was reversed afterwards."})
        _give_back(row, deposit, now=now)


@transaction.atomic
def defend(*, chargeback_id: int, note: str, by: Staff, now: datetime) -> Chargeback:
    """Evidence was handed in at the provider. Raises NotAllowed, Stale, PaymentRefused (without a note of what was handed in)."""
    return _decide(chargeback_id, "defended", note, by=by, now=now)


@transaction.atomic
def accept(*, chargeback_id: int, note: str, by: Staff, now: datetime) -> Chargeback:
    """It is let go: the money stays with the bank. Raises as `defend`."""
    return _decide(chargeback_id, "accepted", note, by=by, now=now)


def _decide(chargeback_id: int, to: str, note: str, *, by: Staff, now: datetime) -> Chargeback:
    if not note.strip():
        raise PaymentRefused(_("Say what was handed in, or why it is let go."), code="reason")
    deposit_id = Chargeback.objects.values_list("deposit_id", flat=True).get(pk=chargeback_id)
    locks.player_then_deposit(deposit_id)
    row = Chargeback.objects.select_for_update(of=("self",)).get(pk=chargeback_id)
    CHARGEBACK.move(
        row, to=to, by=Actor.staff(by), may=by.may, now=now, note=note, also={"decided_at": now, "decided_by_id": by.pk, "note": note.strip()[:2_000]}
    )
    return row
