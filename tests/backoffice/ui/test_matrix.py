"""The matrix: states, boxes of a form and shades, as a table that a screen reader can walk."""

import re

import pytest
from django.template import Context, Template
from django_cotton.compiler_regex import CottonCompiler

from backoffice.ui.matrix import Cell, Group, Head, Matrix, Row, yes_no


def render(*rows: Row, words: str = "") -> str:
    matrix = Matrix("Rights", "May", [Head("Ana"), Head("Lars", "Leads the team")], [Group(rows, "Payments")])
    return Template(CottonCompiler().process(f'<c-matrix :matrix="m" words="{words}" />')).render(Context({"m": matrix}))


def test_a_state_is_said_in_words_beside_its_icon():
    html = render(Row("Decide", [yes_no(True, ("yes", "no")), yes_no(False, ("yes", "no"))]))
    assert re.findall(r'<span class="vh">([^<]+)</span></td>', html) == ["yes", "no"]
    assert html.count("#check") == 1
    assert '<th scope="rowgroup" colspan="3">Payments</th>' in html
    assert 'title="Leads the team"' in html
    assert ">yes</span>" in render(Row("Decide", [yes_no(True, ("yes", "no"))] * 2), words="1").replace('class="cell on"', "")


def test_a_box_says_its_row_and_column_and_what_an_empty_one_means():
    html = render(Row("Alerts", [Cell(name="alerts", value="mail", otherwise="bell", checked=True), Cell(name="alerts2")]))
    assert '<input type="hidden" name="alerts" value="bell"><input type="checkbox" name="alerts" value="mail" checked>' in html
    assert '<span class="vh">Alerts, Lars</span>' in html
    assert html.count("checked") == 1


def test_a_shade_has_its_number_and_may_lead_to_a_list():
    html = render(Row("Monday", [Cell("40", level=5, url="/w/?due=a"), Cell("0", level=0)]))
    assert '<td class="q5"><a href="/w/?due=a">40</a></td>' in html
    assert '<td class="q0">0</td>' in html


@pytest.mark.parametrize("wrong", [lambda: Cell(state="maybe"), lambda: Cell(level=6), lambda: render(Row("Short", [Cell()]))])
def test_what_means_nothing_is_refused(wrong):
    with pytest.raises(ValueError):
        wrong()
