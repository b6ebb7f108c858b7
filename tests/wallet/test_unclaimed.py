"""Unclaimed money: nothing moves without a second person, all of it comes back, and the books know it is owed."""

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.approvals.models import ChangeRequest, Policy
from backoffice.approvals.services import SamePerson, decisions
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.models import Event
from players.dormancy import services as dormancy
from players.models import Dormancy, Player
from players.services import PlayerRefused
from tests.casino import asked, held, new_instrument, new_player, open_casino, paid_in
from tests.people import make_brand, make_person, signed_in
from tests.wallet.tools import sound
from wallet import balances
from wallet.kinds import AccountKind, TransactionKind
from wallet.models import Account, Transaction
from wallet.unclaimed import services

NOW = timezone.now()
LONG_AGO = NOW - timedelta(days=1200)


@pytest.fixture
def casino(db: None, opened: None) -> SimpleNamespace:
    nova = open_casino()
    return SimpleNamespace(
        nova=nova, marta=make_person("finance", brands=[nova], name="Marta Kowalczyk"), oren=make_person("compliance", brands=[nova], name="Oren Vella"),
        ana=make_person("payments-l1", brands=[nova], name="Ana Novak"), player=lost(nova),
    )  # fmt: skip


def lost(nova: Any, *, market: str = "MT", **cash: str) -> Player:
    """A player who has been dormant for two years, with 40 EUR and 1,000 JPY."""
    player = new_player(nova, now=LONG_AGO, market=market)
    instrument = new_instrument(player, now=LONG_AGO)
    for code, amount in (cash or {"EUR": "40.00", "JPY": "1000"}).items():
        paid_in(player, instrument, amount, currency=code, now=LONG_AGO)
    for at in (LONG_AGO + timedelta(days=370), LONG_AGO + timedelta(days=402)):
        dormancy.DormancySweep.objects.update(position=0, next_round_at=None)
        dormancy.sweep(now=at)
    assert Player.objects.get(pk=player.pk).state == "dormant"
    return player


def propose(casino: SimpleNamespace, *, by: Any = None, key: str = "k", note: str = "Two letters came back") -> ChangeRequest:
    return services.propose(player_id=casino.player.pk, note=note, key=key, by=by or casino.marta, now=NOW)


def agree(change: ChangeRequest, by: Any) -> ChangeRequest:
    change.refresh_from_db()
    return decisions.approve(change_id=change.pk, version=change.version, key="a", by=by, now=NOW)


def money(player: Player) -> dict[str, Decimal]:
    return {one.currency: one.cash for one in balances.of_player(player.pk)}


def unclaimed(code: str = "EUR") -> Decimal:
    found = Account.objects.filter(kind=AccountKind.UNCLAIMED, currency__code=code).first()
    return balances.of_accounts([found.pk])[found.pk] if found else Decimal(0)


def everything(player: Player) -> Any:
    counts = (Transaction.objects.count(), Event.objects.count(), ChangeRequest.objects.count())
    return money(player), unclaimed(), counts, Player.objects.values().get(pk=player.pk), list(Dormancy.objects.values())


def test_it_moves_when_somebody_else_has_agreed_and_every_cent_of_it(casino: SimpleNamespace) -> None:
    change = propose(casino)
    assert (change.state, change.needed, money(casino.player)) == ("review", 1, {"EUR": Decimal(40), "JPY": Decimal(1000)})
    change = agree(change, casino.oren)
    assert change.state == "active"
    assert money(casino.player) == {"EUR": 0, "JPY": 0}
    assert (unclaimed(), unclaimed("JPY")) == (40, 1000)
    row = Dormancy.objects.get()
    assert (row.state, row.handed_over_at) == ("handed_over", NOW)
    posted = Transaction.objects.filter(kind=TransactionKind.HANDED_OVER)
    assert {(one.player_id, one.get_reference_type_display(), one.reference_id) for one in posted} == {(casino.player.pk, "players.dormancy", row.pk)}
    sound()


def test_who_proposed_it_cannot_agree_and_no_policy_can_ask_nobody(casino: SimpleNamespace) -> None:
    change = propose(casino)
    with pytest.raises(SamePerson):
        agree(change, casino.marta)
    assert money(casino.player)["EUR"] == 40
    from backoffice.approvals.registry import registry

    assert registry.guarded(services.CODE).least == 1
    assert not Policy.objects.filter(kind=services.CODE).exists()


def test_the_same_proposal_again_is_one(casino: SimpleNamespace) -> None:
    assert propose(casino).pk == propose(casino).pk
    with pytest.raises(PlayerRefused, match="waits for approval"):
        propose(casino, by=casino.oren, key="other")
    assert ChangeRequest.objects.filter(kind=services.CODE).count() == 1


def test_payments_propose_nothing(casino: SimpleNamespace) -> None:
    before = everything(casino.player)
    with pytest.raises(NotAllowed):
        propose(casino, by=casino.ana)
    with pytest.raises(PlayerRefused, match="looked for"):
        propose(casino, note=" ")
    assert everything(casino.player) == before


def test_before_the_day_and_where_the_law_knows_none_it_is_refused(casino: SimpleNamespace) -> None:
    before = everything(casino.player)
    with pytest.raises(PlayerRefused, match="from .* on"):
        services.propose(player_id=casino.player.pk, note="x", key="k", by=casino.marta, now=Dormancy.objects.get().unclaimed_at - timedelta(seconds=1))
    assert everything(casino.player) == before
    other = lost(casino.nova, market="CA-ON")
    with pytest.raises(PlayerRefused, match="stays the player's"):
        services.propose(player_id=other.pk, note="x", key="o", by=casino.marta, now=NOW)
    assert money(other)["EUR"] == 40


def test_an_open_withdrawal_comes_first(casino: SimpleNamespace) -> None:
    Player.objects.filter(pk=casino.player.pk).update(state="active")
    asked(casino.player, casino.player.instruments.get(), "10.00", now=NOW)
    Player.objects.filter(pk=casino.player.pk).update(state="dormant")
    with pytest.raises(PlayerRefused, match="withdrawal is open"):
        propose(casino)
    assert held(casino.player) == {"cash": 30, "held": 10}


def test_when_the_player_came_back_meanwhile_nothing_moves(casino: SimpleNamespace) -> None:
    change = propose(casino)
    back(casino)
    change = agree(change, casino.oren)
    assert change.state in {"stale", "failed"}
    assert (money(casino.player)["EUR"], unclaimed()) == (40, 0)


def back(casino: SimpleNamespace) -> None:
    from backoffice.audit.actors import Actor

    dormancy.reactivate_by_front_end(player_id=casino.player.pk, identified_by="document", reference="x", by=Actor.integration("Web"), now=NOW)


def test_all_of_it_comes_back_once_when_the_player_was_identified(casino: SimpleNamespace) -> None:
    agree(propose(casino), casino.oren)
    claim = {"player_id": casino.player.pk, "note": "Wrote to us", "by": casino.marta, "now": NOW}
    before = everything(casino.player)
    with pytest.raises(PlayerRefused, match="identified first"):
        services.give_back(key="g", **claim)
    assert everything(casino.player) == before
    back(casino)
    assert money(casino.player) == {"EUR": 0, "JPY": 0}
    for _ in range(2):
        services.give_back(key="g", **claim)
    assert money(casino.player) == {"EUR": 40, "JPY": 1000}
    assert (unclaimed(), unclaimed("JPY"), Dormancy.objects.get().ended_by) == (0, 0, "given_back")
    with pytest.raises(PlayerRefused, match="Nothing of this player"):
        services.give_back(key="again", **claim)
    sound()


def test_no_clock_takes_anything(casino: SimpleNamespace) -> None:
    before = (money(casino.player), Transaction.objects.count())
    for year in range(1, 6):
        dormancy.DormancySweep.objects.update(position=0, next_round_at=None)
        dormancy.sweep(now=NOW + timedelta(days=365 * year))
    assert (money(casino.player), Transaction.objects.count()) == before


# ---- pages


def test_from_the_players_page_to_the_ledger_and_back_without_a_script(casino: SimpleNamespace) -> None:
    writer, url = signed_in(casino.marta), reverse("wallet:hand-over", args=[casino.player.pk])
    page = writer.get(url).text
    assert "40.00 EUR" in page
    assert "Malta Gaming Authority" in page
    assert writer.post(url, {"note": "Two letters came back", "key": "k"}).status_code == 303
    change = ChangeRequest.objects.get(kind=services.CODE)
    assert "waits for approval" in writer.get(url).text
    approver = signed_in(casino.oren)
    shown = approver.get(reverse("approvals:change", args=[change.pk])).text
    assert "40.00 EUR" in shown
    answer = {"outcome": "approved", "reason": "", "version": change.version, "key": "a"}
    assert approver.post(reverse("approvals:decide", args=[change.pk]), answer).status_code == 303
    assert unclaimed() == 40
    back(casino)
    again = reverse("wallet:give-back", args=[casino.player.pk])
    assert again in writer.get(reverse("players:player", args=[casino.player.pk])).text
    assert writer.post(again, {"note": "Wrote to us", "key": "k"}).status_code == 303
    assert money(casino.player)["EUR"] == 40


def test_the_list_has_balances_by_currency_and_its_cost_does_not_grow(casino: SimpleNamespace) -> None:
    client, url = signed_in(casino.marta), reverse("wallet:dormant")
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as few:
        page = client.get(url).text
    assert f"#{casino.player.pk}" in page
    assert "40.00" in page
    assert "1,000" in page
    for _ in range(3):
        lost(casino.nova)
    with CaptureQueriesContext(connection) as many:
        client.get(url)
    assert len(many) == len(few)
    assert signed_in(make_person("finance", brands=[make_brand("fjord", market="SE")])).get(url).text.count("40.00") == 0
    assert signed_in(make_person("finance", brands=[], name="Reaches nothing")).get(url).status_code == 200
