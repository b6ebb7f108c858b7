"""Reading a player's facts: pages by (happened at, id), a category by its kinds, each fact in words. The cost does not grow with their number."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from backoffice.audit import personal, sealed
from backoffice.audit.models import Event, Visibility
from backoffice.audit.selectors import mark_of, place
from backoffice.jobs.exports.columns import MASK
from backoffice.ui import money, words
from backoffice.ui.queries import ignored
from backoffice.work.models import Note
from backoffice.work.notes.selectors import complete
from players.panels import Looking
from players.timeline import declared
from players.timeline.declared import Said

PAGE = 50
ICONS = {"staff": "user", "player": "users", "system": "bolt", "integration": "plug"}
# A page of each kind of a category through the index by (player, kind, time), then the newest of them. The player is one whom the reader
# reaches, so their facts are of a brand in reach or of none.
_OF_KINDS = """
SELECT e.* FROM unnest(%(kinds)s::text[]) k (kind), LATERAL (
    SELECT {columns} FROM audit_event f WHERE f.player_id = %(player)s AND f.type = k.kind AND f.visibility <= %(visibility)s {below}
    ORDER BY f.happened_at DESC, f.id DESC LIMIT %(limit)s
) e ORDER BY e.happened_at DESC, e.id DESC LIMIT %(limit)s
"""
_COLUMNS = ", ".join(f"f.{one.column}" for one in Event._meta.concrete_fields)


@dataclass
class Asked:
    """`tl` a category, `after` a place. What nobody understands is shown and not obeyed."""

    category: str = ""
    after: str = ""
    ignored: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, query: QueryDict, known: Sequence[str]) -> Asked:
        asked = cls()

        def take(name: str, value: str) -> bool:
            if name == "tl" and value in known:
                asked.category = value
            elif name == "after" and place(value) is not None:
                asked.after = value
            else:
                return name == "tab"
            return True

        asked.ignored = ignored(query, take)
        return asked


@dataclass(frozen=True)
class Entry:
    """A fact in words."""

    at: datetime
    fact: Event
    sentence: SafeString
    icon: str
    tone: str
    reason: str
    note: str
    amount: Decimal | None
    currency: str
    comment: Note | None = None


@dataclass(frozen=True)
class Page:
    entries: list[Entry]
    older: str  # `after` of the next page


def facts(looking: Looking, *, category: str = "", after: str = "", limit: int = PAGE) -> list[Event]:
    """Facts about the player that this person may see, newest first. One query."""
    mark = place(after)
    if category:
        kinds = declared.kinds(looking, category)
        visibility = max(Visibility.values) if looking.may("audit.view_compliance") else Visibility.NORMAL
        values: dict[str, Any] = {"kinds": kinds, "player": looking.player.pk, "visibility": int(visibility), "limit": limit}
        below = ""
        if mark is not None:
            below, values["at"], values["id"] = "AND (f.happened_at, f.id) < (%(at)s, %(id)s)", *mark
        return list(Event.objects.raw(_OF_KINDS.format(columns=_COLUMNS, below=below), values))
    rows = Event.objects.visible_to(looking.staff).filter(player_id=looking.player.pk)
    if secret := declared.hidden(looking):
        rows = rows.exclude(type__in=secret)
    if mark is not None:
        at, pk = mark
        rows = rows.filter(Q(happened_at__lt=at) | Q(happened_at=at, pk__lt=pk), happened_at__lte=at)
    return list(rows.order_by("-happened_at", "-pk")[:limit])


def page(looking: Looking, asked: Asked) -> Page:
    found = facts(looking, category=asked.category, after=asked.after, limit=PAGE + 1)
    shown = found[:PAGE]
    return Page(entries(looking, shown), mark_of(shown[-1]) if len(found) > PAGE else "")


def entries(looking: Looking, found: Sequence[Event], *, whole: bool = True) -> list[Entry]:
    """Facts in words; `whole` ones with the comments that they tell of and the amounts that they are about: a query for each sort of these."""
    values = {fact.pk: _values(looking, fact) for fact in found}
    comments = _comments(looking, found, values) if whole else {}
    amounts = _amounts(found) if whole else {}
    return [_entry(looking, fact, values[fact.pk], comments, amounts) for fact in found]


def _entry(looking: Looking, fact: Event, values: dict[str, Any], comments: Mapping[int, Note], amounts: Mapping[tuple[str, int], Any]) -> Entry:
    said = declared.said(fact.type) or Said(type=fact.type, category="account", text=words.of(fact.type))
    judged = looking.may(said.judged)
    amount, currency = amounts.get((fact.subject_type, fact.subject_id)) or _amount(values)
    note_id = values.get("note_id") if fact.type == "work.note_written" else None
    return Entry(
        at=fact.happened_at, fact=fact, sentence=_sentence(looking, said, fact, values), icon=said.icon or declared.category(said.category).icon,
        tone=said.tone or "neutral", reason=said.reason(fact.reason) if judged and fact.reason else "",
        note=str(values.get("note") or "") if judged else "", amount=amount, currency=currency, comment=comments.get(note_id) if note_id else None,
    )  # fmt: skip


OPENED = ("note", "device")  # sealed because their words may name the player, and read by whoever reads the fact


def _values(looking: Looking, fact: Event) -> dict[str, Any]:
    """The fact's values, after over before. What identifies a person stays hidden, and what was erased is left out."""
    both = {**json.loads(fact.before or "{}"), **json.loads(fact.after or "{}")}
    for name in OPENED:
        if isinstance(both.get(name), str):
            both[name] = sealed.opened(looking.player, both[name], player_id=looking.player.pk)
    return {name: MASK if isinstance(value, str) and value.startswith(personal.MARK) else value for name, value in both.items()}


class _Words(dict[str, Any]):
    """Values as they stand in a sentence: escaped, lists with commas, and a dash for what this fact does not say."""

    def __missing__(self, name: str) -> str:
        return "–"


def _sentence(looking: Looking, said: Said, fact: Event, values: dict[str, Any]) -> SafeString:
    text = str(said.text(values) if callable(said.text) else said.text)
    shown = _Words({name: conditional_escape(_plain(value)) for name, value in {**values, **said.also(values)}.items() if value not in (None, "")})
    shown["subject"] = _subject(looking, fact)
    return mark_safe(conditional_escape(text) % shown)  # noqa: S308 (the catalogue's words and escaped values)


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _subject(looking: Looking, fact: Event) -> SafeString:
    about = declared.about(fact.subject_type)
    name = about.name(fact.subject_id) if about is not None else f"{fact.subject_type}:{fact.subject_id}"
    url = about.url(fact.subject_id) if about is not None and looking.may(about.permission) else ""
    return format_html('<a href="{}">{}</a>', url, name) if url else conditional_escape(name)


def _amount(values: Mapping[str, Any]) -> tuple[Decimal | None, str]:
    try:
        amount = Decimal(values["amount"])
        money.exponent_of(str(values.get("currency", "")))
    except (LookupError, ArithmeticError, TypeError, ValueError):
        return None, ""
    return amount, str(values["currency"])


def _amounts(found: Sequence[Event]) -> dict[tuple[str, int], tuple[Decimal, str]]:
    by_type: dict[str, set[int]] = {}
    for fact in found:
        by_type.setdefault(fact.subject_type, set()).add(fact.subject_id)
    return {
        (kind, pk): amount
        for kind, ids in by_type.items() if (about := declared.about(kind)) is not None and about.amounts is not None
        for pk, amount in about.amounts(sorted(ids)).items()
    }  # fmt: skip


def _comments(looking: Looking, found: Sequence[Event], values: Mapping[int, dict[str, Any]]) -> dict[int, Note]:
    """The notes that facts tell of, as they read now, with their files. At most one query."""
    wanted = [values[fact.pk]["note_id"] for fact in found if fact.type == "work.note_written" and "note_id" in values[fact.pk]]
    return {note.pk: note for note in complete(Note.objects.visible_to(looking.staff)).filter(pk__in=wanted)} if wanted else {}
