"""The list: rows, tabs, filters, figures, and what changed since it was drawn."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.ui import numbers, times
from backoffice.work import cells, listing, noted, queues, saved
from backoffice.work.forms import ViewForm
from backoffice.work.listing import Asked, Counts, Page
from backoffice.work.models import SavedView
from backoffice.work.narrowing import Choice, Span
from backoffice.work.queues import Queue, Row
from backoffice.work.views.common import address_of, list_address, without
from backoffice.work.views.saved import roles

BOX_COUNT = 200  # rows that a poll asks about at most


def counts_of(request: HttpRequest, queue: Queue, asked: Asked | None = None) -> Counts:
    """One query per request, shared by the page, which asks first, the sidebar and Home."""
    remembered: dict[str, Counts] = request.__dict__.setdefault("queue_counts", {})
    if queue.subject not in remembered:
        remembered[queue.subject] = listing.counts(queue, request.user, now=timezone.now(), asked=asked)
    return remembered[queue.subject]


def waiting(queue: Queue) -> Callable[[HttpRequest], int | None]:
    """For the sidebar: the size of the first tab. All queues that this person may see are counted in one query."""

    def count(request: HttpRequest) -> int | None:
        if "queues_waiting" not in request.__dict__:
            known: dict[str, Counts] = request.__dict__.get("queue_counts", {})
            sizes = {subject: counts.by_tab[queues.get(subject).tabs[0].key] for subject, counts in known.items() if queues.get(subject).work}
            asked = [one for one in queues.every() if one.work and one.subject not in sizes and request.user.may(one.view)]  # type: ignore[union-attr]
            request.__dict__["queues_waiting"] = sizes | listing.waiting(asked, request.user, now=timezone.now())
        return request.__dict__["queues_waiting"].get(queue.subject)

    return count


def index(request: HttpRequest, queue: Queue) -> HttpResponse:
    below, more = queue.below(request) if queue.below is not None else ("", {})
    return render(request, "work/queue.html", {**more, **list_context(request, queue), "below": below})


def list_context(request: HttpRequest, queue: Queue) -> dict[str, Any]:
    now = timezone.now()
    asked = Asked.read(queue, request.GET)
    page = listing.page(request.user, asked, now=now)
    counts = counts_of(request, queue, asked)
    context = listing.context_of(queue, request.GET)
    views = list(saved.of(request.user, queue.subject)[:40])
    may_work = bool(queue.work) and request.user.may(queue.work)  # type: ignore[union-attr]
    verbs = [verb for verb in queue.verbs if (may_work or not queue.work) and (not verb.permission or request.user.may(verb.permission))]  # type: ignore[union-attr]
    snapshot = counts.snapshot if verbs and (page.older or page.newer) else None
    rows = _rows(request, queue, page, context=context, now=now)
    opened = next((view for view in views if view.pk == asked.saved), None)
    top = max((row.item.pk for row in rows), default=0)
    controls, chips = _controls(request.user, asked), asked.chips()
    folded = [one for one in controls if one["control"] not in {"search", "hidden"}]
    named = {one["name"] for one in folded}
    return {
        "queue": queue, "asked": asked, "rows": rows, "counts": counts, "now": now, "context": context, "chips": chips,
        "tabs": _tabs(queue, asked, counts, views), "heads": [_head(column, asked) for column in queue.columns], "controls": controls,
        "folded": folded, "folded_set": sum(name in named for name, _label, _value in chips),
        "figures": [_figure(one, queue, counts, now=now) for one in queue.figures], "newer": _turn_page(context, "before", page.newer),
        "older": _turn_page(context, "after", page.older), "range_text": _("%(n)s shown, %(size)s a page") % {"n": len(rows), "size": asked.size},
        "may_work": may_work, "verbs": verbs, "snapshot": snapshot, "start_url": reverse(queue.name("start")) if may_work else "",
        "verb_urls": [(verb, reverse(queue.name("bulk"), args=[verb.code])) for verb in verbs], "kept": listing.kept(queue, request.GET),
        "live_url": reverse(queue.name("live")) + "?" + urlencode([*listing.kept(queue, request.GET), ("top", str(top))]),
        "view_form": ViewForm(roles=roles() if request.user.may(saved.SHARE) else [], initial={"query": context}, auto_id="view_%s"),  # type: ignore[union-attr]
        "save_view_url": reverse(queue.name("save-view")), "ids": ",".join(str(row.item.pk) for row in rows),
        "opened": opened, "remove_view_url": reverse(queue.name("remove-view"), args=[opened.pk]) if opened else "",
    }  # fmt: skip


def _rows(request: HttpRequest, queue: Queue, page: Page, *, context: str, now: datetime) -> list[Row]:
    extras = queue.prepare(page.rows)
    opens = queue.opens or (lambda row: address_of(queue, row.pk, context))
    return [Row(item=row, url=opens(row), now=now, noted=page.noted[row.pk], extra=extras.get(row.pk)) for row in page.rows]


def _tabs(queue: Queue, asked: Asked, counts: Counts, views: list[SavedView]) -> list[dict[str, Any]]:
    built_in = [
        {
            "label": tab.label, "url": f"?view={tab.key}", "count": counts.text(tab.key) if tab.counted else "",
            "current": tab.key == asked.tab.key and not asked.saved,
        }
        for tab in queue.tabs
    ]  # fmt: skip
    own = [
        {"label": view.name, "url": f"?{view.query}{'&' if view.query else ''}saved={view.pk}", "count": "", "current": view.pk == asked.saved}
        for view in views
    ]
    return [*built_in, *own]


def _head(column: Any, asked: Asked) -> dict[str, Any]:
    head = {"label": column.label, "numeric": column.numeric, "sort": "", "direction": ""}
    if column.sorts:
        here = asked.sort in column.sorts
        head["sort"] = column.sorts[(column.sorts.index(asked.sort) + 1) % len(column.sorts)] if here else column.sorts[0]
        if here:
            head["direction"] = "descending" if asked.queue.sorts[asked.sort][0].startswith("-") else "ascending"
    return head


def _controls(staff: Any, asked: Asked) -> list[dict[str, Any]]:
    made = []
    for one in asked.queue.filters:
        choices = list(one.offered(staff, asked.tab)) if isinstance(one, Choice) else []
        if isinstance(one, Choice) and len(choices) < one.fewest:
            continue
        value = asked.values.get(one.name, "")
        text = value.text() if isinstance(value, Span) else ""
        value = value.isoformat() if isinstance(value, date) else value
        made.append(
            {
                "text": text,
                "name": one.name,
                "label": one.label,
                "control": one.control,
                "value": value,
                "choices": choices,
                "any": getattr(one, "any_label", ""),
            }
        )
    if asked.queue.tag_box:
        made.append({"text": "", "name": "tag", "label": _("Tag"), "control": "code", "value": asked.tag})
    return made


def _figure(figure: Any, queue: Queue, counts: Counts, *, now: datetime) -> dict[str, Any]:
    note = str(figure.note)
    if figure.tab == "late" and counts.oldest_due and counts.oldest_due < now:
        note = _("oldest %(span)s") % {"span": times.span(now - counts.oldest_due)}
    return {"url": f"?view={figure.tab}", "label": figure.label, "value": counts.text(figure.tab), "note": note}


def _turn_page(context: str, name: str, mark: str) -> str:
    return f"?{context}{'&' if context else ''}{urlencode({name: mark})}" if mark else ""


def live(request: HttpRequest, queue: Queue) -> HttpResponse:
    """What changed since the list was drawn, without moving a row: how many are new, the tabs' sizes, who took or decided what.

    204 when it would say what it said before (`said`).
    """
    now = timezone.now()
    asked = Asked.read(queue, without(request.GET, "top", "ids", "said"))
    shown = [int(one) for one in request.GET.get("ids", "").split(",") if numbers.is_id(one)][:BOX_COUNT]
    top = request.GET.get("top", "0")
    rows = listing.base(request.user, asked, now=now)
    fresh = rows.filter(pk__gt=int(top) if numbers.is_id(top) else 0).order_by()[: numbers.CAP + 1].count()
    still = set(rows.filter(pk__in=shown).values_list("pk", flat=True))
    about = noted.of(queue.subject, shown, now=now)
    tabs = _tabs(queue, asked, counts_of(request, queue), list(saved.of(request.user, queue.subject)[:40]))
    context = {
        "queue": queue, "fresh": listing.capped(fresh) if fresh else "", "refresh_url": list_address(queue, listing.context_of(queue, request.GET)),
        "gone": [pk for pk in shown if pk not in still], "cells": [(pk, cells.who_of(about[pk])) for pk in shown if pk in still],
        "tabs": tabs, "ids": ",".join(map(str, shown)),
    }  # fmt: skip
    said = repr([context["fresh"], context["gone"], context["cells"], [tab["count"] for tab in tabs]])
    mark = uuid.uuid5(uuid.NAMESPACE_OID, said).hex[:12]
    if request.GET.get("said") == mark:
        return HttpResponse(status=204)
    again = urlencode([*listing.kept(queue, request.GET), ("top", top), ("said", mark)])
    return render(request, "work/_live.html", {**context, "live_url": f"{reverse(queue.name('live'))}?{again}"})
