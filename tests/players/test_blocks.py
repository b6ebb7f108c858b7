"""Blocks: what each refuses, from the next request on and until its end, who may set and lift it, and what the record says."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction
from django.urls import reverse
from django.utils import timezone, translation

from backoffice.approvals.services import NotAllowed, SamePerson, decisions, drafts
from backoffice.approvals.services.applying import enact
from backoffice.audit.actors import Actor
from backoffice.audit.models import Event
from backoffice.bell.models import Notice
from payments.models import Deposit, Withdrawal
from payments.services.deposits import start_deposit
from payments.services.withdrawals import request_withdrawal
from players import locks
from players.blocks import BONUS, PLAY, guarding, reasons, selectors, services, sources
from players.models import Block, BlockReason
from players.services import PlayerRefused
from tests.access_table import HOLDERS
from tests.api import Casino, problem
from tests.casino import new_player, new_withdrawal, open_casino
from tests.databases import Database
from tests.people import make_person, signed_in
from tests.races import race

SOON = timedelta(hours=1)


def block(player: int, kind: str = "deposit", **fields: Any) -> Block:
    given = {"reason": "FRAUD_SUSPECTED", "by": Actor.system("test"), "now": timezone.now(), **fields}
    return services.set_block(player_id=player, kind=kind, **given)


def facts(player: int) -> list[str]:
    return list(Event.objects.filter(player_id=player, type__startswith="block.").order_by("id").values_list("type", flat=True))


@pytest.fixture
def desk(db: None, opened: None) -> SimpleNamespace:
    brand = open_casino()
    fraud = make_person("fraud", brands=[brand], name="Frida Raud")
    return SimpleNamespace(brand=brand, fraud=fraud, player=new_player(brand), client=signed_in(fraud))


def test_each_block_refuses_its_own_and_nothing_else(casino: Casino) -> None:
    player, instrument = casino.nova.funded()
    deposit = {"player_id": player, "instrument_id": instrument, "money": {"amount": "5.00", "currency": "EUR"}}
    sign_in = {"ip": "203.0.113.7"}
    block(player, "deposit")
    problem(casino.nova.post("/deposits", deposit), 409, "deposit_blocked")
    assert casino.nova.withdraw(player, instrument).status_code == 201
    assert casino.nova.post(f"/players/{player}/sign-ins", sign_in).json()["admitted"] is True
    block(player, "withdrawal")
    problem(casino.nova.withdraw(player, instrument), 409, "withdrawal_blocked")
    block(player, "sign_in", ends_at=timezone.now() + SOON)
    answer = casino.nova.post(f"/players/{player}/sign-ins", sign_in).json()
    assert (answer["admitted"], answer["refused"], answer["state"]) == (False, "sign_in_blocked", "active")
    assert answer["until"] is not None
    assert (Deposit.objects.count(), Withdrawal.objects.count()) == (1, 1)  # the one that paid in, the one before the block


def test_a_block_ends_at_its_moment_without_any_job(casino: Casino) -> None:
    now = timezone.now()
    player, instrument = casino.nova.funded()
    block(player, "deposit", now=now - SOON, ends_at=now - timedelta(microseconds=1))
    block(player, "withdrawal", now=now - SOON, ends_at=now)

    def paying(at: Any) -> Deposit:
        return start_deposit(player_id=player, instrument_id=instrument, amount=Decimal(5), currency="EUR", key="k", by=Actor.player(player), now=at)

    assert paying(now).state == "initiated"
    assert selectors.in_force(player, now=now) == []
    assert [one.kind for one in selectors.in_force(player, now=now - timedelta(microseconds=1))] == ["withdrawal"]
    assert set(Block.objects.values_list("state", flat=True)) == {"active"}  # nobody has written it down yet
    assert request_withdrawal(
        player_id=player, instrument_id=instrument, amount=Decimal(5), currency="EUR", key="k", by=Actor.player(player), now=now
    ).state == "requested"  # fmt: skip


def test_the_clock_writes_down_that_it_ended_when_it_did(desk: SimpleNamespace) -> None:
    now = timezone.now()
    set_by_fraud = block(desk.player.pk, now=now - SOON, ends_at=now - timedelta(minutes=5), by=Actor.staff(desk.fraud))
    stays = block(desk.player.pk, "play", now=now - SOON, ends_at=now + SOON)

    assert (services.end_due(now=now), services.end_due(now=now)) == (1, 0)

    set_by_fraud.refresh_from_db()
    stays.refresh_from_db()
    assert (set_by_fraud.state, set_by_fraud.ended_at, stays.state) == ("expired", now - timedelta(minutes=5), "active")
    assert facts(desk.player.pk) == ["block.set", "block.set", "block.expired"]
    assert Event.objects.get(type="block.expired").happened_at == now - timedelta(minutes=5)
    assert [(one.staff, one.kind) for one in Notice.objects.all()] == [(desk.fraud, "players.block_ended")]


def test_one_source_blocks_a_thing_once_and_again_after_its_end(desk: SimpleNamespace) -> None:
    now, player = timezone.now(), desk.player.pk
    block(player, now=now - SOON, ends_at=now)
    with pytest.raises(PlayerRefused) as refused:
        block(player, now=now - timedelta(seconds=1))
    assert refused.value.code == "already_blocked"
    again = block(player, now=now)
    assert [(one.pk == again.pk, one.state) for one in Block.objects.order_by("pk")] == [(False, "expired"), (True, "active")]
    assert facts(player) == ["block.set", "block.expired", "block.set"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"reason": "NO_SUCH"}, "block_unknown"),
        ({"kind": "breathing"}, "block_unknown"),
        ({"source": "nobody"}, "block_unknown"),
        ({"reason": "BLOCKED_OTHER", "note": "  "}, "block_note"),
        ({"ends_at": timedelta()}, "block_end"),
        ({"ends_at": timedelta(days=3651)}, "block_end"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_blocked(desk: SimpleNamespace, fields: dict[str, Any], code: str) -> None:
    now = timezone.now()
    if "ends_at" in fields:
        fields = {**fields, "ends_at": now + fields["ends_at"]}
    with pytest.raises(PlayerRefused) as refused:
        block(desk.player.pk, **{"kind": "deposit", "now": now, **fields})
    assert refused.value.code == code
    assert not Block.objects.exists()
    assert facts(desk.player.pk) == []


def test_staff_cannot_lift_what_another_source_decides(desk: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_sources", dict(sources._sources))
    sources.register(sources.Source("self-exclusion", "Self-exclusion", {"ASKED": "Asked for by the player"}, excludes=True))
    theirs = block(desk.player.pk, "play", source="self-exclusion", reason="ASKED")
    block(desk.player.pk, "play")  # staff's own stands beside it

    with pytest.raises(PlayerRefused) as refused:
        services.lift_block(block_id=theirs.pk, player_id=desk.player.pk, version=1, why="They asked nicely", by=desk.fraud, now=timezone.now())

    assert refused.value.code == "block_not_yours"
    assert [one.source for one in selectors.in_force(desk.player.pk, "play", now=timezone.now())] == ["self-exclusion", "staff"]
    page = desk.client.get(reverse("players:blocks", args=[desk.player.pk])).text
    assert page.count("Lift the block") == 1
    assert "Staff cannot lift it" in page


def test_a_block_is_set_and_lifted_on_its_page(desk: SimpleNamespace) -> None:
    player = desk.player
    page, setting = reverse("players:blocks", args=[player.pk]), reverse("players:block-set", args=[player.pk])
    answer = desk.client.post(setting, {"kinds": ["deposit", "contact"], "reason": "PROTECTION", "note": "Cried on the phone", "ends_at": ""})
    assert (answer.status_code, answer["Location"]) == (302, page)
    made = list(Block.objects.order_by("pk"))
    assert [(one.kind, one.reason, one.note, one.source, one.set_by, one.ends_at) for one in made] == [
        (kind, "PROTECTION", "Cried on the phone", "staff", desk.fraud, None) for kind in ("deposit", "contact")
    ]
    shown = desk.client.get(page).text
    assert "Cried on the phone" in shown
    assert "Blocked: Deposit, Contact" in shown

    lifting = reverse("players:block-lift", args=[player.pk, made[0].pk])
    assert desk.client.post(lifting, {"why": "", "version": 1}).status_code == 422
    assert desk.client.post(lifting, {"why": "Talked to them", "version": 1}).status_code == 302
    made[0].refresh_from_db()
    assert (made[0].state, made[0].ended_by, made[0].ended_why) == ("lifted", desk.fraud, "Talked to them")
    assert [one.kind for one in selectors.in_force(player.pk, now=timezone.now())] == ["contact"]
    assert facts(player.pk) == ["block.set", "block.set", "block.lifted"]
    assert "Frida Raud: Talked to them" in desk.client.get(page).text


def test_a_second_lifting_changes_nothing(desk: SimpleNamespace) -> None:
    one = block(desk.player.pk, by=Actor.staff(desk.fraud))
    other = make_person("compliance", brands=[desk.brand])
    services.lift_block(block_id=one.pk, player_id=desk.player.pk, version=1, why="Over", by=other, now=timezone.now())
    with pytest.raises(PlayerRefused) as refused:
        services.lift_block(block_id=one.pk, player_id=desk.player.pk, version=2, why="Again", by=desk.fraud, now=timezone.now())
    assert refused.value.code == "block_over"
    one.refresh_from_db()
    assert (one.ended_by, one.ended_why, one.version) == (other, "Over", 2)
    assert [notice.staff for notice in Notice.objects.all()] == [desk.fraud]  # who set it, not who lifted it


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({"kinds": []}, "Choose what is blocked."),
        ({"reason": ""}, "This field is required."),
        ({"reason": "BLOCKED_OTHER"}, "Say in a note why."),
        ({"ends_at": "2020-01-01T10:00"}, "Choose a moment in the future"),
    ],
)
def test_a_form_that_does_not_fit_comes_back_and_nothing_is_blocked(desk: SimpleNamespace, sent: dict[str, Any], error: str) -> None:
    answer = desk.client.post(reverse("players:block-set", args=[desk.player.pk]), {"kinds": ["play"], "reason": "CHARGEBACK", **sent})
    assert answer.status_code == 422
    assert error in answer.text
    assert not Block.objects.exists()


@pytest.mark.parametrize("role", ["support", "crm", "payments-l1", "fraud", "compliance"])
def test_only_who_may_restrict_sets_and_lifts(desk: SimpleNamespace, role: str) -> None:
    standing, may = block(desk.player.pk, "play"), role in HOLDERS["players.restrict"]
    client = signed_in(make_person(role, brands=[desk.brand]))
    setting = client.post(reverse("players:block-set", args=[desk.player.pk]), {"kinds": ["deposit"], "reason": "CHARGEBACK"})
    lifting = client.post(reverse("players:block-lift", args=[desk.player.pk, standing.pk]), {"why": "Over", "version": 1})
    assert {setting.status_code, lifting.status_code} == ({302} if may else {403})
    assert [one.kind for one in selectors.in_force(desk.player.pk, now=timezone.now())] == (["deposit"] if may else ["play"])
    page = client.get(reverse("players:blocks", args=[desk.player.pk])).text
    assert ("Set a block" in page) == may


def test_the_front_end_reads_what_is_blocked_without_the_reason(casino: Casino) -> None:
    player, now = casino.nova.register(), timezone.now()
    block(player, "play", note="Secret", ends_at=now + SOON)
    lifted = block(player, "bonus")
    services.lift_block(block_id=lifted.pk, player_id=player, version=1, why="Over", by=make_person("fraud", brands=[casino.nova.brand]), now=now)

    answer = casino.nova.get(f"/players/{player}/blocks")

    body = answer.json()
    assert [(one["kind"], one["source"], one["until"] is None) for one in body["blocks"]] == [("play", "staff", False)]
    assert b"FRAUD" not in answer.content
    assert b"Secret" not in answer.content
    problem(casino.fjord.get(f"/players/{player}/blocks"), 404, "not_found")


def test_play_and_bonus_can_be_asked_for_and_are_refused_from_the_next_request_on(casino: Casino, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_sources", dict(sources._sources))
    sources.register(sources.Source("test-room", "A room", {"ASKED": "Asked for"}))
    player, now = casino.nova.register(), timezone.now()
    assert casino.nova.get(f"/players/{player}").json()["blocked"] == []
    guarding.refuse(player, PLAY, now=now)
    set_one = block(player, PLAY, ends_at=now + SOON)
    block(player, PLAY, source="test-room", reason="ASKED")
    block(player, BONUS)
    assert casino.nova.get(f"/players/{player}").json()["blocked"] == ["bonus", "play"]
    for kind in (PLAY, BONUS):
        with pytest.raises(PlayerRefused) as refused:
            guarding.refuse(player, kind, now=now)
        assert refused.value.code == f"{kind}_blocked"
    guarding.refuse(player, "deposit", now=now)
    fraud = make_person("fraud", brands=[casino.nova.brand])
    services.lift_block(block_id=set_one.pk, player_id=player, version=1, why="Over", by=fraud, now=now)
    assert casino.nova.get(f"/players/{player}").json()["blocked"] == ["bonus", "play"]  # the other room's stands
    problem(casino.fjord.get(f"/players/{player}"), 404, "not_found")


def test_whoever_lets_somebody_play_waits_for_who_is_about_to_block_them(committed_db: Database) -> None:
    player = new_player(open_casino())
    found = []

    def block_it() -> None:
        with transaction.atomic():
            block(player.pk, PLAY)
            set_up.set()
            time.sleep(0.3)  # long enough that the other would be through, if it did not wait

    def play() -> None:
        set_up.wait(5)
        with transaction.atomic():
            locks.player(player.pk)
            try:
                guarding.refuse(player.pk, PLAY, now=timezone.now())
            except PlayerRefused as refused:
                found.append(refused.code)

    set_up = threading.Event()
    race(block_it, play)
    assert found == ["play_blocked"]


def test_the_decision_page_shows_what_is_blocked(desk: SimpleNamespace) -> None:
    withdrawal = new_withdrawal(desk.brand)
    client = signed_in(make_person("payments-l1", brands=[desk.brand]))
    url = reverse("payments:withdrawal", args=[withdrawal.pk])
    assert "Nothing is blocked" in client.get(url).text
    block(withdrawal.player_id, "bonus")
    assert "Something else is blocked" in client.get(url).text
    block(withdrawal.player_id, "withdrawal", ends_at=timezone.now() + SOON)
    text = client.get(url).text
    assert "Withdrawals are blocked" in text
    assert "Fraud is suspected, until" in text


def test_the_players_page_says_what_is_blocked(desk: SimpleNamespace) -> None:
    support = signed_in(make_person("support", brands=[desk.brand]))
    url = reverse("players:player", args=[desk.player.pk])
    assert "Blocked:" not in support.get(url).text
    block(desk.player.pk, "withdrawal")
    text = support.get(url).text
    assert "Blocked: Withdrawal" in text
    assert "Fraud is suspected" in text
    assert "Block or lift" not in text
    assert "Block or lift" in desk.client.get(url).text


@pytest.mark.parametrize("column", ["reason", "kind", "source", "set_at"])
def test_the_apps_login_cannot_reword_a_block(desk: SimpleNamespace, column: str, denied: Callable[..., None]) -> None:
    one = block(desk.player.pk)
    denied("UPDATE players_block SET note = 'Something else' WHERE id = %s", [one.pk])  # an erasure empties it, and that is all
    denied(f"UPDATE players_block SET {column} = {column} WHERE id = %s", [one.pk])
    denied("DELETE FROM players_block WHERE id = %s", [one.pk])


@pytest.fixture
def denied() -> Callable[..., None]:
    def ask(sql: str, values: list[Any]) -> None:
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)

    return ask


def configured(code: str, **values: Any) -> None:
    """A reason as approvals leave it."""
    now = {"code": code, "label": "New words", "position": 50, "active": True}
    kept = BlockReason.objects.filter(pk=code).values("code", "label", "position", "active").first()
    enact(kind="players.block_reason", subject=code if kept else "", values={**(kept or now), **values}, reason="Test", now=timezone.now())
    reasons.forget()


def test_reasons_change_by_approval_alone(desk: SimpleNamespace) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        BlockReason.objects.filter(pk="CHARGEBACK").update(label="Quietly")
    compliance = make_person("compliance", brands=[desk.brand])
    values = {"code": "COURT_ORDER", "label": "A court ordered it", "position": 3, "active": True}
    draft = drafts.draft(kind="players.block_reason", values=values, by=desk.fraud, key="k", now=timezone.now())
    change = drafts.submit(change_id=draft.pk, version=draft.version, reason="New", by=desk.fraud, now=timezone.now())
    with pytest.raises(SamePerson):
        decisions.approve(change_id=change.pk, version=change.version, key="a", by=desk.fraud, now=timezone.now())
    with pytest.raises(PlayerRefused):
        block(desk.player.pk, reason="COURT_ORDER")
    assert decisions.approve(change_id=change.pk, version=change.version, key="a", by=compliance, now=timezone.now()).state == "active"
    reasons.forget()
    assert block(desk.player.pk, reason="COURT_ORDER").reason == "COURT_ORDER"
    page = desk.client.get(reverse("players:blocks", args=[desk.player.pk])).text
    assert page.count("A court ordered it") == 2  # as chosen, and to choose
    support = make_person("support", brands=[desk.brand])
    with pytest.raises(NotAllowed):
        drafts.draft(kind="players.block_reason", values={**values, "code": "MORE_OF_IT"}, by=support, key="s", now=timezone.now())


def test_a_reason_that_ended_is_chosen_no_more_and_still_read(desk: SimpleNamespace) -> None:
    block(desk.player.pk, "deposit", reason="CHARGEBACK")
    configured("CHARGEBACK", active=False)
    with pytest.raises(PlayerRefused) as refused:
        block(desk.player.pk, "play", reason="CHARGEBACK")
    assert refused.value.code == "block_unknown"
    page = desk.client.get(reverse("players:blocks", args=[desk.player.pk])).text
    assert page.count("A deposit is disputed") == 1
    for code in set(reasons.SHIPPED) - {"CHARGEBACK", "PROTECTION"}:
        configured(code, active=False)
    with pytest.raises(Exception, match="last one"):
        configured("PROTECTION", active=False)


def test_shipped_words_are_read_in_ones_language_and_reworded_ones_as_they_stand(desk: SimpleNamespace) -> None:
    with translation.override("de"):
        assert reasons.label("CHARGEBACK") != "A deposit is disputed"
        configured("CHARGEBACK", label="Disputed at the bank")
        assert reasons.label("CHARGEBACK") == "Disputed at the bank"
    assert set(BlockReason.objects.values_list("code", "label")) - {("CHARGEBACK", "Disputed at the bank")} == {
        (code, text) for code, text in reasons.SHIPPED.items() if code != "CHARGEBACK"
    }
