"""A statement as a file: CSV, and PDF by typst. The template is ours; every value reaches it as data, so that nothing a player is called is markup."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from backoffice.jobs.exports.columns import Cell
from backoffice.jobs.exports.formats import BOM, csv_lines
from backoffice.ui import money, numbers
from wallet import currencies
from wallet.models import Statement
from wallet.statements import NO_LETTER
from wallet.statements.composing import BONUS, Line, Part
from wallet.statements.sections import Theme
from wallet.statements.words import WORDS, in_language, said

TEMPLATE = Path(__file__).with_name("statement.typ")
# Tagged, accessible, every font inside. PDF/A also refuses a letter that no font has, where plain PDF prints an empty box.
PDF_STANDARDS = ["a-2a", "ua-1"]
MOST_LINES = 30_000  # some 30 MB, a quarter of a minute, and 2 GB while it is set
HOLD_SECONDS = 5.0
CONTENT_TYPES = {"pdf": "application/pdf", "csv": "text/csv; charset=utf-8"}


class CannotPrint(Exception):
    """A letter is in none of the fonts, or the file would be too large. The message says what to do."""


@dataclass(frozen=True)
class Paper:
    """What is on it."""

    statement: Statement
    player_name: str
    horizon: int
    ends: datetime
    made: datetime
    parts: Sequence[Part]
    sections: Sequence[tuple[str, Sequence[Theme]]] = ()  # by title

    @property
    def language(self) -> str:
        return self.statement.language

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.statement.timezone)

    def word(self, code: str, **values: Any) -> str:
        return in_language(code, self.language, **values)

    def time(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S}"

    def what(self, line: Line) -> str:
        if line.kind == "play":
            return self.word("kind.play")
        return said(WORDS[line.what], self.language)

    def notes(self) -> list[str]:
        found = [
            self.word("clock", zone=self.statement.timezone),
            self.word("as_of", horizon=self.horizon, ends=f"{self.time(self.ends)} {self.ends.astimezone(self.zone):%z}"), self.word("own_note"),
        ]  # fmt: skip
        if any(part.money == BONUS for part in self.parts):
            found.append(self.word("bonus_note"))
        if any(line.kind == "play" for part in self.parts for line in part.lines):
            found.append(self.word("play_note"))
        return found

    def head(self) -> list[tuple[str, str]]:
        """Label and value, in order."""
        statement = self.statement
        period = self.word("from_to", since=statement.since.isoformat(), until=statement.until.isoformat())
        return [
            (self.word("player"), self.player_name), (self.word("account"), f"#{statement.player_id}"), (self.word("period"), period),
            (self.word("licence"), f"{statement.brand.name}, {statement.player.jurisdiction}"),
            (self.word("number"), statement.name), (self.word("made"), f"{self.time(self.made)} {self.made.astimezone(self.zone):%z}"),
        ]  # fmt: skip


def content(paper: Paper, *, meanwhile: Callable[[], None]) -> bytes:
    """The file's bytes; the same statement gives the same. `meanwhile` is called every few seconds. Raises CannotPrint."""
    return pdf(paper, meanwhile=meanwhile) if paper.statement.form == "pdf" else csv(paper)


# ---- CSV


def csv(paper: Paper) -> bytes:
    """One table for spreadsheets and programs: amounts with a point, times as ISO 8601 with their offset."""
    heads = ("currency", "money", "row", "time", "ends", "what", "kind", "reference", "amount", "held_change", "balance", "count", "wagered", "won")
    mark = [paper.word("title"), *(f"{label}: {value}" for label, value in paper.head()), *paper.notes()]
    rows: list[Iterable[Cell]] = [mark, [paper.word(head) for head in heads]]
    for part in paper.parts:
        rows += _rows(paper, part)
    for title, themes in paper.sections:
        rows += [
            [one.currency, "", title, "", "", one.name, "", "", "", "", "", "", _plain(one.wagered, one.currency), _plain(one.won, one.currency)]
            for one in themes
        ]
    return BOM.encode() + csv_lines(rows)


def _rows(paper: Paper, part: Part) -> Iterator[list[Cell]]:
    name = [part.currency, paper.word(part.money)]

    def plain(amount: Decimal) -> str:
        return _plain(amount, part.currency)

    def iso(at: datetime | None) -> str:
        return at.astimezone(paper.zone).isoformat() if at else ""

    def edge(code: str, balance: Decimal, held: Decimal) -> list[Cell]:
        return [*name, paper.word(code), "", "", "", "", "", "", plain(held) if part.money != BONUS else "", plain(balance), "", "", ""]

    yield edge("opening", part.opening, part.opening_held)
    for line in part.lines:
        play = line.kind == "play"
        yield [
            *name, paper.word("line"), iso(line.at), iso(line.ends), paper.what(line), paper.word(f"kind.{line.kind}"), line.reference, plain(line.amount),
            plain(line.held), plain(line.balance), str(line.count) if play else "", plain(line.wagered) if play else "", plain(line.won) if play else "",
        ]  # fmt: skip
    for total in part.totals:
        play = total.kind == "play"
        yield [
            *name, paper.word("total"), "", "", "", paper.word(f"kind.{total.kind}"), "", plain(total.amount), plain(total.held), "", str(total.count),
            plain(total.wagered) if play else "", plain(total.won) if play else "",
        ]  # fmt: skip
    yield edge("closing", part.closing, part.closing_held)


def _plain(amount: Decimal, currency: str) -> str:
    return currencies.text(amount, currency)


# ---- PDF


def pdf(paper: Paper, *, meanwhile: Callable[[], None]) -> bytes:
    """Raises CannotPrint."""
    if sum(len(part.lines) for part in paper.parts) > MOST_LINES:
        words = _("More than %(most)s entries make no PDF. Ask for CSV, or for a shorter period.")
        raise CannotPrint(words % {"most": numbers.whole(MOST_LINES)})
    with translation.override(paper.language):  # digits as the language groups them
        data = json.dumps(_data(paper), ensure_ascii=False)
    given = {
        "template": TEMPLATE.read_text(), "data": data, "fonts": [settings.STATEMENT_FONTS] if settings.STATEMENT_FONTS else [],
        "standards": PDF_STANDARDS, "timestamp": int(paper.made.timestamp()),
    }  # fmt: skip
    status, made, said = _typeset(json.dumps(given).encode(), meanwhile)
    if status == NO_LETTER:
        words = _("No font of this machine has all letters of the statement (%(said)s). Install more fonts (docs/statements.md), or ask for CSV.")
        raise CannotPrint(words % {"said": said})
    if status:
        raise RuntimeError(f"typst ended with {status}: {said[-400:]}")
    return made


def _typeset(given: bytes, meanwhile: Callable[[], None]) -> tuple[int, bytes, str]:
    """Status, PDF and reason. Whatever `meanwhile` raises ends the work."""
    command = [sys.executable, "-m", "wallet.statements.typeset"]
    with subprocess.Popen(command, cwd=settings.BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as apart:
        unsent: bytes | None = given  # given again after it was sent, communicate() refuses
        while True:
            try:
                made, said = apart.communicate(unsent, timeout=HOLD_SECONDS)
            except subprocess.TimeoutExpired:
                unsent = None
                try:
                    meanwhile()
                except BaseException:
                    apart.kill()
                    raise
            else:
                return apart.returncode, made, said.decode(errors="replace")


def _data(paper: Paper) -> dict[str, Any]:
    """All that the template prints, as text."""
    words = {
        code: paper.word(code)
        for code in (
            "title", "opening", "closing", "of_which_held", "time", "what", "reference", "amount", "held_change", "balance", "totals", "kind", "count", "sum",
            "nothing", "page", "wagered", "won", "theme",
        )
    }  # fmt: skip
    return {
        "language": paper.language, "brand": paper.statement.brand.name, "number": paper.statement.name, "words": words,
        "head": paper.head(), "notes": paper.notes(),
        "parts": [_part(paper, part) for part in paper.parts],
        "sections": [
            {"title": title, "rows": [[one.name, _amount(one.wagered, one.currency), _amount(one.won, one.currency)] for one in themes]}
            for title, themes in paper.sections if themes
        ],
    }  # fmt: skip


def _amount(amount: Decimal, currency: str, *, signed: bool = False) -> str:
    return str(money.write(amount, currencies.get(currency), signed=signed))


def _figure(amount: Decimal, currency: str, *, signed: bool = False) -> str:
    """Without the code: the table's heading says the currency."""
    written = money.write(amount, currencies.get(currency), signed=signed)
    return f"{written.text}{written.dimmed}"


def _part(paper: Paper, part: Part) -> dict[str, Any]:
    code, own = part.currency, part.money != BONUS
    rows = []
    for line in part.lines:
        what = paper.what(line)
        if line.kind == "play":
            played = {"count": line.count, "wagered": _figure(line.wagered, code), "won": _figure(line.won, code)}
            what = f"{what}: {paper.word('played', **played)}"
        cells = [paper.time(line.ends or line.at), what, line.reference, _figure(line.amount, code, signed=True)]
        rows.append([*cells, *([_figure(line.held, code, signed=True) if line.held else ""] if own else []), _figure(line.balance, code)])
    return {
        "title": f"{code}: {paper.word(part.money)}", "own": own, "rows": rows, "opening": _amount(part.opening, code), "closing": _amount(part.closing, code),
        "opening_held": _amount(part.opening_held, code) if own else "", "closing_held": _amount(part.closing_held, code) if own else "",
        "totals": [_total(paper, one, code) for one in part.totals],
    }  # fmt: skip


def _total(paper: Paper, total: Any, code: str) -> list[str]:
    name = paper.word(f"kind.{total.kind}")
    if total.kind == "play":
        name = f"{name} ({paper.word('wagered')} {_figure(total.wagered, code)}, {paper.word('won')} {_figure(total.won, code)})"
    if total.kind == "held":
        name = f"{name} ({_figure(total.held, code, signed=True)})"
    return [name, str(total.count), _amount(total.amount, code, signed=True)]
