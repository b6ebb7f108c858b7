"""Return to source, for any history: it sums exactly, never gives more than the request, and never more to a method than it may take."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.closed_loop import Source, Strategy, split

NOW = datetime(2026, 11, 1, tzinfo=UTC)
REST = (99, "Bank ••0001")


def source(number: int, put_in: str, got_back: str = "0", *, takes: bool = True) -> Source:
    return Source(number, f"Card ••{number:04}", Decimal(put_in), Decimal(got_back), NOW + timedelta(days=number), takes)


def parts(amount: str, *sources: Source, strategy: Strategy = Strategy.OLDEST_FIRST, exponent: int = 2) -> list[tuple[int, str, bool]]:
    lines = split(Decimal(amount), sources, strategy=strategy, exponent=exponent, rest=REST)
    return [(line.instrument_id, format(line.amount, "f"), line.returned) for line in lines]


def test_each_gets_back_what_it_put_in_and_the_rest_goes_where_it_was_asked_for() -> None:
    a, b = source(1, "100.00"), source(2, "50.00")
    assert parts("1000.00", a, b) == [(1, "100.00", True), (2, "50.00", True), (99, "850.00", False)]
    assert parts("120.00", b, a) == [(1, "100.00", True), (2, "20.00", True)]  # the oldest first, whatever the order they are read in
    assert parts("30.00", a, b, strategy=Strategy.PROPORTIONAL) == [(1, "20.00", True), (2, "10.00", True)]
    assert parts("30.00", a, b, strategy=Strategy.NONE) == [(99, "30.00", False)]


def test_what_went_back_before_and_what_takes_nothing_back_is_left_out() -> None:
    assert parts("80.00", source(1, "100.00", "70.00"), source(2, "50.00", takes=False)) == [(1, "30.00", True), (99, "50.00", False)]
    assert parts("80.00", source(1, "10.00", "25.00")) == [(99, "80.00", False)]  # it got back more than it put in


def test_a_step_that_cannot_be_divided_goes_to_the_oldest() -> None:
    thirds = [source(n, "1.00") for n in (1, 2, 3)]
    assert parts("1.00", *thirds, strategy=Strategy.PROPORTIONAL) == [(1, "0.34", True), (2, "0.33", True), (3, "0.33", True)]
    assert parts("1", source(1, "5"), source(2, "5"), strategy=Strategy.PROPORTIONAL, exponent=0) == [(1, "1", True)]


@pytest.mark.parametrize("amount", ["0", "-1.00", "1.001"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="no amount"):
        parts(amount, source(1, "5.00"))


EXPONENTS = st.sampled_from([0, 2, 3, 8])


@st.composite
def histories(draw: st.DrawFn) -> tuple[int, Decimal, list[Source]]:
    exponent = draw(EXPONENTS)

    def units(least: int, most: int) -> Decimal:
        return Decimal(draw(st.integers(least, most))).scaleb(-exponent)

    count = draw(st.integers(0, 6))
    sources = [
        Source(n, f"m{n}", units(0, 10**6), units(0, 10**6), NOW + timedelta(hours=draw(st.integers(0, 5))), draw(st.booleans())) for n in range(1, count + 1)
    ]
    return exponent, units(1, 3 * 10**6), sources


@given(history=histories(), strategy=st.sampled_from(Strategy))
def test_for_any_history_it_sums_exactly_and_no_method_gets_more_than_its_room(history: tuple[int, Decimal, list[Source]], strategy: Strategy) -> None:
    exponent, amount, sources = history
    lines = split(amount, sources, strategy=strategy, exponent=exponent, rest=REST)
    assert sum((line.amount for line in lines), Decimal(0)) == amount
    assert all(line.amount > 0 and line.amount == line.amount.quantize(Decimal(1).scaleb(-exponent)) for line in lines)
    room = {one.instrument_id: one.room for one in sources}
    returned = [line for line in lines if line.returned]
    assert all(line.amount <= room[line.instrument_id] for line in returned)
    if strategy is not Strategy.NONE:  # nothing goes elsewhere while a source has room
        assert sum((line.amount for line in returned), Decimal(0)) == min(amount, sum(room.values(), Decimal(0)))
    assert len({(line.instrument_id, line.returned) for line in lines}) == len(lines)
