"""Statements: what stands on them, that they add up with the ledger at any moment, who may have them, and what is never issued."""

import csv
import io
import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.access.models import Staff
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.models import Event
from backoffice.bell.models import Notice
from backoffice.jobs import files, runner
from backoffice.jobs.models import Job, Part
from players.models import Player
from players.services import PlayerRefused
from tests import factories
from tests.api import Casino, problem
from tests.api import open_casino as open_api
from tests.backoffice.jobs.conftest import finish
from tests.casino import asked, new_instrument, new_player, open_casino, paid_in
from tests.databases import Database
from tests.people import make_person, signed_in
from tests.races import race
from tests.wallet.tools import bet, win
from wallet import balances, holds, ledger
from wallet.kinds import AccountKind, TransactionKind
from wallet.ledger import Bonus, Cash, House
from wallet.models import Account, Statement
from wallet.statements import composing, kinds, paper, reading, sections, services, work
from wallet.statements.periods import Period, check
from wallet.statements.words import LANGUAGES, WORDS

NOW = timezone.now()
COST = House(AccountKind.BONUS_COST)
ZERO = Decimal(0)


@pytest.fixture
def casino(db: None, opened: None) -> SimpleNamespace:
    nova = open_casino()
    player = new_player(nova)
    return SimpleNamespace(
        nova=nova, player=player, instrument=new_instrument(player), marta=make_person("finance", brands=[nova], name="Marta Kowalczyk"),
        sofia=make_person("support", brands=[nova], name="Sofia Marin"),
    )  # fmt: skip


def move(player: Player, amount: str, kind: TransactionKind, source: Any, target: Any, *, at: datetime, key: str = "", currency: str = "EUR") -> Any:
    return ledger.post(
        kind=kind, key=key or f"{kind.name} {at} {amount}", brand=player.brand_id, amount=Decimal(amount), currency=currency, source=source, target=target,
        effective_at=at,
    )  # fmt: skip


def read(player: Player, begins: datetime, ends: datetime) -> tuple[reading.Stand, list[composing.Part]]:
    """What a statement of exactly these moments would say, without a job."""
    stand, contents, zone = reading.Stand.begin(player.pk, begins, ends), [], player.brand.zone
    while not stand.over:
        contents.append(reading.piece(stand, zone)[1])
    return stand, composing.compose(stand, contents, zone=zone, currency=player.currency)


def ask(casino: SimpleNamespace, **more: Any) -> Statement:
    day = NOW.astimezone(casino.nova.zone).date()
    given = {"player_id": casino.player.pk, "since": day - timedelta(days=120), "until": day, "language": "en", "form": "csv", "key": "k", "now": NOW, **more}
    return services.ask_as_staff(**{"by": casino.marta, **given})


def content(job: Job) -> bytes:
    with files.storage().open(job.file, "rb") as file:
        return file.read()


def table(job: Job) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content(job).decode("utf-8-sig"))))


# ---- what stands on it


def test_it_lists_what_came_and_went_and_adds_up(casino: SimpleNamespace) -> None:
    player, at = casino.player, NOW - timedelta(days=10)
    deposit = paid_in(player, casino.instrument, "200.00", now=at)
    move(player, "20.00", TransactionKind.BONUS_GRANTED, COST, Bonus(player.pk), at=at + timedelta(hours=1))
    bet(player, "30.00", key="b1", effective_at=at + timedelta(hours=2))
    win(player, "45.50", key="w1", effective_at=at + timedelta(hours=2, minutes=1))
    bet(player, "10.00", key="b2", effective_at=at + timedelta(hours=2, minutes=2))
    withdrawal = asked(player, casino.instrument, "80.00", now=at + timedelta(hours=3))
    move(player, "5.00", TransactionKind.ADJUSTED, House(AccountKind.ADJUSTMENTS), Cash(player.pk), at=at + timedelta(hours=4))
    move(player, "20.00", TransactionKind.BONUS_CONVERTED, Bonus(player.pk), Cash(player.pk), at=at + timedelta(hours=5))

    made = ask(casino)
    job = finish(made.job)
    assert (job.state, job.outcome) == ("ready", "")
    rows = [row for row in table(job)[2:] if row[1] == "Your money"]
    line = [[row[2], row[5], row[7], row[8], row[9], row[10], row[12], row[13]] for row in rows]
    assert line == [
        ["Opening balance", "", "", "", "0.00", "0.00", "", ""],
        ["Entry", "Deposit", f"DP-{deposit.pk}", "200.00", "0.00", "200.00", "", ""],
        ["Entry", "Play", "", "5.50", "0.00", "205.50", "40.00", "45.50"],
        ["Entry", "Held for a withdrawal", f"WD-{withdrawal.pk}", "0.00", "80.00", "205.50", "", ""],
        ["Entry", "Manual adjustment", line[4][2], "5.00", "0.00", "210.50", "", ""],
        ["Entry", "Bonus converted into cash", line[5][2], "20.00", "0.00", "230.50", "", ""],
        ["Total", "", "", "200.00", "0.00", "", "", ""], ["Total", "", "", "0.00", "80.00", "", "", ""], ["Total", "", "", "20.00", "0.00", "", "", ""],
        ["Total", "", "", "5.00", "0.00", "", "", ""], ["Total", "", "", "5.50", "0.00", "", "40.00", "45.50"],
        ["Closing balance", "", "", "", "80.00", "230.50", "", ""],
    ]  # fmt: skip
    bonus = [[row[2], row[6], row[8], row[10]] for row in table(job)[2:] if row[1] == "Bonus money"]
    assert bonus == [
        ["Opening balance", "", "", "0.00"], ["Entry", "Incentive credits added", "20.00", "20.00"], ["Entry", "Incentive credits removed", "-20.00", "0.00"],
        ["Total", "Incentive credits added", "20.00", ""], ["Total", "Incentive credits removed", "-20.00", ""], ["Closing balance", "", "", "0.00"],
    ]  # fmt: skip
    made.refresh_from_db()
    assert (made.lines, made.sha256, made.issued_at is not None) == (7, job.sha256, True)
    fact = Event.objects.get(type="statement.issued")
    assert fact.player_id == player.pk
    assert [Decimal(text) for text in json.loads(fact.after)["balances"]["EUR own"]] == [ZERO, Decimal("230.50")]


def test_days_are_those_of_the_brand(casino: SimpleNamespace) -> None:
    """Malta is two hours before UTC in summer: 22:30 UTC is the next day there."""
    player = casino.player
    late = datetime(2026, 7, 31, 22, 30, tzinfo=UTC)
    move(player, "10.00", TransactionKind.DEPOSIT_CREDITED, factories.PSP, Cash(player.pk), at=late)
    july, august = (finish(ask(casino, since=since, until=until, key=key).job) for since, until, key in (
        (date(2026, 7, 1), date(2026, 7, 31), "july"), (date(2026, 8, 1), date(2026, 8, 31), "august"),
    ))  # fmt: skip
    assert [row[8] for row in table(july) if row[2] == "Entry"] == []
    assert [(row[3], row[8]) for row in table(august) if row[2] == "Entry"] == [("2026-08-01T00:30:00+02:00", "10.00")]
    assert any("Europe/Malta" in cell for cell in table(august)[0])


def test_every_currency_has_its_own_part_the_players_own_first(casino: SimpleNamespace) -> None:
    player = casino.player
    for currency, amount in (("BTC", "0.00000001"), ("JPY", "1200"), ("EUR", "7.10")):
        move(player, amount, TransactionKind.DEPOSIT_CREDITED, factories.PSP, Cash(player.pk), at=NOW - timedelta(days=1), currency=currency)
    _stand, parts = read(player, NOW - timedelta(days=2), NOW)
    assert [(part.currency, part.money, part.closing) for part in parts] == [
        ("EUR", "own", Decimal("7.10")), ("BTC", "own", Decimal("0.00000001")), ("JPY", "own", Decimal(1200)),
    ]  # fmt: skip


def test_a_player_whom_nothing_ever_happened_to_gets_one_that_says_so(casino: SimpleNamespace) -> None:
    job = finish(ask(casino, form="pdf").job)
    assert (job.state, content(job)[:5]) == ("ready", b"%PDF-")


def test_what_rooms_above_add_stands_on_the_paper_and_is_left_out_without_rows(casino: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [sections.Theme("=Book of Bells", "EUR", Decimal("12.00"), Decimal("9.50"))]
    monkeypatch.setattr(sections, "_sections", {})
    sections.register(sections.Section("games", {"en": "Games"}, lambda player, since, until: rows))
    sections.register(sections.Section("none", {"en": "Nothing here"}, lambda player, since, until: []))
    cells = table(finish(ask(casino).job))
    assert cells[-1] == ["EUR", "", "Games", "", "", "'=Book of Bells", "", "", "", "", "", "", "12.00", "9.50"]
    assert "Nothing here" not in str(cells)


def test_every_kind_of_the_ledger_has_its_words_in_every_language() -> None:
    assert set(kinds.OF_KIND) == set(TransactionKind)
    needed = {one.name for one in TransactionKind} | {f"kind.{kind}" for kind in kinds.ORDER}
    assert needed <= set(WORDS)
    for code, texts in WORDS.items():
        assert set(texts) == set(LANGUAGES), code
        assert len({tuple(sorted(re.findall(r"%\(\w+\)s", text))) for text in texts.values()}) == 1, code


@pytest.mark.parametrize(
    ("language", "title", "amount"), [("en", "Account statement", "1,234.50"), ("de", "Kontoauszug", "1.234,50"), ("sv", "Kontoutdrag", "1\u00a0234,50")]
)
def test_the_paper_is_in_the_players_language(casino: SimpleNamespace, language: str, title: str, amount: str) -> None:
    paid_in(casino.player, casino.instrument, "1234.50", now=NOW - timedelta(days=1))
    made = ask(casino, language=language, form="pdf")
    stand, parts = read(casino.player, NOW - timedelta(days=2), NOW)
    sheet = paper.Paper(made, casino.player.name, stand.horizon, stand.ends, NOW, parts)
    with paper.translation.override(language):
        data = paper._data(sheet)
    assert (data["language"], data["words"]["title"], data["parts"][0]["closing"]) == (language, title, f"{amount}\u00a0EUR")
    pdf = content(finish(made.job))
    assert f"/Lang ({language}".encode() in pdf or f"/Lang({language}".encode() in pdf
    assert b"/MarkInfo" in pdf


@pytest.mark.parametrize("name", ["#sys.inputs", "*x* _y_", "$a$ @b <c> `d`", '"; #panic()', "محمد", "\\ #{1/0}"])
def test_what_a_player_is_called_is_never_markup(casino: SimpleNamespace, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Player.objects.filter(pk=casino.player.pk).update(first_name=name, last_name="=1+1")
    job = finish(ask(casino, form="pdf").job)
    assert (job.state, job.outcome) == ("ready", "")
    sheet = table(finish(ask(casino, key="csv").job))
    assert f"Player: {name} =1+1" in sheet[0]


def test_a_letter_that_no_font_has_is_said_and_not_printed_as_a_box(casino: SimpleNamespace) -> None:
    Player.objects.filter(pk=casino.player.pk).update(first_name="\U000f0001")  # private use: no font has it
    made = ask(casino, form="pdf")
    job = finish(made.job)
    assert job.state == "failed"
    assert "No font of this machine has all letters" in job.outcome
    made.refresh_from_db()
    assert made.issued_at is None
    assert finish(ask(casino, key="csv").job).state == "ready"


def test_the_same_statement_is_the_same_file(casino: SimpleNamespace) -> None:
    paid_in(casino.player, casino.instrument, "10.00", now=NOW - timedelta(days=1))
    made = ask(casino, form="pdf")
    stand, parts = read(casino.player, NOW - timedelta(days=2), NOW)
    sheet = paper.Paper(made, "Mia", stand.horizon, stand.ends, NOW, parts)
    assert paper.content(sheet, meanwhile=lambda: None) == paper.content(sheet, meanwhile=lambda: None)


def test_a_long_setting_asks_meanwhile_and_ends_in_the_same_file(casino: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    paid_in(casino.player, casino.instrument, "10.00", now=NOW - timedelta(days=1))
    made = ask(casino, form="pdf")
    stand, parts = read(casino.player, NOW - timedelta(days=2), NOW)
    sheet = paper.Paper(made, "Mia", stand.horizon, stand.ends, NOW, parts)
    whole, asked = paper.content(sheet, meanwhile=lambda: None), []
    monkeypatch.setattr(paper, "HOLD_SECONDS", 0.005)
    assert paper.content(sheet, meanwhile=lambda: asked.append(1)) == whole
    assert len(asked) > 1


# ---- it adds up, with itself and with the ledger, over any history

HISTORY = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 500), st.integers(0, 59)), min_size=1, max_size=25)


def live(player: Player, steps: list[tuple[int, int, int]], begins: datetime) -> None:
    """A history in any order of effective times: what is refused for want of money has not happened."""
    held: list[int] = []
    for number, (what, cents, day) in enumerate(steps):
        amount, at, key = Decimal(cents).scaleb(-2), begins + timedelta(days=day, seconds=number), f"{player.pk} {number}"
        cash, bonus = Cash(player.pk), Bonus(player.pk)
        moves: dict[int, tuple[TransactionKind, Any, Any]] = {
            0: (TransactionKind.DEPOSIT_CREDITED, factories.PSP, cash), 1: (TransactionKind.BET, cash, House(AccountKind.GAME_REVENUE, "studio")),
            2: (TransactionKind.WIN, House(AccountKind.GAME_REVENUE, "studio"), cash), 3: (TransactionKind.BONUS_GRANTED, COST, bonus),
            4: (TransactionKind.BONUS_CONVERTED, bonus, cash), 5: (TransactionKind.BET, bonus, House(AccountKind.GAME_REVENUE, "studio")),
            6: (TransactionKind.ADJUSTED, cash, House(AccountKind.ADJUSTMENTS)),
        }  # fmt: skip
        try:
            with transaction.atomic():
                if what in moves:
                    kind, source, target = moves[what]
                    move(player, format(amount, "f"), kind, source, target, at=at, key=key)
                elif what == 7:
                    held.append(holds.place(player_id=player.pk, brand_id=player.brand_id, currency="EUR", amount=amount, key=key, now=at).pk)
                elif held and what == 8:
                    holds.release(hold_id=held.pop(), key=key, now=at)
                elif held:
                    holds.capture(hold_id=held.pop(), target=factories.PSP, key=key, now=at)
        except ledger.InsufficientFunds:
            continue


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(steps=HISTORY, cut=st.integers(0, 60), chunk=st.integers(1, 7))
def test_what_one_statement_ends_with_the_next_begins_with_and_the_ledger_held(db: None, steps: list[Any], cut: int, chunk: int) -> None:
    factories.brand()  # outside of what is rolled back: processes remember its currencies
    with transaction.atomic():
        player, start = factories.player(), NOW - timedelta(days=70)
        live(player, steps, start)
        middle, end = start + timedelta(days=cut), start + timedelta(days=61)
        kept, reading.CHUNK = reading.CHUNK, chunk
        try:
            first, second = read(player, start, middle)[1], read(player, middle, end)[1]
        finally:
            reading.CHUNK = kept
        closes = {(part.currency, part.money): (part.closing, part.closing_held) for part in first}
        opens = {(part.currency, part.money): (part.opening, part.opening_held) for part in second}
        for key in closes.keys() | opens.keys():
            assert closes.get(key, (ZERO, ZERO)) == opens.get(key, (ZERO, ZERO))
        for moment, known in ((middle, closes), (end, {(part.currency, part.money): (part.closing, part.closing_held) for part in second})):
            said = {kind: balance_at(player, kind, moment) for kind in (AccountKind.CASH, AccountKind.BONUS, AccountKind.HOLD)}
            own = (said[AccountKind.CASH] + said[AccountKind.HOLD], said[AccountKind.HOLD])
            assert known.get(("EUR", "own"), (ZERO, ZERO)) == own
            assert known.get(("EUR", "bonus"), (ZERO, ZERO))[0] == said[AccountKind.BONUS]
        for part in (*first, *second):
            assert part.opening + sum((line.amount for line in part.lines), ZERO) == part.closing
            assert part.opening + sum((total.amount for total in part.totals), ZERO) == part.closing
            assert not part.lines or part.lines[-1].balance == part.closing
            assert all(line.won - line.wagered == line.amount for line in part.lines if line.kind == "play")
        transaction.set_rollback(True)


def balance_at(player: Player, kind: AccountKind, moment: datetime) -> Decimal:
    """What the ledger says, by a sum of its own: everything that took effect before the moment."""
    found = Account.objects.filter(player=player, kind=kind, currency__code="EUR").first()
    return balances.at(found.pk, moment=moment - timedelta(microseconds=1), clock="effective") if found else ZERO


def test_a_posting_that_comes_while_it_is_made_is_not_on_it(casino: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK", 1)
    for number in range(3):
        paid_in(casino.player, casino.instrument, f"{number + 1}.00", now=NOW - timedelta(days=3 - number))
    made = ask(casino)
    taken = runner._take(made.job_id, now=timezone.now())
    assert taken is not None
    assert [work.step(taken), work.step(taken)] == [True, True]
    move(casino.player, "50.00", TransactionKind.DEPOSIT_CREDITED, factories.PSP, Cash(casino.player.pk), at=NOW - timedelta(days=2))
    runner._hand_back(taken)
    job = finish(Job.objects.get(pk=made.job_id))
    assert [row[10] for row in table(job) if row[2] == "Closing balance"] == ["6.00"]


def test_whoever_goes_on_after_a_dead_worker_issues_the_same_lines(casino: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK", 1)
    for number in range(3):
        paid_in(casino.player, casino.instrument, f"{number + 1}.00", now=NOW - timedelta(days=3 - number))
    whole = finish(ask(casino).job)
    for steps in range(1, 6):
        made = ask(casino, key=f"killed {steps}")
        taken = runner._take(made.job_id, now=timezone.now())
        assert taken is not None
        assert all(work.step(taken) for _ in range(steps))
        Job.objects.filter(pk=made.job_id).update(next_attempt_at=timezone.now() - timedelta(seconds=1))  # its lease ran out
        job = finish(Job.objects.get(pk=made.job_id))
        assert table(job)[2:] == table(whole)[2:]
        assert not Part.objects.filter(job=job).exists()


def test_one_that_does_not_add_up_is_never_issued_and_finance_is_told(casino: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    paid_in(casino.player, casino.instrument, "10.00", now=NOW - timedelta(days=1))
    lines = reading._lines
    monkeypatch.setattr(reading, "_lines", lambda *given: list(lines(*given))[1:])  # a line is lost on the way to the paper
    made = ask(casino)
    job = finish(made.job)
    assert (job.state, job.file) == ("failed", "")
    assert "does not add up" in job.outcome
    made.refresh_from_db()
    assert (made.issued_at, made.sha256) == (None, "")
    fact = Event.objects.get(type="statement.refused")
    assert (fact.player_id, "opening 0" in json.loads(fact.after)["detail"]) == (casino.player.pk, True)
    assert list(Notice.objects.filter(kind="wallet.statement_wrong").values_list("staff__name", flat=True)) == ["Marta Kowalczyk"]
    assert not Event.objects.filter(type="statement.issued").exists()


def test_a_ledger_that_was_tampered_with_makes_no_statement(committed_db: Database) -> None:
    """The owner changes an entry behind the triggers: its balance after no longer follows from the one before."""
    player = factories.player(cash="10.00")
    bet(player, "4.00", key="bet")
    with committed_db.connect("super") as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE wallet_entry SET amount = 5 WHERE amount = 10")
    with pytest.raises(reading.DoesNotAddUp, match="balance after it is not the one before plus what it moved"):
        read(player, NOW - timedelta(days=1), NOW + timedelta(days=1))


# ---- which periods


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        (date(2026, 3, 2), date(2026, 3, 1), "before the first one"), (date(2025, 3, 1), date(2026, 3, 1), "from 2025-03-01 to 2026-02-28"),
        (date(2024, 2, 29), date(2025, 3, 1), "from 2024-02-29 to 2025-02-28"), (date(2026, 6, 1), date(2026, 6, 16), "2026-06-15 at the latest"),
    ],
)  # fmt: skip
def test_a_period_that_cannot_be_is_refused_with_what_can(since: date, until: date, words: str) -> None:
    with pytest.raises(PlayerRefused, match=words) as refused:
        check(since, until, ZoneInfo("Europe/Malta"), now=datetime(2026, 6, 15, 12, tzinfo=UTC))
    assert refused.value.code == "statement_period"


@pytest.mark.parametrize(
    ("since", "until"), [(date(2025, 6, 16), date(2026, 6, 15)), (date(2024, 2, 29), date(2025, 2, 28)), (date(2026, 6, 15), date(2026, 6, 15))]
)
def test_a_year_to_the_day_is_a_period(since: date, until: date) -> None:
    zone = ZoneInfo("Europe/Malta")
    assert check(since, until, zone, now=datetime(2026, 6, 15, 12, tzinfo=UTC)) == Period(since, until, zone)


def test_a_refused_period_leaves_nothing(casino: SimpleNamespace) -> None:
    before = (Job.objects.count(), Event.objects.count())
    with pytest.raises(PlayerRefused):
        ask(casino, since=date(2020, 1, 1))
    assert (Job.objects.count(), Event.objects.count(), Statement.objects.count()) == (*before, 0)


# ---- who may


def test_the_same_key_is_one_statement_also_at_the_same_moment(committed_db: Database) -> None:
    nova = open_casino()
    casino = SimpleNamespace(nova=nova, player=new_player(nova), marta=make_person("finance", brands=[nova]))
    made = race(lambda: ask(casino).pk, lambda: ask(casino).pk)
    assert len(set(made)) == 1
    assert (Statement.objects.count(), Job.objects.count(), Event.objects.filter(type="statement.asked").count()) == (1, 1, 1)


def test_support_and_other_brands_get_none(casino: SimpleNamespace) -> None:
    elsewhere = make_person("finance", brands=[], name="Elsewhere")
    with pytest.raises(NotAllowed):
        ask(casino, by=casino.sofia)
    with pytest.raises(Player.DoesNotExist):
        ask(casino, by=elsewhere)
    assert not Statement.objects.exists()


def test_who_lost_the_right_meanwhile_gets_no_file(casino: SimpleNamespace) -> None:
    made = ask(casino)
    Staff.objects.filter(pk=casino.marta.pk).update(is_active=False)
    job = finish(made.job)
    assert (job.state, job.file) == ("failed", "")


# ---- pages


def test_staff_ask_on_the_players_page_and_take_the_file_on_the_jobs(casino: SimpleNamespace) -> None:
    paid_in(casino.player, casino.instrument, "10.00", now=NOW - timedelta(days=1))
    Player.objects.filter(pk=casino.player.pk).update(language="sv")
    client, url = signed_in(casino.marta), reverse("wallet:statement", args=[casino.player.pk])
    page = client.get(url)
    assert '<option value="sv" selected>' in page.text
    assert f'href="{url}"' in client.get(reverse("players:player", args=[casino.player.pk])).text
    day = NOW.astimezone(casino.nova.zone).date()
    sent = {"since": str(day - timedelta(days=3)), "until": str(day), "language": "sv", "format": "pdf", "key": "one"}
    answer = client.post(url, sent)
    made = Statement.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("jobs:job", args=[made.job_id]))
    assert client.post(url, sent)["Location"] == answer["Location"]
    job = finish(made.job)
    shown = client.get(answer["Location"]).text
    assert "Reading the ledger" not in shown
    assert f"Statement of player #{casino.player.pk}" in shown
    taken = client.post(reverse("jobs:job-file", args=[job.pk]))
    assert (taken.status_code, taken["Content-Type"]) == (200, "application/pdf")
    assert b"".join(taken.streaming_content)[:5] == b"%PDF-"
    assert Event.objects.filter(type="statement.downloaded", actor_id=casino.marta.pk).count() == 1
    assert made.name in client.get(reverse("players:player", args=[casino.player.pk]) + "?tab=payments").text


def test_the_form_says_what_is_wrong(casino: SimpleNamespace) -> None:
    client, url = signed_in(casino.marta), reverse("wallet:statement", args=[casino.player.pk])
    answer = client.post(url, {"since": "2020-01-01", "until": "2026-01-01", "language": "en", "format": "pdf", "key": "one"})
    assert answer.status_code == 422
    assert "over a year at most: from 2020-01-01 to 2020-12-31" in answer.text
    assert not Statement.objects.exists()


def test_support_sees_neither_act_nor_statements(casino: SimpleNamespace) -> None:
    ask(casino)
    client = signed_in(casino.sofia)
    assert client.get(reverse("wallet:statement", args=[casino.player.pk])).status_code == 403
    page = client.get(reverse("players:player", args=[casino.player.pk]) + "?tab=payments").text
    assert "ST-" not in page
    assert reverse("wallet:statement", args=[casino.player.pk]) not in page


# ---- the front end, for the player


@pytest.fixture
def api(db: None) -> Casino:
    return open_api()


def test_a_player_asks_polls_and_fetches(api: Casino) -> None:
    player, _instrument = api.nova.funded("25.00", language="de-AT")
    day = NOW.astimezone(api.nova.brand.zone).date()
    body = {"since": str(day - timedelta(days=1)), "until": str(day), "format": "csv"}
    answer = api.nova.post(f"/players/{player}/statements", body, key="one")
    assert answer.status_code == 201
    assert api.nova.post(f"/players/{player}/statements", body, key="one").content == answer.content
    first = answer.json()
    assert {name: first[name] for name in ("player_id", "language", "format", "state", "time_zone", "sha256", "issued_at")} == {
        "player_id": player, "language": "de", "format": "csv", "state": "making", "time_zone": "Europe/Malta", "sha256": None, "issued_at": None,
    }  # fmt: skip
    path = f"/players/{player}/statements/{first['id']}"
    problem(api.nova.get(f"{path}/file"), 409, "statement_not_ready")
    job = finish(Job.objects.get())
    assert (job.requested_by, job.asked_as) == (None, "Nova web")
    shown = api.nova.get(path).json()
    assert (shown["state"], shown["sha256"]) == ("ready", job.sha256)
    taken = api.nova.get(f"{path}/file")
    assert (taken.status_code, taken["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert taken.content == content(job)
    assert "Einzahlung" in taken.content.decode()
    fact = Event.objects.get(type="statement.fetched")
    assert (fact.player_id, fact.actor_kind) == (player, "integration")
    assert not Notice.objects.exists()


def test_a_statement_goes_to_its_own_brand_and_player_alone(api: Casino) -> None:
    player, other = api.nova.register(), api.nova.register()
    day = str(NOW.astimezone(api.nova.brand.zone).date())
    made = api.nova.post(f"/players/{player}/statements", {"since": day, "until": day}).json()["id"]
    finish(Job.objects.get())
    for who, whose in ((api.fjord, player), (api.nova, other)):
        problem(who.get(f"/players/{whose}/statements/{made}"), 404, "not_found")
        problem(who.get(f"/players/{whose}/statements/{made}/file"), 404, "not_found")
    assert not Event.objects.filter(type="statement.fetched").exists()


def test_what_staff_made_is_not_for_the_front_end(api: Casino) -> None:
    player = api.nova.register()
    marta = make_person("finance", brands=[api.nova.brand])
    day = NOW.astimezone(api.nova.brand.zone).date()
    made = services.ask_as_staff(player_id=player, since=day, until=day, language="en", form="csv", key="k", by=marta, now=NOW)
    problem(api.nova.get(f"/players/{player}/statements/{made.pk}"), 404, "not_found")


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [({"since": "2020-01-01"}, "statement_period", "#/until"), ({"language": "fr"}, "statement_language", "#/language")],
)
def test_a_statement_that_cannot_be_is_refused_with_its_code(api: Casino, fields: dict[str, str], code: str, pointer: str) -> None:
    player, day = api.nova.register(), str(NOW.astimezone(api.nova.brand.zone).date())
    answer = api.nova.post(f"/players/{player}/statements", {"since": day, "until": day, **fields})
    assert {error["pointer"] for error in problem(answer, 422, code)["errors"]} == {pointer}
    assert not Statement.objects.exists()


def test_a_removed_file_is_gone(api: Casino) -> None:
    from backoffice.jobs.services import expire_due

    player, day = api.nova.register(), str(NOW.astimezone(api.nova.brand.zone).date())
    made = api.nova.post(f"/players/{player}/statements", {"since": day, "until": day}).json()["id"]
    finish(Job.objects.get())
    expire_due(now=timezone.now() + timedelta(hours=25))
    assert api.nova.get(f"/players/{player}/statements/{made}").json()["state"] == "gone"
    problem(api.nova.get(f"/players/{player}/statements/{made}/file"), 410, "statement_gone")


def test_the_row_of_an_issued_statement_cannot_be_rewritten(casino: SimpleNamespace) -> None:
    made = ask(casino)
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        Statement.objects.filter(pk=made.pk).update(since=date(2020, 1, 1))
    with pytest.raises(Exception, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM wallet_statement")
    with pytest.raises(ValidationError):
        Statement(until=date(2020, 1, 1), since=date(2020, 1, 2)).full_clean()
