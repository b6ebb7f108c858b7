"""A probe's figures and notes as words for people."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.runtime.probes import COUNT, DAYS, FAILING, MONTHS, OK, PERCENT, SECONDS, UNKNOWN, WARNING, Probe, Text
from backoffice.ui import times

STATES: dict[str, Text] = {
    OK: gettext_lazy("Well"), WARNING: gettext_lazy("Warning"), FAILING: gettext_lazy("Failing"), UNKNOWN: gettext_lazy("Unknown"),
}  # fmt: skip
TONES = {OK: ("success", 2), WARNING: ("attention", 1), FAILING: ("critical", 0), UNKNOWN: ("neutral", 0)}
UNITS: dict[str, Text] = {PERCENT: "%", DAYS: gettext_lazy("days"), MONTHS: gettext_lazy("mo"), COUNT: ""}


def value(number: float | None, unit: str) -> str:
    """`3 ms`, `1 h 10 m`, `82.5 %`; an en dash for none."""
    if number is None:
        return "\u2013"
    if unit == SECONDS:
        if number < 1:
            return _("%(n)s ms") % {"n": f"{number * 1000:.0f}"}
        return times.span(timedelta(seconds=number))
    text = f"{number:,.1f}".removesuffix(".0") if unit in {PERCENT, DAYS} else f"{number:,.0f}"
    return f"{text} {UNITS[unit]}".strip()


def lines(probe: Probe) -> str:
    """From where on it is a warning and where it fails."""
    word = _("at most") if probe.below else _("from")
    parts = [f"{STATES[state]}: {word} {value(line, probe.unit)}" for state, line in ((WARNING, probe.warning), (FAILING, probe.failing)) if line is not None]
    return " · ".join(parts)


def note(text: str, params: Mapping[str, object]) -> str:
    """The sentence in the reader's language and time zone. A parameter that is missing leaves a gap, never an error."""
    return _(text) % _Lenient({name: _moment(name, one) for name, one in params.items()}) if text else ""


def _moment(name: str, one: object) -> object:
    if not name.endswith("_at"):
        return one
    at = datetime.fromisoformat(str(one))
    return f"{times.write(at, 'full')} {times.zone(at)}"


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return ""
