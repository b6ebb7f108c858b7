"""The state of an account: its moves, who makes them, and that each consequence sentence is true. Ending sessions and resetting credentials."""

import json
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from backoffice.access.models import Staff
from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.services import SamePerson, decisions
from backoffice.audit import personal
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed, Stale
from backoffice.audit.models import Event
from backoffice.integrations.models import Delivery
from backoffice.integrations.webhooks import services as webhooks
from payments.models import Deposit, Withdrawal
from payments.services import PaymentRefused, deposits
from players.blocks.services import set_block
from players.models import Instruction, Message, Player
from players.profile import accounts, consequences, instructions
from players.services import PlayerRefused
from players.services.registration import record_sign_in
from tests.api import Casino, problem
from tests.api import open_casino as open_api
from tests.backoffice.approvals.conftest import policy
from tests.casino import NOW, asked, held, new_instrument, new_player, open_casino, paid_in
from tests.payments.news import hears
from tests.people import make_person, signed_in

SERVICES = {"suspended": accounts.suspend_account, "closed": accounts.close_account, "active": accounts.lift_suspension}
REASONS = {"suspended": "DOCUMENTS", "closed": "PLAYER_ASKED", "active": "CLEARED"}
Move = Callable[..., Any]


@pytest.fixture
def casino(db: None, opened: None) -> SimpleNamespace:
    brand = open_casino()
    return SimpleNamespace(
        brand=brand, player=new_player(brand), tessa=make_person("fraud", brands=[brand], name="Tessa Lind"),
        oren=make_person("compliance", brands=[brand], name="Oren Vella"), sofia=make_person("support", brands=[brand], name="Sofia Marin"),
    )  # fmt: skip


@pytest.fixture
def move(casino: SimpleNamespace) -> Move:
    def run(to: str, *, by: Staff | None = None, service: Any = None, **more: Any) -> Any:
        player = Player.objects.get(pk=casino.player.pk)
        given = {"player_id": player.pk, "version": player.version, "reason_code": REASONS[to], "note": "", "key": f"{to}{player.version}", "now": NOW, **more}
        return (service or SERVICES[to])(by=by or casino.tessa, **given)

    return run


def reopened(change: ChangeRequest, by: Staff) -> ChangeRequest:
    return decisions.approve(change_id=change.pk, version=change.version, key="a", by=by, now=NOW)


def everything(player: Player) -> dict[str, Any]:
    return {
        "row": Player.objects.values().get(pk=player.pk), "facts": Event.objects.count(), "changes": ChangeRequest.objects.count(),
        "asked": Instruction.objects.count(), "sent": Delivery.objects.count(),
    }  # fmt: skip


# ---- moves


def test_suspending_records_who_and_why_and_asks_the_front_end_to_end_the_sessions(casino: SimpleNamespace, move: Move) -> None:
    webhooks.create(
        name="Web", url="https://nova.example/hooks", topic_codes=["player.state_changed", "player.end_sessions"], brand=casino.brand, by=Actor.system("test"),
        now=NOW,
    )  # fmt: skip
    player = move("suspended", note="Passport has run out")
    fact = Event.objects.get(type="player.suspended")
    assert (player.state, fact.actor_id, fact.player_id, fact.reason) == ("suspended", casino.tessa.pk, player.pk, "DOCUMENTS")
    assert "Passport" not in fact.after
    assert personal.open_values(json.loads(fact.after), player_id=player.pk) == {"state": "suspended", "version": 2, "note": "Passport has run out"}
    row = Instruction.objects.get()
    assert (row.kind, row.state, row.asked_by_id) == ("end_sessions", "requested", casino.tessa.pk)
    sent = {one.topic: json.loads(one.body)["data"] for one in Delivery.objects.all()}
    whose = {"player_id": player.pk, "external_id": player.external_id}
    assert sent == {"player.state_changed": {**whose, "state": "suspended"}, "player.end_sessions": {**whose, "instruction_id": row.pk}}


def test_the_same_request_again_moves_once(casino: SimpleNamespace, move: Move) -> None:
    move("suspended", version=1, key="k")
    after = everything(casino.player)
    assert move("suspended", version=1, key="k").state == "suspended"
    assert everything(casino.player) == after


@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        ({"reason_code": "CLEARED"}, PlayerRefused, "fits"), ({"reason_code": "CLOSED_OTHER"}, PlayerRefused, "in the note"), ({"version": 9}, Stale, ""),
        ({"reason_code": "NONSENSE"}, PlayerRefused, "fits"),
    ],
)  # fmt: skip
def test_a_move_that_is_refused_changes_nothing(casino: SimpleNamespace, move: Move, more: dict, error: type[Exception], words: str) -> None:
    before = everything(casino.player)
    with pytest.raises(error, match=words):
        move("closed", **more)
    assert everything(casino.player) == before


def test_support_moves_no_account(casino: SimpleNamespace, move: Move) -> None:
    before = everything(casino.player)
    for to in SERVICES:
        with pytest.raises(NotAllowed):
            move(to, by=casino.sofia)
    with pytest.raises(NotAllowed):
        move("active", by=casino.sofia, service=accounts.ask_to_reopen)
    assert everything(casino.player) == before


def test_a_closed_account_is_opened_again_when_somebody_else_agrees(casino: SimpleNamespace, move: Move) -> None:
    move("closed")
    with pytest.raises(NotAllowed, match="by approval"):
        move("active")
    change = move("active", service=accounts.ask_to_reopen, reason_code="PLAYER_RETURNS", note="Called twice")
    assert (change.state, change.brand_id, change.reason) == ("review", casino.brand.pk, "The player wants the account back: Called twice")
    with pytest.raises(PlayerRefused, match="asked for already"):
        move("active", service=accounts.ask_to_reopen, by=casino.oren)
    with pytest.raises(SamePerson):
        reopened(change, casino.tessa)
    assert Player.objects.get(pk=casino.player.pk).state == "closed"
    assert reopened(ChangeRequest.objects.get(pk=change.pk), casino.oren).state == "active"
    fact = Event.objects.get(type="player.active")
    assert (Player.objects.get(pk=casino.player.pk).state, fact.actor_id, fact.reason) == ("active", casino.tessa.pk, "PLAYER_RETURNS")


def test_where_a_policy_asks_nobody_a_closed_account_opens_at_once(casino: SimpleNamespace, move: Move) -> None:
    policy(kind=accounts.REOPENING, approvals=0)
    move("closed")
    assert move("active", service=accounts.ask_to_reopen).state == "active"
    assert Player.objects.get(pk=casino.player.pk).state == "active"


def test_only_a_closed_account_is_asked_for(casino: SimpleNamespace, move: Move) -> None:
    move("suspended")
    before = everything(casino.player)
    with pytest.raises(PlayerRefused, match="Only a closed account"):
        move("active", service=accounts.ask_to_reopen)
    assert everything(casino.player) == before


# ---- what the sentences say


def words(player: Player, to: str) -> list[str]:
    return [sentence.text.replace("\xa0", " ") for sentence in consequences.of(player, to)]


def test_closing_says_what_becomes_of_money_and_it_is_true(casino: SimpleNamespace, move: Move) -> None:
    player = casino.player
    card = new_instrument(player)
    paid_in(player, card, "412.50")
    waiting = asked(player, card, "112.50")
    under_way = deposits.start_deposit(
        player_id=player.pk, instrument_id=card.pk, amount=Decimal("20.00"), currency="EUR", key="late", by=Actor.player(player.pk), now=NOW
    )
    assert words(player, "closed") == [
        "The player cannot sign in any more, and the front end is asked to end the sessions that are open.",
        "The front end is told at once. No message goes to the player by this.",
        "Deposits are refused. One that is under way is still credited when it arrives.",
        "1 open withdrawal of 112.50 EUR stays where it is and is decided and paid as before.",
        "300.00 EUR stays the player's: the front end can still ask for it to be paid out.",
    ]
    told = Message.objects.count()
    move("closed")

    answer = record_sign_in(player_id=player.pk, fingerprint="", device_label="", ip="192.0.2.7", by=Actor.player(player.pk), now=NOW)
    assert (answer["admitted"], Message.objects.count()) == (False, told)
    assert Instruction.objects.get().kind == "end_sessions"
    with pytest.raises(PaymentRefused):
        deposits.start_deposit(
            player_id=player.pk, instrument_id=card.pk, amount=Decimal("5.00"), currency="EUR", key="new", by=Actor.player(player.pk), now=NOW
        )
    hears(under_way, sequence=1, now=NOW)
    assert Deposit.objects.get(pk=under_way.pk).state == "credited"
    assert Withdrawal.objects.get(pk=waiting.pk).state == "requested"
    asked(player, card, "320.00")
    assert held(player) == {"cash": Decimal("0.00"), "held": Decimal("432.50")}


def test_opening_again_says_what_it_does_and_it_is_true(casino: SimpleNamespace, move: Move) -> None:
    move("suspended")
    assert words(Player.objects.get(pk=casino.player.pk), "active") == [
        "The player can sign in again.", "The front end is told at once. No message goes to the player by this.", "Deposits are taken again.",
    ]  # fmt: skip
    move("active")
    player = casino.player
    assert record_sign_in(player_id=player.pk, fingerprint="", device_label="", ip="192.0.2.7", by=Actor.player(player.pk), now=NOW)["admitted"]
    assert paid_in(player, new_instrument(player), "5.00", now=NOW).state == "credited"


# ---- the page


def test_the_page_shows_the_consequences_and_moves_once_with_a_reason(casino: SimpleNamespace) -> None:
    url, fraud = reverse("players:account-state", args=[casino.player.pk, "closed"]), signed_in(casino.tessa)
    page = fraud.get(url).text
    assert "Deposits are refused." in page
    sent = {"reason_code": "PLAYER_ASKED", "note": "", "version": "1", "key": "k"}
    assert fraud.post(url, {**sent, "reason_code": ""}).status_code == 422
    assert fraud.post(url, {**sent, "version": "4"}).status_code == 409
    assert Player.objects.get(pk=casino.player.pk).state == "active"
    assert fraud.post(url, sent)["Location"] == reverse("players:player", args=[casino.player.pk])
    assert Player.objects.get(pk=casino.player.pk).state == "closed"
    shown = fraud.get(reverse("players:player", args=[casino.player.pk]) + "?tab=profile").text
    assert "The player asked for it" in shown
    assert "Sessions not yet ended" in shown
    again = reverse("players:account-state", args=[casino.player.pk, "active"])
    assert "Ask for approval" in fraud.get(again).text
    assert fraud.post(again, {"reason_code": "MISTAKE", "note": "", "version": "2", "key": "r"}).status_code == 303
    assert ChangeRequest.objects.get(kind=accounts.REOPENING).state == "review"
    assert Player.objects.get(pk=casino.player.pk).state == "closed"
    assert fraud.get(reverse("players:account-state", args=[casino.player.pk, "gone"])).status_code == 404


# ---- sessions and credentials


def test_it_counts_as_done_when_the_front_end_says_so_and_not_before(db: None) -> None:
    house: Casino = open_api()
    player = house.nova.register()
    support = make_person("support", brands=[house.nova.brand])
    row = instructions.end_sessions(player_id=player, reason="Lost the phone", by=support, now=NOW)
    assert instructions.end_sessions(player_id=player, reason="Again", by=support, now=NOW).pk == row.pk
    page = signed_in(support).get(reverse("players:player", args=[player]) + "?tab=profile").text
    assert ("Requested" in page, "Confirmed" in page) == (True, False)
    assert [one["id"] for one in house.nova.get("/instructions").json()] == [row.pk]
    assert house.fjord.get("/instructions").json() == []
    assert house.fjord.post(f"/instructions/{row.pk}/report", {"outcome": "done"}).status_code == 404
    assert Event.objects.filter(type="player.sessions_ended").count() == 0

    answer = house.nova.post(f"/instructions/{row.pk}/report", {"outcome": "done", "detail": "3 sessions"})
    assert (answer.status_code, answer.json()["state"]) == (200, "confirmed")
    assert house.nova.post(f"/instructions/{row.pk}/report", {"outcome": "done"}).json() == answer.json()
    problem(house.nova.post(f"/instructions/{row.pk}/report", {"outcome": "failed"}), 409, "instruction_reported")
    fact = Event.objects.get(type="player.sessions_ended")
    assert (fact.actor_kind, fact.player_id, json.loads(fact.after)["detail"]) == ("integration", player, "3 sessions")
    assert house.nova.get("/instructions").json() == []
    page = signed_in(support).get(reverse("players:player", args=[player]) + "?tab=profile").text
    assert ("Confirmed" in page, "3 sessions" in page, "Sessions not yet ended" in page) == (True, True, False)


def test_a_reset_that_the_front_end_could_not_do_is_shown_as_failed(db: None) -> None:
    house: Casino = open_api()
    player = house.nova.register()
    support = make_person("support", brands=[house.nova.brand])
    url = reverse("players:reset-credentials", args=[player])
    assert signed_in(support).post(url, {"reason": ""}).status_code == 422
    assert signed_in(support).post(url, {"reason": "Forgot it"}).status_code == 303
    row = Instruction.objects.get()
    house.nova.post(f"/instructions/{row.pk}/report", {"outcome": "failed", "detail": "No e-mail address"})
    assert (Instruction.objects.get().state, Event.objects.get(type="player.credentials_not_reset").player_id) == ("failed", player)
    assert instructions.reset_credentials(player_id=player, reason="Try again", by=support, now=NOW).pk != row.pk


def test_who_may_not_asks_the_front_end_for_nothing(casino: SimpleNamespace) -> None:
    crm = make_person("crm", brands=[casino.brand])
    for service in (instructions.end_sessions, instructions.reset_credentials):
        with pytest.raises(NotAllowed):
            service(player_id=casino.player.pk, reason="x", by=crm, now=NOW)
        with pytest.raises(PlayerRefused, match="Say why"):
            service(player_id=casino.player.pk, reason=" ", by=casino.sofia, now=NOW)
    assert not Instruction.objects.exists()


def test_the_database_keeps_one_open_instruction_of_a_kind(casino: SimpleNamespace) -> None:
    row = instructions.end_sessions(player_id=casino.player.pk, reason="x", by=casino.sofia, now=NOW)
    row.pk = None
    with pytest.raises(IntegrityError, match="one_at_a_time"), transaction.atomic():
        row.save(force_insert=True)


def test_the_front_end_reads_a_profile_with_a_scope_of_its_own_and_that_is_on_the_record(db: None) -> None:
    house: Casino = open_api()
    player = house.nova.register(email="zebedee@mail.example")
    said = house.nova.get(f"/players/{player}/profile").json()
    assert (said["email"], said["birth_date"], said["city"]) == ("zebedee@mail.example", "1990-05-31", "")
    fact = Event.objects.get(type="player.profile_read")
    assert (fact.player_id, fact.actor_kind) == (player, "integration")
    assert house.fjord.get(f"/players/{player}/profile").status_code == 404


def test_it_does_not_promise_a_sign_in_while_a_block_of_it_stands(casino: SimpleNamespace, move: Move) -> None:
    move("suspended")
    set_block(player_id=casino.player.pk, kind="sign_in", reason="ACCOUNT_TAKEN_OVER", by=Actor.system("test"), now=NOW)
    says = words(Player.objects.get(pk=casino.player.pk), "active")
    assert says[0] == "The player still cannot sign in: a sign-in block stands. Lift it apart."
    move("active")
    player = casino.player
    answer = record_sign_in(player_id=player.pk, fingerprint="", device_label="", ip="192.0.2.7", by=Actor.player(player.pk), now=NOW)
    assert (answer["admitted"], answer["refused"]) == (False, "sign_in_blocked")
