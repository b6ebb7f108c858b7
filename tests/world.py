"""One of everything that has an address, in a brand of the reader's and in one out of reach. What tests/access_table.py asks for."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django.db import transaction
from django.http import QueryDict
from django.utils import timezone

from backoffice.access.models import Role, Staff
from backoffice.approvals.models import Policy
from backoffice.approvals.registry import registry
from backoffice.approvals.services import drafts
from backoffice.approvals.services.applying import enact
from backoffice.audit.actors import Actor
from backoffice.jobs.exports.asking import request_export
from backoffice.jobs.models import Job
from backoffice.scope.models import Brand
from backoffice.work.notes import files, services
from payments import locks
from payments.models import Deposit, PaymentException
from payments.providers.protocol import DepositState, DisputeState, Money, PaymentKind, RefundState
from payments.services import refunds
from players.blocks.services import set_block
from players.complaints.services import record_complaint
from players.duplicates import finding
from players.duplicates.services import judge
from players.merging.services import merge
from players.models import Duplicate, Erasure, Kept, Message, Player, Segment
from players.places import player_subject
from players.privacy.access import ask
from players.privacy.erasing import erase_player
from players.profile.accounts import close_account
from players.segments import runs
from players.services.registration import record_sign_in
from players.tickets.services import open_by_hand
from tests.backoffice.alerts.tools import delivered, fired
from tests.casino import new_player, new_withdrawal, open_casino, paid_in
from tests.payments.news import dispute, hears, news
from tests.people import make_brand, make_person
from wallet import currencies, ledger
from wallet.kinds import AccountKind, TransactionKind
from wallet.ledger import Cash, House
from wallet.models import Remittance


def open_world() -> SimpleNamespace:
    return furnish(open_casino())


def furnish(brand: Brand) -> SimpleNamespace:
    """The same in a casino that is open."""
    other = make_brand("fjord", market="SE")
    withdrawal, elsewhere = new_withdrawal(brand), new_withdrawal(other, currency="SEK")
    person = make_person("support", brands=[brand], name="Sofia Marin")
    make_person("owner", name="Keeps Owning")
    change, change_elsewhere = (proposed_policy(one) for one in (brand, other))
    alert, alert_elsewhere = (fired(one) for one in (brand, other))
    delivery, delivery_elsewhere = (delivered(one) for one in (brand, other))
    deposit, deposit_elsewhere = went_back(withdrawal), went_back(elsewhere)
    return SimpleNamespace(
        deposit=deposit, deposit_elsewhere=deposit_elsewhere, refund=deposit.refunds.get(), refund_elsewhere=deposit_elsewhere.refunds.get(),
        chargeback=deposit.chargebacks.get(), chargeback_elsewhere=deposit_elsewhere.chargebacks.get(),
        exception=unclear(deposit), exception_elsewhere=unclear(deposit_elsewhere),
        brand=brand, other_brand=other, person=person, role=Role.objects.get(code="kyc"), withdrawal=withdrawal, elsewhere=elsewhere, change=change,
        change_elsewhere=change_elsewhere, alert=alert, alert_elsewhere=alert_elsewhere, delivery=delivery, delivery_elsewhere=delivery_elsewhere,
        job=waiting_job(brand), job_elsewhere=waiting_job(other), note=noted(withdrawal), note_elsewhere=noted(elsewhere),
        message=Message.objects.filter(player=withdrawal.player).latest("pk"), message_elsewhere=Message.objects.filter(player=elsewhere.player).latest("pk"),
        segment=segment_of(brand), segment_elsewhere=segment_of(other), ticket=ticketed(withdrawal), ticket_elsewhere=ticketed(elsewhere),
        block=blocked(withdrawal), block_elsewhere=blocked(elsewhere),
        duplicate=doubled(withdrawal), duplicate_elsewhere=doubled(elsewhere), complaint=complained(withdrawal), complaint_elsewhere=complained(elsewhere),
        merged=merged(brand, "120.50"), merged_elsewhere=merged(other, "900", currency="SEK"), erased=erased(brand),
        access=asked_for_all(withdrawal), access_elsewhere=asked_for_all(elsewhere), kept=kept(withdrawal), kept_elsewhere=kept(elsewhere),
        remittance=agreed(withdrawal), remittance_elsewhere=agreed(elsewhere),
    )  # fmt: skip


def went_back(withdrawal: Any) -> Deposit:
    """Another deposit of the player, of which some was refunded at the provider and some charged back."""
    made = paid_in(withdrawal.player, withdrawal.instrument, "20.00", currency=withdrawal.currency, now=timezone.now())
    hears(made, sequence=4, disputes=(dispute(made, DisputeState.OPENED, amount=Decimal("12.00")),))
    refunded = replace(
        news(made, provider_id=f"ref-{made.pk}"), kind=PaymentKind.REFUND, state=RefundState.PAID, money=Money(amount=Decimal("3.00"), currency=made.currency)
    )
    with transaction.atomic():
        refunds.unasked(locks.player_then_deposit(made.pk), refunded, now=timezone.now())
    return Deposit.objects.get(pk=made.pk)


def unclear(deposit: Deposit) -> PaymentException:
    """The provider says that it failed, which does not fit."""
    hears(deposit, DepositState.FAILED, sequence=5)
    return PaymentException.objects.get(payment_type="deposit", payment_id=deposit.pk)


def segment_of(brand: Brand) -> Segment:
    """One of the brand, computed."""
    values = {"code": f"poles-{brand.code}", "name": "From Poland", "about": "", "brand": brand.pk, "every_hours": 24, "active": True, "country_is": ["PL"]}
    enact(kind="players.segment", values=values, reason="Test", now=timezone.now())
    runs.sweep(now=timezone.now())
    return Segment.objects.get(pk=values["code"])


def proposed_policy(brand: Any) -> Any:
    """A change of a brand's own, in review."""
    asker = make_person("compliance", brands=[brand])
    return drafts.submit(change_id=drafted_policy(brand, asker).pk, version=1, reason="Table", by=asker, now=timezone.now())


def drafted_policy(brand: Any, asker: Staff) -> Any:
    own = Policy.objects.get(kind="payments.withdrawal", brand=brand)
    values = {**registry.kind("approvals.policy").current(str(own.pk)), "amounts": {"EUR": "5000"}}
    return drafts.draft(kind="approvals.policy", subject=str(own.pk), values=values, by=asker, key="table", now=timezone.now())


def waiting_job(brand: Any) -> Job:
    """An export that waits for approval, in a brand's own file."""
    head, now = make_person("head-of-payments", brands=[brand]), timezone.now()
    return request_export(
        code="payments.withdrawal", query=QueryDict("view=all"), scope="all", columns=["player"], form="csv", masked=False, reason="Table", by=head,
        key="table", now=now,
    )  # fmt: skip


def ticketed(withdrawal: Any) -> Any:
    """A ticket that is kept by hand, about the player of a withdrawal."""
    author = make_person("support", brands=[withdrawal.brand])
    return open_by_hand(player_id=withdrawal.player_id, subject="Where is it?", text="They called.", key="table", by=author, now=timezone.now())


def blocked(withdrawal: Any) -> Any:
    """A bonus block of the player of a withdrawal."""
    return set_block(player_id=withdrawal.player_id, kind="bonus", reason="TERMS_BROKEN", by=Actor.system("Table"), now=timezone.now())


def doubled(withdrawal: Any) -> Any:
    """Another account on the same device, found by the round over all players."""
    other, device = new_player(withdrawal.brand, currency=withdrawal.currency), withdrawal.player.devices.get()
    record_sign_in(player_id=other.pk, fingerprint=device.fingerprint, device_label=device.label, ip="192.0.2.7", by=Actor.player(other.pk), now=timezone.now())
    finding.sweep(now=timezone.now())
    finding.sweep(now=timezone.now())  # the end of the round: the next begins at the first player again
    return Duplicate.objects.get(first=withdrawal.player, player=other)


def merged(brand: Brand, late: str, *, currency: str = "EUR") -> Any:
    """Two accounts of one person that were merged, and money that came in late on the one that went."""
    now, by = timezone.now(), make_person("fraud", brands=[brand])
    stays, goes = (new_player(brand, currency=currency) for _ in range(2))
    pair = Duplicate.objects.create(brand=brand, first=stays, player=goes, other_brand=brand, evidence=["device"], strength=2, found_at=now)
    judge(duplicate_id=pair.pk, same=True, note="Same selfie", by=by, now=now)
    merge(duplicate_id=pair.pk, stays_id=stays.pk, reason="Table", by=Actor.staff(by), now=now)
    with transaction.atomic():
        ledger.post(
            kind=TransactionKind.ADJUSTED, key=f"late:{pair.pk}", brand=brand.pk, amount=Decimal(late), currency=currency,
            source=House(AccountKind.ADJUSTMENTS), target=Cash(goes.pk),
        )  # fmt: skip
    return pair


def erased(brand: Brand) -> Player:
    """A player of whom nothing is left but what the law keeps."""
    player, by, now = new_player(brand), make_person("compliance", brands=[brand]), timezone.now()
    close_account(player_id=player.pk, version=player.version, reason_code="PLAYER_ASKED", note="", key="close", by=by, now=now)
    with transaction.atomic():  # the approvals' engine opens it otherwise
        return erase_player(player_id=player.pk, by=Actor.staff(by), now=now)


def complained(withdrawal: Any) -> Any:
    """A complaint about a withdrawal, sent in by the front end."""
    return record_complaint(
        player_id=withdrawal.player_id, category="payments", channel="website", text="It is late.", payment=withdrawal.name,
        by=Actor.integration("Web"), now=timezone.now(),
    )  # fmt: skip


def asked_for_all(withdrawal: Any) -> Any:
    """The player of a withdrawal asked the front end for everything that is held."""
    return ask(player_id=withdrawal.player_id, channel="front_end", key="table", by=Actor.integration("Web"), now=timezone.now())


def kept(withdrawal: Any) -> Any:
    """What the law would keep of devices, put aside."""
    now, player = timezone.now(), withdrawal.player
    part = Erasure.objects.create(
        brand=player.brand, player=player, kind="players.devices", state="kept", until=now.date() + timedelta(days=400), clause="Table", asked_at=now,
        next_attempt_at=now + timedelta(days=400),
    )  # fmt: skip
    piece = Kept(erasure=part, number=1)
    piece.lines = '{"label": "Pixel 9"}'
    piece.save()
    return part


def agreed(withdrawal: Any) -> Remittance:
    """Unclaimed money of the market of a withdrawal's player, set aside for whom the law names."""
    law, currency = withdrawal.player.jurisdiction, withdrawal.currency
    ledger.post(
        kind=TransactionKind.ADJUSTED, key=f"table:{withdrawal.pk}", brand=withdrawal.brand_id, amount=Decimal(10), currency=currency,
        source=House(AccountKind.ADJUSTMENTS), target=House(AccountKind.UNCLAIMED, law.code),
    )  # fmt: skip
    return Remittance.objects.create(
        brand=withdrawal.brand, jurisdiction=law, currency_id=currencies.number(currency), amount=Decimal(10), players=1, whom="Authority",
        agreed_at=timezone.now(),
    )  # fmt: skip


def noted(withdrawal: Any) -> Any:
    """A note with a file about the player of a withdrawal."""
    author = make_person("payments-l1", brands=[withdrawal.brand])
    file = files.Upload("call.txt", b"They called at noon.")
    return services.write(player_subject(withdrawal.player), text="Called the player.", by=author, now=timezone.now(), key="table", uploads=[file])
