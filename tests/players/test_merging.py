"""Two accounts of one person become one: what moves, what stands in the way, taking it back, chains, and two people at once."""

import json
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from backoffice.access.models import Staff
from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.services import SamePerson, decisions
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.models import Event
from backoffice.integrations.models import Delivery
from backoffice.integrations.webhooks import services as webhooks
from backoffice.scope.models import Jurisdiction
from backoffice.work import items
from backoffice.work.models import Item
from players import contact
from players.blocks import selectors as blocks
from players.blocks.services import set_block
from players.duplicates import services as duplicates
from players.merging import kind, services
from players.models import Block, Consent, Duplicate, Instruction, Merge, Player
from players.places import SUBJECT, player_subject
from players.profile import accounts
from players.services import PlayerRefused
from players.services.consents import record_consent
from players.services.registration import record_sign_in
from tests.api import open_casino as open_api
from tests.casino import asked, held, new_instrument, new_player, open_casino, paid_in
from tests.people import make_brand, make_person, signed_in
from tests.races import race, raised
from wallet import ledger
from wallet.kinds import AccountKind, TransactionKind
from wallet.ledger import Bonus, Cash, House
from wallet.models import Account, Entry, Transaction, Wallet

NOW = timezone.now()


def pair(one: Player, other: Player, by: Staff, *, confirmed: bool = True) -> Duplicate:
    """Two accounts that share a device, and somebody who said that they are one person."""
    first, second = sorted((one, other), key=lambda player: player.pk)
    row = Duplicate.objects.create(
        brand_id=second.brand_id, first=first, player=second, other_brand_id=first.brand_id, evidence=["device"], strength=2, found_at=NOW
    )
    if confirmed:
        duplicates.judge(duplicate_id=row.pk, same=True, note="Same selfie", by=by, now=NOW)
        row.refresh_from_db()
    return row


@pytest.fixture
def casino(db: None, opened: None) -> SimpleNamespace:
    return furnished()


def furnished() -> SimpleNamespace:
    nova = open_casino()
    tessa = make_person("fraud", brands=[nova], name="Tessa Lind")
    one, other = new_player(nova), new_player(nova)
    return SimpleNamespace(
        nova=nova, tessa=tessa, oren=make_person("compliance", brands=[nova], name="Oren Vella"), stays=one, goes=other, pair=pair(one, other, tessa)
    )  # fmt: skip


def ask(casino: SimpleNamespace, *, stays: Any = "stays", key: str = "k", by: Any = None, row: Any = None, late: bool = False) -> ChangeRequest:
    stays_id = getattr(casino, stays).pk if isinstance(stays, str) else stays
    return kind.ask(
        duplicate_id=(row or casino.pair).pk, stays_id=stays_id, reason="Same person", key=key, by=by or casino.tessa, now=timezone.now(), late=late
    )  # fmt: skip


def agree(casino: SimpleNamespace, change: ChangeRequest) -> ChangeRequest:
    return decisions.approve(change_id=change.pk, version=change.version, key="a", by=casino.oren, now=timezone.now())


def merged(casino: SimpleNamespace, **more: Any) -> Merge:
    change = agree(casino, ask(casino, **more))
    assert (change.state, change.outcome) == ("active", "")
    return Merge.objects.latest("pk")


def undone(casino: SimpleNamespace, key: str = "u") -> ChangeRequest:
    return agree(casino, ask(casino, stays=None, key=key))


def pay_in(player: Player, amount: str, currency: str = "EUR") -> None:
    with transaction.atomic():
        ledger.post(
            kind=TransactionKind.DEPOSIT_CREDITED, key=f"{player.pk}{amount}{currency}{timezone.now()}", brand=player.brand_id, amount=Decimal(amount),
            currency=currency, source=House(AccountKind.BANK), target=Cash(player.pk),
        )  # fmt: skip


def cash(*players: Player, currency: str = "EUR") -> list[Decimal]:
    return [held(player, currency)["cash"] for player in players]


def everything() -> dict[str, Any]:
    """All that a merge could change."""
    return {
        "players": list(Player.objects.order_by("pk").values("pk", "state", "version")),
        "accounts": list(Account.objects.order_by("pk").values("pk", "balance")),
        "postings": Transaction.objects.count(), "blocks": list(Block.objects.order_by("pk").values("pk", "state")), "consents": Consent.objects.count(),
        "tags": list(Item.objects.order_by("pk").values("subject_id", "tags")), "merges": list(Merge.objects.values()), "asked": Instruction.objects.count(),
        "facts": Event.objects.exclude(type__startswith="change.").count(),
    }  # fmt: skip


# ---- what moves


def test_nothing_happens_before_a_second_person_agrees_and_then_cash_moves_by_postings_in_its_own_currency(casino: SimpleNamespace) -> None:
    webhooks.create(name="Web", url="https://nova.example/hooks", topic_codes=["player.merged"], brand=casino.nova, by=Actor.system("test"), now=NOW)
    pay_in(casino.goes, "120.50")
    pay_in(casino.goes, "7", "SEK")
    pay_in(casino.stays, "10")
    before = everything()
    change = ask(casino)
    assert (change.state, everything()) == ("review", before)
    with pytest.raises(SamePerson):
        decisions.approve(change_id=change.pk, version=change.version, key="a", by=casino.tessa, now=NOW)
    assert agree(casino, change).state == "active"

    made = Merge.objects.get()
    assert (made.stays_id, made.goes_id, made.state) == (casino.stays.pk, casino.goes.pk, "merged")
    assert (made.state_before, made.merged_by_id) == ("active", casino.tessa.pk)
    assert (cash(casino.stays, casino.goes), cash(casino.stays, casino.goes, currency="SEK")) == ([Decimal("130.50"), 0], [Decimal(7), 0])
    moved = Transaction.objects.filter(kind=TransactionKind.MERGED).order_by("key")
    assert [one.key for one in moved] == [f"merge:{made.pk}:EUR", f"merge:{made.pk}:SEK"]
    assert {(one.reference_type, one.reference_id) for one in moved} == {(9, made.pk)}
    legs = Entry.objects.filter(transaction=moved[0]).order_by("leg").values_list("account__player_id", "amount")
    assert list(legs) == [(casino.goes.pk, Decimal("-120.50")), (casino.stays.pk, Decimal("120.50"))]

    assert Player.objects.get(pk=casino.goes.pk).state == "merged"
    fact = Event.objects.get(type="player.merged")
    assert (fact.player_id, fact.actor_id, fact.reason, json.loads(fact.after)["into"]) == (casino.goes.pk, casino.tessa.pk, "Same person", casino.stays.pk)
    assert Event.objects.get(type="merge.made").player_id == casino.stays.pk
    assert Instruction.objects.get().player_id == casino.goes.pk
    sent = json.loads(Delivery.objects.get().body)["data"]
    assert sent == {
        "player_id": casino.goes.pk,
        "external_id": casino.goes.external_id,
        "into": {"player_id": casino.stays.pk, "external_id": casino.stays.external_id},
    }
    assert not contact.answer(Player.objects.get(pk=casino.goes.pk), "email", "marketing", now=NOW).allowed


def test_the_newer_account_may_be_the_one_that_stays(casino: SimpleNamespace) -> None:
    pay_in(casino.stays, "5")
    made = merged(casino, stays="goes")
    assert (made.stays, cash(casino.goes, casino.stays)) == (casino.goes, [Decimal(5), 0])


def test_what_is_blocked_on_either_stays_blocked_and_of_two_blocks_the_longer_one(casino: SimpleNamespace) -> None:
    soon, later = NOW + timedelta(days=1), NOW + timedelta(days=30)
    by = Actor.system("t")
    for player, what, until in (
        (casino.goes, "play", None), (casino.goes, "bonus", later), (casino.stays, "bonus", soon), (casino.goes, "deposit", soon),
        (casino.stays, "deposit", later), (casino.stays, "contact", later),
    ):  # fmt: skip
        set_block(player_id=player.pk, kind=what, reason="CHARGEBACK", ends_at=until, by=by, now=NOW)
    before = {one.kind: one.ends_at for one in blocks.in_force(casino.stays.pk, now=NOW)}
    merged(casino)
    assert {one.kind: one.ends_at for one in blocks.in_force(casino.stays.pk, now=NOW)} == {"play": None, "bonus": later, "deposit": later, "contact": later}
    assert undone(casino).state == "active"
    assert {one.kind: one.ends_at for one in blocks.in_force(casino.stays.pk, now=NOW)} == before


def test_a_no_of_either_account_counts_and_a_yes_is_not_taken_over(casino: SimpleNamespace) -> None:
    def say(player: Player, channel: str, given: bool) -> None:
        record_consent(player_id=player.pk, channel=channel, given=given, source="web", text_version="v1", by=Actor.player(player.pk), now=NOW)

    for channel, goes, stays in (("email", False, True), ("sms", True, None), ("phone", False, None), ("post", True, False), ("push", True, True)):
        for player, given in ((casino.goes, goes), (casino.stays, stays)):
            if given is not None:
                say(player, channel, given)

    def latest() -> dict[str, bool]:
        rows = Consent.objects.filter(player=casino.stays).order_by("channel", "-at", "-pk").distinct("channel")
        return {one.channel: one.given for one in rows}

    merged(casino)
    assert latest() == {"email": False, "phone": False, "post": False, "push": True}
    assert undone(casino).state == "active"
    assert latest() == {"email": True, "phone": False, "post": False, "push": True}


def test_tags_of_both_stand_on_the_one_that_stays_until_it_is_undone(casino: SimpleNamespace) -> None:
    items.tag(player_subject(casino.goes), add=["vip", "old"], by=casino.tessa, now=NOW)
    items.tag(player_subject(casino.stays), add=["vip"], by=casino.tessa, now=NOW)

    def tags() -> list[str]:
        return Item.objects.get(subject_type=SUBJECT, subject_id=casino.stays.pk).tags

    merged(casino)
    assert tags() == ["old", "vip"]
    undone(casino)
    assert tags() == ["vip"]


# ---- what stands in the way


def _money_is_held(casino: SimpleNamespace) -> str:
    instrument = new_instrument(casino.goes)
    paid_in(casino.goes, instrument, "50")
    asked(casino.goes, instrument, "20")
    return "20.00\u00a0EUR of #{goes} is held."


def _withdrawal(casino: SimpleNamespace) -> str:
    _money_is_held(casino)
    return "A withdrawal of #{goes} is under way."


def _deposit(casino: SimpleNamespace) -> str:
    from payments.services import deposits

    deposits.start_deposit(
        player_id=casino.goes.pk,
        instrument_id=new_instrument(casino.goes).pk,
        amount=Decimal(5),
        currency="EUR",
        key="d",
        by=Actor.player(1),
        now=timezone.now(),
    )
    return "A deposit of #{goes} is under way."


def _bonus(casino: SimpleNamespace) -> str:
    with transaction.atomic():
        ledger.post(
            kind=TransactionKind.BONUS_GRANTED, key="b", brand=casino.nova.pk, amount=Decimal(3), currency="EUR", source=House(AccountKind.BONUS_COST),
            target=Bonus(casino.goes.pk),
        )  # fmt: skip
    return "#{goes} has 3.00\u00a0EUR of bonus money, which does not move."


def _debt(casino: SimpleNamespace) -> str:
    with transaction.atomic():
        ledger.post(
            kind=TransactionKind.CHARGED_BACK, key="c", brand=casino.nova.pk, amount=Decimal(4), currency="EUR", source=Cash(casino.goes.pk),
            target=House(AccountKind.PSP_CLEARING, "nordpay"), may_overdraw=True,
        )  # fmt: skip
    return "#{goes} owes 4.00\u00a0EUR"


def _frozen(casino: SimpleNamespace) -> str:
    Wallet.objects.create(player=casino.goes, frozen_at=NOW)
    return "Money of #{goes} is frozen."


def _state(which: str, state: str, words: str) -> Any:
    def run(casino: SimpleNamespace) -> str:
        Player.objects.filter(pk=getattr(casino, which).pk).update(state=state)
        return words

    return run


def _market(casino: SimpleNamespace) -> str:
    Player.objects.filter(pk=casino.goes.pk).update(jurisdiction=Jurisdiction.objects.get(code="DE"))
    return "They are under two jurisdictions."


def _test_player(casino: SimpleNamespace) -> str:
    Player.objects.filter(pk=casino.goes.pk).update(is_test=True)
    return "One of them is a test player."


def _tags(casino: SimpleNamespace) -> str:
    for number, player in enumerate((casino.goes, casino.stays)):
        items.tag(player_subject(player), add=[f"{number}-{tag}" for tag in range(6)], by=casino.tessa, now=NOW)
    return "Together they have 12 tags"


WAYS = [
    _money_is_held, _withdrawal, _deposit, _bonus, _debt, _frozen, _market, _test_player, _tags, _state("stays", "closed", "Account #{stays} is closed."),
    _state("goes", "suspended", "Account #{goes} is suspended and #{stays} is not."),
]  # fmt: skip


@pytest.mark.parametrize("stands", WAYS)
def test_what_stands_in_the_way_is_named_when_asked_and_again_when_agreed(casino: SimpleNamespace, stands: Any) -> None:
    change = ask(casino)
    words = stands(casino).format(goes=casino.goes.pk, stays=casino.stays.pk)
    before = everything()
    answer = agree(casino, change)
    assert answer.state == "failed"
    assert words in answer.outcome
    assert everything() == before
    with pytest.raises(PlayerRefused) as refused:
        ask(casino, key="again")
    assert words in str(refused.value)
    page = signed_in(casino.tessa).get(reverse("players:merge", args=[casino.pair.pk])).text
    assert words.replace("'", "&#x27;") in page
    assert "Ask for approval" not in page


def test_a_pair_that_nobody_confirmed_or_of_two_brands_is_not_merged(casino: SimpleNamespace) -> None:
    open_ = pair(casino.stays, new_player(casino.nova), casino.tessa, confirmed=False)
    fjord = make_brand("fjord", market="SE")
    both = make_person("fraud", brands=[casino.nova, fjord])
    elsewhere = pair(casino.stays, new_player(fjord, currency="SEK"), both)
    for row, words, by in ((open_, "Nobody has confirmed", casino.tessa), (elsewhere, "two brands", both)):
        with pytest.raises(PlayerRefused, match=words):
            ask(casino, row=row, stays=row.first_id, by=by, key=words)
    assert ChangeRequest.objects.filter(kind=kind.CODE).count() == 0
    assert signed_in(casino.tessa).get(reverse("players:merge", args=[elsewhere.pk])).status_code == 404


def test_without_the_permission_or_a_reason_nothing_is_asked(casino: SimpleNamespace) -> None:
    kyc = make_person("kyc", brands=[casino.nova])
    with pytest.raises(NotAllowed):
        ask(casino, by=kyc)
    with pytest.raises(PlayerRefused, match="Say why"):
        kind.ask(duplicate_id=casino.pair.pk, stays_id=casino.stays.pk, reason=" ", key="k", by=casino.tessa, now=NOW)
    assert ChangeRequest.objects.filter(kind=kind.CODE).count() == 0
    address = reverse("players:duplicate", args=[casino.pair.pk])
    assert ("Merge or undo" in signed_in(kyc).get(address).text, "Merge or undo" in signed_in(casino.tessa).get(address).text) == (False, True)


def test_the_same_request_again_asks_once_and_a_second_waits(casino: SimpleNamespace) -> None:
    assert ask(casino).pk == ask(casino).pk
    with pytest.raises(PlayerRefused, match="waits for approval"):
        ask(casino, key="other")
    assert ChangeRequest.objects.filter(kind=kind.CODE).count() == 1


# ---- taking it back


def test_a_merge_is_taken_back_by_the_reverse_postings_while_no_money_moved(casino: SimpleNamespace) -> None:
    pay_in(casino.goes, "120.50")
    pay_in(casino.stays, "10")
    made = merged(casino)
    change = undone(casino)
    assert (change.state, cash(casino.stays, casino.goes)) == ("active", [Decimal(10), Decimal("120.50")])
    made.refresh_from_db()
    assert (made.state, made.undone_at is not None, Player.objects.get(pk=casino.goes.pk).state) == ("undone", True, "active")
    moved, back = Transaction.objects.filter(kind__in=[TransactionKind.MERGED, TransactionKind.MERGE_UNDONE]).order_by("pk")
    assert (back.kind, back.reverses, back.reference_id) == (TransactionKind.MERGE_UNDONE, moved.pk, made.pk)
    assert list(Event.objects.filter(player_id=casino.goes.pk, type__startswith="player.").values_list("type", flat=True).order_by("-id")[:1]) == [
        "player.unmerged"
    ]
    assert Event.objects.get(type="merge.undone").player_id == casino.stays.pk
    again = merged(casino, key="again")
    assert (again.pk != made.pk, cash(casino.stays, casino.goes)) == (True, [Decimal("130.50"), 0])


@pytest.mark.parametrize(("goes", "stays"), [("closed", "active"), ("suspended", "suspended")])
def test_an_account_that_was_closed_or_suspended_before_is_so_again(casino: SimpleNamespace, goes: str, stays: str) -> None:
    Player.objects.filter(pk=casino.goes.pk).update(state=goes)
    Player.objects.filter(pk=casino.stays.pk).update(state=stays)
    merged(casino)
    assert Player.objects.get(pk=casino.goes.pk).state == "merged"
    undone(casino)
    assert [Player.objects.get(pk=one.pk).state for one in (casino.goes, casino.stays)] == [goes, stays]


@pytest.mark.parametrize("which", ["goes", "stays"])
def test_a_dormant_account_is_no_part_of_a_merge(casino: SimpleNamespace, which: str) -> None:
    dormant = getattr(casino, which)
    change = ask(casino)
    Player.objects.filter(pk=dormant.pk).update(state="dormant")
    before = everything()
    answer = agree(casino, change)
    assert (answer.state, f"Account #{dormant.pk} is dormant." in answer.outcome) == ("failed", True)
    assert everything() == before


def test_once_money_moved_it_is_refused_with_the_reason_also_between_asking_and_agreeing(casino: SimpleNamespace) -> None:
    pay_in(casino.goes, "120.50")
    merged(casino)
    change = ask(casino, stays=None, key="u")
    pay_in(casino.stays, "1")
    before = everything()
    answer = agree(casino, change)
    assert (answer.state, f"Money of #{casino.stays.pk} moved since" in answer.outcome, everything()) == ("failed", True, before)
    with pytest.raises(PlayerRefused, match="moved since"):
        ask(casino, stays=None, key="v")
    page = signed_in(casino.tessa).get(reverse("players:unmerge", args=[casino.pair.pk])).text
    assert ("moved since" in page, "Ask for approval" in page) == (True, False)


def test_money_that_comes_in_late_on_the_merged_account_is_said_and_leaves_undoing_open(casino: SimpleNamespace) -> None:
    merged(casino)
    pay_in(casino.goes, "12")
    address = reverse("players:player", args=[casino.stays.pk])
    assert f"12.00\u00a0EUR came in on #{casino.goes.pk} since and is still there." in signed_in(casino.tessa).get(address).text
    assert "came in on" not in signed_in(make_person("support", brands=[casino.nova])).get(address).text
    assert undone(casino).state == "active"


def ask_late(casino: SimpleNamespace, *, key: str = "late", by: Any = None) -> ChangeRequest:
    return ask(casino, key=key, by=by, late=True)


def test_money_that_came_in_late_is_carried_over_by_approval_and_goes_back_when_the_merge_is_undone(casino: SimpleNamespace) -> None:
    pay_in(casino.goes, "20")
    pay_in(casino.stays, "10")
    made = merged(casino)
    pay_in(casino.goes, "12")
    pay_in(casino.goes, "3", "SEK")
    before = everything()
    change = ask_late(casino)
    assert (change.state, change.title) == ("review", f"Carry money that came in late on player #{casino.goes.pk} over to #{casino.stays.pk}")
    assert everything() == before
    with pytest.raises(SamePerson):
        decisions.approve(change_id=change.pk, version=change.version, key="a", by=casino.tessa, now=NOW)
    assert (agree(casino, change).state, ChangeRequest.objects.get(pk=change.pk).outcome) == ("active", "")
    assert (cash(casino.stays, casino.goes), cash(casino.stays, casino.goes, currency="SEK")) == ([Decimal(42), 0], [Decimal(3), 0])
    moved = Transaction.objects.filter(kind=TransactionKind.MERGED)
    assert {(one.reference_type, one.reference_id) for one in moved} == {(9, made.pk)}
    late = moved.exclude(key=f"merge:{made.pk}:EUR")
    assert sorted(one.key.split(":")[2:4:2] + [one.key.rpartition(":")[2]] for one in late) == [["after", "EUR"], ["after", "SEK"]]
    for kind_, player in (("player.late_carried", casino.goes), ("merge.late_carried", casino.stays)):
        fact = Event.objects.get(type=kind_)
        assert (fact.player_id, fact.actor_id, fact.reason) == (player.pk, casino.tessa.pk, "Same person")
        assert json.loads(fact.after) == {"goes": casino.goes.pk, "stays": casino.stays.pk}
    assert undone(casino).state == "active"
    assert (cash(casino.stays, casino.goes), cash(casino.stays, casino.goes, currency="SEK")) == ([Decimal(10), Decimal(32)], [0, Decimal(3)])
    assert Transaction.objects.filter(kind=TransactionKind.MERGE_UNDONE).count() == 3


def test_late_money_moves_again_and_again_and_does_not_open_undoing_once_other_money_moved(casino: SimpleNamespace) -> None:
    merged(casino)
    for number, amount in enumerate(("12", "5")):
        pay_in(casino.goes, amount)
        assert agree(casino, ask_late(casino, key=f"late{number}")).state == "active"
    assert cash(casino.stays, casino.goes) == [Decimal(17), 0]
    pay_in(casino.stays, "1")
    pay_in(casino.goes, "2")
    assert agree(casino, ask_late(casino, key="third")).state == "active"
    assert cash(casino.stays, casino.goes) == [Decimal(20), 0]
    with pytest.raises(PlayerRefused, match="moved since"):
        ask(casino, stays=None, key="u")


def test_what_stands_in_the_way_of_late_money_is_named_when_asked_and_again_when_agreed(casino: SimpleNamespace) -> None:
    with pytest.raises(PlayerRefused, match="It was undone before"):
        ask_late(casino)
    merged(casino)
    with pytest.raises(PlayerRefused, match=f"Nothing is on account #{casino.goes.pk}"):
        ask_late(casino)
    pay_in(casino.goes, "12")
    change = ask_late(casino)
    with pytest.raises(PlayerRefused, match="waits for approval"):
        ask(casino, stays=None, key="meanwhile")
    assert ask_late(casino).pk == change.pk
    Wallet.objects.create(player=casino.goes, frozen_at=NOW)
    before = everything()
    answer = agree(casino, change)
    assert (answer.state, f"Money of #{casino.goes.pk} is frozen." in answer.outcome, everything()) == ("failed", True, before)
    page = signed_in(casino.tessa).get(reverse("players:carry-late", args=[casino.pair.pk])).text
    assert ("is frozen" in page, "Ask for approval" in page) == (True, False)
    Wallet.objects.all().delete()
    with transaction.atomic():
        ledger.post(
            kind=TransactionKind.CHARGED_BACK, key="c", brand=casino.nova.pk, amount=Decimal(30), currency="EUR", source=Cash(casino.goes.pk),
            target=House(AccountKind.PSP_CLEARING, "nordpay"), may_overdraw=True,
        )  # fmt: skip
    with pytest.raises(PlayerRefused, match="owes 18.00"):
        ask_late(casino, key="owes")


def test_the_page_of_late_money_says_what_moves_and_is_shut_without_the_permission_or_brand(casino: SimpleNamespace) -> None:
    merged(casino)
    pay_in(casino.goes, "12")
    address, client = reverse("players:carry-late", args=[casino.pair.pk]), signed_in(casino.tessa)
    for player in (casino.stays, casino.goes):
        assert f'href="{address}"' in client.get(reverse("players:player", args=[player.pk])).text
    page = client.get(address).text
    assert f"12.00\u00a0EUR moves; #{casino.stays.pk} then has 12.00\u00a0EUR" in page
    assert ("instead" in page, "Devices" in page) == (False, False)
    answer = client.post(address, {"reason": "", "key": "page"})
    assert (answer.status_code, ChangeRequest.objects.filter(kind=kind.CODE, state="review").count()) == (422, 0)
    answer = client.post(address, {"reason": "The bank sent it back", "key": "page"})
    change = ChangeRequest.objects.get(kind=kind.CODE, state="review")
    assert (answer.status_code, answer["Location"]) == (303, reverse("approvals:change", args=[change.pk]))
    review = signed_in(casino.oren).get(reverse("approvals:change", args=[change.pk])).text
    assert f"Cash in EUR: 12.00\u00a0EUR moves; #{casino.stays.pk} then has 12.00\u00a0EUR" in review
    kyc = make_person("kyc", brands=[casino.nova])
    with pytest.raises(NotAllowed):
        ask_late(casino, by=kyc)
    assert signed_in(kyc).post(address, {"reason": "x", "key": "page"}).status_code == 403
    elsewhere = make_person("fraud", brands=[make_brand("fjord", market="SE")])
    assert signed_in(elsewhere).post(address, {"reason": "x", "key": "page"}).status_code == 404
    assert cash(casino.stays, casino.goes) == [0, Decimal(12)]
    agree(casino, change)
    for player in (casino.stays, casino.goes):
        assert f'href="{address}"' not in client.get(reverse("players:player", args=[player.pk])).text
    assert undone(casino).state == "active"
    assert client.get(address).status_code == 404


def test_late_money_goes_along_a_chain_step_by_step(casino: SimpleNamespace) -> None:
    third = new_player(casino.nova)
    merged(casino)
    onward = pair(casino.stays, third, casino.tessa)
    assert agree(casino, ask(casino, row=onward, stays=third.pk, key="c")).state == "active"
    pay_in(casino.goes, "12")
    assert agree(casino, ask_late(casino)).state == "active"
    assert cash(casino.goes, casino.stays, third) == [0, Decimal(12), 0]
    assert agree(casino, ask(casino, row=onward, stays=third.pk, key="on", late=True)).state == "active"
    assert cash(casino.goes, casino.stays, third) == [0, 0, Decimal(12)]


def test_a_merged_account_becomes_one_of_its_own_by_undoing_alone(casino: SimpleNamespace) -> None:
    merged(casino)
    goes = Player.objects.get(pk=casino.goes.pk)
    before = everything()
    given = {"player_id": goes.pk, "version": goes.version, "note": "", "by": casino.tessa, "now": NOW}
    for number, (service, reason) in enumerate(
        ((accounts.lift_suspension, "CLEARED"), (accounts.suspend_account, "DOCUMENTS"), (accounts.close_account, "PLAYER_ASKED"))
    ):
        with pytest.raises(NotAllowed):
            service(reason_code=reason, key=str(number), **given)
    assert everything() == before
    page = signed_in(casino.tessa).get(reverse("players:player", args=[goes.pk])).text
    assert not any(words in page for words in ("Suspend the account", "Close the account", "Open the account again", "Lift the suspension"))


# ---- chains


def test_nothing_is_merged_into_a_merged_account_and_sign_ins_lead_to_the_last_of_a_chain(casino: SimpleNamespace) -> None:
    third = new_player(casino.nova)
    merged(casino)
    row = pair(casino.goes, third, casino.tessa)
    with pytest.raises(PlayerRefused, match=f"Account #{casino.goes.pk} is merged into #{casino.stays.pk} already. Look at that one."):
        ask(casino, row=row, stays=casino.goes.pk, key="b")
    onward = pair(casino.stays, third, casino.tessa)
    pay_in(casino.stays, "9")
    assert agree(casino, ask(casino, row=onward, stays=third.pk, key="c")).state == "active"
    assert [services.last_of(player.pk) for player in (casino.goes, casino.stays, third)] == [third.pk, third.pk, None]
    assert cash(third, casino.stays) == [Decimal(9), 0]
    with pytest.raises(PlayerRefused, match=f"itself was merged into #{third.pk} since"):
        ask(casino, stays=None, key="d")
    with pytest.raises(PlayerRefused, match="is merged into"):
        ask(casino, row=row, stays=casino.goes.pk, key="e")


def test_the_front_end_is_led_to_the_account_that_stays(committed_db: None) -> None:
    api = open_api().nova
    nova = api.brand
    tessa, oren = make_person("fraud", brands=[nova]), make_person("compliance", brands=[nova])
    one, other = new_player(nova), new_player(nova)
    casino = SimpleNamespace(nova=nova, tessa=tessa, oren=oren, stays=one, goes=other, pair=pair(one, other, tessa))
    merged(casino)
    answer = record_sign_in(player_id=other.pk, fingerprint="d", device_label="Pixel", ip="192.0.2.7", by=Actor.player(other.pk), now=timezone.now())
    assert (answer["admitted"], answer["refused"]) == (False, "account_merged")
    said = api.post(f"/players/{other.pk}/sign-ins", {"ip": "203.0.113.7", "fingerprint": "d"}).json()
    assert (said["admitted"], said["refused"], said["merged_into"]) == (False, "account_merged", {"player_id": one.pk, "external_id": one.external_id})
    assert api.get(f"/players/{other.pk}").json()["merged_into"] == {"player_id": one.pk, "external_id": one.external_id}
    assert api.get(f"/players/{one.pk}").json()["merged_into"] is None


# ---- pages


def test_the_page_says_side_by_side_what_becomes_of_what_and_the_player_pages_lead_to_each_other(casino: SimpleNamespace) -> None:
    pay_in(casino.goes, "120.50")
    client = signed_in(casino.tessa)
    address = reverse("players:merge", args=[casino.pair.pk])
    page = client.get(address).text
    assert f"120.50\u00a0EUR moves; #{casino.stays.pk} then has 120.50\u00a0EUR" in page
    assert f"?stays={casino.goes.pk}" in page
    other = client.get(f"{address}?stays={casino.goes.pk}").text
    assert f'name="stays" value="{casino.goes.pk}"' in other
    assert [client.get(f"{address}?stays={said}").status_code for said in ("999999", "x", "")] == [404] * 3
    answer = client.post(address, {"stays": casino.stays.pk, "reason": "", "key": "k"})
    assert (answer.status_code, ChangeRequest.objects.filter(kind=kind.CODE).count()) == (422, 0)
    answer = client.post(address, {"stays": casino.stays.pk, "reason": "Same person", "key": "k"})
    change = ChangeRequest.objects.get(kind=kind.CODE)
    assert (answer.status_code, answer["Location"]) == (303, reverse("approvals:change", args=[change.pk]))
    assert change.title == f"Merge player #{casino.goes.pk} into #{casino.stays.pk}"
    review = signed_in(casino.oren).get(reverse("approvals:change", args=[change.pk])).text
    assert f"Cash in EUR: 120.50\u00a0EUR moves; #{casino.stays.pk} then has 120.50\u00a0EUR" in review
    assert "waits for approval" in client.get(address).text
    agree(casino, change)
    assert client.get(address)["Location"] == reverse("players:unmerge", args=[casino.pair.pk])
    stays, goes = (client.get(reverse("players:player", args=[player.pk])).text for player in (casino.stays, casino.goes))
    assert f'Also of <a href="{reverse("players:player", args=[casino.goes.pk])}"' in stays
    assert f"Merged into #{casino.stays.pk}" in goes
    support = signed_in(make_person("support", brands=[casino.nova]))
    assert "The merge</a>" not in support.get(reverse("players:player", args=[casino.stays.pk])).text
    assert support.get(address).status_code == 403


# ---- two people at once


def test_two_people_who_merge_each_into_the_other_at_once_do_not_both_succeed(committed_db: None) -> None:
    for _round in range(3):
        casino = furnished()
        pay_in(casino.stays, "10")
        pay_in(casino.goes, "20")

        def into(stays: Player, casino: SimpleNamespace = casino) -> Any:
            return lambda: services.merge(duplicate_id=casino.pair.pk, stays_id=stays.pk, reason="x", by=Actor.staff(casino.tessa), now=timezone.now())

        answers = race(into(casino.stays), into(casino.goes), into(casino.stays), into(casino.goes))
        assert raised(answers, PlayerRefused) == 3
        made = Merge.objects.get(state="merged", duplicate=casino.pair)
        assert (cash(made.stays, made.goes), Player.objects.get(pk=made.stays_id).state) == ([Decimal(30), 0], "active")


def test_of_two_approvals_at_once_one_merges_and_a_ring_of_three_does_not_close(committed_db: None) -> None:
    casino = furnished()
    third = new_player(casino.nova)
    ring = [(casino.pair, casino.stays), (pair(casino.goes, third, casino.tessa), casino.goes), (pair(casino.stays, third, casino.tessa), third)]
    for player in (casino.stays, casino.goes, third):
        pay_in(player, "10")
    changes = [ask(casino, row=row, stays=stays.pk, key=str(row.pk)) for row, stays in ring]
    answers = race(*[lambda change=change: agree(casino, change) for change in changes])
    assert [one for one in answers if isinstance(one, Exception)] == []
    states = sorted(ChangeRequest.objects.filter(kind=kind.CODE).values_list("state", flat=True))
    assert states == ["active", "active", "failed"]
    alone = Player.objects.exclude(state="merged").get()
    assert {services.last_of(player.pk) for player in (casino.stays, casino.goes, third)} == {alone.pk, None}
    assert cash(alone) == [Decimal(30)]


def test_late_money_is_carried_over_once_by_two_at_once_and_not_while_the_merge_is_undone(committed_db: None) -> None:
    for _round in range(3):
        casino = furnished()
        services.merge(duplicate_id=casino.pair.pk, stays_id=casino.stays.pk, reason="x", by=Actor.staff(casino.tessa), now=timezone.now())
        pay_in(casino.goes, "12")

        def late(casino: SimpleNamespace = casino) -> Any:
            return services.carry_late(duplicate_id=casino.pair.pk, reason="x", by=Actor.staff(casino.tessa), now=timezone.now())

        assert raised(race(late, late), PlayerRefused) == 1
        assert cash(casino.stays, casino.goes) == [Decimal(12), 0]
        pay_in(casino.goes, "5")

        def back(casino: SimpleNamespace = casino) -> Any:
            return services.undo(duplicate_id=casino.pair.pk, reason="x", by=Actor.staff(casino.tessa), now=timezone.now())

        assert raised(race(late, back), PlayerRefused) in {0, 1}
        assert cash(casino.stays, casino.goes) == [0, Decimal(17)]


def test_money_that_moves_while_it_is_undone_is_either_before_or_after_and_nothing_is_lost(committed_db: None) -> None:
    for _round in range(4):
        casino = furnished()
        pay_in(casino.goes, "20")
        services.merge(duplicate_id=casino.pair.pk, stays_id=casino.stays.pk, reason="x", by=Actor.staff(casino.tessa), now=timezone.now())

        def back(casino: SimpleNamespace = casino) -> Any:
            return services.undo(duplicate_id=casino.pair.pk, reason="x", by=Actor.staff(casino.tessa), now=timezone.now())

        answers = race(back, lambda casino=casino: pay_in(casino.stays, "1"), back)
        assert raised(answers, PlayerRefused) in {1, 2}
        assert sum(cash(casino.stays, casino.goes)) == Decimal(21)
        undone_ = Merge.objects.get(duplicate=casino.pair).state == "undone"
        assert cash(casino.stays, casino.goes) == ([Decimal(1), Decimal(20)] if undone_ else [Decimal(21), 0])
