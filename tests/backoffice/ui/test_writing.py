"""How money, times and deadlines are written."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone
from django_cotton.compiler_regex import CottonCompiler

from backoffice.ui import charts, money, numbers, times
from backoffice.ui.templatetags import ui

AT = datetime(2026, 11, 20, 13, 5, 10, tzinfo=UTC)
NB = "\u00a0"


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("2500", "EUR", f"2,500.00{NB}EUR"),
        ("1234567.8", "SEK", f"1,234,567.80{NB}SEK"),
        ("-600", "EUR", f"\u2212600.00{NB}EUR"),
        ("-0.5", "EUR", f"\u22120.50{NB}EUR"),
        ("0", "EUR", f"0.00{NB}EUR"),
        ("125000", "JPY", f"125,000{NB}JPY"),
        ("12.3", "KWD", f"12.300{NB}KWD"),
        ("0.084", "BTC", f"0.08400000{NB}BTC"),
        ("1.5", "ETH", f"1.500000000000000000{NB}ETH"),
        ("0.000000000000000001", "ETH", f"0.000000000000000001{NB}ETH"),
        ("123456789012345678901234.12", "EUR", f"123,456,789,012,345,678,901,234.12{NB}EUR"),
        ("1.005", "EUR", f"1.005{NB}EUR"),
        ("1E+3", "EUR", f"1,000.00{NB}EUR"),
    ],
)
def test_an_amount_is_exact_grouped_and_has_its_currencys_decimals(amount, currency, text):
    assert str(money.write(Decimal(amount), currency)) == text


@pytest.mark.parametrize(
    ("amount", "currency", "kept", "dimmed"),
    [
        ("0.084", "BTC", "0.084", "00000"),
        ("1", "BTC", "1.00", "000000"),
        ("0", "BTC", "0.00", "000000"),
        ("0.12345678", "BTC", "0.12345678", ""),
        ("1.5", "ETH", "1.50", "0000000000000000"),
        ("2500", "EUR", "2,500.00", ""),
    ],
)
def test_only_zeros_behind_a_coin_are_dimmed(amount, currency, kept, dimmed):
    written = money.write(Decimal(amount), currency)
    assert (written.text, written.dimmed) == (kept, dimmed)


def test_a_float_is_never_money():
    with pytest.raises(TypeError, match="Money is a Decimal, not float"):
        money.write(2.5, "EUR")


def test_an_unknown_coin_is_refused_until_the_table_of_currencies_knows_it():
    with pytest.raises(ValueError, match="DOGECOIN"):
        money.write(Decimal(1), "DOGECOIN")
    money.use_exponents({"DOGECOIN": 4}.get)
    try:
        assert money.write(Decimal(1), "DOGECOIN").plain == "1.0000"
        assert money.write(Decimal(1), "EUR").plain == "1.00"
    finally:
        money.use_exponents(lambda code: None)
    assert money.write(Decimal(1), SimpleNamespace(code="XYZT", exponent=3)).plain == "1.000"
    assert money.write(Decimal(1), "XYZT", 1).plain == "1.0"


def render(text: str, **context) -> str:
    return Template(CottonCompiler().process(text)).render(Context(context))


def test_money_as_markup():
    html = render(
        '<c-money :amount="a" currency="BTC" /><c-money :amount="b" :currency="c" inline="1" /><c-money :amount="n" currency="EUR" />',
        a=Decimal("0.084"),
        b=Decimal("-1234.5"),
        c=SimpleNamespace(code="EUR", exponent=2),
        n=None,
    )
    assert html == (
        '<data class="money" value="0.08400000">0.084<span class="dim">00000</span><i>BTC</i></data>'
        '<data class="money inl" value="-1234.50">\u22121,234.50<i>EUR</i></data>'
        '<span class="t3">\u2013</span>'
    )


@pytest.mark.parametrize(
    ("kind", "text"),
    [("short", "20 Nov 14:05"), ("time", "14:05"), ("seconds", "14:05:10"), ("date", "20 Nov"), ("full", "20 Nov 2026 14:05:10")],
)
def test_a_moment_is_written_on_the_readers_clock(kind, text):
    with timezone.override(ZoneInfo("Europe/Malta")):
        assert times.write(AT, kind, now=AT) == text


def test_a_moment_of_another_year_says_the_year():
    with timezone.override(ZoneInfo("Europe/Malta")):
        assert times.write(AT, "short", now=AT + timedelta(days=300)) == "20 Nov 2026 14:05"


@pytest.mark.parametrize(("month", "zone"), [(1, "CET"), (7, "CEST")])
def test_the_zone_is_named_and_utc_is_in_the_title(month, zone):
    at = datetime(2026, month, 2, 22, 30, tzinfo=UTC)
    with timezone.override(ZoneInfo("Europe/Malta")):
        html = render('<c-time :at="at" kind="time" />', at=at)
    local = "23:30" if zone == "CET" else "00:30"
    assert html == f'<time datetime="{at.isoformat()}" title="2026-{month:02}-02 22:30:00 UTC">{local} {zone}</time>'


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (12, "12 s"),
        (60, "1 m"),
        (59 * 60, "59 m"),
        (3600, "1 h"),
        (4200, "1 h 10 m"),
        (86_400, "1 d"),
        (100_000, "1 d 3 h"),
        (8 * 86_400 + 7200, "8 d"),
    ],
)
def test_a_length_has_its_two_largest_units(seconds, text):
    assert times.span(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("left", "tone", "text"),
    [
        (timedelta(minutes=61), "", "15:06"),
        (timedelta(minutes=30), "attention", "30 m left"),
        (timedelta(minutes=31), "", "14:36"),
        (timedelta(minutes=-70), "critical", "1 h 10 m late"),
    ],
)
def test_a_deadline_is_quiet_while_a_quarter_of_its_time_is_left(left, tone, text):
    with timezone.override(ZoneInfo("Europe/Malta")):
        assert times.sla(AT + left, opened=AT + left - timedelta(hours=2), now=AT) == (tone, text)


def test_a_sparkline_is_drawn_in_attributes_and_needs_two_points():
    svg = charts.sparkline([1, Decimal(3), 2], title="Low <1>", tone="critical")
    assert "style" not in svg
    assert "Low &lt;1&gt;" in svg
    assert charts.sparkline([1], title="x") == ""
    assert "24.0" in charts.sparkline([5, 5], title="flat")


def test_a_person_has_one_colour_and_two_letters():
    assert ui.hue(42) == ui.hue("42")
    assert {ui.hue(n) for n in range(100)} == {f"h{n}" for n in range(1, 9)}
    assert [ui.initials(name) for name in ("Ana Novak", "Ana Maria Novak", "Nova", "")] == ["AN", "AN", "NO", "?"]


@pytest.mark.parametrize(
    ("score", "word", "css"),
    [(0, "Low", "r1 n1"), (31, "Elevated", "r2 n2"), (58, "High", "r4 n3"), (80, "Severe", "r5 n5"), (100, "Severe", "r5 n5")],
)
def test_a_risk_has_number_word_and_bar(score, word, css):
    assert ui.risk(score) == f'<span class="risk {css}"><b>{score}</b> <span class="t2">{word}</span></span>'


def test_a_query_can_lose_a_filter_and_its_place(rf):
    context = Context({"request": rf.get("/?risk=high&risk=low&view=mine&after=9")})
    assert ui.querystring_without(context, "risk", value="low") == "?risk=high&view=mine"
    assert ui.querystring_without(context, "risk", "view") == "?"
    assert ui.hidden_query(context, "risk") == '<input type="hidden" name="view" value="mine">'


@pytest.mark.parametrize(
    ("text", "known"), [("0", True), ("481", True), ("9" * 17, True), ("9" * 18, False), ("", False), ("-1", False), ("²", False), ("4 1", False)]
)
def test_only_what_an_int_is_made_of_is_the_number_of_a_row(text: str, known: bool) -> None:
    assert numbers.is_id(text) is known
    assert not known or int(text) >= 0
