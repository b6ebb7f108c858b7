"""The line, the margin behind it, too few, and not enough history: from values alone."""

from decimal import Decimal

import pytest

from backoffice.alerts import judging
from backoffice.alerts.judging import BETWEEN, CALM, CROSSED, FEW, NO_HISTORY, Watch
from backoffice.alerts.measures import COUNT, SHARE, Measure, Reading


def measure(unit=SHARE, empty=None):
    return Measure("t.m", "M", unit, "payments.view", "", "", (), lambda _provider: "", empty=empty)


def watch(condition="above", threshold="20", *, unit=SHARE, least=3, weeks=4, empty=None):
    return Watch(measure(unit, empty), 15, condition, Decimal(threshold), weeks, least, "together")


def reading(value, volume=10):
    return Reading(None if value is None else Decimal(value), volume)


@pytest.mark.parametrize(
    ("value", "word"),
    [("20.01", CROSSED), ("20", BETWEEN), ("18.01", BETWEEN), ("18", CALM), ("0", CALM), (None, FEW)],
)
def test_above_the_line_crosses_and_a_tenth_behind_it_is_calm(value, word):
    assert judging.judge(watch(), reading(value)).word == word


@pytest.mark.parametrize(("value", "word"), [("19.99", CROSSED), ("20", BETWEEN), ("21.99", BETWEEN), ("22", CALM)])
def test_below_the_line_is_the_same_turned_around(value, word):
    assert judging.judge(watch("below"), reading(value)).word == word


def test_one_of_one_failing_says_nothing():
    assert judging.judge(watch(), reading("100", 1)).word == FEW
    assert judging.judge(watch(), reading("100", 2)).word == FEW
    assert judging.judge(watch(), reading("100", 3)).word == CROSSED


def test_a_count_that_falls_to_nothing_is_seen_although_little_is_counted():
    assert judging.judge(watch("below", "5", unit=COUNT, least=10, empty=Decimal(0)), reading("0", 0)).word == CROSSED
    assert judging.judge(watch("below", "5", unit=SHARE, least=10), reading(None, 0)).word == FEW


def test_a_change_is_against_the_median_of_past_weeks():
    past = [reading("100"), reading("10"), reading("12"), reading("11")]  # one odd week does not move it
    found = judging.judge(watch("rise", "50", unit=COUNT), reading("17.26"), past)
    assert (found.word, found.baseline, found.limit) == (CROSSED, Decimal("11.5"), Decimal("17.2500"))
    assert judging.judge(watch("rise", "50", unit=COUNT), reading("17.25"), past).word == BETWEEN
    assert judging.judge(watch("fall", "50", unit=COUNT), reading("5.74"), past).word == CROSSED
    assert judging.judge(watch("fall", "50", unit=COUNT), reading("6.4"), past).word == CALM


@pytest.mark.parametrize(
    "past",
    [
        [],
        [reading("10")],
        [reading("10"), reading("10", 2), reading("10", 0), reading(None)],  # weeks in which little was counted are none
        [reading("0"), reading("0"), reading("0")],  # nothing is no measure of change
    ],
)
def test_without_enough_history_it_is_unknown_and_never_crosses(past):
    for condition, value in (("rise", "1000000"), ("fall", "0")):
        assert judging.judge(watch(condition, "1", unit=COUNT), reading(value), past).word == NO_HISTORY


def test_two_weeks_are_enough_and_so_is_one_where_one_was_asked_for():
    assert judging.judge(watch("rise", "50", unit=COUNT), reading("30"), [reading("10"), reading("12")]).word == CROSSED
    assert judging.judge(watch("rise", "50", unit=COUNT, weeks=1), reading("30"), [reading("10")]).word == CROSSED
