"""A player's page: who sees what of it, what it says, what it costs."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.audit.actors import Actor
from backoffice.audit.models import Event
from backoffice.work import claims, open_items
from payments.models import Deposit, Withdrawal
from payments.queues import SUBJECT
from payments.selectors import player as selector
from players import panels
from players.panels import Act, Badge, Panel, Tab
from players.services.registration import record_sign_in
from tests.casino import asked, new_instrument, new_player, new_withdrawal, open_casino, paid_in
from tests.people import make_brand, make_person, signed_in


@pytest.fixture
def casino(db, opened: None) -> SimpleNamespace:
    brand = open_casino()
    return SimpleNamespace(brand=brand, player=new_player(brand), fjord=make_brand("fjord", market="SE"))


@pytest.fixture(autouse=True)
def _as_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    for name in ("_tabs", "_panels", "_acts", "_badges", "_held"):
        monkeypatch.setattr(panels, name, dict(getattr(panels, name)))


def page_of(player: Any, *, tab: str = "") -> str:
    return reverse("players:player", args=[player.pk]) + (f"?tab={tab}" if tab else "")


def test_a_panel_is_shown_only_to_who_holds_its_permission(casino: SimpleNamespace) -> None:
    asked = []

    def load(looking: panels.Looking) -> dict[str, Any]:
        asked.append(looking.player.pk)
        return {"email": "told", "phone": ""}

    panels.register(
        Tab("money", "Money", 90),
        Panel(key="t.money", title="Money", tab="money", permission="wallet.view", template="players/_profile.html", load=load),
    )
    support, l1 = (signed_in(make_person(role, brands=[casino.brand])) for role in ("support", "payments-l1"))
    assert "?tab=money" not in support.get(page_of(casino.player)).text
    assert support.get(page_of(casino.player, tab="money")).status_code == 404
    assert asked == []
    assert "?tab=money" in l1.get(page_of(casino.player)).text
    assert asked == [], "a panel is loaded when its tab is open"
    assert "told" in l1.get(page_of(casino.player, tab="money")).text
    assert asked == [casino.player.pk]


def test_a_panel_of_a_tab_that_nobody_described_is_refused() -> None:
    with pytest.raises(ValueError, match="wants a tab 'nowhere'"):
        panels.register(Panel(key="t.lost", title="Lost", tab="nowhere", template="", load=lambda _looking: None))


def test_acts_stand_in_the_header_for_who_may_and_where_they_apply(casino: SimpleNamespace) -> None:
    panels.register(
        Act(key="t.restrict", label="Restrict it", permission="players.restrict", url=lambda player: f"/restrict/{player.pk}", menu="More"),
        Act(key="t.never", label="Never shown", permission="players.view", url=lambda _player: "/never", shows=lambda _looking: False),
        Act(key="t.dialog", label="Ask them", permission="players.view", url=lambda _player: "/ask", part="#ask"),
    )
    support, fraud = (signed_in(make_person(role, brands=[casino.brand])).get(page_of(casino.player)).text for role in ("support", "fraud"))
    assert "Restrict it" not in support
    assert f'<a href="/restrict/{casino.player.pk}">Restrict it</a>' in fraud
    assert "Never shown" not in fraud
    assert 'href="/ask" data-in="dialog"' in support


def test_badges_are_asked_for_each_player(casino: SimpleNamespace) -> None:
    panels.register_badges("t.late", lambda looking: [Badge(f"Number {looking.player.pk}", "critical")])
    panels.register_badges("t.hidden", lambda _looking: [Badge("For who may restrict")], permission="players.restrict")
    text = signed_in(make_person("support", brands=[casino.brand])).get(page_of(casino.player)).text
    assert f'<span class="badge critical ">Number {casino.player.pk}</span>' in text
    assert "For who may restrict" not in text
    assert '<span class="badge success p2">Active</span>' in text


def test_a_player_of_a_brand_out_of_reach_is_not_there(casino: SimpleNamespace) -> None:
    theirs = new_player(casino.fjord)
    client = signed_in(make_person("support", brands=[casino.brand]))
    assert client.get(page_of(theirs)).status_code == 404
    assert client.get(page_of(casino.player)).status_code == 200
    assert client.get(page_of(casino.player, tab="nothing")).status_code == 404


# ---- the overview


NOW = timezone.now()


def lived(casino: SimpleNamespace, *, deposit: str = "900.00", asked_for: str = "250.00") -> SimpleNamespace:
    """The player paid in, was paid once, and waits for a second withdrawal."""
    instrument = new_instrument(casino.player)
    paid_in(casino.player, instrument, deposit, now=NOW - timedelta(days=120))
    paid_in(casino.player, instrument, "100.00", now=NOW - timedelta(days=10))
    paid = asked(casino.player, instrument, "40.00", now=NOW - timedelta(days=9))
    Withdrawal.objects.filter(pk=paid.pk).update(
        state="settled", settled_at=NOW - timedelta(days=9), reference="r-1", decided_at=NOW - timedelta(days=9), decided_by_kind="system",
        dispatch_at=NOW - timedelta(days=9),
    )  # fmt: skip
    waits = asked(casino.player, instrument, asked_for, now=NOW - timedelta(days=3))
    return SimpleNamespace(instrument=instrument, paid=paid, waits=waits)


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("\N{NO-BREAK SPACE}", " ").split())


def section(html: str, identity: str) -> str:
    """The words of one card."""
    found = re.search(rf'<section[^>]*id="{identity}".*?</section>', html, re.DOTALL)
    return text_of(found.group()) if found else ""


def test_the_strip_says_what_the_player_has_and_the_table_what_came_and_went(casino: SimpleNamespace) -> None:
    lived(casino)
    html = signed_in(make_person("payments-l1", brands=[casino.brand])).get(page_of(casino.player)).text
    strip = text_of(re.search(r'<section class="card strip mb".*?</section>', html, re.DOTALL).group())
    assert strip == "Cash 710.00 EUR Held for withdrawals 290.00 EUR"
    words = section(html, "player-lifetime")
    assert words.endswith("Currency Deposits Withdrawals Net deposits Net, 90 days EUR 1,000.00 EUR 40.00 EUR 960.00 EUR 60.00 EUR")
    assert re.search(r"In and out as of \d\d:\d\d:\d\d CES?T", words)


def test_a_deposit_that_went_back_is_in_no_sum(casino: SimpleNamespace) -> None:
    lived(casino)
    Deposit.objects.filter(amount=Decimal(900)).update(state="charged_back")
    Withdrawal.objects.filter(state="settled").update(state="returned")
    (euro,) = selector.lifetime(casino.player.pk, now=NOW)
    assert (euro.paid_in, euro.paid_out, euro.net, euro.net_recently) == (100, 0, 100, 100)


def test_support_reads_why_a_withdrawal_is_late_and_sees_no_control_of_payments(casino: SimpleNamespace) -> None:
    life = lived(casino)
    ana = make_person("payments-l1", brands=[casino.brand], name="Ana Novak")
    html = signed_in(make_person("support", brands=[casino.brand])).get(page_of(casino.player)).text
    late = "Waits for a decision. Nobody has taken it up yet. It should have been decided"
    assert late in section(html, "player-withdrawals")
    assert section(html, "open-work").startswith(f"Open work 1 {life.waits.name} 250.00 EUR Withdrawals · nobody has it yet")
    assert "250.00 EUR" in section(html, "player-withdrawals")
    for hidden in (f"/withdrawals/{life.waits.pk}/", "/instruments/", "SEPA", "4141", "Decide", 'id="instruments"', 'id="player-lifetime"', "card strip mb"):
        assert hidden not in html, hidden
    claims.take(subject=(SUBJECT, life.waits.pk), by=ana, now=timezone.now())
    html = signed_in(make_person("support", brands=[casino.brand])).get(page_of(casino.player)).text
    assert "Ana Novak is looking at it." in section(html, "player-withdrawals")
    assert "claimed by Ana Novak" in section(html, "open-work")


def test_who_decides_gets_there_from_the_page(casino: SimpleNamespace) -> None:
    life = lived(casino)
    html = signed_in(make_person("payments-l1", brands=[casino.brand])).get(page_of(casino.player)).text
    assert f'<a class="btn primary" href="/withdrawals/{life.waits.pk}/">Decide' in html
    assert f'<a class="btn primary" href="/instruments/{life.instrument.pk}/">Decide' in html
    auditor = signed_in(make_person("auditor", brands=[casino.brand])).get(page_of(casino.player)).text
    assert f'<a class="btn" href="/withdrawals/{life.waits.pk}/">Open' in auditor


def test_open_work_is_of_this_player_alone_and_the_most_urgent_comes_first(casino: SimpleNamespace) -> None:
    life = lived(casino)
    new_withdrawal(casino.brand)
    ana = make_person("payments-l1", brands=[casino.brand])
    later = asked(casino.player, life.instrument, "20.00", now=NOW)
    found = open_items.about(ana, casino.player.pk, now=NOW)
    assert [one.label for one in found] == ["SEPA ••4141", life.waits.name, later.name]
    assert [one.url for one in found] == [f"/instruments/{life.instrument.pk}/", f"/withdrawals/{life.waits.pk}/", f"/withdrawals/{later.pk}/"]
    assert found[0].due == life.instrument.changed_at + timedelta(hours=72)
    assert open_items.about(make_person("crm", brands=[casino.brand]), new_player(casino.brand).pk, now=NOW) == []


def test_personal_values_are_masked_and_one_is_revealed_for_a_reason_on_the_record(casino: SimpleNamespace) -> None:
    player = casino.player
    player.phone = "+48 500 100 207"
    player.save()
    person = make_person("support", brands=[casino.brand], name="Sofia Marin")
    client = signed_in(person)
    html = client.get(page_of(player)).text
    assert "m•••@mail.example" in html
    assert "••• 207" in html
    assert player.email not in html
    assert "500 100" not in html
    address = reverse("players:reveal", args=[player.pk, "email"])
    assert player.email not in client.get(address).text
    refused = client.post(address, {"reason": " "})
    assert (refused.status_code, player.email in refused.text) == (422, False)
    assert Event.objects.filter(type="player.revealed").count() == 0

    shown = client.post(address, {"reason": "Ticket 8112: wrote from another address"})
    assert f'<b class="num" id="revealed">{player.email}</b>' in shown.text
    assert "no-store" in shown["Cache-Control"]
    (fact,) = Event.objects.filter(type="player.revealed")
    assert (fact.player_id, fact.actor_label, fact.reason, fact.after) == (
        player.pk, "Sofia Marin", "Ticket 8112: wrote from another address", '{"value":"email"}',
    )  # fmt: skip
    assert player.email not in client.get(address).text


def test_an_account_number_is_revealed_to_who_sees_how_players_pay(casino: SimpleNamespace) -> None:
    row = new_instrument(casino.player)
    row.detail = "DE89370400440532013000"
    row.save()
    theirs = new_instrument(new_player(casino.brand))
    address = reverse("players:reveal", args=[casino.player.pk, f"instrument-{row.pk}"])
    support, kyc, crm = (signed_in(make_person(role, brands=[casino.brand])) for role in ("support", "kyc", "crm"))
    assert (support.post(address, {"reason": "Why not"}).status_code, crm.post(address, {"reason": "Why not"}).status_code) == (403, 403)
    page = kyc.get(page_of(casino.player)).text
    assert f'href="{address}"' in page
    assert row.detail not in page
    assert row.detail in kyc.post(address, {"reason": "Compare with the statement"}).text
    assert kyc.post(reverse("players:reveal", args=[casino.player.pk, f"instrument-{theirs.pk}"]), {"reason": "x"}).status_code == 422
    assert kyc.post(reverse("players:reveal", args=[casino.player.pk, "instrument-x"]), {"reason": "x"}).status_code == 404
    assert kyc.post(reverse("players:reveal", args=[casino.player.pk, "password"]), {"reason": "x"}).status_code == 404
    assert Event.objects.filter(type="player.revealed").count() == 1


def test_sign_ins_say_from_where_without_the_whole_address(casino: SimpleNamespace) -> None:
    record_sign_in(
        player_id=casino.player.pk, fingerprint="other", device_label="iPhone", ip="2001:db8::7", country="SE", succeeded=False,
        by=Actor.player(casino.player.pk), now=NOW,
    )  # fmt: skip
    words = section(signed_in(make_person("support", brands=[casino.brand])).get(page_of(casino.player)).text, "sign-ins")
    assert words.startswith("Sign-ins 2 devices")
    assert "Refused iPhone SE 2001:db8::•••" in words
    assert "Pixel 9 PL 192.0.2.•••" in words


def test_tags_are_added_and_removed_on_the_record_and_stand_beside_the_name(casino: SimpleNamespace) -> None:
    client = signed_in(make_person("support", brands=[casino.brand]))
    address = reverse("players:tags", args=[casino.player.pk])
    assert client.post(address, {"add": "VIP  2"}).status_code == 302
    assert '<span class="tag">vip 2</span>' in client.get(page_of(casino.player)).text
    client.post(address, {"remove": "vip 2"})
    assert '<span class="tag">vip 2</span>' not in client.get(page_of(casino.player)).text
    found = Event.objects.filter(type="work.tagged").order_by("pk")
    assert [(one.player_id, one.after) for one in found] == [(casino.player.pk, '{"tags":["vip 2"]}'), (casino.player.pk, '{"tags":[]}')]
    auditor = signed_in(make_person("auditor", brands=[casino.brand]))
    assert auditor.post(address, {"add": "no"}).status_code == 403
    assert Event.objects.filter(type="work.tagged").count() == 2


def test_a_note_written_on_the_page_comes_back_to_it(casino: SimpleNamespace) -> None:
    client = signed_in(make_person("support", brands=[casino.brand]))
    sent = client.post(
        reverse("work:note-write"), {"about": f"players.player:{casino.player.pk}", "text": "They called.", "key": "k", "next": page_of(casino.player)}
    )
    assert sent["Location"].startswith(f"{page_of(casino.player)}#note-")
    assert "They called." in section(client.get(page_of(casino.player)).text, "notes")


def test_all_payments_are_listed_filtered_and_paged_without_losing_one(casino: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selector, "PAGE", 3)
    life = lived(casino)
    same = NOW - timedelta(days=3)  # a deposit at the very moment of a withdrawal
    twin = paid_in(casino.player, life.instrument, "5.00", now=same)
    everything = {*Deposit.objects.filter(player=casino.player), *Withdrawal.objects.filter(player=casino.player)}
    client = signed_in(make_person("payments-l1", brands=[casino.brand]))
    seen, url = [], page_of(casino.player, tab="payments")
    for _page in range(9):
        html = client.get(url).text
        seen += re.findall(r"<span>((?:DP|WD)-\d+) <small>", html)
        older = re.search(r'href="([^"]+)" rel="next"', html)
        if older is None:
            break
        url = reverse("players:player", args=[casino.player.pk]) + unescape(older.group(1))
    assert seen[:2] == [life.waits.name, twin.name]
    assert (len(seen), set(seen)) == (5, {one.name for one in everything})
    deposits = client.get(page_of(casino.player, tab="payments") + "&what=deposits&is=done").text
    assert set(re.findall(r"<span>((?:DP|WD)-\d+) <small>", deposits)) == {one.name for one in everything if isinstance(one, Deposit)}
    assert "Not understood, and not obeyed: is=sideways" in client.get(page_of(casino.player, tab="payments") + "&is=sideways").text
    support = signed_in(make_person("support", brands=[casino.brand])).get(page_of(casino.player, tab="payments")).text
    assert life.waits.name in support
    assert "SEPA" not in support
    assert f"/withdrawals/{life.waits.pk}/" not in support


def test_what_names_a_player_opens_the_page(casino: SimpleNamespace) -> None:
    life = lived(casino)
    client = signed_in(make_person("payments-l1", brands=[casino.brand]))
    link, results = f'href="{page_of(casino.player)}"', reverse("search:results")
    for address in (f"/withdrawals/{life.waits.pk}/", f"/instruments/{life.instrument.pk}/", "/players/", f"{results}?q=Mia"):
        assert link in client.get(address, follow=True).text, address
    assert client.get(f"{results}?q=player:{casino.player.pk}&at=")["Location"] == page_of(casino.player)


def test_the_palette_offers_the_tabs_and_acts_of_the_page_that_is_open(casino: SimpleNamespace) -> None:
    panels.register(Act(key="t.restrict", label="Restrict it", permission="players.restrict", url=lambda player: f"/restrict/{player.pk}"))
    at = page_of(casino.player)
    support, fraud = (
        signed_in(make_person(role, brands=[casino.brand])).get(reverse("search:palette"), {"q": "", "at": at}).text for role in ("support", "fraud")
    )
    assert f"Payments: {casino.player.name}" in support
    assert f"{at}?tab=timeline" in support
    assert "Restrict it" not in support
    assert f"/restrict/{casino.player.pk}" in fraud


@pytest.mark.parametrize(("role", "fresh", "busy"), [("support", 12, 14), ("payments-l1", 15, 18), ("owner", 15, 18)])
def test_the_page_asks_the_database_no_more_however_much_there_is(role: str, fresh: int, busy: int, casino: SimpleNamespace) -> None:
    client = signed_in(make_person(role, brands=[casino.brand]))
    client.get(page_of(new_player(casino.brand)))  # what the process remembers
    with CaptureQueriesContext(connection) as first:
        client.get(page_of(casino.player))
    assert len(first) == fresh + 4  # a savepoint, that they look now, the fact, and the end of the savepoint

    def asked_of() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(page_of(casino.player))
        return len(queries)

    counted = [asked_of()]
    life = lived(casino)
    counted.append(asked_of())
    for _each in range(4):
        new_instrument(casino.player)
        asked(casino.player, life.instrument, "20.00", now=NOW)
    counted.append(asked_of())
    assert counted == [fresh, busy, busy]
