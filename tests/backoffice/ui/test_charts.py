"""Charts: places on the paper, what the picture says, and the table that says the same."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django_cotton.compiler_regex import CottonCompiler
from hypothesis import given
from hypothesis import strategies as st

from backoffice.ui import charts
from backoffice.ui.charts import scales
from backoffice.ui.charts.drawing import NARROW, WIDE

NOW = datetime(2026, 11, 20, 13, 5, 10, tzinfo=UTC)
AMOUNTS = st.decimals(min_value=Decimal("-1e15"), max_value=Decimal("1e15"), places=8, allow_nan=False, allow_infinity=False)
POSITIVE = st.decimals(min_value=Decimal(0), max_value=Decimal("1e15"), places=8, allow_nan=False, allow_infinity=False)


def made(kind: str, *values: object, **more: object) -> charts.Chart:
    labels = more.pop("labels", [f"p{at}" for at in range(len(values))])
    return charts.Chart(kind=kind, title="How many?", labels=labels, series=[charts.Series("Open", values)], **more)


def render(chart: charts.Chart) -> str:
    return Template(CottonCompiler().process('<c-chart :chart="chart" />')).render(Context({"chart": chart}))


def svgs(chart: charts.Chart) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(text) for text in re.findall(r"<svg.*?</svg>", str(charts.draw(chart)), re.DOTALL)]  # noqa: S314 (our own)


# ---- scales


@given(AMOUNTS, AMOUNTS, st.integers(2, 8), st.booleans())
def test_ticks_cover_the_range_in_even_round_steps(one, two, most, whole):
    low, high = min(one, two), max(one, two)
    found = scales.ticks(low, high, most=most, whole=whole)
    assert found[0] <= low
    assert found[-1] >= high
    assert 2 <= len(found) <= most + 2
    steps = {b - a for a, b in zip(found, found[1:], strict=False)}
    assert len(steps) == 1
    (step,) = steps
    assert step.normalize().as_tuple().digits in {(1,), (2,), (5,)}
    if whole:
        assert all(tick == int(tick) for tick in found)


@given(st.lists(AMOUNTS, min_size=1, max_size=20), st.booleans())
def test_places_stay_inside_and_keep_the_order(values, upwards):
    marks = scales.ticks(min(values), max(values))
    start, end = (Decimal(180), Decimal(18)) if upwards else (Decimal(18), Decimal(180))
    scale = scales.Scale(marks[0], marks[-1], start, end)
    places = [scale.at(value) for value in sorted(values)]
    assert all(18 <= place <= 180 for place in places)
    assert places == sorted(places, reverse=upwards)


def test_a_value_off_the_scale_is_refused_and_a_range_the_wrong_way_round_too():
    with pytest.raises(ValueError, match="11 is not between 0 and 10"):
        scales.Scale(Decimal(0), Decimal(10), Decimal(0), Decimal(100)).at(11)
    with pytest.raises(ValueError, match="2 is above 1"):
        scales.ticks(Decimal(2), Decimal(1))


@given(st.integers(1, 60))
def test_slots_are_in_order_and_inside(count):
    slots = scales.Slots(count, Decimal(40), Decimal(700))
    for place in (slots.middle, slots.spread):
        places = [place(at) for at in range(count)]
        assert places == sorted(set(places))
        assert all(40 <= one <= 700 for one in places)


# ---- pictures


def numbers(element: ElementTree.Element) -> list[tuple[Decimal, Decimal]]:
    """Every place that an element draws at."""
    found = []
    for one in element.iter():
        kind = one.tag.split("}")[-1]
        if kind == "rect":
            x, y, w, h = (Decimal(one.get(name)) for name in ("x", "y", "width", "height"))
            assert w > 0
            assert h >= 0
            found += [(x, y), (x + w, y + h)]
        elif kind == "circle":
            found.append((Decimal(one.get("cx")), Decimal(one.get("cy"))))
        elif kind == "path" and "out" not in one.get("class", ""):
            pairs = re.findall(r"(-?[\d.]+) (-?[\d.]+)", one.get("d"))
            found += [(Decimal(x), Decimal(y)) for x, y in pairs]
    return found


@given(st.sampled_from([charts.LINE, charts.AREA, charts.BAR, charts.STACKED, charts.CONTROL, charts.HEAT]), st.data())
def test_every_point_lies_inside_the_drawing_at_both_sizes(kind, data):
    count = data.draw(st.integers(1, 30))
    series = data.draw(st.integers(1, 1 if kind == charts.CONTROL else 4))
    value = st.none() | (POSITIVE if kind in {charts.STACKED, charts.HEAT} else AMOUNTS)
    values = [data.draw(st.lists(value, min_size=count, max_size=count)) for _each in range(series)]
    chart = charts.Chart(
        kind=kind, title="All inside?", labels=[f"{at}" for at in range(count)], series=[charts.Series(f"s{at}", one) for at, one in enumerate(values)],
        unit=charts.money("EUR"),
    )  # fmt: skip
    drawn = svgs(chart)
    assert len(drawn) == (2 if chart.known else 0)
    for element, (wide, _tall) in zip(drawn, (WIDE, NARROW), strict=False):
        box = [Decimal(one) for one in element.get("viewBox").split()]
        assert box[2] == wide
        for x, y in numbers(element):
            assert 0 <= x <= box[2]
            assert 0 <= y <= box[3]


@given(st.lists(st.none() | AMOUNTS, min_size=2, max_size=24))
def test_what_is_unknown_is_a_gap_and_never_a_zero(values):
    chart = made(charts.LINE, *values)
    known = [value for value in values if value is not None]
    for element in svgs(chart):
        assert len([one for one in element.iter() if one.tag == "circle"]) == len(known)
        line = next((one.get("d") for one in element.iter() if one.get("class", "").startswith("line")), "")
        stretches = sum(1 for at, value in enumerate(values) if value is not None and (at == 0 or values[at - 1] is None))
        assert line.count("M") == stretches
    table = [cells[0].text for _point, cells in charts.twin(chart).rows]
    assert [text == "unknown" for text in table] == [value is None for value in values]


def test_a_bar_that_is_unknown_is_a_question_mark_and_a_zero_is_a_zero():
    wide = svgs(made(charts.BAR, 3, None, 0))[0]
    bars = [one for one in wide.iter() if one.tag == "rect"]
    assert [bar.get("height") == "0.0" for bar in bars] == [False, True]
    assert [one.text for one in wide.iter() if one.tag == "text" and one.get("class") == "tm tb"] == ["3", "0"]
    assert [one.find("title").text for one in wide.iter() if one.tag == "text" and one.text == "?"] == ["p1: unknown"]


def test_a_stack_adds_up_and_links_each_part_to_its_list():
    chart = charts.Chart(
        kind=charts.STACKED, title="Due?", labels=["14–15", "15–16"], small=True,
        series=[charts.Series("Withdrawals", [4, 0], urls=["/w/?due=a", "/w/?due=b"]), charts.Series("Instruments", [3, 2], urls=["/i/?due=a", "/i/?due=b"])],
    )  # fmt: skip
    (svg,) = svgs(chart)
    assert svg.get("role") == "group"
    assert [(one.get("href"), one.get("aria-label")) for one in svg.iter("a")] == [
        ("/w/?due=a", "Withdrawals, 14–15: 4"), ("/i/?due=a", "Instruments, 14–15: 3"), ("/i/?due=b", "Instruments, 15–16: 2"),
    ]  # fmt: skip
    assert [one.text for one in svg.iter("text") if one.get("class") == "tm tb"] == ["7", "2"]
    assert [[cell.url for cell in cells] for _point, cells in charts.twin(chart).rows] == [["/w/?due=a", "/i/?due=a"], ["", "/i/?due=b"]]


def test_a_control_chart_has_the_limits_of_its_baseline_and_marks_what_is_outside_by_shape_and_words():
    usual = [Decimal(10), Decimal(12)] * 6
    limits = charts.limits_of(usual)
    assert (limits.mean, limits.upper.quantize(Decimal("0.001")), limits.lower.quantize(Decimal("0.001"))) == (11, Decimal("16.319"), Decimal("5.681"))
    chart = made(charts.CONTROL, Decimal(11), Decimal("16.4"), None, Decimal("5.6"), baseline=usual)
    wide = svgs(chart)[0]
    assert [one.find("title").text for one in wide.iter("path") if one.get("class") == "out"] == ["p1: 16.4, above the limit", "p3: 5.6, below the limit"]
    assert [cells[1].text for _point, cells in charts.twin(chart).rows] == ["", "above the limit", "", "below the limit"]
    assert "outside the limits: p1, p3" in chart.description()
    assert "Mean 11, limits 5.7 and 16.3" in charts.twin(chart).caption


def test_a_short_baseline_gives_no_limits_and_a_gap_is_no_step():
    assert charts.limits_of([1, 2, 3]) is None
    assert charts.limits_of([1, None] * 10) is None
    flat = charts.limits_of([4] * 8)
    assert (flat.lower, flat.upper) == (4, 4)
    assert charts.limits_of([0, 9] * 5).lower == 0
    assert [one.get("class") for one in svgs(made(charts.CONTROL, 1, 2))[0].iter("rect")] == []


# ---- words


@pytest.mark.parametrize(
    ("value", "unit", "tick", "exact"),
    [
        ("20000", charts.money("EUR"), "20k", "20,000.00\u00a0EUR"),
        ("2500000", charts.money("EUR"), "2.5M", "2,500,000.00\u00a0EUR"),
        ("1234", charts.COUNT, "1,234", "1,234"),
        ("-600", charts.money("SEK"), "\u2212600", "\u2212600.00\u00a0SEK"),
        ("0.05", charts.money("BTC"), "0.05", "0.05000000\u00a0BTC"),
        ("12.5", charts.Unit("%"), "12.5\u00a0%", "12.5\u00a0%"),
        ("1001", charts.Unit(whole=True, cap=1000), "1,001", "1,000+"),
    ],
)
def test_a_number_is_short_beside_the_axis_and_exact_in_the_table(value, unit, tick, exact):
    assert (unit.tick(Decimal(value)), unit.write(Decimal(value))) == (tick, exact)


def test_the_component_gives_the_picture_and_the_same_numbers_as_a_table():
    labels = [NOW + timedelta(hours=at) for at in range(3)]
    chart = made(
        charts.AREA, Decimal("184220.10"), None, Decimal("96418.75"), labels=labels, labels_head="Hour", kind_of_time="time", unit=charts.money("EUR"),
        as_of=NOW, zone=ZoneInfo("Europe/Malta"), limit=charts.Limit(Decimal(100_000), "line at 100k"), marks=[charts.Mark(1, "began")],
    )  # fmt: skip
    html = render(chart)
    assert "style" not in html
    assert html.count("<svg") == 2
    assert "As of 14:05:10 CET" in html
    assert "times in CET" in html
    assert html.count("<title") >= 4
    assert "Open: low 96,418.75\u00a0EUR at 16:05, high 184,220.10\u00a0EUR at 14:05, last 96,418.75\u00a0EUR at 16:05. 1 unknown" in html
    rows = re.findall(r'<th scope="row">([^<]*)</th><td class="num( t2)?">(.*?)</td>', html)
    assert [(point, bool(dim)) for point, dim, _cell in rows] == [("20 Nov 14:05", False), ("20 Nov 15:05", True), ("20 Nov 16:05", False)]
    assert '<data class="money" value="184220.10">184,220.10<i>EUR</i></data>' in rows[0][2]
    assert rows[1][2] == "unknown"
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', html)) == set(ids)


def test_a_chart_of_nothing_known_says_so_and_keeps_its_table():
    html = render(made(charts.LINE, None, None))
    assert "Nothing is known about this yet." in html
    assert html.count("unknown</td>") == 2


def test_several_series_have_a_legend_and_lines_differ_by_more_than_colour():
    chart = charts.Chart(kind=charts.LINE, title="Two?", labels=["a", "b"], series=[charts.Series("One", [1, 2]), charts.Series("<Two>", [2, 1])])
    html = render(chart)
    assert "&lt;Two&gt;" in html
    assert 'class="line info n0"' in html
    assert 'class="line warning n1"' in html


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"kind": "pie"}, "not a kind of chart"),
        ({"series": []}, "one to 6 series"),
        ({"series": [charts.Series("x", [1])] * 7}, "one to 6 series"),
        ({"series": [charts.Series("x", [1, 2])]}, "2 values for 1 points"),
        ({"series": [charts.Series("x", [1.5])]}, "a float cannot hold money"),
        ({"kind": charts.STACKED, "series": [charts.Series("x", [-1])]}, "cannot be negative"),
        ({"kind": charts.CONTROL, "series": [charts.Series("x", [1])] * 2}, "has one series"),
        ({"marks": [charts.Mark(1, "x")]}, "stands at a point"),
    ],
)
def test_a_declaration_that_means_nothing_is_refused(fields, wrong):
    with pytest.raises((ValueError, TypeError), match=wrong):
        charts.Chart(**{"kind": charts.LINE, "title": "t", "labels": ["a"], "series": [charts.Series("x", [1])], **fields})


@given(st.lists(st.none() | AMOUNTS, min_size=0, max_size=30))
def test_a_sparkline_stays_in_its_box_and_has_gaps(values):
    svg = str(charts.sparkline(values, title="Open"))
    known = [value for value in values if value is not None]
    if len(known) < 2:
        assert svg == ""
        return
    for x, y in numbers(ElementTree.fromstring(svg)):  # noqa: S314 (our own)
        assert 0 <= x <= 96
        assert 0 <= y <= 28
