"""A player's timeline: every fact in words, for who may see it, at the same cost however many there are; and who looked."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.http import QueryDict
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.audit import personal
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import Lifecycle
from backoffice.audit.models import Event, Visibility
from backoffice.audit.record import record
from backoffice.jobs.exports.sources import sources
from backoffice.operations import modes
from backoffice.scope.models import Brand
from backoffice.work.notes import files, services
from players.models import Look, Player
from players.panels import Looking
from players.places import player_subject
from players.services.registration import record_sign_in
from players.timeline import declared, looks, selectors
from tests.casino import asked, new_instrument, new_player, open_casino, paid_in
from tests.people import make_person, signed_in

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("backoffice/audit", "backoffice/search", "backoffice/work", "players", "wallet", "payments")
NOW = timezone.now()
# Facts that these rooms record about something that is no player's.
# States whose services give each fact a name of its own, or that nothing moves to.
NAMED_OTHERWISE = ["instruction.confirmed", "instruction.failed", "duplicate.open"]
NOT_OF_PLAYERS = {
    "work.capacity_set", "work.view_shared", "work.view_removed", "ledger.day_closed", "ledger.entries_retired", "ledger.funds_exported",
    "ledger.checkpoint_written", "segment.asked_for", "remittance.agreed", "remittance.paid", "remittance.cancelled", "provider.news_again",
}  # fmt: skip


@pytest.fixture
def casino(db, opened: None) -> SimpleNamespace:
    brand = open_casino()
    return SimpleNamespace(brand=brand, player=new_player(brand))


def timeline(player: Player, **query: str) -> str:
    return reverse("players:player", args=[player.pk]) + "?" + "&".join(["tab=timeline", *(f"{name}={value}" for name, value in query.items())])


def looking(player: Player, person: Any, **query: str) -> Looking:
    request = RequestFactory().get("/", query)
    request.user = person
    return Looking(player, person, request, timezone.now())


def facts_of(player: Player, kind: str = "") -> list[Event]:
    return list(Event.objects.filter(player_id=player.pk, **({"type": kind} if kind else {})).order_by("-happened_at", "-pk"))


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("\N{NO-BREAK SPACE}", " ").split())


def sentences(html: str) -> list[str]:
    """The entries of a page, as they read."""
    return [text_of(one) for one in re.findall(r"<li>(.*?)</li>", html[html.index('id="timeline"') :], re.DOTALL) if "bub sm" in one]


# ---- every fact has a sentence


def recorded() -> Iterator[tuple[str, str]]:
    """(kind, file) of every fact that the code of the rooms writes under a constant."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "sandboxes" in path.parts or "migrations" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in {"record", "record_apart", "move", "_noted", "_recorded"}:
                    given = [*node.args[:1], *(one.value for one in node.keywords if one.arg in {"type", "fact"})]
                    for part in (part for one in given for part in ast.walk(one)):
                        if isinstance(part, ast.Constant) and re.fullmatch(r"[a-z]+\.[a-z_]+", str(part.value)):
                            yield part.value, str(path.relative_to(ROOT))
            yield from ((kind, str(path.relative_to(ROOT))) for kind in _named(path))


def _named(path: Path) -> Iterator[str]:
    """Kinds that stand behind a name: `FACT = "search.personal"`, `fact, changed = "instrument.added", True`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign) and any("fact" in ast.unparse(one).lower() for one in node.targets):
            for part in ast.walk(node.value):
                if isinstance(part, ast.Constant) and re.fullmatch(r"[a-z]+\.[a-z_]+", str(part.value)):
                    yield part.value


NOBODYS = {"players.segmentrun"}  # a computation over all players of a brand


def moved() -> Iterator[str]:
    """Kinds that lifecycles of players and of what is theirs record by moving."""
    for room in ("players", "payments"):
        for one in vars(import_module(f"{room}.lifecycles")).values():
            if isinstance(one, Lifecycle):
                model = apps.get_model(one.subject)
                if one.subject in NOBODYS:
                    continue
                assert hasattr(model, "player_id")
                yield from (f"{one.noun}.{to}" for moves in one.moves.values() for to in moves)


def test_every_kind_of_fact_about_a_player_has_a_sentence() -> None:
    found = dict(recorded())
    assert {"instrument.added", "search.personal", "work.note_written", "withdrawal.requested", "player.viewed", "work.snoozed"} <= found.keys()
    silent = {kind: where for kind, where in found.items() if kind not in NOT_OF_PLAYERS and declared.said(kind) is None}
    assert silent == {}, "register a declared.Said for each of these"
    assert [kind for kind in moved() if declared.said(kind) is None] == NAMED_OTHERWISE


def test_no_fact_that_is_said_to_be_nobodys_is_about_a_player(casino: SimpleNamespace) -> None:
    assert [kind for kind in NOT_OF_PLAYERS if declared.said(kind) is not None] == []


def test_a_sentence_of_a_category_that_nobody_described_is_refused() -> None:
    with pytest.raises(ValueError, match="stands in 'nowhere'"):
        declared.register(declared.Said(type="t.lost", category="nowhere", text="Lost"))


# ---- what is read


def test_the_whole_life_reads_from_registration_to_the_latest_withdrawal(casino: SimpleNamespace) -> None:
    player = casino.player
    instrument = new_instrument(player)
    deposit = paid_in(player, instrument, "500.00")
    withdrawal = asked(player, instrument, "250.00")
    html = signed_in(make_person("payments-l1", brands=[casino.brand], name="Ana Novak")).get(timeline(player)).text
    said = [re.sub(r"^\d\d:\d\d ", "", one) for one in sentences(html)]
    actor = f"Player #{player.pk}"
    assert said == [
        "Looked at the player’s page Ana Novak",
        f"{withdrawal.name} requested {actor} 250.00 EUR",
        f"{deposit.name} credited Countroom test 500.00 EUR",
        f"{deposit.name} captured Countroom test 500.00 EUR",
        f"{deposit.name} begun {actor} 500.00 EUR",
        f"Added SEPA ••4141 at nordpay {actor}",
        f"Signed in from a new device: Pixel 9 PL {actor}",
        "Registered under MT, in EUR test",
    ]
    assert f'<a href="/withdrawals/{withdrawal.pk}/">{withdrawal.name}</a> requested' in html
    assert "That is all." in html


def test_who_sees_the_status_of_payments_reads_them_without_instruments_reasons_and_links(casino: SimpleNamespace) -> None:
    player = casino.player
    instrument = new_instrument(player)
    paid_in(player, instrument, "500.00")
    withdrawal = asked(player, instrument, "250.00")
    record(
        "withdrawal.rejected", actor=Actor.system("test"), at=NOW, brand_id=player.brand_id, player_id=player.pk, subject=withdrawal,
        after={"note": "Looks like a mule"}, reason="FRAUD_SUSPECTED",
    )  # fmt: skip
    support, l1 = (signed_in(make_person(role, brands=[casino.brand])).get(timeline(player)).text for role in ("support", "payments-l1"))
    assert f"{withdrawal.name} not approved" in text_of(support)
    for secret in ("mule", "FRAUD", "fraud", "SEPA", "4141", f"/withdrawals/{withdrawal.pk}/"):
        assert secret not in support, secret
    assert "Looks like a mule" in l1


def test_a_typed_value_is_text_and_a_personal_one_stays_hidden(casino: SimpleNamespace) -> None:
    record_sign_in(
        player_id=casino.player.pk, fingerprint="x", device_label="<b>100%s</b>", ip="192.0.2.9", country="MT", by=Actor.player(casino.player.pk), now=NOW
    )
    html = signed_in(make_person("support", brands=[casino.brand])).get(timeline(casino.player)).text
    assert "Signed in from a new device: &lt;b&gt;100%s&lt;/b&gt; MT" in html
    assert personal.MARK not in html
    assert "192.0.2.9" not in html


def test_pages_hold_every_fact_once_also_when_many_happened_at_the_same_moment(casino: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "PAGE", 4)
    for number in range(9):
        record(
            "player.signed_in", actor=Actor.player(casino.player.pk), at=NOW, brand_id=casino.brand.pk, player_id=casino.player.pk, subject=casino.player,
            after={"device": f"Phone {number}", "country": "MT"},
        )  # fmt: skip
    person = make_person("support", brands=[casino.brand])
    for category in ("", "account"):
        seen, after = [], ""
        for _page in range(9):
            page = selectors.page(looking(casino.player, person), selectors.Asked(category, after))
            assert len(page.entries) <= 4
            seen += [one.fact.pk for one in page.entries]
            after = page.older
            if not after:
                break
        assert seen == [fact.pk for fact in facts_of(casino.player) if fact.type in declared.kinds(looking(casino.player, person), "account")]
        assert len(seen) == 11


def test_the_categories_share_out_all_facts_and_the_address_says_which(casino: SimpleNamespace) -> None:
    instrument = new_instrument(casino.player)
    paid_in(casino.player, instrument, "500.00")
    person = make_person("payments-l1", brands=[casino.brand])
    client = signed_in(person)
    client.get(timeline(casino.player))
    here = looking(casino.player, person)
    by_category = {one.key: {fact.pk for fact in selectors.facts(here, category=one.key)} for one in declared.categories(here)}
    everything = {fact.pk for fact in facts_of(casino.player)}
    assert set().union(*by_category.values()) == everything
    assert sum(map(len, by_category.values())) == len(everything)
    assert {key: len(found) for key, found in by_category.items() if found} == {"payments": 3, "identity": 1, "account": 2, "looks": 1}
    html = client.get(timeline(casino.player, tl="identity")).text
    assert [one.partition(" ")[2] for one in sentences(html)] == [f"Added SEPA ••4141 at nordpay Player #{casino.player.pk}"]
    assert re.search(r'<a href="\?tab=timeline&amp;tl=identity" aria-current="page">Identity', html)
    assert "Not understood, and not obeyed: tl=gossip" in client.get(timeline(casino.player, tl="gossip")).text


def test_facts_for_compliance_alone_are_seen_by_compliance_alone(casino: SimpleNamespace) -> None:
    author = make_person("compliance", brands=[casino.brand])
    services.write(player_subject(casino.player), text="Reported to the FIU.", by=author, now=NOW, key="c", compliance_only=True)
    for query in ({}, {"tl": "staff"}):
        seen = {role: signed_in(make_person(role, brands=[casino.brand])).get(timeline(casino.player, **query)).text for role in ("compliance", "support")}
        assert ["Reported to the FIU." in seen[role] for role in ("compliance", "support")] == [True, False]
        assert ["Commented on" in text_of(seen[role]) for role in ("compliance", "support")] == [True, False]
    assert facts_of(casino.player, "work.note_written")[0].visibility == Visibility.COMPLIANCE


def test_a_comment_stands_in_the_stream_as_it_reads_now_with_its_files(casino: SimpleNamespace) -> None:
    author = make_person("support", brands=[casino.brand], name="Sofia Marin")
    lars = make_person("payments-l2", brands=[casino.brand], name="Lars Berg")
    handle = lars.email.partition("@")[0]
    subject = player_subject(casino.player)
    note = services.write(
        subject, text=f"Calld, @{handle} please look.", by=author, now=NOW, key="n", uploads=[files.Upload("call.txt", b"They called at noon.")]
    )
    services.edit(note_id=note.pk, subject=subject, version=1, text=f"Called, @{handle} please look.", by=author, now=NOW)
    html = signed_in(author).get(timeline(casino.player)).text
    assert f'<article class="note" id="note-{note.pk}">' in html
    assert "Called, @Lars Berg please look." in text_of(html).replace("@ ", "@")
    assert "Calld" not in html
    assert "call.txt" in html
    sent = signed_in(author).post(
        reverse("work:note-write"), {"about": f"players.player:{casino.player.pk}", "text": "Again.", "key": "m", "next": timeline(casino.player)}
    )
    assert sent["Location"].startswith(timeline(casino.player) + "#note-")


def test_days_are_the_readers(casino: SimpleNamespace) -> None:
    person = make_person("support", brands=[casino.brand])
    late = datetime(2025, 3, 5, 23, 30, tzinfo=UTC)  # the sixth in Malta
    record("player.signed_in", actor=Actor.player(1), at=late, brand_id=casino.brand.pk, player_id=casino.player.pk, subject=casino.player, after={})
    assert "<h3>6 Mar 2025</h3>" in signed_in(person).get(timeline(casino.player)).text
    person.timezone = "America/New_York"
    person.save()
    assert "<h3>5 Mar 2025</h3>" in signed_in(person).get(timeline(casino.player)).text


def test_what_comes_stands_on_top_and_opens_what_it_is_about(casino: SimpleNamespace) -> None:
    instrument = new_instrument(casino.player)
    paid_in(casino.player, instrument, "500.00")
    withdrawal = asked(casino.player, instrument, "250.00", now=NOW)
    l1, crm = (signed_in(make_person(role, brands=[casino.brand])).get(timeline(casino.player)).text for role in ("payments-l1", "games"))
    assert re.search(rf'<h3>Coming up</h3><ol><li class="future">.*?<a href="/withdrawals/{withdrawal.pk}/">{withdrawal.name} falls due</a>', l1, re.DOTALL)
    assert l1.index("Coming up") < l1.index("<h3>Today")
    assert "Coming up" not in crm
    withdrawal.due_at = NOW - timedelta(hours=1)
    withdrawal.save(update_fields=["due_at"])
    assert "Coming up" not in signed_in(make_person("payments-l1", brands=[casino.brand])).get(timeline(casino.player)).text


# ---- who looked


def test_a_look_is_one_fact_for_a_person_and_a_player_within_ten_minutes(casino: SimpleNamespace) -> None:
    sofia, ana = (make_person(role, brands=[casino.brand], name=name) for role, name in (("support", "Sofia Marin"), ("payments-l1", "Ana Novak")))
    first, again = signed_in(sofia), signed_in(sofia)
    first.get(timeline(casino.player))
    again.get(reverse("players:player", args=[casino.player.pk]))
    signed_in(ana).get(timeline(casino.player))
    assert [fact.actor_label for fact in facts_of(casino.player, "player.viewed")] == ["Ana Novak", "Sofia Marin"]
    Look.objects.filter(staff=sofia).update(at=timezone.now() - timedelta(minutes=10, seconds=1))
    first.get(timeline(casino.player))
    assert [fact.actor_label for fact in facts_of(casino.player, "player.viewed")] == ["Sofia Marin", "Ana Novak", "Sofia Marin"]
    html = first.get(timeline(casino.player, tl="looks")).text
    assert [one.partition(" ")[2] for one in sentences(html)] == [f"Looked at the player’s page {name}" for name in ("Sofia Marin", "Ana Novak", "Sofia Marin")]


def test_who_is_refused_has_not_looked(casino: SimpleNamespace) -> None:
    theirs = new_player(Brand.objects.get(code="fjord"))
    client = signed_in(make_person("support", brands=[casino.brand]))
    assert client.get(timeline(theirs)).status_code == 404
    assert client.get(timeline(casino.player).replace("timeline", "nowhere")).status_code == 404
    assert Event.objects.filter(type="player.viewed").count() == 0


def test_nothing_is_written_while_the_house_is_read_only(casino: SimpleNamespace) -> None:
    client = signed_in(make_person("support", brands=[casino.brand]))
    modes.put(mode="read-only", reason="Moving house", by=None, now=timezone.now())
    assert client.get(timeline(casino.player)).status_code == 200
    assert Event.objects.filter(type="player.viewed").count() == 0


def test_an_auditor_sees_who_looked_at_the_player_this_month(casino: SimpleNamespace) -> None:
    sofia = make_person("support", brands=[casino.brand], name="Sofia Marin")
    signed_in(sofia).get(timeline(casino.player))
    signed_in(sofia).post(reverse("players:reveal", args=[casino.player.pk, "email"]), {"reason": "Ticket 8112"})
    other = new_player(casino.brand)
    signed_in(sofia).get(timeline(other))
    first = timezone.localtime(timezone.now()).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    record("player.viewed", actor=Actor.staff(sofia), at=first - timedelta(days=2), brand_id=casino.brand.pk, player_id=casino.player.pk, subject=casino.player)
    henrik = make_person("auditor", brands=[casino.brand], name="Henrik Dahl")
    auditor = signed_in(henrik)
    html = auditor.get(timeline(casino.player, tl="looks")).text
    link = re.search(r'<a class="btn sm" href="(/looks/[^"]+)">', html)
    listed = auditor.get(unescape(link.group(1))).text
    rows = [text_of(one) for one in re.findall(r"<tr id=.*?</tr>", listed, re.DOTALL)]
    assert len(rows) == 3
    assert [("Henrik Dahl" in rows[0], "Sofia Marin" in rows[1], "Ticket 8112" in rows[1], "Sofia Marin" in rows[2])] == [(True, True, True, True)]
    assert all(f"#{casino.player.pk}" in row for row in rows)
    assert signed_in(sofia).get(reverse("players:looks")).status_code == 403
    assert "/looks/" not in signed_in(sofia).get(timeline(casino.player, tl="looks")).text
    source, now = sources.get(looks.LIST.subject), timezone.now()
    chosen = source.matching(henrik, QueryDict(unescape(link.group(1)).partition("?")[2]), now).order_by("-happened_at", "-pk")
    written = [{column.key: column.value.read(row) for column in source.columns} for row in source.prepare(list(chosen), now)]
    assert [(row["player"], row["player_id"], row["what"], row["by"], row["reason"]) for row in written] == [
        (casino.player.name, casino.player.pk, "player.viewed", "Henrik Dahl", ""),
        (casino.player.name, casino.player.pk, "player.revealed", "Sofia Marin", "Ticket 8112"),
        (casino.player.name, casino.player.pk, "player.viewed", "Sofia Marin", ""),
    ]


def test_looks_say_what_was_looked_for_in_the_words_of_the_screen(casino: SimpleNamespace) -> None:
    client = signed_in(make_person("support", brands=[casino.brand], name="Sofia Marin"))
    client.get(reverse("search:results"), {"q": f"email:{casino.player.email}"})
    client.post(reverse("players:reveal", args=[casino.player.pk, "birth"]), {"reason": "Ticket 8112"})
    html = client.get(timeline(casino.player, tl="looks")).text
    assert [one.partition(" ")[2] for one in sentences(html)] == [
        "Looked at the player’s page Sofia Marin", "Saw in clear: Date of birth Sofia Marin · Ticket 8112",
        "Searched for the player by: e-mail address Sofia Marin",
    ]  # fmt: skip


# ---- what it costs


_MANY = """
INSERT INTO audit_event (happened_at, brand_id, player_id, subject_type, subject_id, actor_kind, actor_label, visibility, type, ip, session, request_id,
    reason, after)
SELECT now() - n * interval '1 minute', %s, %s, 'players.player', %s, 'player', 'Player', 0, 'player.signed_in', '', '', '', '', '{}'
FROM generate_series(1, %s) n
"""


def many(player: Player, count: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_MANY, [player.brand_id, player.pk, player.pk, count])


def plan(call: Any) -> str:
    """How the one query of `call` is run when no table may be read from end to end."""
    with CaptureQueriesContext(connection) as asked_of:
        call()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("ANALYZE audit_event")
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) {asked_of.captured_queries[-1]['sql']}")
        return "\n".join(row[0] for row in cursor.fetchall())


def test_a_page_is_read_through_the_indexes_and_reads_no_more_than_it_shows(casino: SimpleNamespace) -> None:
    many(casino.player, 3_000)
    person = make_person("support", brands=[casino.brand])
    here = looking(casino.player, person)
    middle = f"{(timezone.now() - timedelta(minutes=1500)).isoformat()}~{2**60}"
    for category, index in (("", "player_id_happened_at_id_idx"), ("looks", "player_id_type_happened_at_id_idx")):
        for after in ("", middle):
            said = plan(lambda category=category, after=after: selectors.facts(here, category=category, after=after, limit=51))
            assert index in said, said
            assert "Seq Scan" not in said
            read = max(int(rows) for rows in re.findall(r"Scan using \S*" + index + r".*? \(actual rows=(\d+)", said))
            assert read <= 51, said
            assert not re.search(r"Rows Removed by Filter: \d{3}", said), said


@pytest.mark.parametrize("role", ["support", "payments-l1", "owner"])
def test_the_cost_of_the_page_does_not_grow_with_its_facts(role: str, casino: SimpleNamespace) -> None:
    client = signed_in(make_person(role, brands=[casino.brand]))
    counted = []
    for facts in (0, 500):
        many(casino.player, facts)
        client.get(timeline(casino.player))
        for query in ({}, {"tl": "account"}):
            with CaptureQueriesContext(connection) as asked_of:
                client.get(timeline(casino.player, **query))
            counted.append(len(asked_of))
    assert max(counted) <= 20
    assert counted[2:] == counted[:2]


def test_the_index_over_looks_knows_every_kind_of_look(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'audit_event_looks'")
        (definition,) = cursor.fetchone()
    assert set(re.findall(r"'([a-z_.]+)'", definition)) == set(looks.KINDS)
