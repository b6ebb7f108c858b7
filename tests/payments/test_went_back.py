"""What goes back of deposits: chargebacks, refunds, and what needs a person. Over the sandbox where the provider has a part."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from backoffice.approvals.services import decisions
from backoffice.audit.actors import Actor
from backoffice.audit.models import Event
from backoffice.work.items import NotPossible
from payments import locks, refunding
from payments.lifecycles import REFUND
from payments.models import Chargeback, Deposit, PaymentException, Refund, WebhookEvent
from payments.providers.protocol import DepositState, DisputeState, Money, PaymentKind, RefundState
from payments.services import PaymentRefused, calls, chargebacks, deposits, exceptions, refunds, webhooks
from tests.casino import new_instrument, new_player, open_casino, paid_in, started
from tests.databases import Database
from tests.payments.news import dispute, hears, news
from tests.payments.test_deposits import begun, deliveries, until
from tests.people import make_person, signed_in
from tests.races import race
from wallet import balances, stream
from wallet.kinds import AccountKind, TransactionKind
from wallet.ledger import InsufficientFunds
from wallet.models import Account, Entry, Transaction

OPENED, WON, LOST, INQUIRY = DisputeState.OPENED, DisputeState.WON, DisputeState.LOST, DisputeState.INQUIRY


@pytest.fixture
def deposit(db: None) -> Deposit:
    """100.00 EUR, credited, at a provider that counts nothing."""
    brand = open_casino()
    player = new_player(brand)
    made = paid_in(player, new_instrument(player), "100.00")
    Deposit.objects.filter(pk=made.pk).update(provider_sequence=0)
    return Deposit.objects.get(pk=made.pk)


def cash(deposit: Deposit) -> Decimal:
    return balances.cash(deposit.player_id, deposit.currency)


def disputed(deposit: Deposit, *states: DisputeState, amount: str = "100.00", name: str = "dsp") -> Chargeback:
    for state in states:
        hears(deposit, sequence=0, disputes=(dispute(deposit, state, amount=Decimal(amount), name=name),))
    deposit.refresh_from_db()
    return Chargeback.objects.get(deposit=deposit, dispute_id=f"{name}-{deposit.pk}")


@pytest.mark.parametrize(
    ("told", "state", "left"),
    [
        ([INQUIRY], "inquiry", "100"), ([INQUIRY, WON], "won", "100"), ([INQUIRY, OPENED], "opened", "0"), ([OPENED, OPENED], "opened", "0"),
        ([OPENED, WON], "won", "100"), ([WON, OPENED], "won", "100"), ([LOST], "lost", "0"), ([OPENED, LOST, OPENED], "lost", "0"),
        ([LOST, WON, OPENED], "won", "100"), ([OPENED, INQUIRY], "opened", "0"),
    ],
)  # fmt: skip
def test_a_dispute_told_in_any_order_takes_once_and_gives_back_once(deposit: Deposit, told: list[DisputeState], state: str, left: str) -> None:
    row = disputed(deposit, *told, *told)
    assert (row.state, cash(deposit), row.taken) == (state, Decimal(left), left == "0")
    assert deposit.state == ("charged_back" if row.taken else "credited")
    assert list(stream.invariants()) == []


def test_a_part_may_be_disputed_and_two_disputes_are_two(deposit: Deposit) -> None:
    disputed(deposit, OPENED, amount="30.00", name="one")
    disputed(deposit, OPENED, amount="20.00", name="two")
    assert cash(deposit) == Decimal(50)
    disputed(deposit, WON, amount="30.00", name="one")
    assert (cash(deposit), deposit.state) == (Decimal(80), "charged_back")  # the bank still has the other part
    disputed(deposit, WON, amount="20.00", name="two")
    assert (cash(deposit), deposit.state) == (Decimal(100), "credited")


def test_a_dispute_in_another_currency_moves_nothing_and_stands_on_the_record(deposit: Deposit) -> None:
    strange = replace(dispute(deposit, OPENED), money=Money(amount=Decimal(100), currency="SEK"))
    hears(deposit, sequence=0, disputes=(strange,))
    assert (cash(deposit), Chargeback.objects.count()) == (Decimal(100), 0)
    assert Event.objects.filter(type="deposit.contradicted", subject_id=deposit.pk).exists()


def test_staff_answer_a_chargeback_once_and_the_bank_decides(deposit: Deposit) -> None:
    row, ana = disputed(deposit, OPENED), make_person("payments-l1", brands=[deposit.brand])
    with pytest.raises(PaymentRefused):
        chargebacks.defend(chargeback_id=row.pk, note=" ", by=ana, now=timezone.now())
    chargebacks.defend(chargeback_id=row.pk, note="Sign-ins and terms handed in", by=ana, now=timezone.now())
    assert (disputed(deposit, OPENED).state, cash(deposit)) == ("defended", Decimal(0))  # the same news again does not undo it
    assert disputed(deposit, WON).state == "won"
    assert cash(deposit) == Decimal(100)


# ---- refunds


def refund_of(deposit: Deposit, state: RefundState = RefundState.PAID, amount: str = "30.00", name: str = "") -> Any:
    money = Money(amount=Decimal(amount), currency=deposit.currency)
    return replace(news(deposit, provider_id=name or f"ref-{deposit.pk}"), kind=PaymentKind.REFUND, state=state, money=money)


def test_a_refund_made_at_the_provider_is_booked_once_and_shown_to_a_person(deposit: Deposit) -> None:
    for _ in range(2):
        with transaction.atomic():
            refunds.unasked(locks.player_then_deposit(deposit.pk), refund_of(deposit), now=timezone.now())
    row = Refund.objects.get()
    assert (row.state, cash(deposit)) == ("paid", Decimal(70))
    assert Transaction.objects.filter(kind=TransactionKind.DEPOSIT_REVERSED).count() == 1
    assert PaymentException.objects.get().kind == "unasked"


@pytest.fixture
def at_sandbox(nordpay: Any, committed_db: Database) -> Deposit:
    """100.00 EUR, captured by the sandbox."""
    return until(begun(open_casino()), "credited")


def stepped(refund: Refund) -> Refund:
    Refund.objects.filter(pk=refund.pk).exclude(next_attempt_at=None).update(next_attempt_at=timezone.now())
    refunds.step(refund.pk)
    return Refund.objects.get(pk=refund.pk)


def asked(deposit: Deposit, amount: str, by: Any, key: str = "k") -> Any:
    return refunding.ask(deposit_id=deposit.pk, amount=Decimal(amount), reason="Double payment", key=key, by=by, now=timezone.now())


def test_a_refund_is_asked_for_approved_by_another_and_paid_once(nordpay: Any, at_sandbox: Deposit) -> None:
    deposit = at_sandbox
    ana, tessa = (make_person(role, brands=[deposit.brand]) for role in ("payments-l1", "head-of-payments"))
    change = asked(deposit, "40.00", ana)
    assert asked(deposit, "40.00", ana).pk == change.pk  # the same click again
    assert (change.state, cash(deposit)) == ("review", Decimal(100))
    with pytest.raises(PaymentRefused, match="waits for approval"):
        asked(deposit, "10.00", ana, key="other")
    decisions.approve(change_id=change.pk, version=change.version, key="a", by=tessa, now=timezone.now())
    refund = Refund.objects.get(deposit=deposit)
    assert (refund.state, cash(deposit)) == ("approved", Decimal(60))

    stepped(refund)
    nordpay.wait_for(Refund.objects.get(pk=refund.pk).reference, "paid")
    assert stepped(refund).state == "paid"
    assert nordpay.books()["references"][Refund.objects.get(pk=refund.pk).reference]["movements"] == {"refunded": 1}
    assert (cash(deposit), refunds.left(deposit)) == (Decimal(60), Decimal(60))
    with pytest.raises(PaymentRefused, match="At most"):
        asked(deposit, "60.01", ana, key="more")
    assert list(stream.invariants()) == []


def test_a_refund_whose_answer_is_lost_is_asked_about_and_never_sent_again(nordpay: Any, at_sandbox: Deposit) -> None:
    deposit = at_sandbox
    with transaction.atomic():
        refund = refunds.begin(locks.player_then_deposit(deposit.pk), Decimal("40.00"), reason="Test", by=Actor.system("Test"), now=timezone.now())
    nordpay.behave(drop_after="1")
    assert stepped(refund).state == "unknown"
    nordpay.behave(reset=True)
    nordpay.wait_for(Refund.objects.get(pk=refund.pk).reference, "paid")
    assert stepped(refund).state == "paid"
    assert nordpay.books()["references"][Refund.objects.get(pk=refund.pk).reference]["movements"] == {"refunded": 1}


def test_two_refunds_at_once_never_give_back_more_than_came(nordpay: Any, at_sandbox: Deposit) -> None:
    deposit = at_sandbox

    def one() -> str:
        with transaction.atomic():
            locked = locks.player_then_deposit(deposit.pk)
            try:
                refunds.begin(locked, Decimal("60.00"), reason="Test", by=Actor.system("Test"), now=timezone.now())
            except (PaymentRefused, InsufficientFunds) as refused:
                return type(refused).__name__
        return "begun"

    assert sorted(race(one, one, one)) == ["PaymentRefused", "PaymentRefused", "begun"]
    assert (Refund.objects.count(), cash(deposit)) == (1, Decimal(40))


# ---- exceptions


def waiting_money(deposit: Deposit) -> Decimal:
    found = Account.objects.filter(kind=AccountKind.UNALLOTTED, currency__code=deposit.currency).first()
    if found is None:
        return Decimal(0)
    return Entry.objects.filter(account=found).aggregate(total=Sum("amount"))["total"] or Decimal(0)


@pytest.fixture
def short(db: None) -> Deposit:
    """100.00 EUR asked for, 80.00 EUR captured."""
    made = started(open_casino(), "100.00")
    hears(made, money=Money(amount=Decimal("80.00"), currency="EUR"))
    return Deposit.objects.get(pk=made.pk)


def test_another_amount_than_asked_for_waits_for_a_person(short: Deposit) -> None:
    row = PaymentException.objects.get()
    assert (short.state, row.kind, row.waiting, cash(short), waiting_money(short)) == ("captured", "mismatch", Decimal(80), Decimal(0), Decimal(80))
    hears(short, money=Money(amount=Decimal("80.00"), currency="EUR"), sequence=4)
    assert waiting_money(short) == Decimal(80)

    junior, senior = (make_person(role, brands=[short.brand]) for role in ("payments-l1", "payments-l2"))
    with pytest.raises(NotPossible, match="second approvals"):
        exceptions.credit(exception_id=row.pk, by=junior, now=timezone.now(), note="That is what came")
    exceptions.credit(exception_id=row.pk, by=senior, now=timezone.now(), note="That is what came")
    short.refresh_from_db()
    assert (short.state, short.amount, short.asked, cash(short), waiting_money(short)) == ("credited", Decimal(80), Decimal(100), Decimal(80), Decimal(0))
    with pytest.raises(NotPossible, match="resolved already"):
        exceptions.credit(exception_id=row.pk, by=senior, now=timezone.now(), note="Again")
    assert list(stream.invariants()) == []


def test_what_waits_is_gone_when_the_provider_takes_it_back(short: Deposit) -> None:
    hears(short, DepositState.REVERSED, sequence=5)
    short.refresh_from_db()
    assert (short.state, waiting_money(short), PaymentException.objects.get().state) == ("reversed", Decimal(0), "obsolete")


def test_a_coin_counts_as_what_came_in(db: None) -> None:
    made = started(open_casino(), "0.01000000", currency="BTC", kind="crypto")
    hears(made, money=Money(amount=Decimal("0.00900000"), currency="BTC"))
    made.refresh_from_db()
    assert (made.state, made.amount, made.asked, cash(made)) == ("credited", Decimal("0.009"), Decimal("0.01"), Decimal("0.009"))


def test_what_stays_on_its_way_for_too_long_is_an_exception_until_it_moves(deposit: Deposit) -> None:
    made, now = started(deposit.brand, "10.00"), timezone.now()
    hears(made, DepositState.AUTHORISED, sequence=1)
    assert exceptions.sweep(now=now) == 0
    Deposit.objects.filter(pk=made.pk).update(requested_at=now - timedelta(hours=2))
    assert (exceptions.sweep(now=now), exceptions.sweep(now=now)) == (1, 0)
    row = PaymentException.objects.get()
    assert (row.kind, row.payment_name, row.state) == ("stuck", made.name, "open")
    ana = make_person("payments-l1", brands=[deposit.brand])
    exceptions.ask(exception_id=row.pk, by=ana, now=now)
    assert Deposit.objects.get(pk=made.pk).next_attempt_at == now
    assert exceptions.sweep(now=now) == 1  # nothing came of it: here it is again
    hears(made, sequence=2)
    assert exceptions.sweep(now=now) == 1
    assert sorted(PaymentException.objects.values_list("state", flat=True)) == ["obsolete", "resolved"]


# ---- pages


def test_the_page_of_a_deposit_says_where_it_stands_and_what_went_back(deposit: Deposit) -> None:
    disputed(deposit, OPENED, amount="30.00")
    client = signed_in(make_person("payments-l1", brands=[deposit.brand]))
    page = client.get(reverse("payments:deposit", args=[deposit.pk])).content.decode()
    assert deposit.name in page
    assert "Charged back" in page
    assert "CB-" in page
    other = signed_in(make_person("payments-l1", brands=[]))
    assert other.get(reverse("payments:deposit", args=[deposit.pk])).status_code in {403, 404}


def test_raw_news_is_for_who_may_read_it(deposit: Deposit) -> None:
    body = json.dumps({"secret": "hush-4711"}).encode()
    WebhookEvent.objects.create(
        provider="nordpay", event_id="e1", kind="deposit.captured", reference=deposit.reference, payment_type="deposit", payment_id=deposit.pk, body=body,
        headers={}, received_at=timezone.now(), handled_at=timezone.now(), outcome="credited",
    )  # fmt: skip
    address = reverse("payments:deposit", args=[deposit.pk])
    assert b"hush-4711" not in signed_in(make_person("payments-l1", brands=[deposit.brand])).get(address).content
    assert b"hush-4711" in signed_in(make_person("payments-l2", brands=[deposit.brand])).get(address).content


def test_a_message_is_handled_again_from_its_bytes_and_changes_nothing_that_it_told(nordpay: Any, receiver: Any, at_sandbox: Deposit) -> None:
    (captured,) = deliveries(receiver, at_sandbox, "deposit.captured")
    (pk,) = webhooks.receive(provider="nordpay", headers={**captured.headers, "Cookie": "secret"}, body=captured.body, now=timezone.now())
    webhooks.handle(pk, now=timezone.now())
    row = WebhookEvent.objects.get(pk=pk)
    assert (row.payment_name, row.brand_id, bytes(row.body)) == (at_sandbox.name, at_sandbox.brand_id, captured.body)
    assert "cookie" not in {name.lower() for name in row.headers}
    assert "nordpay-signature" in {name.lower() for name in row.headers}
    lars = make_person("payments-l2", brands=[at_sandbox.brand])
    client, before = signed_in(lars), cash(at_sandbox)
    assert at_sandbox.reference in client.get(reverse("payments:provider-message", args=[pk])).content.decode()
    assert client.post(reverse("payments:provider-message-again", args=[pk])).status_code == 303
    assert pk in webhooks.due(now=timezone.now())
    with pytest.raises(NotPossible, match="waits"):
        webhooks.again(event_pk=pk, by=lars, now=timezone.now())
    assert webhooks.handle(pk, now=timezone.now()) == "nothing new"
    assert cash(at_sandbox) == before


def test_news_that_only_hints_makes_us_ask_once_also_about_what_had_ended(nordpay: Any, at_sandbox: Deposit) -> None:
    nordpay.call("POST", f"/v1/test/reverse/{at_sandbox.provider_id}")
    assert deposits.ask_soon(deposit_id=at_sandbox.pk, now=timezone.now()) == "asking now"
    assert at_sandbox.pk in deposits.due(now=timezone.now())
    assert deposits.step(at_sandbox.pk) == "reversed"
    assert deposits.due(now=timezone.now()) == []
    deposits.ask_soon(deposit_id=at_sandbox.pk, now=timezone.now())
    assert deposits.step(at_sandbox.pk) == "reversed"  # nothing new, and nothing to ask any more
    assert deposits.due(now=timezone.now()) == []


@pytest.mark.parametrize(
    ("first", "decide", "then", "state"),
    [
        (OPENED, "accept", LOST, "lost"), (OPENED, "accept", WON, "won"), (OPENED, "defend", LOST, "lost"), (INQUIRY, "defend", OPENED, "opened"),
        (INQUIRY, "", LOST, "lost"),
    ],
)  # fmt: skip
def test_whatever_staff_decided_the_bank_has_the_last_word(deposit: Deposit, first: DisputeState, decide: str, then: DisputeState, state: str) -> None:
    row, ana = disputed(deposit, first), make_person("payments-l1", brands=[deposit.brand])
    if decide:
        getattr(chargebacks, decide)(chargeback_id=row.pk, note="As it is", by=ana, now=timezone.now())
    row = disputed(deposit, then)
    assert (row.state, cash(deposit)) == (state, Decimal(100) if then is WON else Decimal(0))


@pytest.mark.parametrize(
    ("lost", "told", "state"),
    [(False, ["failed"], "failed"), (False, ["paid", "failed"], "failed"), (True, ["failed"], "failed"), (True, ["accepted"], "sent")],
)
def test_a_refund_becomes_what_the_provider_says(deposit: Deposit, lost: bool, told: list[str], state: str) -> None:
    now = timezone.now()
    with transaction.atomic():
        row = refunds.begin(locks.player_then_deposit(deposit.pk), Decimal("5.00"), reason="Test", waiting=True, by=Actor.system("Test"), now=now)
        assert refunds._claim(row.pk, now=now) is not None
        if lost:
            calls.unknown(locks.player_then_refund(row.pk), REFUND, "silence", now=now)
        for word in told:
            refunds._hear(locks.player_then_refund(row.pk), refund_of(deposit, RefundState(word), "5.00"), now=now)
    assert Refund.objects.get(pk=row.pk).state == state
