"""Every word that staff read goes through the catalogue, and German is complete."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from backoffice.access import roles
from backoffice.access.models import Staff
from backoffice.scope.models import Brand
from backoffice.ui import money, numbers, times, words
from backoffice.work.models import CannedNote
from payments.models import ReasonCode
from players.models import Message, MessageTemplate
from players.profile import values
from tests.access_table import ROWS
from tests.casino import new_withdrawal, open_casino
from tests.people import make_brand, make_person, signed_in
from tests.tools import catalogue
from tests.world import open_world

ROOT = Path(__file__).resolve().parents[1]
# English on purpose: the manual of the HTTP API, and the style guide, which is for those who build screens.
ENGLISH = ("integrations/docs.html", "integrations/_fields.html", "ui/styleguide.html")
TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
SAID = "blocktranslate", "comment"
BLOCK = re.compile(
    r"\{% block (?:main_class|tone) %\}.*?\{% endblock %\}|<!--.*?-->" + "".join(rf"|\{{% {one}.*?%\}}.*?\{{% end{one} %\}}" for one in SAID), re.DOTALL
)
SPOKEN = {"title", "placeholder", "aria-label", "alt", "label", "hint", "note", "back_label", "term", "heading", "caption"}
SILENT = {"code", "kbd", "script", "style", "samp", "pre", "svg"}
VOID = {"input", "img", "br", "meta", "link", "hr", "source", "col", "wbr", "area"}
NAMES = re.compile(r"Countroom|sha256")
WORD = re.compile(r"[A-Za-zÀ-ÿ]{2}")


class Reader(HTMLParser):
    """What a page says: text outside code, and what attributes say to a reader. Each with the elements it stands in."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[tuple[tuple[str, ...], str]] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in VOID:
            self._open.append("badge" if "badge" in (dict(attrs).get("class") or "").split() else tag)
        self.said += [((*self._open, tag, name), text) for name, text in attrs if name in SPOKEN and text]

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.said += [((*self._open, tag, name), text) for name, text in attrs if name in SPOKEN and text]

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open or "badge" in self._open:
            while self._open.pop() not in {tag, "badge"}:
                pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not SILENT & set(self._open):
            self.said.append((tuple(self._open), data.strip()))


def read(html: str) -> list[tuple[tuple[str, ...], str]]:
    reader = Reader()
    reader.feed(html)
    return reader.said


def test_no_template_says_a_word_past_the_catalogue() -> None:
    literal = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in sorted((ROOT / "templates").rglob("*.html"))
        if not str(path).endswith(ENGLISH)
        for _where, text in read(TAG.sub("", BLOCK.sub("", path.read_text())))
        if WORD.search(NAMES.sub("", text))
    ]
    assert literal == []


def test_german_is_complete_and_keeps_every_name() -> None:
    assert catalogue.problems(catalogue.everything(), catalogue.kept()) == []


def test_the_compiled_catalogue_is_the_one_that_people_read() -> None:
    assert (catalogue.FOLDER / "django.mo").read_bytes() == catalogue.compiled(catalogue.kept())


OPEN, CLOSE = "⟦", "⟧"


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> None:
    """A language in which every word of the catalogue stands in brackets: what stands outside was never asked for."""
    real = translation._trans  # type: ignore[attr-defined]
    for name in ("gettext", "pgettext", "ngettext", "npgettext"):
        say = getattr(real, name)
        monkeypatch.setattr(real, name, lambda *words, _say=say: f"{OPEN}{_say(*words)}{CLOSE}")


def outside(text: str) -> str:
    """What stands outside all brackets."""
    depth, kept = 0, []
    for letter in text:
        depth += (letter == OPEN) - (letter == CLOSE)
        if not depth and letter != CLOSE:
            kept.append(letter)
    return "".join(kept)


# Where a word is the house's own.
HOUSE = {"th", "label", "button", "legend", "summary", "h1", "h2", "h3", "dt", "nav", "option", "optgroup", "title", "placeholder", "aria-label", "badge"}
NO_WORD = re.compile(r"\b(?:[A-Z]{2,5}(?:-[A-Z0-9]+)*|[A-Z]+-\d+|Ctrl|Enter|Esc|CES?T|JSON|Countroom|min|ms|IBAN|UTF)\b")
# What the world of these pages is about: its people, brands and texts, and codes, which are the same in every language.
DATA = re.compile(
    r"""\b(?:Nova|Fjord|Mia\ Kowalska\d+(?:\ \#\d+)?|Sofia\ Marin|Keeps\ Owning|Table|Pager\ of|Few\ registrations\ at|Called\ the\ player|call\.txt
    |(?:Owner|Compliance|Head\ Of\ Payments|Payments\ L1)\ \d+|Malta|Sweden|Nordpay|ext-\d+|\w+@countroom\.example|https://hooks\.example/
    |English|Deutsch|[a-z_]+\.[a-z_]+|[A-Z]\w+/\w[\w/ -]*)\b|\b(?:amount|currency|instrument|state|version)\b""",
    re.VERBOSE,
)


def unasked(html: str, data: set[str]) -> Iterator[str]:
    for where, text in read(html):
        rest = NO_WORD.sub("", DATA.sub("", outside(text)))
        if (
            HOUSE & set(where)
            and WORD.search(rest)
            and not any(word in data for word in (rest.strip(" ·"), rest.lstrip("0123456789 ·"), text.lstrip("0123456789 ·")))
        ):
            yield f"<{where[-1]}> {text}"


def test_every_page_asks_the_catalogue_for_the_words_of_the_house(db: None, pseudo: None) -> None:
    world, found = open_world(), {}
    owner = signed_in(make_person("owner"))
    # Configured by the house, in the words of whoever configured it.
    data = {*ReasonCode.objects.values_list("label", flat=True), *CannedNote.objects.values_list("label", flat=True)}
    data |= {*MessageTemplate.objects.values_list("label", flat=True), *(one.subject for one in Message.objects.all()), world.ticket.subject, "Answer"}
    data |= {f"{world.segment.name} · Countroom", world.segment.name, *(f"{world.segment.name}, {brand.name}" for brand in Brand.objects.all())}
    data |= set(dict(values.languages()).values())  # each in its own words, whoever reads
    data |= {world.news.outcome, *world.news.headers}  # what machines said to each other
    for name, row in ROWS.items():
        if row.method != "get" or name in {"integrations:docs", "ui:styleguide"}:
            continue
        answer = owner.get(reverse(name, args=row.args(world)), row.data(world))
        if answer.get("Content-Type", "").startswith("text/html"):
            found[name] = sorted(set(unasked(answer.content.decode(), data)))
    assert len(found) > 50
    wrong = [f"{name}: {said}" for name, told in found.items() for said in told]
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def german(db: None) -> Client:
    person = make_person("owner", brands=[make_brand()])
    Staff.objects.filter(pk=person.pk).update(language="de")
    return signed_in(person)


def test_money_counts_and_moments_follow_the_reader(db: None) -> None:
    at = datetime(2025, 3, 5, 14, 7, 9, tzinfo=UTC)
    with translation.override("de"), timezone.override("Europe/Berlin"):
        assert str(money.write(Decimal("1234567.5"), "EUR")) == "1.234.567,50\N{NO-BREAK SPACE}EUR"
        assert (numbers.whole(12_000), numbers.capped(4_000), numbers.decimal(0.934, places=2)) == ("12.000", "1.000+", "0,93")
        assert times.write(at, "full") == "5. Mär 2025 15:07:09"
        assert times.write(at, "date") == "5. Mär 2025"
        assert times.day(date(2025, 3, 5)) == "5. Mär 2025"
        assert times.span(timedelta(days=3, hours=4)) == "3 T 4 Std."
    with translation.override("en"), timezone.override("Europe/Berlin"):
        assert str(money.write(Decimal("1234567.5"), "EUR")) == "1,234,567.50\N{NO-BREAK SPACE}EUR"
        assert times.write(at, "full") == "5 Mar 2025 15:07:09"


def test_a_code_is_said_in_the_language_of_its_reader() -> None:
    assert (words.of("awaiting_second"), words.of("staff.signed_in"), words.of("withdrawal.sent_back")) == ("Awaiting second", "Signed in", "Returned to queue")
    with translation.override("de"):
        assert (words.of("suspended"), words.of("staff.signed_in"), words.of("withdrawal.sent_back")) == (
            "Gesperrt", "Angemeldet", "Zurück in die Warteschlange gegeben",
        )  # fmt: skip


def test_a_german_reader_reads_a_german_page_with_german_money_and_days(german: Client) -> None:
    withdrawal = new_withdrawal(open_casino(), amount="1234.50")
    page = german.get(reverse("payments:withdrawal", args=[withdrawal.pk])).content.decode()
    assert '<html lang="de"' in page
    assert '<data class="money inl" value="1234.50">1.234,50' in page
    assert "Konto ist aktiv" in page
    assert "Inhaber des Zahlungsmittels ist der Spieler" in page
    assert "Angefragt" in page
    assert unsaid(page) == []


def unsaid(page: str) -> list[str]:
    """English words of the house that a German page still says."""
    return [word for word in ("Requested", "Withdrawal ", "Account is", "Approve", "Reject", "Search everything") if word in page]


def test_forms_show_and_take_what_machines_write_whatever_the_language(german: Client) -> None:
    new_withdrawal(open_casino(), amount="1234.50")
    page = german.get(reverse("payments:withdrawals"), {"view": "all", "least": "1000.50"}).content.decode()
    assert 'name="least" value="1000.50"' in page or 'value="1000.50"' in page
    assert "1.234,50" in page
    log = german.get(reverse("audit:log"), {"since": "2026-01-31"}).content.decode()
    assert 'type="date" value="2026-01-31"' in log or 'value="2026-01-31"' in log


def test_a_shipped_role_is_translated_and_an_own_one_is_not() -> None:
    with translation.override("de"):
        assert roles.in_words("auditor", "Auditor") == "Prüfung"
        assert roles.in_words("auditor", "Owner") == "Owner"
        assert roles.in_words("night-shift", "Auditor") == "Auditor"
