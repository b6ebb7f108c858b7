"""Template tags of every page: thin words over `money`, `times`, `charts` and `forms`."""

import zlib
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from django import template
from django.forms import BoundField
from django.http import QueryDict
from django.template.context import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from backoffice.ui import charts, forms, navigation, numbers, times, words
from backoffice.ui import money as moneys

register = template.Library()
HUES = 8
BANDS = ((20, gettext_lazy("Low"), "r1"), (50, gettext_lazy("Elevated"), "r2"), (80, gettext_lazy("High"), "r4"), (101, gettext_lazy("Severe"), "r5"))
STATES = {
    "pass": ("success", "passed", gettext_lazy("Pass")),
    "warn": ("attention", "warn", gettext_lazy("Warning")),
    "fail": ("critical", "fail", gettext_lazy("Fail")),
    "unknown": ("neutral", "unknown", pgettext_lazy("code", "Unknown")),
}
TONES = {
    "info": "info",
    "success": "passed",
    "attention": "warn",
    "warning": "warn",
    "critical": "fail",
    "magic": "spark",
    "neutral": "info",
}


@register.simple_tag
def icon(name: str, size: str = "", tone: str = "") -> SafeString:
    """An icon of the sprite. Decoration only: the words stand beside it, or in a `.vh` span."""
    css = " ".join(filter(None, ["i", size, f"t {tone}" if tone else ""]))
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', css, static("ui/icons.svg"), name)


@register.simple_tag
def money(amount: Decimal | int | None, currency: Any, exponent: int | None = None, inline: Any = False, signed: Any = False) -> SafeString:
    return moneys.render(amount, currency, None if exponent == "" else exponent, inline=bool(inline), signed=bool(signed))


@register.filter
def money_text(amount: Decimal | int, currency: Any) -> str:
    """The amount as plain text, for titles, buttons' labels and sentences: `2,500.00 EUR`."""
    return str(moneys.write(amount, currency))


@register.simple_tag
def moment(at: datetime | None, kind: str = "short", bare: Any = False) -> SafeString:
    return times.render(at, kind or "short", bare=bool(bare))


@register.simple_tag
def now_time() -> SafeString:
    """The time of this page, to the second: figures say as of when they hold."""
    return times.render(timezone.now(), "seconds")


@register.filter
def calendar(day: date | None) -> str:
    """A day with its year, in the reader's language: `27 Sep 2025`."""
    return times.calendar(day) if day else ""


@register.filter
def whole(count: int) -> str:
    """A count in the reader's language: `12,000`."""
    return numbers.whole(count)


@register.filter
def code_words(code: str) -> str:
    """A stored code, a state or a kind of fact, in the reader's language."""
    return words.of(code) if code else ""


@register.filter
def since(at: datetime | None) -> str:
    """How long ago, as a length: `12 m`."""
    return times.span(timezone.now() - at) if at else ""


@register.filter
def until(at: datetime | None) -> str:
    """How long from now, as a length: `4 m`; nothing once it has passed."""
    return times.span(at - timezone.now()) if at and at > timezone.now() else ""


@register.simple_tag
def sla(due: datetime | None, opened: datetime | None = None, now: datetime | None = None) -> SafeString:
    if due is None:
        return mark_safe('<span class="t3">\u2013</span>')
    tone, words = times.sla(due, opened=opened or None, now=now or None)
    title = _("Due %(when)s") % {"when": f"{times.write(due, 'full')} {times.zone(due)}, {times.utc(due)}"}
    return format_html('<span class="sla {}" title="{}">{}{}</span>', tone, title, icon("clock", "s") if tone else "", words)


@register.simple_tag
def spark(points: Sequence[int | Decimal], title: str, tone: str = "") -> SafeString:
    return charts.sparkline(points, title=title, tone=tone)


@register.simple_tag
def chart_parts(chart: charts.Chart) -> dict[str, Any]:
    """What `<c-chart>` puts together: the picture, the table of the same numbers, the legend and the notes."""
    legend = [{"label": one.label, "css": f"{chart.tone(at)} n{at}"} for at, one in enumerate(chart.series)]
    several = len(legend) > 1 and chart.kind != charts.HEAT
    return {
        "picture": charts.draw(chart), "twin": charts.twin(chart), "notes": chart.notes, "legend": legend if several else [],
        "lines": chart.kind in {charts.LINE, charts.AREA},
    }  # fmt: skip


@register.simple_tag
def risk(score: int | None) -> SafeString:
    """Number, word and bar of a score from 0 to 100; a missing score says so, it is not zero."""
    if score is None:
        return format_html('<span class="t2">{}</span>', _("Not scored"))
    word, css = next((word, css) for top, word, css in BANDS if score < top)
    return format_html('<span class="risk {} n{}"><b>{}</b> <span class="t2">{}</span></span>', css, min(5, score // 20 + 1), score, word)


@register.filter
def hue(identity: Any) -> str:
    """One of eight monogram colours, always the same for the same person."""
    return f"h{zlib.crc32(str(identity).encode()) % HUES + 1}"


@register.filter
def initials(name: str) -> str:
    words = str(name).split()
    if not words:
        return "?"
    return (words[0][0] + words[-1][0] if len(words) > 1 else words[0][:2]).upper()


@register.filter
def check_state(state: str) -> dict[str, str]:
    tone, name, word = STATES[str(state)]
    return {"tone": tone, "icon": name, "word": str(word)}


@register.filter
def tone_icon(tone: str) -> str:
    return TONES.get(tone, "info")


@register.filter
def pip_of(pip: Any) -> str:
    """`0`, `1` or `2` as the pip's class; anything else is a badge without one."""
    return f"p{pip}" if str(pip) in {"0", "1", "2"} else ""


@register.simple_tag
def folded_in(chips: Sequence[tuple[str, str, str]], *names: str) -> int:
    """How many of these filters narrow the list: what the button says behind which they are folded on a narrow screen."""
    return sum(name in names for name, _label, _value in chips)


@register.simple_tag(takes_context=True)
def querystring_without(context: Context, *names: str, value: str = "") -> str:
    """This page's query without some parameters (or without one value of a repeated one) and without the place in the list."""
    query: QueryDict = context["request"].GET.copy()
    for name in names:
        kept = [one for one in query.getlist(name) if value and one != value]
        query.setlist(name, kept) if kept else query.pop(name, None)
    for name in ("after", "before"):
        query.pop(name, None)
    return f"?{query.urlencode()}" if query else "?"


@register.simple_tag(takes_context=True)
def hidden_query(context: Context, *without: str) -> SafeString:
    """This page's query as hidden inputs, so that a small GET form keeps the other filters."""
    pairs = [(name, value) for name, values in context["request"].GET.lists() if name not in {*without, "after", "before"} for value in values]
    return mark_safe("".join(format_html('<input type="hidden" name="{}" value="{}">', name, value) for name, value in pairs))  # noqa: S308 (each piece is escaped)


@register.simple_tag(takes_context=True)
def may(context: Context, permission: str) -> bool:
    """Whether the reader holds a permission. A template hides with it; the view refuses on its own."""
    return navigation.may(context["request"], permission)


@register.simple_tag(takes_context=True)
def export_link(context: Context, code: str) -> SafeString:
    """The button under a list that leads to a file of it, as filtered; nothing for who may not."""
    url = navigation.export_link(context["request"], code)
    if not url:
        return mark_safe("")
    return format_html(
        '<a class="btn" href="{0}" data-in="dialog" hx-get="{0}" hx-select="#export" hx-target="#dialog-body" hx-swap="innerHTML"'
        ' hx-sync="this:replace">{1}{2}</a>',
        url, icon("file"), _("Export"),
    )  # fmt: skip


@register.simple_tag
def control(field: BoundField, hint: str = "", digits: Any = "", key: str = "", placeholder: str = "", autofocus: Any = "") -> SafeString:
    extra = {"data_key": key, "placeholder": placeholder, "autofocus": bool(autofocus)}
    if digits:
        extra["data_digits"] = "1"
    return forms.control(field, hint=hint, **extra)


@register.filter
def kind_of(field: BoundField) -> str:
    return forms.kind_of(field)


@register.filter
def at(sequence: Sequence[Any], place: int) -> Any:
    """`sequence|at:place` for a place that is a variable."""
    return sequence[place]


@register.simple_tag
def by_day(rows: Sequence[Any], field: str) -> list[tuple[str, list[Any]]]:
    """Rows in their order, gathered under the reader's days: Today, Yesterday, 20 Nov. `field` may go through others, as in "fact.happened_at"."""
    moment_of = template.Variable(field).resolve
    days = groupby(rows, key=lambda row: timezone.localdate(moment_of(row)))
    return [(times.day(date), list(of_day)) for date, of_day in days]


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """`mapping|get:key` for a key that is a variable."""
    return mapping.get(key, "") if hasattr(mapping, "get") else ""


@register.filter
def outcome_keys(field: BoundField, keys: Any) -> list[dict[str, Any]]:
    """Radios of an outcome with the letter that selects each; without given letters, the first one of its word."""
    given = keys if isinstance(keys, dict) else {}
    rows = []
    for radio in field:
        value = str(radio.data["value"])
        letter = str(given.get(value, radio.choice_label[:1])).lower()
        rows.append({"value": value, "label": radio.choice_label, "key": letter, "id": radio.id_for_label, "checked": bool(radio.data["selected"])})
    return rows
