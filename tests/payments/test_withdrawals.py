"""Withdrawals: asked for, decided, undone, cancelled. Exact values, both sides of every line."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.models import Event
from backoffice.scope.models import Brand
from backoffice.work.idempotency import KeyReused
from payments.models import Withdrawal
from payments.services import PaymentRefused, ReasonRequired, SecondPersonNeeded, StaleDecision, UndoOver
from payments.services.withdrawals import (
    approve_withdrawal,
    cancel_withdrawal,
    hold_withdrawal,
    reject_withdrawal,
    request_withdrawal,
    return_to_queue,
    undo_approval,
)
from tests.casino import NOW, asked, everything, facts, held, new_instrument, new_player, new_withdrawal, open_casino, outbox, paid_in
from tests.people import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def nova(opened: None) -> Brand:
    return open_casino()


@pytest.fixture
def ana(nova: Brand) -> Staff:
    return make_person("payments-l1", brands=[nova], name="Ana Novak")


@pytest.fixture
def lars(nova: Brand) -> Staff:
    return make_person("payments-l2", brands=[nova], name="Lars Berg")


def approve(withdrawal: Withdrawal, by: Staff, *, key: str = "k1", version: int | None = None) -> Withdrawal:
    return approve_withdrawal(
        withdrawal_id=withdrawal.pk,
        version=version or Withdrawal.objects.get(pk=withdrawal.pk).version,
        key=key,
        by=by,
        reason_code="CHECKS_OK",
        note="",
        now=NOW,
    )


def test_asking_moves_cash_to_held_and_promises_a_decision(nova):
    player = new_player(nova)
    instrument = new_instrument(player)
    paid_in(player, instrument, "400.00")
    withdrawal = asked(player, instrument, "250.00")

    assert held(player) == {"cash": Decimal("150.00"), "held": Decimal("250.00")}
    assert withdrawal.due_at == NOW + timedelta(hours=24)  # the pack's number for Malta
    assert facts(withdrawal) == ["withdrawal.requested"]


def test_the_same_request_again_gives_the_same_withdrawal(nova):
    player = new_player(nova)
    instrument = new_instrument(player)
    paid_in(player, instrument, "400.00")
    ask = {"player_id": player.pk, "instrument_id": instrument.pk, "amount": Decimal("250.00"), "currency": "EUR", "key": "same", "by": Actor.player(player.pk)}
    first = request_withdrawal(**ask, now=NOW)
    again = request_withdrawal(**ask, now=NOW + timedelta(minutes=1))

    assert first.pk == again.pk
    assert held(player) == {"cash": Decimal("150.00"), "held": Decimal("250.00")}
    with pytest.raises(KeyReused):
        request_withdrawal(**{**ask, "amount": Decimal("1.00")}, now=NOW)


@pytest.mark.parametrize(
    ("amount", "code"), [("400.01", "insufficient_funds"), ("1.001", "bad_amount"), ("0", "bad_amount"), ("-5", "bad_amount"), ("NaN", "bad_amount")]
)
def test_an_amount_that_cannot_be_paid_is_refused_and_changes_nothing(nova, amount, code):
    player = new_player(nova)
    instrument = new_instrument(player)
    paid_in(player, instrument, "400.00")
    with pytest.raises(PaymentRefused) as refused, transaction.atomic():
        asked(player, instrument, amount)
    assert refused.value.code == code
    assert held(player) == {"cash": Decimal("400.00"), "held": Decimal(0)}
    assert not Withdrawal.objects.filter(player=player).exists()


def test_rejecting_gives_the_money_back_and_tells_the_player(nova, ana):
    withdrawal = new_withdrawal(nova, "250.00")
    reject_withdrawal(withdrawal_id=withdrawal.pk, version=1, key="k1", by=ana, reason_code="NAME_MISMATCH", note="IBAN of a third person", now=NOW)

    assert held(withdrawal.player) == {"cash": Decimal("250.00"), "held": Decimal("0.00")}
    assert facts(withdrawal) == ["withdrawal.requested", "withdrawal.rejected"]
    assert outbox(withdrawal.player) == ["deposit_credited", "withdrawal_rejected"]
    fact = Event.objects.get(subject_type="payments.withdrawal", subject_id=withdrawal.pk, type="withdrawal.rejected")
    assert (fact.actor_label, fact.reason) == ("Ana Novak", "NAME_MISMATCH")


def test_a_second_decision_is_refused_and_changes_nothing(nova, ana, lars):
    withdrawal = new_withdrawal(nova)
    reject_withdrawal(withdrawal_id=withdrawal.pk, version=1, key="k1", by=ana, reason_code="NAME_MISMATCH", note="", now=NOW)
    before = everything(withdrawal)

    with pytest.raises(StaleDecision) as stale, transaction.atomic():
        approve_withdrawal(withdrawal_id=withdrawal.pk, version=1, key="k2", by=lars, reason_code="CHECKS_OK", note="", now=NOW)

    assert stale.value.withdrawal.decided_by == ana
    assert everything(withdrawal) == before


def test_the_same_decision_again_gives_the_first_answer(nova, ana):
    withdrawal = new_withdrawal(nova)
    approve(withdrawal, ana, key="once", version=1)
    before = everything(withdrawal)
    again = approve(withdrawal, ana, key="once", version=1)

    assert again.state == "approved"
    assert everything(withdrawal) == before


def test_an_approval_waits_ten_seconds_for_the_worker(nova, ana):
    withdrawal = approve(new_withdrawal(nova), ana)
    assert (withdrawal.state, withdrawal.dispatch_at) == ("approved", NOW + timedelta(seconds=10))
    assert held(withdrawal.player) == {"cash": Decimal("0.00"), "held": Decimal("250.00")}


def test_undo_brings_it_back_within_ten_seconds_for_who_approved(nova, ana, lars):
    withdrawal = approve(new_withdrawal(nova), ana)
    with pytest.raises(UndoOver), transaction.atomic():
        undo_approval(withdrawal_id=withdrawal.pk, key="u0", by=lars, now=NOW + timedelta(seconds=1))
    undo_approval(withdrawal_id=withdrawal.pk, key="u1", by=ana, now=NOW + timedelta(seconds=9))

    withdrawal.refresh_from_db()
    assert (withdrawal.state, withdrawal.decided_by, withdrawal.dispatch_at) == ("requested", None, None)
    assert facts(withdrawal) == ["withdrawal.requested", "withdrawal.approved", "withdrawal.approval_undone"]


def test_after_ten_seconds_it_is_too_late_to_undo(nova, ana):
    withdrawal = approve(new_withdrawal(nova), ana)
    before = everything(withdrawal)
    with pytest.raises(UndoOver), transaction.atomic():
        undo_approval(withdrawal_id=withdrawal.pk, key="u1", by=ana, now=NOW + timedelta(seconds=10))
    assert everything(withdrawal) == before


def test_exactly_at_the_limit_one_person_is_enough_and_a_cent_above_two_are_needed(nova, ana):
    assert approve(new_withdrawal(nova, "2000.00"), ana, key="a").state == "approved"
    assert approve(new_withdrawal(nova, "2000.01"), ana, key="b").state == "awaiting_second"


def test_a_currency_without_a_limit_needs_two_people_for_any_amount(nova, ana):
    assert approve(new_withdrawal(nova, "1.00", currency="CAD"), ana).state == "awaiting_second"


def test_the_same_person_cannot_give_both_approvals(nova, lars):
    withdrawal = approve(new_withdrawal(nova, "5000.00"), lars)
    before = everything(withdrawal)
    with pytest.raises(SecondPersonNeeded), transaction.atomic():
        approve(withdrawal, lars, key="k2")
    assert everything(withdrawal) == before


def test_the_second_approval_needs_its_permission(nova, ana):
    maria = make_person("payments-l1", brands=[nova], name="Maria Silva")
    withdrawal = approve(new_withdrawal(nova, "5000.00"), ana)
    before = everything(withdrawal)
    with pytest.raises(NotAllowed), transaction.atomic():
        approve(withdrawal, maria, key="k2")
    assert everything(withdrawal) == before


def test_two_people_approve_a_large_one_and_both_are_on_the_record(nova, ana, lars):
    withdrawal = approve(new_withdrawal(nova, "5000.00"), ana)
    withdrawal = approve(withdrawal, lars, key="k2")

    assert (withdrawal.state, withdrawal.first_by_id, withdrawal.decided_by_id) == ("approved", ana.pk, lars.pk)
    fact = Event.objects.get(subject_id=withdrawal.pk, type="withdrawal.approved", subject_type="payments.withdrawal")
    assert (fact.actor_id, fact.authorised_by_id) == (lars.pk, ana.pk)


def test_the_database_itself_refuses_one_person_twice(nova, ana, lars):
    withdrawal = approve(approve(new_withdrawal(nova, "5000.00"), ana), lars, key="k2")
    with pytest.raises(IntegrityError, match="payments_withdrawal_two_people"), transaction.atomic():
        Withdrawal.objects.filter(pk=withdrawal.pk).update(decided_by=F("first_by"))
    with pytest.raises(IntegrityError, match="payments_withdrawal_four_eyes_held"), transaction.atomic():
        Withdrawal.objects.filter(pk=withdrawal.pk).update(first_by=None)


def test_the_second_person_can_return_it_to_the_queue(nova, ana, lars):
    withdrawal = approve(new_withdrawal(nova, "5000.00"), ana)
    return_to_queue(withdrawal_id=withdrawal.pk, version=2, key="r", by=lars, reason_code="NEEDS_ANOTHER_LOOK", note="", now=NOW)
    withdrawal.refresh_from_db()
    assert (withdrawal.state, withdrawal.first_by, withdrawal.needs_second) == ("requested", None, False)
    # Whoever approved first may now be the second one after somebody else.
    withdrawal = approve(withdrawal, lars, key="x1")
    assert withdrawal.state == "awaiting_second"


def test_holding_moves_the_due_time_and_needs_a_moment_to_come(nova, ana):
    withdrawal = new_withdrawal(nova)
    hold = {"withdrawal_id": withdrawal.pk, "version": 1, "by": ana, "reason_code": "LARGE_AMOUNT", "note": "", "now": NOW}
    with pytest.raises(ReasonRequired), transaction.atomic():
        hold_withdrawal(**hold, key="h0", until=NOW)
    hold_withdrawal(**hold, key="h1", until=NOW + timedelta(days=2))
    withdrawal.refresh_from_db()
    assert (withdrawal.state, withdrawal.due_at) == ("held", NOW + timedelta(days=2))
    assert held(withdrawal.player) == {"cash": Decimal("0.00"), "held": Decimal("250.00")}


@pytest.mark.parametrize("reason", ["", "NAME_MISMATCH", "NO_SUCH_CODE", "APPROVED_OTHER"])
def test_a_reason_has_to_fit_the_outcome_and_other_needs_a_note(nova, ana, reason):
    withdrawal = new_withdrawal(nova)
    before = everything(withdrawal)
    with pytest.raises(ReasonRequired), transaction.atomic():
        approve_withdrawal(withdrawal_id=withdrawal.pk, version=1, key="k", by=ana, reason_code=reason, note=" ", now=NOW)
    assert everything(withdrawal) == before


def test_support_cannot_decide(nova):
    withdrawal = new_withdrawal(nova)
    before = everything(withdrawal)
    with pytest.raises(NotAllowed), transaction.atomic():
        approve(withdrawal, make_person("support", brands=[nova]))
    assert everything(withdrawal) == before


def test_a_player_cancels_where_the_law_allows_it(nova):
    swede = new_player(Brand.objects.get(code="fjord"), market="SE", currency="SEK")
    instrument = new_instrument(swede)
    paid_in(swede, instrument, "900.00", currency="SEK")
    withdrawal = asked(swede, instrument, "900.00", currency="SEK")
    cancel_withdrawal(withdrawal_id=withdrawal.pk, key="c", by=Actor.player(swede.pk), now=NOW)

    assert held(swede, "SEK") == {"cash": Decimal("900.00"), "held": Decimal("0.00")}
    assert facts(withdrawal) == ["withdrawal.requested", "withdrawal.cancelled"]


def test_a_player_cannot_cancel_in_great_britain_and_is_told_the_clause(nova):
    briton = new_player(Brand.objects.get(code="fjord"), market="GB", currency="GBP")
    instrument = new_instrument(briton)
    paid_in(briton, instrument, "90.00", currency="GBP")
    withdrawal = asked(briton, instrument, "90.00", currency="GBP")
    before = everything(withdrawal)
    with pytest.raises(PaymentRefused, match="RTS 14B"), transaction.atomic():
        cancel_withdrawal(withdrawal_id=withdrawal.pk, key="c", by=Actor.player(briton.pk), now=NOW)
    assert everything(withdrawal) == before


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "53974"), ("EUR", "0.01"), ("KWD", "1.234"), ("BTC", "0.00000001"), ("ETH", "0.000000000000000001")])
def test_every_exponent_is_paid_to_its_last_decimal(nova, ana, lars, currency, amount):
    withdrawal = new_withdrawal(nova, amount, currency=currency)
    assert held(withdrawal.player, currency) == {"cash": Decimal(0), "held": Decimal(amount)}
    reject_withdrawal(withdrawal_id=withdrawal.pk, version=1, key="k", by=ana, reason_code="NAME_MISMATCH", note="", now=NOW)
    assert held(withdrawal.player, currency) == {"cash": Decimal(amount), "held": Decimal(0)}
