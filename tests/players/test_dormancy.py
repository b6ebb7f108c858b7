"""Dormant accounts: whom the sweep tells and moves, by whose law, that it takes nothing, and how a player comes back."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from backoffice.audit import personal
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.models import Event
from backoffice.scope import packs
from backoffice.scope.models import Jurisdiction
from payments.services import PaymentRefused, deposits, withdrawals
from players.blocks.services import set_block
from players.dormancy import services
from players.models import CallerCheck, Dormancy, DormancySweep, Message, Player
from players.services import PlayerRefused
from players.services.registration import record_sign_in
from tests.api import Casino, problem
from tests.api import open_casino as open_api
from tests.casino import NOW, held, new_instrument, new_player, open_casino, paid_in
from tests.databases import Database
from tests.people import make_person, signed_in
from tests.races import race

LONG_AGO = NOW - timedelta(days=400)
A_DAY = timedelta(days=1)


@pytest.fixture
def casino(db: None, opened: None) -> SimpleNamespace:
    nova = open_casino()
    return SimpleNamespace(
        nova=nova, sofia=make_person("support", brands=[nova], name="Sofia Marin"), marta=make_person("finance", brands=[nova], name="Marta")
    )


def quiet(casino: SimpleNamespace, *, since: datetime = LONG_AGO, **more: Any) -> Player:
    return new_player(casino.nova, now=since, **more)


def whole_round(now: datetime) -> None:
    """Until the round is over, whatever the size of its chunks."""
    DormancySweep.objects.update(position=0, next_round_at=None)
    while DormancySweep.objects.filter(next_round_at=None).exists() or not DormancySweep.objects.exists():
        services.sweep(now=now)


def state(player: Player) -> str:
    return str(Player.objects.values_list("state", flat=True).get(pk=player.pk))


def dormant(casino: SimpleNamespace, *, cash: str = "", **more: Any) -> Player:
    """An account that became dormant today, with money on it."""
    player = quiet(casino, **more)
    if cash:
        paid_in(player, new_instrument(player, now=LONG_AGO), cash, now=LONG_AGO + A_DAY)
    whole_round(NOW - timedelta(days=31))
    whole_round(NOW)
    assert state(player) == "dormant"
    return player


# ---- the sweep


def test_a_quiet_account_is_told_first_and_dormant_thirty_days_later(casino: SimpleNamespace) -> None:
    player = quiet(casino)
    paid_in(player, new_instrument(player, now=LONG_AGO), "25.00", now=LONG_AGO + A_DAY)
    whole_round(NOW)
    row = Dormancy.objects.get()
    assert (row.player, row.state, row.last_seen_at, row.due_at) == (player, "noticed", LONG_AGO, NOW + timedelta(days=30))
    assert state(player) == "active"
    message = Message.objects.get(template="account_becomes_dormant")
    assert (message.purpose, message.context) == ("service", {"money": "25.00 EUR", "day": "2026-12-20"})
    fact = Event.objects.get(type="dormancy.noticed")
    assert fact.player_id == player.pk
    assert "MT 1: LGA Directive 1 of 2011" in json.loads(fact.after)["by"][0]

    whole_round(NOW + timedelta(days=30) - timedelta(seconds=1))
    assert state(player) == "active"
    whole_round(NOW + timedelta(days=30))
    row.refresh_from_db()
    assert (state(player), row.state, row.dormant_at) == ("dormant", "dormant", NOW + timedelta(days=30))
    sent = Message.objects.filter(player=player, template__startswith="account_").order_by("pk").values_list("template", flat=True)
    assert list(sent) == ["account_becomes_dormant", "account_dormant"]
    assert held(player)["cash"] == 25


def test_it_is_told_once_however_often_the_sweep_runs(casino: SimpleNamespace) -> None:
    quiet(casino)
    for day in range(3):
        whole_round(NOW + day * A_DAY)
    assert (Dormancy.objects.count(), Message.objects.filter(template="account_becomes_dormant").count()) == (1, 1)


@pytest.mark.parametrize("days", [300, 334])
def test_who_was_seen_within_eleven_months_is_left_alone(casino: SimpleNamespace, days: int) -> None:
    quiet(casino, since=NOW - timedelta(days=days))
    whole_round(NOW)
    assert not Dormancy.objects.exists()


def test_a_sign_in_before_the_day_ends_it(casino: SimpleNamespace) -> None:
    player = quiet(casino)
    whole_round(NOW)
    record_sign_in(player_id=player.pk, fingerprint="", device_label="", ip="192.0.2.7", by=Actor.player(player.pk), now=NOW + A_DAY)
    whole_round(NOW + 2 * A_DAY)
    row = Dormancy.objects.get()
    assert (row.state, row.ended_by, state(player)) == ("ended", "signed_in", "active")
    whole_round(NOW + timedelta(days=60))
    assert state(player) == "active"


def test_who_may_not_sign_in_does_not_stay_away(casino: SimpleNamespace) -> None:
    blocked, noticed = quiet(casino), quiet(casino)
    set_block(player_id=blocked.pk, kind="sign_in", reason="CHARGEBACK", by=Actor.system("test"), now=NOW)
    whole_round(NOW)
    assert list(Dormancy.objects.values_list("player", flat=True)) == [noticed.pk]
    set_block(player_id=noticed.pk, kind="sign_in", reason="CHARGEBACK", by=Actor.system("test"), now=NOW)
    whole_round(NOW + timedelta(days=40))
    assert state(noticed) == "active"


def test_suspended_and_closed_accounts_are_left_as_they_are(casino: SimpleNamespace) -> None:
    for to in ("suspended", "closed"):
        Player.objects.filter(pk=quiet(casino).pk).update(state=to)
    whole_round(NOW)
    assert not Dormancy.objects.exists()


def test_each_market_has_its_own_months_and_one_whose_pack_says_nothing_has_none(casino: SimpleNamespace) -> None:
    ontario, germany = quiet(casino, market="CA-ON"), quiet(casino, market="DE")
    de = Jurisdiction.objects.get(code="DE")
    text = (packs.SHIPPED / "DE.toml").read_text()
    longer = text.replace("version = 1", "version = 2").replace('["dormancy.months"]\nvalue = 12', '["dormancy.months"]\nvalue = 24')
    packs.load(longer, now=NOW)
    assert packs.number(de.pk, "dormancy.months", on=NOW.date()).value == 24
    whole_round(NOW)
    assert list(Dormancy.objects.values_list("player", flat=True)) == [ontario.pk]
    assert services.law_of(-1, on=NOW.date()) is None
    assert state(germany) == "active"


def test_only_the_law_that_lets_it_says_from_when_money_is_unclaimed(casino: SimpleNamespace) -> None:
    malta, ontario = quiet(casino), quiet(casino, market="CA-ON")
    whole_round(NOW)
    rows = {row.player_id: (row.unclaimed_at, row.unclaimed_to) for row in Dormancy.objects.all()}
    assert rows == {malta.pk: (datetime(2028, 6, 20, 14, 5, 10, tzinfo=UTC), "Malta Gaming Authority"), ontario.pk: (None, "")}


def test_the_round_goes_on_where_it_stopped_and_rests_until_the_next_day(casino: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "CHUNK", 2)
    players = [quiet(casino) for _ in range(3)]
    assert [services.sweep(now=NOW), DormancySweep.objects.get().position] == [2, players[1].pk]
    assert [services.sweep(now=NOW), DormancySweep.objects.get().position] == [1, players[2].pk]
    services.sweep(now=NOW)
    assert (DormancySweep.objects.get().position, DormancySweep.objects.get().next_round_at) == (0, NOW + A_DAY)
    late = quiet(casino)
    assert services.sweep(now=NOW + timedelta(hours=1)) == 0
    assert services.sweep(now=NOW + A_DAY) == 0
    services.sweep(now=NOW + A_DAY)
    assert Dormancy.objects.filter(player=late).exists()


def test_two_sweeps_at_once_tell_each_player_once(committed_db: Database) -> None:
    nova = open_casino()
    for _ in range(4):
        new_player(nova, now=LONG_AGO)
    DormancySweep.objects.create(pk=1)
    race(lambda: services.sweep(now=NOW), lambda: services.sweep(now=NOW))
    DormancySweep.objects.update(position=0, next_round_at=None)
    services.sweep(now=NOW)
    assert (Dormancy.objects.count(), Message.objects.filter(template="account_becomes_dormant").count()) == (4, 4)


def test_the_database_knows_one_dormancy_at_a_time(casino: SimpleNamespace) -> None:
    quiet(casino)
    whole_round(NOW)
    row = Dormancy.objects.get()
    with pytest.raises(IntegrityError, match="players_dormancy_one_at_a_time"), transaction.atomic():
        Dormancy.objects.create(brand_id=row.brand_id, player_id=row.player_id, last_seen_at=NOW, noticed_at=NOW, due_at=NOW)


@pytest.mark.parametrize(("at", "months", "expected"), [
    (datetime(2026, 1, 31, tzinfo=UTC), 1, datetime(2026, 2, 28, tzinfo=UTC)), (datetime(2024, 2, 29, tzinfo=UTC), 12, datetime(2025, 2, 28, tzinfo=UTC)),
    (datetime(2026, 11, 20, tzinfo=UTC), -12, datetime(2025, 11, 20, tzinfo=UTC)), (datetime(2026, 3, 31, tzinfo=UTC), -1, datetime(2026, 2, 28, tzinfo=UTC)),
])  # fmt: skip
def test_months_end_on_the_last_day_of_a_shorter_one(at: datetime, months: int, expected: datetime) -> None:
    assert services.later(at, months) == expected


def test_an_account_that_is_closed_has_no_dormancy_any_more(casino: SimpleNamespace) -> None:
    player = dormant(casino)
    Player.objects.filter(pk=player.pk).update(state="closed")
    whole_round(NOW + A_DAY)
    assert (Dormancy.objects.get().state, Dormancy.objects.get().ended_by, state(player)) == ("ended", "state", "closed")


# ---- what a dormant account may do


def test_a_dormant_account_lets_nobody_in_and_gives_nothing_out(casino: SimpleNamespace) -> None:
    player = dormant(casino, cash="50.00")
    instrument = player.instruments.get()
    answer = record_sign_in(player_id=player.pk, fingerprint="", device_label="", ip="192.0.2.7", by=Actor.player(player.pk), now=NOW)
    assert (answer["admitted"], answer["refused"]) == (False, "account_dormant")
    asked: dict[str, Any] = {
        "player_id": player.pk, "instrument_id": instrument.pk, "amount": Decimal(10), "currency": "EUR", "by": Actor.player(player.pk), "now": NOW,
    }  # fmt: skip
    with pytest.raises(PaymentRefused, match="dormant") as refused:
        withdrawals.request_withdrawal(key="w", **asked)
    assert refused.value.code == "account_dormant"
    with pytest.raises(PaymentRefused, match="dormant"):
        deposits.start_deposit(key="d", **asked)
    assert held(player) == {"cash": Decimal(50), "held": Decimal(0)}


# ---- coming back


def verified(casino: SimpleNamespace, player: Player) -> CallerCheck:
    now = timezone.now()
    return CallerCheck.objects.create(
        brand_id=player.brand_id, player=player, staff=casino.sofia, at=now, passed=True, asked=["birth_date"], right=2, needed=2,
        valid_until=now + timedelta(minutes=15),
    )  # fmt: skip


def test_staff_open_it_after_the_caller_was_verified_and_not_before(casino: SimpleNamespace) -> None:
    player = dormant(casino)
    now = timezone.now()
    with pytest.raises(PlayerRefused, match="Verify the caller first") as refused:
        services.reactivate_by_staff(player_id=player.pk, note="", key="k", by=casino.sofia, now=now)
    assert (refused.value.code, state(player)) == ("not_verified", "dormant")
    check = verified(casino, player)
    for _ in range(2):
        services.reactivate_by_staff(player_id=player.pk, note="Called", key="k", by=casino.sofia, now=now)
    assert state(player) == "active"
    fact = Event.objects.get(type="player.reactivated")
    said = personal.open_values(json.loads(fact.after), player_id=player.pk)
    assert (fact.actor_id, said) == (casino.sofia.pk, {"identified_by": "caller_check", "check": check.pk, "note": "Called"})
    assert Dormancy.objects.get().ended_by == "identified"
    whole_round(now + A_DAY)  # its clock has begun anew
    assert Dormancy.objects.count() == 1


def test_who_may_not_verify_callers_opens_none(casino: SimpleNamespace) -> None:
    player = dormant(casino)
    verified(casino, player)
    with pytest.raises(NotAllowed):
        services.reactivate_by_staff(player_id=player.pk, note="", key="k", by=casino.marta, now=timezone.now())
    assert state(player) == "dormant"


def test_the_front_end_says_how_it_identified_the_player(db: None) -> None:
    api: Casino = open_api()
    number = api.nova.register()
    path = f"/players/{number}/reactivation"
    body = {"identified_by": "electronic_id", "reference": "eid-1"}
    problem(api.nova.post(path, body), 409, "not_dormant")
    Player.objects.filter(pk=number).update(registered_at=LONG_AGO)
    whole_round(NOW - timedelta(days=31))
    whole_round(NOW)
    answer = api.nova.post(path, body, key="one")
    assert (answer.status_code, answer.json()) == (200, {"player_id": number, "state": "active"})
    assert api.nova.post(path, body, key="one").json() == answer.json()
    assert json.loads(Event.objects.get(type="player.reactivated").after) == {"identified_by": "electronic_id", "reference": "eid-1"}
    problem(api.fjord.post(path, body), 404, "not_found")


def test_the_page_asks_for_the_checklist_first(casino: SimpleNamespace) -> None:
    player = dormant(casino)
    client, url = signed_in(casino.sofia), reverse("players:reactivate", args=[player.pk])
    page = client.get(url).text
    assert reverse("players:check-caller", args=[player.pk]) in page
    assert client.post(url, {"note": "", "key": "k"}).status_code == 422
    verified(casino, player)
    assert "it counts until" in client.get(url).text
    assert client.post(url, {"note": "", "key": "k"}).status_code == 303
    assert state(player) == "active"


def test_the_players_page_says_what_comes(casino: SimpleNamespace) -> None:
    player = quiet(casino, since=timezone.now() - timedelta(days=400))
    whole_round(timezone.now())
    shown = signed_in(casino.sofia).get(reverse("players:player", args=[player.pk])).text
    assert "Dormant from" in shown
