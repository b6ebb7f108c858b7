"""Segments: who is in one, how it is computed through kills and changes, what a proposal says, and who reads it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.registry import registry
from backoffice.approvals.services.applying import enact
from backoffice.audit import sequencer
from backoffice.audit.models import Event
from backoffice.work import items
from players.lists import LIST
from players.models import Player, Segment, SegmentMember, SegmentRun
from players.places import player_subject
from players.segments import facts, kind, matching, runs
from players.services.instruments import remove_instrument
from tests.api import Casino
from tests.casino import asked, new_instrument, new_player, open_casino, paid_in
from tests.people import make_person, signed_in
from tests.wallet.tools import bet
from wallet import rates

NOW = timezone.now()


@pytest.fixture
def nova(db, opened: None) -> Any:
    return open_casino()


def segment(brand: Any, code: str = "quiet", every_hours: int = 24, **conditions: Any) -> Segment:
    """One in force, changed if it is there."""
    own = {"code": code, "name": code.title(), "about": "", "brand": brand.pk, "every_hours": every_hours, "active": True}
    there = kind.current(code)
    enact(kind=kind.SUBJECT, subject=code if there else "", values={**own, **conditions}, reason="Test", now=timezone.now())
    return Segment.objects.get(pk=code)


def computed(one: Segment) -> list[int]:
    """Its members, by id, once it is computed."""
    for _ in range(2):  # one may only find that what was begun is out of date
        runs.sweep(now=timezone.now())
    run = runs.last_whole(one)
    assert run is not None
    found = list(SegmentMember.objects.filter(segment=one).order_by("player_id").values_list("player_id", flat=True))
    assert run.size == len(found)
    return found


def ids(*players: Player) -> list[int]:
    return sorted(one.pk for one in players)


def test_what_is_known_of_players_decides(nova: Any) -> None:
    pole, swede, child = new_player(nova), new_player(nova, currency="SEK"), new_player(nova)
    tester = new_player(nova, is_test=True)
    today = NOW.astimezone(nova.zone).date()
    Player.objects.filter(pk=swede.pk).update(country="SE", language="sv", registered_at=NOW - timedelta(days=10, hours=1), last_sign_in_at=None)
    Player.objects.filter(pk=child.pk).update(
        birth_date=today.replace(year=today.year - 20, day=min(today.day, 28)), state="suspended", last_sign_in_at=NOW - timedelta(days=40)
    )
    Player.objects.filter(pk=pole.pk).update(last_sign_in_at=NOW - timedelta(days=3, hours=1))
    kept, gone = new_instrument(pole), new_instrument(child)
    remove_instrument(instrument_id=gone.pk, player_id=child.pk, by=Event and runs.Actor.system("test"), now=NOW)
    ana = make_person("payments-l1", brands=[nova])
    items.tag(player_subject(child), add=["vip"], by=ana, now=NOW)

    def who(**conditions: Any) -> list[int]:
        found = matching.preview(matching.asked(conditions), nova, now=NOW)
        assert found.exact
        assert tester.pk not in found.examples
        return sorted(found.examples)

    assert who(country_is=["SE"]) == ids(swede)
    assert who(country_not=["SE"]) == ids(pole, child)
    assert who(language_is=["sv", "de"]) == ids(swede)
    assert who(currency_is=["SEK"]) == ids(swede)
    assert who(market_is=["MT"]) == ids(pole, swede, child)
    assert who(market_is=["SE"]) == []
    assert who(state_is=["suspended"]) == ids(child)
    assert who(age_least=18, age_most=20) == ids(child)
    assert who(age_most=19) == []
    assert who(registered_most=10) == ids(swede)
    assert who(registered_least=11) == ids(pole, child)
    assert who(signed_in_least=3) == ids(pole, child)
    assert who(signed_in_least=4) == ids(child)
    assert who(signed_in_most=0) == []  # one who never signed in is neither
    assert who(instruments_least=1) == ids(pole)
    assert who(instruments_most=0) == ids(swede, child)
    assert who(tag_any=["vip", "other"]) == ids(child)
    assert who(tag_none=["vip"]) == ids(pole, swede)
    assert who(country_is=["PL"], signed_in_least=30) == ids(child)
    assert kept.removed_at is None


def test_money_is_counted_by_days_and_in_one_currency(committed_db: Any) -> None:
    with transaction.atomic():
        nova = open_casino()
        rates.add(base="SEK", quote="EUR", rate=Decimal("0.1"), source="test", at=NOW)
    big, small, swede, old, tester = (
        new_player(nova), new_player(nova), new_player(nova, currency="SEK"), new_player(nova), new_player(nova, is_test=True),
    )  # fmt: skip
    recent = NOW - timedelta(days=2)
    for player, amount, currency, at in (
        (big, "500.00", "EUR", recent), (small, "20.00", "EUR", recent), (swede, "2000.00", "SEK", recent), (old, "900.00", "EUR", NOW - timedelta(days=45)),
        (tester, "5000.00", "EUR", recent),
    ):  # fmt: skip
        paid_in(player, new_instrument(player, now=NOW - timedelta(days=50)), amount, currency=currency, now=at)
    bet(small, "5.00", key="stake")
    sequencer.catch_up()

    assert computed(segment(nova, net_deposits_least="200", net_deposits_currency="EUR")) == ids(big, swede, old)
    assert computed(segment(nova, net_deposits_least="200", net_deposits_currency="EUR", net_deposits_days=30)) == ids(big, swede)
    assert computed(segment(nova, net_deposits_least="200.01", net_deposits_currency="EUR", net_deposits_days=30)) == ids(big)
    assert computed(segment(nova, deposits_most="100", deposits_currency="EUR", deposits_days=30)) == ids(small, old)
    assert computed(segment(nova, stakes_least="5", stakes_currency="EUR")) == ids(small)
    assert computed(segment(nova, cash_least="15", cash_most="15", cash_currency="EUR")) == ids(small)
    without = segment(nova, net_deposits_least="10", net_deposits_currency="SEK")
    assert computed(without) == ids(swede)
    assert "Net deposits: there is no rate into SEK for" in runs.last_whole(without).note
    assert "EUR" in runs.last_whole(without).note


def test_a_paid_withdrawal_counts_and_one_that_waits_does_not(committed_db: Any) -> None:
    with transaction.atomic():
        nova = open_casino()
    player = new_player(nova)
    instrument = new_instrument(player, now=NOW - timedelta(days=50))
    paid_in(player, instrument, "300.00", now=NOW - timedelta(days=3))
    asked(player, instrument, "100.00", now=NOW - timedelta(days=1))
    sequencer.catch_up()
    assert computed(segment(nova, withdrawals_least="1", withdrawals_currency="EUR")) == []
    assert computed(segment(nova, net_deposits_least="300", net_deposits_currency="EUR")) == [player.pk]


def test_members_come_and_go_and_keep_since_when(nova: Any) -> None:
    stays, leaves = new_player(nova), new_player(nova)
    one = segment(nova, country_is=["PL"])
    assert computed(one) == ids(stays, leaves)
    since = SegmentMember.objects.get(segment=one, player=stays).since

    Player.objects.filter(pk=leaves.pk).update(country="DE")
    comes = new_player(nova)
    SegmentRun.objects.update(started_at=NOW - timedelta(days=2))
    assert computed(one) == ids(stays, comes)
    run = runs.last_whole(one)
    assert (run.came, run.left, run.size, run.done, run.total) == (1, 1, 2, 3, 3)
    assert SegmentMember.objects.get(segment=one, player=stays).since == since
    assert Event.objects.filter(type="segmentrun.done").count() == 2


def test_a_worker_that_dies_in_a_chunk_leaves_the_chunks_before_and_the_next_goes_on(nova: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "CHUNK", 2)
    players = [new_player(nova) for _ in range(5)]
    one = segment(nova, country_is=["PL"])
    runs._begin(one, requested_by=None, now=NOW)
    run = one.runs.get()
    assert runs.step(run.pk, now=NOW)

    with monkeypatch.context() as dying:
        dying.setattr(SegmentRun, "save", lambda *_args, **_more: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            runs.step(run.pk, now=NOW)
    run.refresh_from_db()
    assert (run.state, run.done, SegmentMember.objects.filter(segment=one).count()) == ("running", 2, 2)

    assert runs.step(run.pk, now=NOW)
    assert not runs.step(run.pk, now=NOW)
    run.refresh_from_db()
    assert (run.state, run.done, run.size) == ("done", 5, 5)
    assert computed(one) == ids(*players)
    assert not runs.step(run.pk, now=NOW)  # an ended run is left alone


def test_a_change_ends_the_run_and_the_next_begins(nova: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "CHUNK", 1)
    new_player(nova), new_player(nova)
    one = segment(nova, country_is=["PL"])
    runs._begin(one, requested_by=None, now=NOW)
    assert runs.step(one.runs.get().pk, now=NOW)
    segment(nova, country_is=["DE"])
    assert computed(one) == []
    assert list(one.runs.order_by("pk").values_list("state", flat=True)) == ["superseded", "done"]


def test_a_condition_that_nobody_knows_computes_nothing(nova: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    player = new_player(nova)
    one = segment(nova, country_is=["PL"])
    assert computed(one) == [player.pk]
    monkeypatch.setattr(facts, "_facts", {key: fact for key, fact in facts._facts.items() if key != "country"})
    SegmentRun.objects.update(started_at=NOW - timedelta(days=2))

    runs.sweep(now=timezone.now())
    last = runs.latest(one)
    assert (last.state, last.note) == ("failed", "Nobody knows these conditions any more: country_is. Change the segment.")
    assert SegmentMember.objects.filter(segment=one).count() == 1
    assert matching.words(one.conditions) == ["country_is: nobody knows this condition any more"]


def test_it_is_due_once_its_hours_are_over_and_never_twice_at_once(nova: Any) -> None:
    one = segment(nova, every_hours=6, country_is=["PL"])
    assert runs.due(one, NOW)
    runs._begin(one, requested_by=None, now=NOW)
    assert not runs.due(one, NOW + timedelta(days=9))
    with pytest.raises(Exception, match="players_segmentrun_one_at_a_time"), transaction.atomic():
        runs._begin(one, requested_by=None, now=NOW)
    runs.step(one.runs.get().pk, now=NOW)
    assert not runs.due(one, NOW + timedelta(hours=5, minutes=59))
    assert runs.due(one, NOW + timedelta(hours=6))


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ({}, "Ask for at least one thing"),
        ({"country_is": ["se"]}, "se is not"),
        ({"country_is": ["SE"], "country_not": ["SE", "DE"]}, "Country: SE is asked for and ruled out."),
        ({"age_least": 40, "age_most": 30}, "Age: nobody is at least 40 and at most 30."),
        ({"net_deposits_least": "100"}, "Net deposits: choose the currency that it is counted in."),
        ({"net_deposits_days": 30, "age_least": 18}, "Net deposits: say at least or at most how much"),
        ({"net_deposits_least": "1e9999", "net_deposits_currency": "EUR"}, "no more than 20 digits"),
        ({"state_is": ["happy"]}, "happy is not one of the available choices"),
    ],
)
def test_what_makes_no_sense_is_said(nova: Any, conditions: dict[str, Any], words: str) -> None:
    values = {"code": "quiet", "name": "Quiet", "about": "", "brand": nova.pk, "every_hours": 1, "active": True, **conditions}
    form = kind.SegmentForm.of(values, subject="")
    if words == "se is not":
        assert form.is_valid(), form.problems()
        assert form.values()["country_is"] == ["SE"]  # small letters are understood
    else:
        assert not form.is_valid()
        assert words in " ".join(form.problems())


def test_a_proposal_says_how_many_and_who_and_comes_into_force(nova: Any) -> None:
    for _ in range(3):
        new_player(nova)
    crm = signed_in(make_person("crm", brands=[nova]))
    page = crm.get(reverse("approvals:propose-new", args=[kind.SUBJECT])).text
    assert "<legend>Net deposits</legend>" in page
    sent = {"code": "poles", "name": "Poles", "about": "For the letter", "brand": nova.pk, "every_hours": 6, "active": "on", "country_is": "pl, de", "key": "k"}
    answer = crm.post(reverse("approvals:propose-new", args=[kind.SUBJECT]), sent)
    assert answer.status_code == 302, answer.context["form"].errors
    review = crm.get(answer.url).text
    assert "3 players match now." in review
    assert "Country is DE or PL" in review
    assert f"#{Player.objects.order_by('-pk').first().pk}" in review

    change = ChangeRequest.objects.get(kind=kind.SUBJECT)
    crm.post(reverse("approvals:review", args=[change.pk]), {"reason": "Campaign", "version": change.version})
    one = Segment.objects.get()
    assert (one.pk, one.conditions, one.every_hours, one.active) == ("poles", {"country_is": ["DE", "PL"]}, 6, True)
    assert len(computed(one)) == 3
    assert registry.kind(kind.SUBJECT).current("poles")["country_is"] == ["DE", "PL"]


def test_a_large_house_is_estimated_and_says_so(nova: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "SAMPLED", 50)
    monkeypatch.setattr(matching, "_BLOCKS", 5)
    player = new_player(nova)
    columns = "brand_id, jurisdiction_id, state, version, first_name, last_name, birth_date, language, currency, is_test, registered_at"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO players_player (external_id, country, email_cipher, email_digest, phone_cipher, phone_digest, {columns})"  # noqa: S608
            f" SELECT 'many-' || n, (ARRAY['SE', 'DE'])[1 + n %% 2], '', '', '', '', {columns} FROM players_player, generate_series(1, 999) n WHERE id = %s",
            [player.pk],
        )
    found = matching.preview({"country_is": ["SE"]}, nova, now=NOW)
    assert (found.total, found.looked_at, found.exact) == (1000, 50, False)
    assert 400 <= found.size <= 600
    values = {"code": "x", "name": "X", "about": "", "brand": nova.pk, "every_hours": 1, "active": True, "country_is": ["SE"]}
    assert f"About {found.size} of 1,000 players match now: estimated from 50 of them." in kind.impact("", values, NOW)


def test_nobody_writes_a_segment_around_its_approval(nova: Any) -> None:
    one = segment(nova, country_is=["PL"])
    with pytest.raises(Exception, match="approv"), transaction.atomic():
        Segment.objects.filter(pk=one.pk).update(conditions={})
    with pytest.raises(Exception, match="approv"), transaction.atomic():
        Segment(code="around", name="x", brand=nova, every_hours=1, conditions={}).save(force_insert=True)


def test_the_pages_show_who_is_in_it_and_only_who_may_computes_it(nova: Any) -> None:
    player, other = new_player(nova), new_player(nova)
    Player.objects.filter(pk=other.pk).update(country="DE")
    one = segment(nova, country_is=["PL"])
    assert computed(one) == [player.pk]
    crm, support = signed_in(make_person("crm", brands=[nova])), signed_in(make_person("support", brands=[nova]))
    stranger = signed_in(make_person("crm", name="Elsewhere"))

    assert "Country is PL" in support.get(reverse("players:segments")).text
    page = support.get(reverse("players:segment", args=["quiet"])).text
    assert f">{player.name} <" in page
    assert f">{other.name} <" not in page
    assert "Compute now" not in page
    assert "Compute now" in crm.get(reverse("players:segment", args=["quiet"])).text
    assert stranger.get(reverse("players:segment", args=["quiet"])).status_code == 404
    assert "Quiet" not in stranger.get(reverse("players:segments")).text

    assert support.post(reverse("players:segment-compute", args=["quiet"])).status_code == 403
    assert one.runs.count() == 1
    for _ in range(2):  # twice asked, once computed
        crm.post(reverse("players:segment-compute", args=["quiet"]))
    assert (one.runs.count(), one.runs.first().requested_by.email) == (2, crm.get("/").wsgi_request.user.email)
    assert Event.objects.filter(type="segment.asked_for").count() == 1
    assert "0 of 2 players looked at" in crm.get(reverse("players:segment", args=["quiet"])).text

    listed = support.get(reverse(LIST.index) + "?segment=quiet").text
    assert (f'data-row">{player.name}' in listed or player.name in listed, other.name in listed) == (True, False)
    assert "Not understood" in support.get(reverse(LIST.index) + "?segment=none").text
    assert "Quiet" in support.get(reverse("players:player", args=[player.pk])).text


def test_machines_read_who_is_in_it(casino: Casino) -> None:
    mine = [casino.nova.register() for _ in range(3)]
    one = segment(casino.nova.brand, country_is=["MT"])
    assert casino.nova.get("/segments").json() == [{"code": "quiet", "name": "Quiet", "size": None, "as_of": None}]
    assert computed(one) == mine
    first = casino.nova.get("/segments/quiet/players?limit=2").json()
    assert (first["players"], first["after"]) == (mine[:2], mine[1])
    assert casino.nova.get(f"/segments/quiet/players?limit=2&after={first['after']}").json()["players"] == mine[2:]
    assert casino.nova.get("/segments").json()[0]["size"] == 3
    assert casino.fjord.get("/segments").json() == []
    assert casino.fjord.get("/segments/quiet/players").status_code == 404
    assert casino.nova.get("/segments/none/players").status_code == 404
