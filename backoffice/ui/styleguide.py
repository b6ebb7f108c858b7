"""Samples for the style guide: every component in each of its states, on figures that never change."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

from django import forms
from django.contrib.staticfiles import finders

from backoffice.ui import charts
from backoffice.ui.matrix import Cell, Group, Head, Matrix, Row, yes_no
from backoffice.ui.tiles import Tile
from backoffice.ui.toasts import Toast

NOW = datetime(2026, 11, 20, 13, 5, 10, tzinfo=UTC)
VOCABULARY: dict[str, list[tuple[str, str, str]]] = {
    "Withdrawal": [
        ("neutral", "0", "Requested"),
        ("info", "1", "Claimed"),
        ("attention", "1", "Awaiting 2nd"),
        ("info", "2", "Approved"),
        ("info", "1", "Sent"),
        ("success", "2", "Settled"),
        ("critical", "2", "Rejected"),
        ("warning", "2", "Returned"),
        ("critical", "2", "Failed"),
        ("attention", "1", "Unknown"),
        ("attention", "1", "Held"),
        ("neutral", "2", "Cancelled"),
    ],
    "Deposit": [
        ("neutral", "0", "Initiated"),
        ("info", "1", "Authorised"),
        ("info", "2", "Captured"),
        ("success", "2", "Credited"),
        ("critical", "2", "Failed"),
        ("warning", "2", "Reversed"),
        ("critical", "2", "Charged back"),
        ("neutral", "2", "Expired"),
        ("attention", "1", "Unknown"),
    ],
    "KYC": [
        ("neutral", "0", "Not started"),
        ("info", "1", "Submitted"),
        ("attention", "1", "Re-upload asked"),
        ("success", "2", "Verified"),
        ("warning", "2", "Expired"),
    ],
    "Break": [("attention", "0", "Open"), ("success", "2", "Matched"), ("info", "2", "Explained"), ("magic", "1", "Written off")],
    "Campaign": [
        ("neutral", "0", "Draft"),
        ("attention", "1", "In review"),
        ("info", "1", "Scheduled"),
        ("success", "2", "Active"),
        ("warning", "2", "Paused"),
        ("neutral", "2", "Ended"),
    ],
    "Player": [("info", "2", "Limit set"), ("attention", "1", "Cooling off"), ("critical", "2", "Self-excluded")],
}
AMOUNTS = [
    ("2500.00", "EUR"),
    ("18000.00", "SEK"),
    ("1240.00", "GBP"),
    ("-600.00", "EUR"),
    ("125000", "JPY"),
    ("12.345", "KWD"),
    ("0.08400000", "BTC"),
    ("1.5", "ETH"),
]


class SampleForm(forms.Form):
    name = forms.CharField(label="Text", initial="Winter reload")
    max_bet = forms.DecimalField(label="Error", max_value=Decimal("5.00"), error_messages={"max_value": "Law allows 5.00 EUR"})
    amount = forms.DecimalField(label="Money", help_text="Balance 2,912.50 EUR")
    until = forms.DateField(label="Date", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.ChoiceField(label="Select", choices=[("ok", "1 · Checks passed"), ("known", "2 · Risk accepted, known player")])
    locked = forms.CharField(label="Disabled", disabled=True, initial="Set by policy")
    note = forms.CharField(label="Note", widget=forms.Textarea, required=False)
    notify = forms.BooleanField(label="Tell the player", required=False)
    method = forms.ChoiceField(label="Choice", widget=forms.RadioSelect, choices=[("one", "One"), ("two", "Two")])


class SampleDecision(forms.Form):
    outcome = forms.ChoiceField(
        label="Outcome",
        widget=forms.RadioSelect,
        initial="approve",
        choices=[("approve", "Approve"), ("reject", "Reject"), ("docs", "Request documents"), ("hold", "Hold until")],
    )
    reason = forms.ChoiceField(label="Reason", choices=[("ok", "1 · Checks passed"), ("known", "2 · Risk accepted, known player")])
    note = forms.CharField(label="Note", widget=forms.Textarea, required=False)


def icon_names() -> list[str]:
    sprite = finders.find("ui/icons.svg")
    if not sprite:
        return []
    return [symbol.attrib["id"] for symbol in ElementTree.parse(str(sprite)).getroot()]  # noqa: S314  (our own file)


def sample_charts() -> list[charts.Chart]:
    """Each kind, with a gap, a limit, links, and one of which nothing is known."""
    hours = [NOW - timedelta(hours=23 - number) for number in range(24)]
    failed = [4, 5, 3, 6, 5, 4, None, None, 7, 9, 8, 12, 10, 9, 14, 22, 26, 24, 19, 12, 9, 7, 6, 5]
    paid = ["120400.50", "98120.00", "143900.10", "167250.75", "152030.00", "201800.40", "184220.10"]
    days = [NOW - timedelta(days=6 - number) for number in range(7)]
    percent, euro = charts.Unit("%"), charts.money("EUR")
    return [
        charts.Chart(
            kind=charts.LINE, title="When did deposits begin to fail?", labels=hours, labels_head="Hour", kind_of_time="time", as_of=NOW, unit=percent,
            series=[charts.Series("Failed", failed)], limit=charts.Limit(Decimal(20), "line at 20 %"), marks=[charts.Mark(15, "began")],
        ),
        charts.Chart(
            kind=charts.LINE, title="Which provider fails?", labels=hours[-12:], labels_head="Hour", kind_of_time="time", as_of=NOW, unit=percent,
            series=[charts.Series("Nordpay", failed[-12:]), charts.Series("Clearo", [2, 3, 2, 1, 3, 4, 3, 2, 2, 3, 2, 1]), charts.Series("Trustly", [1] * 12)],
        ),
        charts.Chart(
            kind=charts.AREA, title="How much was paid in?", labels=days, labels_head="Day", kind_of_time="date", as_of=NOW, unit=euro,
            series=[charts.Series("Deposits", [Decimal(one) for one in paid])],
        ),
        charts.Chart(
            kind=charts.BAR, title="How much is won and lost?", labels=days, labels_head="Day", kind_of_time="date", as_of=NOW, unit=euro,
            series=[charts.Series("GGR", [Decimal(4100), Decimal(2900), Decimal(-1240), Decimal(0), None, Decimal(5200), Decimal(3300)])],
        ),
        charts.Chart(
            kind=charts.STACKED, title="What falls due in the next hours?", labels=["Late", "14–15", "15–16", "16–17", "17–18", "Later"], labels_head="Due",
            series=[
                charts.Series("Withdrawals", [3, 6, 11, 9, 7, 2], urls=["?due"] * 6),
                charts.Series("Instruments", [1, 0, 4, None, 2, 5], urls=["?due"] * 6),
            ],
            as_of=NOW,
        ),
        charts.Chart(
            kind=charts.HEAT, title="When do players ask for withdrawals?", labels=[f"{hour:02}" for hour in range(0, 24, 3)], labels_head="Hour", as_of=NOW,
            series=[
                charts.Series(day, [None if (number, at) == (4, 7) else (number * 7 + at * 5) % 31 for at in range(8)])
                for number, day in enumerate(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"])
            ],
        ),
        charts.Chart(
            kind=charts.CONTROL, title="Is the share of refused payouts out of control?", labels=hours, labels_head="Hour", kind_of_time="time", as_of=NOW,
            unit=percent, series=[charts.Series("Refused", failed)], baseline=[4, 5, 3, 6, 5, 4, 7, 6, 5, 4, 6, 5],
        ),
        charts.Chart(
            kind=charts.SPARK, title="Open withdrawals, eight hours", labels=hours[-8:], series=[charts.Series("Open", [38, 41, 35, 44, 52, 47, 45, 42])]
        ),
        charts.Chart(kind=charts.LINE, title="Nothing known", labels=hours[:2], series=[charts.Series("Failed", [None, None])], as_of=NOW),
    ]  # fmt: skip


def sample_matrices() -> dict[str, Matrix]:
    roles, words = [Head("Payments L1"), Head("Payments L2"), Head("Fraud"), Head("Auditor", "Reads everything, changes nothing")], ("yes", "no")
    rights = [
        Group([Row("Decide withdrawals", [yes_no(one, words) for one in (True, True, False, False)])], "Payments"),
        Group([Row("Read the record", [yes_no(one, words) for one in (False, False, True, True)])], "Record"),
    ]
    notices = [
        Row(kind, [Cell("always", "on"), Cell(name=f"n{at}", value="mail", otherwise="bell", checked=at == 0)])
        for at, kind in enumerate(["Assigned to you", "An alert"])
    ]
    markets = [
        Row("Book of Suns", [Cell("On", "on"), Cell("Off"), Cell("Blocked by law", "law"), Cell("Degraded", "warning")]),
        Row("Live roulette", [Cell("On", "on", url="?"), Cell("On", "on"), Cell("Off"), Cell("Off")]),
    ]
    busy = [Row(day, [Cell(str(level * 8), level=level) for level in levels]) for day, levels in (("Monday", (0, 1, 3, 5)), ("Tuesday", (1, 2, 4, 4)))]
    return {
        "rights": Matrix("Permissions against roles", "Permission", roles, rights),
        "boxes": Matrix("Where each kind of notice goes", "Notice", [Head("Bell"), Head("E-mail")], [Group(notices)]),
        "words": Matrix("Games against markets", "Game", [Head("Malta"), Head("Sweden"), Head("Germany"), Head("Ontario")], [Group(markets)]),
        "heat": Matrix("Requests by day and hour", "Day", [Head("00–06"), Head("06–12"), Head("12–18"), Head("18–24")], [Group(busy)]),
    }


def samples() -> dict[str, Any]:
    data = {
        "name": "Winter reload",
        "max_bet": "10.00",
        "amount": "2500.00",
        "until": "2026-11-27",
        "reason": "ok",
        "note": "Spoke to Mia by chat.",
        "notify": "on",
        "method": "one",
    }
    form = SampleForm(data, auto_id="sample_%s")
    form.is_valid()
    steps = [
        {"label": "Requested", "state": "done", "at": NOW - timedelta(minutes=78)},
        {"label": "Approved", "state": "done", "at": NOW},
        {"label": "Failed", "state": "failed", "at": NOW + timedelta(seconds=11), "note": "AC04"},
        {"label": "Sent again", "state": "current", "note": "waiting 2 m"},
        {"label": "Manual", "state": "skipped"},
        {"label": "Settled", "state": "coming", "note": "T+1"},
    ]
    tile = Tile(
        "Withdrawals", "42", "?", "withdraw", 42, "58,914.60 EUR", "3 late", "critical", (38, 41, 35, 44, 52, 47, 45, 42), "Open withdrawals, low 35, high 52"
    )  # fmt: skip
    return {
        "vocabulary": VOCABULARY,
        "tones": ["neutral", "info", "success", "attention", "warning", "critical", "magic"],
        "surfaces": ["canvas", "surface", "surface2", "sunken", "selected", "primary", "bar", "accent"],
        "amounts": [(Decimal(amount), currency) for amount, currency in AMOUNTS],
        "people": [
            "Ana Novak",
            "Lars Berg",
            "Mia Kowalska",
            "Priya Raman",
            "Tobias Lindqvist",
            "Emil Sand",
            "Joan Sastre",
            "Adam Virtanen",
        ],
        "scores": [8, 31, 58, 71, 92],
        "now": NOW,
        "due": [
            (NOW + timedelta(hours=3), NOW),
            (NOW + timedelta(minutes=12), NOW - timedelta(hours=1)),
            (NOW - timedelta(minutes=70), NOW - timedelta(hours=3)),
        ],
        "points": (3, 4, 3, 6, 5, 8, 9),
        "form": form,
        "decision": SampleDecision(auto_id="decision_%s"),
        "canned": [{"code": "called", "label": "Called the player", "text": "Called the player. What they said:"}],
        "keys": {"docs": "d"},
        "tabs": [
            {"label": "All", "url": "?", "count": 42, "current": True},
            {"label": "Mine", "url": "?view=mine", "count": 5},
            {"label": "Late", "url": "?view=late", "count": 3},
        ],
        "views": [{"label": "All", "url": "?", "current": True}, {"label": "Hits", "url": "?hits=1"}],
        "tile": tile,
        "steps": steps,
        "changes": [
            {"field": "Max bet", "old": "5.00 EUR", "new": "4.00 EUR"},
            {"field": "Budget", "old": "20,000.00 EUR", "new": "50,000.00 EUR"},
            {"field": "Note", "old": "", "new": "Agreed"},
        ],
        "consequences": [
            {"icon": "double", "text": "Above 2,000.00 EUR: goes to a second approver"},
            {"icon": "mail", "text": "E-mails Mia when it is sent"},
        ],
        "sample_toasts": [
            Toast("Withdrawal approved", undo="?", seconds=86_400),
            Toast("Export ready", "info", link="?", link_text="Download", seconds=86_400),
        ],
        "charts": sample_charts(),
        "matrices": sample_matrices(),
        "icons": icon_names(),
    }
