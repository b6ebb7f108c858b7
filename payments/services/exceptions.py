"""Payment exceptions: what went another way than it should have is opened once, suggests what to do, and is resolved by a person.

What the service of a payment finds out, it opens in the same transaction; what only time shows (stuck, unknown) a sweep opens, and closes again when the
payment has moved on by itself.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from backoffice.work.items import NotPossible
from payments import locks
from payments.lifecycles import EXCEPTION
from payments.models import Deposit, Payment, PaymentException, Withdrawal
from payments.models.exceptions import MISMATCH, STUCK, UNKNOWN
from payments.services import PaymentRefused, calls
from wallet import ledger
from wallet.kinds import AccountKind, Reference, TransactionKind
from wallet.ledger import Cash, House

SUBJECT = "payments.paymentexception"
DUE = {UNKNOWN: timedelta(hours=1), STUCK: timedelta(hours=4)}
OTHERWISE = timedelta(hours=24)


def raise_for(payment: Payment, kind: str, *, detail: str, now: datetime, amount: Decimal | None = None, waiting: Decimal = Decimal(0)) -> PaymentException:
    """Open an exception about a locked payment, in the transaction that found it. One that is open already is that one."""
    of, whole = calls.NAMES[type(payment)], payment.amount if amount is None else amount
    row, new = PaymentException.objects.get_or_create(
        kind=kind, payment_type=of, payment_id=payment.pk, reference=payment.reference, state="open",
        defaults={
            "brand_id": payment.brand_id, "player_id": payment.player_id, "provider": payment.provider, "currency": payment.currency, "amount": whole,
            "waiting": waiting, "detail": detail[:200], "opened_at": now, "due_at": now + DUE.get(kind, OTHERWISE),
        },
    )  # fmt: skip
    if new:
        record(
            "paymentexception.opened", actor=calls.house(), at=now, brand_id=row.brand_id, player_id=row.player_id, subject=(SUBJECT, row.pk),
            after={"state": "open", "version": 1, "kind": kind, "payment": row.payment_name, "detail": row.detail, "amount": whole, "currency": row.currency},
        )  # fmt: skip
    return row


def suspend(deposit: Deposit, amount: Decimal, *, key: str, now: datetime) -> None:
    """Money that came in and belongs to nobody yet: from the provider to money to be allotted."""
    ledger.post(
        kind=TransactionKind.RECEIVED_UNALLOTTED, key=key, brand=deposit.brand_id, amount=amount, currency=deposit.currency,
        source=House(AccountKind.PSP_CLEARING, deposit.provider), target=House(AccountKind.UNALLOTTED, deposit.provider), effective_at=now,
        reference=(Reference.DEPOSIT, deposit.pk),
    )  # fmt: skip


def send_waiting_back(deposit: Deposit, *, now: datetime) -> None:
    """The provider has taken back what came in for a locked deposit and waited to be allotted: nothing is left to decide."""
    for row in PaymentException.objects.select_for_update(of=("self",)).filter(payment_type="deposit", payment_id=deposit.pk, state="open", waiting__gt=0):
        ledger.post(
            kind=TransactionKind.DEPOSIT_REVERSED, key=f"exception:{row.pk}:taken_back", brand=row.brand_id, amount=row.waiting, currency=row.currency,
            source=House(AccountKind.UNALLOTTED, row.provider), target=House(AccountKind.PSP_CLEARING, row.provider), effective_at=now,
            reference=(Reference.DEPOSIT, deposit.pk),
        )  # fmt: skip
        _obsolete(row, now=now, also={"waiting": 0})


def _obsolete(row: PaymentException, *, now: datetime, also: dict[str, Any] | None = None) -> None:
    EXCEPTION.move(row, to="obsolete", by=calls.house(), now=now, also={"resolved_at": now, **(also or {})})


# ---- what only time shows ----


def _late(model: type[Payment], now: datetime) -> Q:
    """Payments of a kind that have been on their way for longer than they should, or whose outcome nobody knows for a quarter of an hour."""
    soon, hours, day = now - timedelta(minutes=15), now - timedelta(hours=6), now - timedelta(days=1)
    if model is Deposit:
        return Q(state="authorised", requested_at__lte=now - timedelta(hours=1)) | Q(state__in=["captured", "unknown"], requested_at__lte=soon)
    if model is Withdrawal:
        return Q(state="approved", dispatch_at__lte=soon) | Q(state="sent", sent_at__lte=hours) | Q(state="unknown", sent_at__lte=soon)
    return Q(state="approved", requested_at__lte=soon) | Q(state="sent", sent_at__lte=day) | Q(state="unknown", sent_at__lte=soon)


def sweep(*, now: datetime, batch: int = 100) -> int:
    """Open what is stuck or unknown for too long, close what has moved on. Returns how many were opened or closed. One that somebody is at is for later."""
    done = 0
    for model, of in calls.NAMES.items():
        open_now = PaymentException.objects.filter(payment_type=of, state="open")
        late = model._default_manager.filter(_late(model, now))
        for pk in list(late.exclude(pk__in=open_now.values("payment_id")).order_by("pk").values_list("pk", flat=True)[:batch]):
            with transaction.atomic():
                row = locks.player_then(model, pk)
                if model._default_manager.filter(_late(model, now), pk=pk).exists():
                    raise_for(row, UNKNOWN if row.state == "unknown" else STUCK, detail=_since(row), now=now)  # type: ignore[attr-defined]
                    done += 1
        waiting = open_now.filter(kind__in=[STUCK, UNKNOWN])
        for one in list(waiting.exclude(payment_id__in=late.values("pk")).order_by("pk")[:batch]):
            with transaction.atomic():
                locks.player_then(model, one.payment_id)
                fresh = PaymentException.objects.select_for_update(of=("self",)).get(pk=one.pk)
                if fresh.state == "open" and not model._default_manager.filter(_late(model, now), pk=one.payment_id).exists():
                    _obsolete(fresh, now=now)
                    done += 1
    return done


def _since(row: Any) -> str:
    when = getattr(row, "sent_at", None) or row.requested_at
    return f"{row.state} since {when:%Y-%m-%d %H:%M} UTC"


# ---- what a person decides ----


@transaction.atomic
def ask(*, exception_id: int, by: Staff, now: datetime, note: str = "") -> PaymentException:
    """Ask the provider now. It comes back when the answer changes nothing. Raises NotPossible when there is nothing to ask."""
    row, payment = _locked(exception_id)
    if payment.state not in {"sent", "unknown", "authorised", "initiated"}:  # type: ignore[attr-defined]
        raise NotPossible(_("The payment has moved on: there is nothing to ask the provider about it."))
    type(payment)._default_manager.filter(pk=payment.pk).update(next_attempt_at=now)
    return _resolve(row, "asked", note, by=by, now=now)


@transaction.atomic
def explain(*, exception_id: int, by: Staff, now: datetime, note: str) -> PaymentException:
    """Nothing is to be done, for the reason that the note says. Raises NotPossible while money waits to be allotted."""
    row, _payment = _locked(exception_id)
    if row.waiting:
        raise NotPossible(_("Money waits to be allotted: credit it or give it back."))
    if not note.strip():
        raise NotPossible(_("Say why nothing is to be done."))
    return _resolve(row, "explained", note, by=by, now=now)


@transaction.atomic
def credit(*, exception_id: int, by: Staff, now: datetime, note: str) -> PaymentException:
    """What came in and waits is the player's: credit it. Raises NotPossible, also for who may not give second approvals."""
    row, payment = _locked(exception_id)
    amount = _waiting(row, by)
    if row.kind == MISMATCH and isinstance(payment, Deposit):
        from payments.services import deposits

        try:
            deposits.credit_what_came(payment, amount, now=now)
        except PaymentRefused as refused:
            raise NotPossible(str(refused)) from refused
    else:
        ledger.post(
            kind=TransactionKind.ALLOTTED, key=f"exception:{row.pk}:credited", brand=row.brand_id, amount=amount, currency=row.currency,
            source=House(AccountKind.UNALLOTTED, row.provider), target=Cash(row.player_id), effective_at=now, reference=(Reference.DEPOSIT, payment.pk),
        )  # fmt: skip
    return _resolve(row, "credited", note, by=by, now=now, waiting=0)


@transaction.atomic
def give_back(*, exception_id: int, by: Staff, now: datetime, note: str) -> PaymentException:
    """What came in and waits goes back to where it came from, by a refund. Raises NotPossible, also for who may not give second approvals."""
    row, payment = _locked(exception_id)
    amount = _waiting(row, by)
    if not isinstance(payment, Deposit) or not payment.provider_id:
        raise NotPossible(_("Only a deposit that its provider knows is given back."))
    from payments.services import refunds

    refunds.begin(payment, amount, reason=note or row.detail, waiting=True, by=Actor.staff(by), now=now)
    return _resolve(row, "given_back", note, by=by, now=now, waiting=0)


def _waiting(row: PaymentException, by: Staff) -> Decimal:
    if not by.may("payments.approve_second"):
        raise NotPossible(_("Allotting money is for who may give second approvals: escalate it."))
    if not row.waiting:
        raise NotPossible(_("No money waits to be allotted."))
    return Decimal(row.waiting)


def _locked(exception_id: int) -> tuple[PaymentException, Payment]:
    row = PaymentException.objects.get(pk=exception_id)
    payment = locks.player_then(calls.MODELS[row.payment_type], row.payment_id)
    row = PaymentException.objects.select_for_update(of=("self",)).get(pk=exception_id)
    if row.state != "open":
        raise NotPossible(_("It is resolved already."))
    return row, payment


def _resolve(row: PaymentException, resolution: str, note: str, *, by: Staff, now: datetime, **also: Any) -> PaymentException:
    EXCEPTION.move(
        row, to="resolved", by=Actor.staff(by), may=by.may, now=now, reason=resolution, note=note,
        also={"resolution": resolution, "note": note.strip()[:2_000], "resolved_at": now, "resolved_by_id": by.pk, **also},
    )  # fmt: skip
    return row
