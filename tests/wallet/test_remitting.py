"""Paying unclaimed money on: nothing leaves before two people agreed and the bank has paid, and a claim afterwards is answered honestly."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import ProgrammingError, connection, transaction
from django.urls import reverse

from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.services import SamePerson
from backoffice.audit.lifecycle import NotAllowed, Stale
from backoffice.audit.models import Event
from players.dormancy import services as dormancy
from players.models import Dormancy, Player
from players.services import PlayerRefused
from tests.casino import open_casino
from tests.databases import Database
from tests.people import make_brand, make_person, signed_in
from tests.races import race, raised
from tests.wallet.test_unclaimed import NOW, agree, back, lost, money, unclaimed
from tests.wallet.tools import sound
from wallet import balances
from wallet.holdings import obstacles
from wallet.kinds import AccountKind, TransactionKind
from wallet.models import Account, Remittance, RemittanceLine, Transaction
from wallet.unclaimed import remitting, services
from wallet.unclaimed.paying import pot_of
from wallet.unclaimed.remitting import Pot, RemittanceRefused

TODAY = NOW.astimezone(ZoneInfo("Europe/Malta")).date()


def a_house() -> SimpleNamespace:
    """Two players of Malta whose money stands as unclaimed: 40 EUR and 1,000 JPY of one, 25 EUR of the other."""
    nova = open_casino()
    house = SimpleNamespace(
        nova=nova, marta=make_person("finance", brands=[nova], name="Marta Kowalczyk"), oren=make_person("compliance", brands=[nova], name="Oren Vella"),
        ana=make_person("payments-l1", brands=[nova], name="Ana Novak"), player=lost(nova), other=lost(nova, EUR="25.00"),
    )  # fmt: skip
    for one in (house.player, house.other):
        agree(services.propose(player_id=one.pk, note="Letters came back", key=f"h{one.pk}", by=house.marta, now=NOW), house.oren)
    pot = pot_of("nova:MT:EUR")
    assert pot is not None
    house.pot = pot
    return house


@pytest.fixture
def house(db: None) -> SimpleNamespace:
    return a_house()


def propose(house: SimpleNamespace, *, key: str = "r", by: Any = None, note: str = "Yearly list") -> ChangeRequest:
    return remitting.propose(pot=house.pot, note=note, key=key, by=by or house.marta, now=NOW)


def agreed(house: SimpleNamespace) -> Remittance:
    assert agree(propose(house), house.oren).state == "active"
    return Remittance.objects.get(state="agreed")


def pay(house: SimpleNamespace, row: Remittance, **said: Any) -> Remittance:
    given = {"bank": "Client funds", "reference": "B-1", "paid_on": TODAY, "key": "p", "by": house.marta, "now": NOW, **said}
    return remitting.book_payment(remittance_id=row.pk, version=given.pop("version", 1), **given)


def at_bank(code: str = "EUR") -> Decimal:
    found = Account.objects.filter(kind=AccountKind.BANK, currency__code=code).first()
    return balances.of_accounts([found.pk])[found.pk] if found else Decimal(0)


def everything() -> Any:
    return (
        Transaction.objects.count(), Event.objects.count(), list(Remittance.objects.values()), list(RemittanceLine.objects.values()), unclaimed(), at_bank(),
        list(Dormancy.objects.order_by("pk").values()),
    )  # fmt: skip


def standing(house: SimpleNamespace) -> list[tuple[str, str, str, int, Decimal]]:
    return [(one.pot.market, one.pot.currency, one.whom, one.players, one.amount) for one in remitting.standing([house.nova])]


def test_two_people_agree_the_bank_pays_and_the_books_know(house: SimpleNamespace) -> None:
    whom = "Malta Gaming Authority"
    assert standing(house) == [("MT", "EUR", whom, 2, 65), ("MT", "JPY", whom, 1, 1000)]
    row = agreed(house)
    assert (row.amount, row.players, row.whom, row.paid_on) == (65, 2, whom, None)
    assert (unclaimed(), at_bank()) == (65, 0)  # agreeing posts nothing
    assert standing(house) == [("MT", "JPY", whom, 1, 1000)]
    pay(house, row)
    assert (unclaimed(), unclaimed("JPY"), at_bank()) == (0, 1000, 65)
    posted = Transaction.objects.get(kind=TransactionKind.REMITTED)
    assert (posted.reference_id, posted.meta) == (row.pk, {"paid_on": TODAY.isoformat(), "reference": "B-1"})
    facts = [(one.player_id, json.loads(one.after or "")) for one in Event.objects.filter(type="dormancy.remitted").order_by("player_id")]
    assert [(player, said["amount"], said["to"], said["reference"]) for player, said in facts] == [
        (house.player.pk, "40.00", whom, "B-1"), (house.other.pk, "25.00", whom, "B-1"),
    ]  # fmt: skip
    sound()


def test_who_proposed_it_cannot_agree_and_payments_do_neither(house: SimpleNamespace) -> None:
    change = propose(house)
    before = everything()
    with pytest.raises(SamePerson):
        agree(change, house.marta)
    with pytest.raises(NotAllowed):
        agree(change, house.ana)
    with pytest.raises(NotAllowed):
        propose(house, by=house.ana, key="a")
    assert everything() == before


def test_what_cannot_be_proposed_is_refused(house: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RemittanceRefused, match="based on"):
        propose(house, note=" ")
    assert propose(house).pk == propose(house).pk
    with pytest.raises(RemittanceRefused, match="waits for approval"):
        propose(house, key="other")
    nothing = Pot(house.nova, "DE", "EUR")
    with pytest.raises(RemittanceRefused, match="no unclaimed money"):
        remitting.propose(pot=nothing, note="x", key="n", by=house.marta, now=NOW)
    fjord = make_person("finance", brands=[make_brand("fjord", market="SE")])
    with pytest.raises(NotAllowed):
        propose(house, by=fjord, key="f")
    law = dormancy.law_of(house.player.jurisdiction_id, on=TODAY)
    assert law is not None
    monkeypatch.setattr(dormancy, "law_of", lambda *_args, **_on: replace(law, unclaimed_to=""))
    third = lost(house.nova, GBP="9.00")
    agree(services.propose(player_id=third.pk, note="x", key="t", by=house.marta, now=NOW), house.oren)
    with pytest.raises(RemittanceRefused, match="names nobody"):
        remitting.propose(pot=Pot(house.nova, "MT", "GBP"), note="x", key="j", by=house.marta, now=NOW)


def test_what_was_claimed_meanwhile_is_not_paid_on(house: SimpleNamespace) -> None:
    change = propose(house)
    back(house)
    services.give_back(player_id=house.player.pk, note="Wrote", key="g", by=house.marta, now=NOW)
    assert agree(change, house.oren).state == "failed"
    assert (Remittance.objects.count(), unclaimed(), money(house.player)["EUR"]) == (0, 25, 40)


def test_what_was_handed_over_after_the_proposal_waits_for_the_next_one(house: SimpleNamespace) -> None:
    change = propose(house)
    third = lost(house.nova, EUR="9.00")
    agree(services.propose(player_id=third.pk, note="x", key="t", by=house.marta, now=NOW), house.oren)
    assert agree(change, house.oren).state == "active"
    assert Remittance.objects.get().amount == 65
    assert standing(house)[0][3:] == (1, 9)


def test_money_of_test_players_is_never_paid_on(house: SimpleNamespace) -> None:
    Player.objects.filter(pk=house.other.pk).update(is_test=True)
    assert standing(house)[0][3:] == (1, 40)
    assert agreed(house).amount == 40


def test_a_payment_is_booked_once_and_only_as_the_bank_made_it(house: SimpleNamespace) -> None:
    row = agreed(house)
    before = everything()
    for said, code in (
        ({"bank": " "}, "bank"), ({"reference": " "}, "reference"), ({"paid_on": TODAY + timedelta(days=2)}, "paid_on"),
        ({"paid_on": TODAY - timedelta(days=2)}, "paid_on"),
    ):  # fmt: skip
        with pytest.raises(RemittanceRefused) as refused:
            pay(house, row, **said)
        assert refused.value.code == code
    with pytest.raises(Stale):
        pay(house, row, version=7)
    with pytest.raises(NotAllowed):
        pay(house, row, by=house.ana)
    with pytest.raises(Remittance.DoesNotExist):
        pay(house, row, by=make_person("finance", brands=[make_brand("fjord", market="SE")]))
    assert everything()[0] == before[0]
    assert everything()[2:] == before[2:]
    for _ in range(2):
        assert pay(house, row).state == "paid"
    assert (at_bank(), Transaction.objects.filter(kind=TransactionKind.REMITTED).count()) == (65, 1)
    with pytest.raises(Stale):
        pay(house, row, key="again")
    jpy = pot_of("nova:MT:JPY")
    assert jpy is not None
    agree(remitting.propose(pot=jpy, note="x", key="j", by=house.marta, now=NOW), house.oren)
    with pytest.raises(RemittanceRefused, match="another remittance"):
        pay(house, Remittance.objects.get(state="agreed"), key="j")


def test_a_cancelled_one_sets_the_money_free(house: SimpleNamespace) -> None:
    row = agreed(house)
    back(house)
    claim = {"player_id": house.player.pk, "note": "Wrote", "by": house.marta, "now": NOW}
    with pytest.raises(PlayerRefused, match="set aside"):
        services.give_back(key="g", **claim)
    with pytest.raises(RemittanceRefused, match="why"):
        remitting.cancel(remittance_id=row.pk, version=1, why=" ", by=house.marta, now=NOW)
    remitting.cancel(remittance_id=row.pk, version=1, why="The bank refused", by=house.marta, now=NOW)
    services.give_back(key="g", **claim)
    assert (money(house.player), unclaimed(), at_bank()) == ({"EUR": 40, "JPY": 1000}, 25, 0)
    with pytest.raises(Stale):
        pay(house, row)
    assert agree(propose(house, key="next"), house.oren).state == "active"
    assert Remittance.objects.get(state="agreed").amount == 25
    sound()


def test_a_claim_afterwards_gives_what_is_here_and_says_who_has_the_rest(house: SimpleNamespace) -> None:
    pay(house, agreed(house))
    back(house)
    assert any("may still claim" in text for text in obstacles(house.player, NOW))  # the yen
    url = reverse("wallet:give-back", args=[house.player.pk])
    page = signed_in(house.marta).get(url).text
    assert "40.00 EUR were paid to Malta Gaming Authority" in page
    assert "Give it back" in page
    services.give_back(player_id=house.player.pk, note="Wrote", key="g", by=house.marta, now=NOW)
    assert (money(house.player), at_bank()) == ({"EUR": 0, "JPY": 1000}, 65)
    said = Event.objects.filter(player_id=house.player.pk, type__in=["dormancy.claimed", "dormancy.referred"]).order_by("id")
    assert list(said.values_list("type", flat=True)) == ["dormancy.claimed", "dormancy.referred"]
    sound()


def test_where_all_of_it_was_paid_on_the_case_ends_with_the_player_told(house: SimpleNamespace) -> None:
    from backoffice.audit.actors import Actor
    from players.dormancy.services import reactivate_by_front_end

    pay(house, agreed(house))
    reactivate_by_front_end(player_id=house.other.pk, identified_by="document", reference="x", by=Actor.integration("Web"), now=NOW)
    assert not any("may still claim" in text for text in obstacles(house.other, NOW))
    client, url = signed_in(house.marta), reverse("wallet:give-back", args=[house.other.pk])
    assert "The player was told" in client.get(url).text
    before = Transaction.objects.count()
    assert client.post(url, {"note": "Told on the phone", "key": "k"}).status_code == 303
    row = Dormancy.objects.get(player=house.other)
    assert (row.state, row.ended_by, money(house.other)["EUR"], Transaction.objects.count()) == ("ended", "referred", 0, before)


def test_a_claim_and_an_approval_at_once_never_both_get_the_money(committed_db: Database) -> None:
    house = a_house()
    back(house)
    change = propose(house)

    def claim() -> Any:
        return services.give_back(player_id=house.player.pk, note="Wrote", key="g", by=house.marta, now=NOW)

    race(lambda: agree(change, house.oren), claim)
    change.refresh_from_db()
    given, set_aside = money(house.player)["EUR"] == 40, Remittance.objects.filter(state="agreed").exists()
    assert given != set_aside
    assert change.state == ("active" if set_aside else "failed")
    sound()


def test_one_payment_of_the_bank_is_booked_for_one_remittance_also_at_once(committed_db: Database) -> None:
    house = a_house()
    first = agreed(house)
    third = lost(house.nova, EUR="7.00")
    agree(services.propose(player_id=third.pk, note="Letters came back", key="h3", by=house.marta, now=NOW), house.oren)
    assert agree(propose(house, key="r2"), house.oren).state == "active"
    second = Remittance.objects.exclude(pk=first.pk).get()
    answers = race(lambda: pay(house, first), lambda: pay(house, second))
    assert raised(answers, RemittanceRefused) == 1
    assert sorted(Remittance.objects.values_list("state", flat=True)) == ["agreed", "paid"]
    assert at_bank() == Remittance.objects.get(state="paid").amount
    sound()


def test_the_apps_login_cannot_reword_what_was_agreed(house: SimpleNamespace) -> None:
    row = agreed(house)
    for statement in (
        "UPDATE wallet_remittance SET amount = 1", "UPDATE wallet_remittance SET whom = 'Me'", "UPDATE wallet_remittanceline SET amount = 1",
        "DELETE FROM wallet_remittanceline", "DELETE FROM wallet_remittance",
    ):  # fmt: skip
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    row.refresh_from_db()
    assert row.amount == 65


def test_from_the_list_to_the_booked_payment_without_a_script(house: SimpleNamespace) -> None:
    writer, page = signed_in(house.marta), reverse("wallet:dormant")
    url = reverse("wallet:remit", args=["nova", "MT", "EUR"])
    assert url in writer.get(page).text
    assert "65.00" in writer.get(url).text
    assert writer.post(url, {"note": "", "key": "k"}).status_code == 422
    assert writer.post(url, {"note": "Yearly list", "key": "k"}).status_code == 303
    assert "waits for approval" in writer.get(url).text
    assert "Waits for approval" in writer.get(page).text
    change = ChangeRequest.objects.get(kind=remitting.CODE)
    approver = signed_in(house.oren)
    shown = approver.get(reverse("approvals:change", args=[change.pk])).text
    assert "Malta Gaming Authority" in shown
    approver.post(reverse("approvals:decide", args=[change.pk]), {"outcome": "approved", "reason": "", "version": change.version, "key": "a"})
    row = Remittance.objects.get()
    own, paid = reverse("wallet:remittance", args=[row.pk]), reverse("wallet:remittance-paid", args=[row.pk])
    assert f"#{house.other.pk}" in writer.get(own).text
    sent = {"bank": "Client funds", "reference": "B-9", "paid_on": "2020-01-01", "version": row.version, "key": "p"}
    wrong = writer.post(paid, sent)
    assert wrong.status_code == 422
    assert "between the agreement and today" in wrong.text
    assert writer.post(paid, {**sent, "paid_on": row.agreed_at.astimezone(house.nova.zone).date().isoformat()}).status_code == 303
    assert "B-9" in writer.get(own).text
    assert "B-9" in writer.get(page).text
    assert writer.post(reverse("wallet:remittance-cancel", args=[row.pk]), {"why": "x", "version": row.version}).status_code == 409
    auditor = signed_in(make_person("auditor", brands=[house.nova]))
    assert paid not in auditor.get(own).text
    assert auditor.post(paid, sent).status_code == 403
