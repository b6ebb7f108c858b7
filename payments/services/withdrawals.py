"""Withdrawals: asked for by the player, decided by staff. What workers do with an approved one is in `payouts`."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed, Stale
from backoffice.audit.record import record
from backoffice.scope import packs
from backoffice.work import idempotency
from payments import hints, limits, locks
from payments.lifecycles import TO_DECIDE, WITHDRAWAL
from payments.models import ReasonCode, Withdrawal
from payments.services import PaymentRefused, ReasonRequired, SecondPersonNeeded, StaleDecision, UndoOver, refuse_blocked
from players import locks as player_locks
from players import messages
from players.blocks import WITHDRAWAL as WITHDRAWAL_BLOCK
from players.models import Instrument
from wallet import counters, currencies, holds, ledger
from wallet.kinds import Reference
from wallet.models import Wallet

UNDO_WINDOW = timedelta(seconds=10)
SUBJECT = "payments.withdrawal"


def request_withdrawal(*, player_id: int, instrument_id: int, amount: Decimal, currency: str, key: str, by: Actor, now: datetime) -> Withdrawal:
    """A player asks to be paid `amount` (units of `currency`): cash becomes held, and the queue has one more.

    The same key again gives the same withdrawal. Raises PaymentRefused (account, instrument, funds, amount), KeyReused.
    """
    content = {"player": player_id, "instrument": instrument_id, "amount": format(amount, "f"), "currency": currency}
    with idempotency.once(scope=f"withdrawal.request:{player_id}", key=key, content=content, now=now) as slot:
        if slot.replayed:
            return Withdrawal.objects.get(pk=slot.answer["withdrawal"])
        player = player_locks.player(player_id)
        instrument = Instrument.objects.filter(pk=instrument_id, player_id=player_id, removed_at=None).first()
        if instrument is None:
            raise PaymentRefused("The player has no such instrument. Add it first.", code="instrument_unknown")
        if player.state == "dormant":  # GLI-19 A.3.9: what lies there is protected until the player has been identified again
            raise PaymentRefused("The account is dormant. Identify the player again first.", code="account_dormant")
        # A suspended or closed player is still paid what is theirs (GLI-19 2.5.5, A.3.9-10); the checks show the state to the reviewer.
        refuse_blocked(player_id, WITHDRAWAL_BLOCK, now=now)
        if Wallet.objects.filter(player_id=player_id, frozen_at__isnull=False).exists():
            raise PaymentRefused("The wallet is frozen.", code="wallet_frozen")
        try:
            hold = holds.place(
                player_id=player_id,
                brand_id=player.brand_id,
                currency=currency,
                amount=amount,
                key=f"withdrawal:{player_id}:{key}",
                now=now,
            )
        except ledger.InsufficientFunds as short:
            raise PaymentRefused("The cash balance does not cover this amount.", code="insufficient_funds") from short
        except (ledger.BadAmount, currencies.UnknownCurrency) as wrong:
            raise PaymentRefused(str(wrong), code="bad_amount") from wrong
        promise = packs.number(player.jurisdiction_id, "withdrawal.decision_hours", on=now.date())
        withdrawal = Withdrawal.objects.create(
            brand_id=player.brand_id, player=player, instrument=instrument, currency=currency, amount=amount, requested_at=now, hold=hold,
            due_at=now + timedelta(hours=int(promise.value)), provider=instrument.provider,
        )  # fmt: skip
        counters.add(player_id=player_id, measure="withdrawal.requested", currency=currency, amount=amount, at=now)
        record(
            "withdrawal.requested", actor=by, at=now, brand_id=player.brand_id, player_id=player_id, subject=(SUBJECT, withdrawal.pk),
            after={"state": "requested", "version": 1, "amount": amount, "currency": currency, "instrument": instrument.pk},
        )  # fmt: skip
        slot.answer = {"withdrawal": withdrawal.pk}
        return withdrawal


def _reason(code: str, *, outcome: str, note: str) -> ReasonCode:
    reason = ReasonCode.objects.filter(code=code, outcome=outcome, active=True).first()
    if reason is None:
        raise ReasonRequired(_("Choose a reason that fits this outcome."))
    if code.endswith("OTHER") and not note.strip():
        raise ReasonRequired(_("Write in the note what the reason is."))
    return reason


def _open(withdrawal_id: int, version: int) -> Withdrawal:
    withdrawal = locks.player_then_withdrawal(withdrawal_id)
    if withdrawal.version != version or withdrawal.state not in TO_DECIDE:
        raise StaleDecision(withdrawal)
    return withdrawal


def _move(withdrawal: Withdrawal, *, to: str, by: Staff, now: datetime, **more: object) -> None:
    def may(permission: str) -> bool:
        # Who confirms is said by the policy: its roles, or the permission when it names none, and its substitutes at night.
        return limits.rule_of(withdrawal, fresh=True).allows(by, now=now) if permission == limits.SECOND else by.may(permission)

    try:
        WITHDRAWAL.move(withdrawal, to=to, by=Actor.staff(by), may=may, now=now, **more)  # type: ignore[arg-type]
    except Stale as stale:
        raise StaleDecision(stale.row) from stale


def approve_withdrawal(*, withdrawal_id: int, version: int, key: str, by: Staff, reason_code: str, note: str, now: datetime) -> Withdrawal:
    """Approve an open withdrawal. Above the four-eyes limit the first approval makes it wait for another person's.

    It is paid out after the undo window, by a worker. Raises StaleDecision if it changed since `version`, ReasonRequired,
    SecondPersonNeeded when the same person comes again, NotAllowed without the permission.
    """
    content = {"withdrawal": withdrawal_id, "outcome": "approved", "version": version}
    with idempotency.once(scope=f"withdrawal.decide:{by.pk}", key=key, content=content, now=now) as slot:
        if slot.replayed:
            return Withdrawal.objects.get(pk=withdrawal_id)
        withdrawal = _open(withdrawal_id, version)
        reason = _reason(reason_code, outcome="approved", note=note)
        second = withdrawal.state == "awaiting_second"
        if second and withdrawal.first_by_id == by.pk:
            raise SecondPersonNeeded(_("You approved it first; another approver must confirm."))
        rule = limits.rule_of(withdrawal, fresh=True)
        if rule.needed and not second:
            _move(
                withdrawal, to="awaiting_second", by=by, now=now, reason=reason.code, note=note, fact="withdrawal.approved_first",
                also={"first_by_id": by.pk, "first_at": now, "needs_second": True, "reason_code": reason.code, "note": note, "held_until": None},
            )  # fmt: skip
        else:
            _move(
                withdrawal, to="approved", by=by, now=now, reason=reason.code, note=note, authorised_by_id=withdrawal.first_by_id if second else None,
                also={
                    "decided_at": now, "decided_by_kind": "staff", "decided_by_id": by.pk, "reason_code": reason.code, "note": note,
                    "dispatch_at": now + UNDO_WINDOW, "next_attempt_at": now + UNDO_WINDOW, "held_until": None, "tries": 0,
                },
            )  # fmt: skip
            hints.withdrawal(withdrawal_id, seconds=UNDO_WINDOW.total_seconds())
        slot.answer = {"withdrawal": withdrawal_id}
        return withdrawal


def reject_withdrawal(*, withdrawal_id: int, version: int, key: str, by: Staff, reason_code: str, note: str, now: datetime) -> Withdrawal:
    """Reject an open withdrawal, give the held money back to the player's cash and tell the player at once.

    Raises StaleDecision if it changed since `version`, ReasonRequired without a reason that fits this outcome.
    """
    content = {"withdrawal": withdrawal_id, "outcome": "rejected", "version": version}
    with idempotency.once(scope=f"withdrawal.decide:{by.pk}", key=key, content=content, now=now) as slot:
        if slot.replayed:
            return Withdrawal.objects.get(pk=withdrawal_id)
        withdrawal = _open(withdrawal_id, version)
        reason = _reason(reason_code, outcome="rejected", note=note)
        _move(
            withdrawal, to="rejected", by=by, now=now, reason=reason.code, note=note,
            # The first approver may have become the one who rejects: the rejection stands alone.
            also={
                "decided_at": now, "decided_by_kind": "staff", "decided_by_id": by.pk, "reason_code": reason.code, "note": note,
                "held_until": None, "first_by_id": None, "first_at": None, "needs_second": False,
            },
        )  # fmt: skip
        holds.release(hold_id=withdrawal.hold_id, key=f"withdrawal:{withdrawal.pk}:rejected", now=now, reference=(Reference.WITHDRAWAL, withdrawal.pk))
        messages.queue(
            player=withdrawal.player, template="withdrawal_rejected", key=f"withdrawal:{withdrawal.pk}:rejected", now=now,
            context={"name": withdrawal.name, "amount": currencies.text(withdrawal.amount, withdrawal.currency), "currency": withdrawal.currency,
                     "reason": reason.player_text},
        )  # fmt: skip
        slot.answer = {"withdrawal": withdrawal_id}
        return withdrawal


def hold_withdrawal(*, withdrawal_id: int, version: int, key: str, by: Staff, reason_code: str, note: str, until: datetime, now: datetime) -> Withdrawal:
    """Put the decision off until a moment in the future; it stays in the queue, due then. Raises as `reject_withdrawal`."""
    if not now < until <= now + timedelta(days=30):
        raise ReasonRequired(_("Hold until a moment within the next 30 days."))
    content = {"withdrawal": withdrawal_id, "outcome": "held", "version": version, "until": until}
    with idempotency.once(scope=f"withdrawal.decide:{by.pk}", key=key, content=content, now=now) as slot:
        if slot.replayed:
            return Withdrawal.objects.get(pk=withdrawal_id)
        withdrawal = _open(withdrawal_id, version)
        reason = _reason(reason_code, outcome="held", note=note)
        _move(
            withdrawal, to="held", by=by, now=now, reason=reason.code, note=note, evidence={"until": until},
            also={"held_until": until, "due_at": until, "reason_code": reason.code, "note": note},
        )  # fmt: skip
        slot.answer = {"withdrawal": withdrawal_id}
        return withdrawal


def return_to_queue(*, withdrawal_id: int, version: int, key: str, by: Staff, reason_code: str, note: str, now: datetime) -> Withdrawal:
    """The second person gives it back instead of confirming, or a held one is taken up again. Raises as `reject_withdrawal`."""
    content = {"withdrawal": withdrawal_id, "outcome": "returned", "version": version}
    with idempotency.once(scope=f"withdrawal.decide:{by.pk}", key=key, content=content, now=now) as slot:
        if slot.replayed:
            return Withdrawal.objects.get(pk=withdrawal_id)
        withdrawal = _open(withdrawal_id, version)
        reason = _reason(reason_code, outcome="returned", note=note)
        _move(
            withdrawal, to="requested", by=by, now=now, reason=reason.code, note=note, fact="withdrawal.sent_back",
            also={"first_by_id": None, "first_at": None, "needs_second": False, "held_until": None, "reason_code": "", "note": ""},
        )  # fmt: skip
        slot.answer = {"withdrawal": withdrawal_id}
        return withdrawal


def undo_approval(*, withdrawal_id: int, key: str, by: Staff, now: datetime) -> Withdrawal:
    """Take one's own approval back within ten seconds, before a worker has dispatched it. Raises UndoOver."""
    with idempotency.once(scope=f"withdrawal.undo:{by.pk}", key=key, content={"withdrawal": withdrawal_id}, now=now) as slot:
        if slot.replayed:
            return Withdrawal.objects.get(pk=withdrawal_id)
        withdrawal = locks.player_then_withdrawal(withdrawal_id)
        own = withdrawal.decided_by_id == by.pk
        if withdrawal.state != "approved" or not own or withdrawal.dispatch_at is None or now >= withdrawal.dispatch_at:
            raise UndoOver(_("It can no longer be undone."))
        _move(
            withdrawal, to="requested", by=by, now=now, fact="withdrawal.approval_undone",
            also={
                "decided_at": None, "decided_by_kind": "", "decided_by_id": None, "dispatch_at": None, "next_attempt_at": None,
                "reason_code": "", "first_by_id": None, "first_at": None, "needs_second": False,
            },
        )  # fmt: skip
        slot.answer = {"withdrawal": withdrawal_id}
        return withdrawal


def cancel_withdrawal(*, withdrawal_id: int, key: str, by: Actor, now: datetime) -> Withdrawal:
    """The player takes the request back, where the jurisdiction allows it. Raises PaymentRefused with the clause where it does not."""
    with idempotency.once(scope=f"withdrawal.cancel:{withdrawal_id}", key=key, content={"withdrawal": withdrawal_id}, now=now) as slot:
        withdrawal = locks.player_then_withdrawal(withdrawal_id)
        if slot.replayed:
            return withdrawal
        allowed = packs.number(withdrawal.player.jurisdiction_id, "withdrawal.player_may_cancel", on=now.date())
        if not allowed.value:
            raise PaymentRefused(f"A withdrawal cannot be cancelled here ({allowed.citation}).", code="cancel_forbidden")
        try:
            WITHDRAWAL.move(
                withdrawal, to="cancelled", by=by, now=now, also={"decided_at": now, "decided_by_kind": "player", "held_until": None}
            )  # fmt: skip
        except NotAllowed as late:
            raise PaymentRefused("It has been decided and cannot be cancelled any more.", code="already_decided") from late
        holds.release(
            hold_id=withdrawal.hold_id,
            key=f"withdrawal:{withdrawal.pk}:cancelled",
            now=now,
            reference=(Reference.WITHDRAWAL, withdrawal.pk),
        )
        slot.answer = {"withdrawal": withdrawal_id}
        return withdrawal
