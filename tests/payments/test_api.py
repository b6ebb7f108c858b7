"""Money over HTTP: what a front end may start, take back and see."""

from decimal import Decimal

import pytest
from django.utils import timezone

from backoffice.audit.models import Event
from payments.models import Deposit, Withdrawal
from players.models import Player
from tests.api import Casino, FrontEnd, payment, pointers, problem
from wallet.models import Wallet


def cash_and_held(front_end: FrontEnd, player: int, currency: str = "EUR") -> tuple[str, str]:
    found = {row["currency"]: row for row in front_end.get(f"/players/{player}/balances").json()["balances"]}
    return found[currency]["cash"], found[currency]["held"]


def test_a_deposit_begins_and_is_the_players_own_act(casino: Casino) -> None:
    player = casino.nova.register()
    instrument = casino.nova.instrument(player)
    answer = casino.nova.post("/deposits", {**payment(player, instrument, "25.5"), "ip": "203.0.113.7"})

    shown = answer.json()
    assert answer.status_code == 201
    assert shown == {
        "id": shown["id"], "name": f"DP-{shown['id']}", "player_id": player, "instrument_id": instrument,
        "money": {"amount": "25.50", "currency": "EUR"}, "state": "initiated", "redirect_url": None, "failure": None,
        "requested_at": shown["requested_at"], "credited_at": None,
    }  # fmt: skip
    assert casino.nova.get(f"/deposits/{shown['id']}").json() == shown
    fact = Event.objects.get(type="deposit.initiated")
    assert (fact.actor_kind, fact.actor_id, fact.ip) == ("player", player, "203.0.113.7")


@pytest.mark.parametrize(
    ("money", "pointer"),
    [
        (("25.005", "EUR"), "#/money/amount"), (("1.5", "JPY"), "#/money/amount"), (("0.0001", "KWD"), "#/money/amount"),
        (("0.000000001", "BTC"), "#/money/amount"), (("0", "EUR"), "#/money/amount"), (("0.00", "EUR"), "#/money/amount"),
        (("25.00", "XXX"), "#/money/currency"),
    ],
)  # fmt: skip
def test_an_amount_fits_its_currency(casino: Casino, money: tuple[str, str], pointer: str) -> None:
    player, instrument = casino.nova.funded()
    before = Deposit.objects.count()
    for path in ("/deposits", "/withdrawals"):
        answer = casino.nova.post(path, payment(player, instrument, *money))
        problem(answer, 422, "bad_amount")
        assert pointers(answer) == {pointer}
    assert (Deposit.objects.count(), Withdrawal.objects.count()) == (before, 0)


@pytest.mark.parametrize(("amount", "currency"), [("8000", "JPY"), ("1.234", "KWD"), ("0.00000001", "BTC"), ("0.000000000000000001", "ETH")])
def test_every_exponent_goes_in_and_out_exactly(casino: Casino, amount: str, currency: str) -> None:
    player = casino.nova.register()
    answer = casino.nova.post("/deposits", payment(player, casino.nova.instrument(player), amount, currency))

    assert answer.json()["money"] == {"amount": amount, "currency": currency}
    assert Deposit.objects.get().amount == Decimal(amount)


def test_a_withdrawal_holds_the_money(casino: Casino) -> None:
    player, instrument = casino.nova.funded("250.00")
    answer = casino.nova.withdraw(player, instrument, "100.00")

    shown = answer.json()
    assert answer.status_code == 201
    assert (shown["state"], shown["money"], shown["decided_at"]) == ("requested", {"amount": "100.00", "currency": "EUR"}, None)
    assert cash_and_held(casino.nova, player) == ("150.00", "100.00")
    assert casino.nova.get(f"/withdrawals/{shown['id']}").json() == shown


def test_more_than_there_is_cannot_be_withdrawn(casino: Casino) -> None:
    player, instrument = casino.nova.funded("99.99")

    problem(casino.nova.withdraw(player, instrument, "100.00"), 409, "insufficient_funds")
    assert cash_and_held(casino.nova, player) == ("99.99", "0.00")
    assert not Withdrawal.objects.exists()


def test_an_instrument_of_somebody_else_or_out_of_use_is_refused(casino: Casino) -> None:
    player, instrument = casino.nova.funded()
    other = casino.nova.register()
    theirs = casino.nova.instrument(other)
    casino.nova.call("DELETE", f"/players/{player}/instruments/{instrument}")
    before = Deposit.objects.count()

    for path in ("/deposits", "/withdrawals"):
        for not_mine in (theirs, instrument):
            answer = casino.nova.post(path, payment(player, not_mine))
            problem(answer, 422, "instrument_unknown")
            assert pointers(answer) == {"#/instrument_id"}
    assert (Deposit.objects.count(), Withdrawal.objects.count()) == (before, 0)


def test_states_of_the_account_refuse_what_they_must(casino: Casino) -> None:
    player, instrument = casino.nova.funded()
    before = Deposit.objects.count()

    Player.objects.filter(pk=player).update(state="suspended")
    problem(casino.nova.post("/deposits", payment(player, instrument)), 409, "account_not_active")
    assert casino.nova.withdraw(player, instrument).status_code == 201  # what is theirs may be paid (GLI-19 2.5.5)
    Player.objects.filter(pk=player).update(state="closed")
    problem(casino.nova.post("/deposits", payment(player, instrument)), 409, "account_not_active")
    assert casino.nova.withdraw(player, instrument).status_code == 201  # closing swallows no money (GLI-19 A.3.9-10)
    Player.objects.filter(pk=player).update(state="active")
    Wallet.objects.create(player_id=player, frozen_at=timezone.now())
    problem(casino.nova.withdraw(player, instrument), 409, "wallet_frozen")
    assert (Deposit.objects.count(), Withdrawal.objects.count()) == (before, 2)


@pytest.mark.parametrize(
    ("brand", "jurisdiction", "clause"),
    [("fjord", "GB", "UKGC RTS 14B"), ("nova", "MT", "MGA Player Protection Directive"), ("nova", "DE", "GlueStV")],
)
def test_where_the_law_forbids_it_a_withdrawal_stays(casino: Casino, brand: str, jurisdiction: str, clause: str) -> None:
    front_end: FrontEnd = getattr(casino, brand)
    player, instrument = front_end.funded(jurisdiction=jurisdiction)
    withdrawal = front_end.withdraw(player, instrument).json()

    assert withdrawal["may_cancel"] is False
    assert clause in problem(front_end.post(f"/withdrawals/{withdrawal['id']}/cancel"), 403, "cancel_forbidden")["detail"]
    assert Withdrawal.objects.get().state == "requested"
    assert cash_and_held(front_end, player) == ("225.00", "25.00")


@pytest.mark.parametrize(("brand", "jurisdiction"), [("fjord", "SE"), ("nova", "CA-ON")])
def test_where_the_law_allows_it_the_player_takes_it_back(casino: Casino, brand: str, jurisdiction: str) -> None:
    front_end: FrontEnd = getattr(casino, brand)
    player, instrument = front_end.funded(jurisdiction=jurisdiction)
    withdrawal = front_end.withdraw(player, instrument).json()
    assert withdrawal["may_cancel"] is True

    first = front_end.post(f"/withdrawals/{withdrawal['id']}/cancel", key="cancel")
    again = front_end.post(f"/withdrawals/{withdrawal['id']}/cancel", key="cancel")

    assert (first.status_code, first.json()["state"], first.json()["may_cancel"]) == (200, "cancelled", False)
    assert again.content == first.content
    assert cash_and_held(front_end, player) == ("250.00", "0.00")
    problem(front_end.post(f"/withdrawals/{withdrawal['id']}/cancel"), 409, "already_decided")


def test_withdrawals_come_in_pages_without_gap_or_repeat(casino: Casino) -> None:
    player, instrument = casino.nova.funded("1000.00")
    other, theirs = casino.nova.funded("1000.00")
    made = [casino.nova.withdraw(player, instrument, "10.00").json()["id"] for _ in range(5)]
    casino.nova.withdraw(other, theirs, "10.00")
    Withdrawal.objects.filter(pk__in=made).update(requested_at=timezone.now())  # one moment: the id decides

    seen, cursor = [], ""
    for _ in range(4):
        page = casino.nova.get(f"/withdrawals?player={player}&limit=2{cursor}").json()
        seen += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"

    assert seen == sorted(made, reverse=True)
    assert len(casino.nova.get("/withdrawals").json()["items"]) == 6
    assert casino.nova.get(f"/withdrawals?player={player}&state=settled").json() == {"items": [], "next": None}


@pytest.mark.parametrize("query", ["cursor=garbage", "cursor=%00", "cursor=MjAyNnwx", "state=nonsense", "player=x"])
def test_a_query_that_makes_no_sense_is_refused(casino: Casino, query: str) -> None:
    problem(casino.nova.get(f"/withdrawals?{query}"), 422, "invalid")


def test_a_worker_is_told_once_the_deposit_is_committed(committed_casino: Casino, hinted: list[tuple[str, int]]) -> None:
    nova = committed_casino.nova
    player, instrument = nova.funded()
    hinted.clear()

    answer = nova.post("/deposits", payment(player, instrument), key="k")
    nova.post("/deposits", payment(player, instrument), key="k")
    problem(nova.post("/deposits", payment(player, instrument, "0.001")), 422, "bad_amount")

    assert hinted == [("step_deposit", answer.json()["id"])]
