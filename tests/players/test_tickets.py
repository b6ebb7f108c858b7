"""Tickets: the help desk puts its own over the API, staff keep others by hand, and both stand beside the player and each decision."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from backoffice.audit.models import Event
from players.models import Player, Ticket, TicketMessage
from players.services import PlayerRefused
from players.tickets import selectors, services
from tests.access_table import HOLDERS
from tests.api import Casino, pointers, problem
from tests.casino import new_instrument, new_player, new_withdrawal, open_casino
from tests.people import make_person, signed_in

AT = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def body(player: int, **fields: Any) -> dict[str, Any]:
    return {
        "player_id": player, "subject": "Where is my withdrawal?", "state": "open", "link": "https://desk.example/tickets/8801",
        "opened_at": AT.isoformat(), "updated_at": AT.isoformat(), "messages": [said("m1")], **fields,
    }  # fmt: skip


def said(number: str, author: str = "player", text: str = "I asked on Monday.", minutes: int = 0) -> dict[str, Any]:
    return {"id": number, "author": author, "name": "", "text": text, "at": (AT + timedelta(minutes=minutes)).isoformat()}


def facts(player: int) -> list[str]:
    return list(Event.objects.filter(player_id=player, type__startswith="ticket.").order_by("id").values_list("type", flat=True))


@pytest.fixture
def desk(db: None, opened: None) -> SimpleNamespace:
    brand = open_casino()
    support = make_person("support", brands=[brand], name="Sofia Marin")
    return SimpleNamespace(brand=brand, support=support, player=new_player(brand), client=signed_in(support))


def by_hand(desk: SimpleNamespace, **fields: Any) -> Ticket:
    given = {"subject": "Called about a bonus", "text": "Where is it?", "key": "k", **fields}
    return services.open_by_hand(player_id=desk.player.pk, by=desk.support, now=timezone.now(), **given)


def test_a_ticket_is_put_once_however_often_it_comes(casino: Casino) -> None:
    player = casino.nova.register()
    first = casino.nova.call("PUT", "/tickets/HD-8801", body(player))
    again = casino.nova.call("PUT", "/tickets/HD-8801", body(player))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json() == casino.nova.get("/tickets/HD-8801").json()
    assert first.json()["messages"] == 1
    ticket = Ticket.objects.get()
    assert (ticket.player_id, ticket.external_id, ticket.subject, ticket.state, ticket.by, ticket.version) == (
        player, "HD-8801", "Where is my withdrawal?", "open", None, 1,
    )  # fmt: skip
    assert facts(player) == ["ticket.opened", "ticket.message"]
    assert Event.objects.filter(type="ticket.opened").get().actor_label == "Nova web"


def test_news_changes_it_and_old_news_only_adds_what_was_said(casino: Casino) -> None:
    player, later = casino.nova.register(), (AT + timedelta(hours=1)).isoformat()
    casino.nova.call("PUT", "/tickets/HD-1", body(player))
    changed = casino.nova.call(
        "PUT", "/tickets/HD-1", body(player, state="solved", updated_at=later, messages=[said("m1", text="Changed"), said("m2", "agent")])
    )
    late = casino.nova.call("PUT", "/tickets/HD-1", body(player, state="open", messages=[said("m3", minutes=5)]))
    assert (changed.json()["state"], late.json()["state"], late.json()["messages"]) == ("solved", "solved", 3)
    assert [(one.external_id, one.author, one.text) for one in TicketMessage.objects.order_by("external_id")] == [
        ("m1", "player", "I asked on Monday."), ("m2", "agent", "I asked on Monday."), ("m3", "player", "I asked on Monday."),
    ]  # fmt: skip
    assert facts(player) == ["ticket.opened", "ticket.message", "ticket.changed", "ticket.message", "ticket.message"]


def test_a_ticket_is_of_one_player_and_one_brand(casino: Casino) -> None:
    mine, other, theirs = casino.nova.register(), casino.nova.register(), casino.fjord.register()
    casino.nova.call("PUT", "/tickets/HD-1", body(mine))
    refused = casino.nova.call("PUT", "/tickets/HD-1", body(other))
    problem(refused, 409, "ticket_of_another")
    assert pointers(refused) == {"#/player_id"}
    problem(casino.nova.call("PUT", "/tickets/HD-2", body(theirs)), 422, "player_unknown")
    problem(casino.fjord.get("/tickets/HD-1"), 404, "not_found")
    assert casino.fjord.call("PUT", "/tickets/HD-1", body(theirs)).status_code == 200  # the id is unique within a brand
    assert list(Ticket.objects.order_by("pk").values_list("player_id", flat=True)) == [mine, theirs]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"state": "lost"}, "#/state"), ({"link": "javascript:alert(1)"}, "#/link"), ({"link": "http://desk.example"}, "#/link"),
        ({"subject": ""}, "#/subject"),
        ({"messages": [said("m1", text="")]}, "#/messages/0/text"), ({"updated_at": "yesterday"}, "#/updated_at"),
    ],
)  # fmt: skip
def test_what_is_no_ticket_is_refused_and_nothing_is_kept(casino: Casino, fields: dict[str, Any], pointer: str) -> None:
    player = casino.nova.register()
    refused = casino.nova.call("PUT", "/tickets/HD-1", body(player, **fields))
    problem(refused, 422, "invalid")
    assert pointers(refused) == {pointer}
    assert not Ticket.objects.exists()


def test_a_ticket_is_kept_by_hand_and_gone_on_with(desk: SimpleNamespace) -> None:
    opening = reverse("players:ticket-open", args=[desk.player.pk])
    sent = {"subject": "Called about a bonus", "text": "Where is it?", "link": "", "key": "once"}
    done = desk.client.post(opening, sent)
    assert desk.client.post(opening, sent)["Location"] == done["Location"]  # pressed twice
    ticket = Ticket.objects.get()
    assert (ticket.name, ticket.by, ticket.by_hand) == (f"TK-{ticket.pk}", desk.support, True)
    going = reverse("players:ticket-go-on", args=[ticket.pk])
    assert desk.client.post(going, {"text": "", "state": "open", "version": 1, "key": "a"}).status_code == 422
    assert desk.client.post(going, {"text": "Explained it", "state": "solved", "version": 1, "key": "b"}).status_code == 302
    stale = desk.client.post(going, {"text": "Me too", "state": "closed", "version": 1, "key": "c"})
    assert stale.status_code == 409
    assert "Me too" in stale.text
    ticket.refresh_from_db()
    assert (ticket.state, ticket.version) == ("solved", 2)
    assert [(one.author, one.author_name, one.text) for one in ticket.messages.order_by("pk")] == [
        ("player", desk.player.name, "Where is it?"), ("agent", "Sofia Marin", "Explained it"),
    ]  # fmt: skip
    assert facts(desk.player.pk) == ["ticket.opened", "ticket.message", "ticket.changed", "ticket.message"]


def test_the_help_desks_own_is_answered_there(casino: Casino) -> None:
    player = casino.nova.register()
    casino.nova.call("PUT", "/tickets/HD-1", body(player))
    support = make_person("support", brands=[casino.nova.brand])
    ticket = Ticket.objects.get()
    with pytest.raises(PlayerRefused) as refused:
        services.go_on_by_hand(ticket_id=ticket.pk, version=1, state="closed", text="Done", key="k", by=support, now=timezone.now())
    assert refused.value.code == "ticket_elsewhere"
    page = signed_in(support).get(reverse("players:ticket", args=[ticket.pk])).text
    assert 'href="https://desk.example/tickets/8801"' in page
    assert "I asked on Monday." in page
    assert "Go on" not in page
    ticket.refresh_from_db()
    assert (ticket.state, ticket.messages.count()) == ("open", 1)


@pytest.mark.parametrize("role", ["support", "crm", "payments-l1", "auditor"])
def test_only_who_may_keep_tickets_does(desk: SimpleNamespace, role: str) -> None:
    ticket, may = by_hand(desk), role in HOLDERS["players.tickets"]
    client = signed_in(make_person(role, brands=[desk.brand]))
    opened = client.post(reverse("players:ticket-open", args=[desk.player.pk]), {"subject": "S", "text": "T", "key": "k"})
    gone_on = client.post(reverse("players:ticket-go-on", args=[ticket.pk]), {"text": "T", "state": "open", "version": 1, "key": "k"})
    assert {opened.status_code, gone_on.status_code} == ({302} if may else {403})
    assert (Ticket.objects.count(), ticket.messages.count()) == ((2, 2) if may else (1, 1))
    page = client.get(reverse("players:ticket", args=[ticket.pk]))
    assert (page.status_code, "Go on" in page.text) == (200, may)


def test_those_that_wait_come_first(desk: SimpleNamespace) -> None:
    now = timezone.now()
    solved, old, new = by_hand(desk, key="a"), by_hand(desk, key="b"), by_hand(desk, key="c")
    services.go_on_by_hand(ticket_id=solved.pk, version=1, state="solved", text="", key="x", by=desk.support, now=now + timedelta(hours=1))
    services.go_on_by_hand(ticket_id=new.pk, version=1, state="pending", text="", key="y", by=desk.support, now=now + timedelta(minutes=1))
    assert [one.pk for one in selectors.beside(desk.player.pk)] == [new.pk, old.pk, solved.pk]


def test_tickets_stand_on_the_players_page_and_beside_each_decision(desk: SimpleNamespace) -> None:
    withdrawal = new_withdrawal(desk.brand)
    instrument = new_instrument(withdrawal.player)
    services.open_by_hand(player_id=withdrawal.player_id, subject="Late payout", text="Where?", key="k", by=desk.support, now=timezone.now())
    client = signed_in(make_person("payments-l1", brands=[desk.brand]))
    for page in (
        reverse("players:player", args=[withdrawal.player_id]), reverse("payments:withdrawal", args=[withdrawal.pk]),
        reverse("players:instrument", args=[instrument.pk]),
    ):  # fmt: skip
        assert "Late payout" in client.get(page).text, page
    assert "Late payout" not in client.get(reverse("players:player", args=[desk.player.pk])).text


def test_a_ticket_says_what_was_typed_and_no_markup(desk: SimpleNamespace) -> None:
    ticket = by_hand(desk, subject="<b>Bold</b>", text="<script>alert(1)</script>")
    page = desk.client.get(reverse("players:ticket", args=[ticket.pk])).text
    assert "<script>alert" not in page
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page


def test_the_apps_login_cannot_reword_what_was_said(desk: SimpleNamespace) -> None:
    ticket = by_hand(desk)
    for sql in (
        "UPDATE players_ticketmessage SET text_sealed = 'x' WHERE ticket_id = %s", "DELETE FROM players_ticketmessage WHERE ticket_id = %s",
        "UPDATE players_ticket SET player_id = player_id WHERE id = %s", "DELETE FROM players_ticket WHERE id = %s",
        "UPDATE players_message SET body_sealed = '' WHERE id = %s",
    ):  # fmt: skip
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [ticket.pk])


def test_support_reaches_a_players_payments_only_by_their_status(desk: SimpleNamespace) -> None:
    """GLI-19: what somebody does not need for their work, they do not see."""
    withdrawal = new_withdrawal(desk.brand)
    player: Player = withdrawal.player
    for name in ("payments:withdrawals", "payments:deposits", "players:instruments"):
        assert desk.client.get(reverse(name)).status_code == 403
    assert desk.client.get(reverse("payments:withdrawal", args=[withdrawal.pk])).status_code == 403
    assert desk.client.post(reverse("payments:withdrawal-decide", args=[withdrawal.pk]), {"outcome": "approved"}).status_code == 403
    pages = [reverse("players:player", args=[player.pk])]
    pages += [f"{pages[0]}?tab={key}" for key in ("payments", "messages", "timeline")]
    shown = "".join(answer.text for answer in map(desk.client.get, pages) if answer.status_code == 200)
    assert withdrawal.instrument.last4 not in shown
    assert reverse("payments:withdrawal", args=[withdrawal.pk]) not in shown
    withdrawal.refresh_from_db()
    assert withdrawal.state == "requested"
