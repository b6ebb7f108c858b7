"""Reading the record for people: pages of facts by (happened at, id), one fact with what changed, the state of the chain."""

import json
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from backoffice.audit import personal
from backoffice.audit.models import Event
from backoffice.ui import numbers, words
from backoffice.ui.queries import ignored

SIZE = 50
ACTORS = {kind: words.lazy(kind) for kind in ("staff", "player", "system", "integration")}
words.declare(ACTORS)


@dataclass
class Filters:
    """What the address asks for; what nobody understands is shown and not obeyed."""

    type: str = ""
    actor_kind: str = ""
    actor: str = ""
    player: str = ""
    subject: str = ""
    request: str = ""
    since: date | None = None
    until: date | None = None
    after: str = ""
    before: str = ""
    ignored: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, query: QueryDict) -> "Filters":
        found = cls()
        found.ignored = ignored(query, found._take)
        return found

    def _take(self, name: str, value: str) -> bool:
        if name in {"type", "actor", "subject", "request"}:
            setattr(self, name, value[:80])
        elif name == "player" and value.lstrip("#").isdigit():
            self.player = value.lstrip("#")
        elif name == "actor_kind" and value in ACTORS:
            self.actor_kind = value
        elif name in {"since", "until"}:
            try:
                parsed = parse_date(value)
            except ValueError:
                return False
            setattr(self, name, parsed)
            return parsed is not None
        elif name in {"after", "before"} and "~" in value:
            setattr(self, name, value)
        else:
            return False
        return True

    def chips(self) -> list[tuple[str, str, str]]:
        shown = [
            ("type", _("What"), self.type), ("actor_kind", _("Actor"), str(ACTORS.get(self.actor_kind, ""))), ("actor", _("Who"), self.actor),
            ("player", _("Player"), f"#{self.player}" if self.player else ""), ("subject", _("About"), self.subject), ("request", _("Request"), self.request),
            ("since", _("From"), str(self.since or "")), ("until", _("To"), str(self.until or "")),
        ]  # fmt: skip
        return [chip for chip in shown if chip[2]]


def facts(staff: Any, filters: Filters) -> QuerySet[Event]:
    """Facts that this person may see, narrowed, without order."""
    rows = Event.objects.visible_to(staff)
    if filters.type:
        rows = rows.filter(type__startswith=filters.type)
    if filters.actor_kind:
        rows = rows.filter(actor_kind=filters.actor_kind)
    if filters.actor:
        rows = rows.filter(actor_label__icontains=filters.actor)
    if filters.player:
        rows = rows.filter(player_id=int(filters.player[:18]))
    if filters.request:
        rows = rows.filter(request_id=filters.request)
    if filters.subject:
        kind, _sep, identity = filters.subject.rpartition(":")
        rows = rows.filter(subject_type=kind, subject_id=int(identity)) if identity.isdigit() and kind else rows.filter(subject_type=filters.subject)
    zone = timezone.get_current_timezone()
    if filters.since:
        rows = rows.filter(happened_at__gte=datetime.combine(filters.since, time.min, zone))
    if filters.until:
        rows = rows.filter(happened_at__lt=datetime.combine(filters.until + timedelta(days=1), time.min, zone))
    return rows


@dataclass
class Page:
    rows: list[Event]
    newer: str
    older: str


def page(staff: Any, filters: Filters) -> Page:
    """Fifty facts, newest first."""
    rows = facts(staff, filters)
    mark, backwards = place(filters.before or filters.after), bool(filters.before)
    if mark:
        at, identity = mark
        way = "gt" if backwards else "lt"
        rows = rows.filter(Q(**{f"happened_at__{way}e": at}) & (Q(**{f"happened_at__{way}": at}) | Q(happened_at=at, **{f"id__{way}": identity})))
    order = ("happened_at", "id") if backwards else ("-happened_at", "-id")
    found = list(rows.order_by(*order)[: SIZE + 1])
    more, found = len(found) > SIZE, found[:SIZE]
    if backwards:
        found.reverse()
    return Page(
        found,
        newer=mark_of(found[0]) if found and mark and (not backwards or more) else "",
        older=mark_of(found[-1]) if found and (more or backwards) else "",
    )


def mark_of(fact: Event) -> str:
    """The place of a fact in a list of facts, as it stands in an address."""
    return f"{fact.happened_at.isoformat()}~{fact.pk}"


def place(text: str) -> tuple[datetime, int] | None:
    """The time and id that a mark means, or None when it means nothing."""
    at, _sep, pk = text.rpartition("~")
    try:
        moment = parse_datetime(at.replace(" ", "+"))
    except ValueError:
        return None
    return (moment, int(pk)) if moment is not None and moment.tzinfo is not None and numbers.is_id(pk) else None


@dataclass(frozen=True)
class Change:
    """One field of a fact. `hidden`: a personal value that was not revealed; `erased`: its key is gone."""

    name: str
    old: Any
    new: Any
    hidden: bool = False


def changes(fact: Event, *, reveal: bool = False) -> list[Change]:
    """What the fact says, field by field, in order of name. Personal values stay hidden unless `reveal`, which the caller records."""
    before, after = json.loads(fact.before or "{}"), json.loads(fact.after or "{}")
    shown_before, shown_after = before, after
    if reveal:
        shown_before = personal.open_values(before, player_id=fact.player_id)
        shown_after = personal.open_values(after, player_id=fact.player_id)
    found = []
    for name in sorted({*before, *after}):
        old, new = shown_before.get(name), shown_after.get(name)
        secret = any(personal.conceal(values.get(name)) != values.get(name) for values in (before, after))
        if secret and not reveal:
            old, new = personal.conceal(old), personal.conceal(new)
        elif secret and new is None and old is None:
            new = "erased"
        found.append(Change(name, old, new, hidden=secret and not reveal))
    return found


@dataclass(frozen=True)
class Chain:
    """How far the record is sealed: the last seal, when it was made, and how many facts stand after it."""

    number: int
    positions: int
    sealed_at: datetime | None
    tail: int


def chain() -> Chain:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, last_position, sealed_at, (SELECT coalesce(max(position), 0) FROM audit_position)"
            " FROM audit_seal WHERE stream = 'record' ORDER BY number DESC LIMIT 1"
        )
        row = cursor.fetchone()
    return Chain(row[0], row[1], row[2], row[3] - row[1]) if row else Chain(0, 0, None, 0)


def place_of(fact: Event) -> tuple[int, int] | None:
    """(position, number within its subject) once sequenced."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT position, number FROM audit_position WHERE event_id = %s", [fact.pk])
        row = cursor.fetchone()
    return (row[0], row[1]) if row else None
